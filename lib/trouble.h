/* Why a pass ended without its goal: what lib/explain makes its sentence of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/gss-fault.h"
#include "lib/reply.h"
#include "lib/tkey.h"
#include "lib/util.h"

/* In rising order of what it tells: of several servers'
   troubles the highest is kept, of equal ones the first. */
typedef enum _packed_ TroubleKind {
        TROUBLE_NONE,
        TROUBLE_REPLY,             /* see reply: no answer, garbage, SERVFAIL, ... */
        TROUBLE_NOT_AUTHORITATIVE, /* the server answers, but not for this zone (AA clear) */
        TROUBLE_WRONG_SERVER,      /* NOTAUTH, NOTZONE */
        TROUBLE_NOT_LOCATED,       /* no zone or no server found; the locator has the words */
        TROUBLE_HERE,              /* this daemon cannot; whoever failed has the words */
        TROUBLE_NO_CONTEXT,        /* no GSS context with this server: see gss, else tkey */
        TROUBLE_NO_CREDENTIALS, /* the key or the ticket cannot be had: see gss; its loader or the
                                   Kerberos library has the words */
        TROUBLE_CONFLICT,       /* prerequisites failed again and again */
        TROUBLE_IGNORED,        /* NOERROR, yet the record is not there (E4) */
        TROUBLE_CNAME,          /* a CNAME owns the record name (E5) */
        TROUBLE_STATE,          /* what is published cannot be remembered: nothing is sent */
        TROUBLE_BAD_TIME,
        TROUBLE_BAD_KEY,
        TROUBLE_DENIED,
        _TROUBLE_KIND_MAX,
} TroubleKind;

/* A plain value: what lib/explain needs for its sentence. */
typedef struct Trouble {
        TroubleKind kind;
        bool updating; /* it ended an update, not a query */
        bool observed_here;
        uint8_t server; /* index in the zone's list */
        ReplyKind reply;
        ReplyFault fault;
        GssFault gss;
        TkeyVerdict tkey;
        uint16_t rcode;
        uint16_t tsig_error;
        uint16_t tkey_error;
        int error;
        uint64_t our_time_sec;
        uint64_t server_time_sec;
} Trouble;

/* What a reply says of it; reply may be NULL. */
Trouble trouble_new(TroubleKind kind, const Reply *reply, int error);

/* Of what Kerberos said: TROUBLE_NO_CREDENTIALS where no other name server would help, else
   TROUBLE_NO_CONTEXT. */
Trouble trouble_of_gss(GssFault fault);

/* Of an answer to TKEY that brings no context. */
Trouble trouble_of_tkey(const TkeyAnswer *answer);

/* Of a search for the zone that failed: by the reply that was the reason, or as it says itself.
   While a zone is located a refusal means "not served here": it says nothing about updates yet. */
TroubleKind trouble_of_locating(const Reply *reply, TroubleKind otherwise);

/* Whether only a human can help, not another try soon (E7). */
bool trouble_is_lasting(TroubleKind kind);
