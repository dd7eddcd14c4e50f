/* How a transaction ended: answer octets + what was sent -> ReplyKind. Rules E3 to E6. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth.h"
#include "lib/name.h"
#include "lib/util.h"

typedef enum _packed_ ReplyKind {
        REPLY_DONE,         /* NOERROR; to a query NXDOMAIN too */
        REPLY_CONFLICT,     /* a prerequisite failed: observe again, plan again (O11) */
        REPLY_DENIED,       /* policy: this key may not do this here */
        REPLY_WRONG_SERVER, /* the zone is not this server's, or not in this form */
        REPLY_BAD_KEY,      /* the server does not accept our key or signature */
        REPLY_BAD_TIME,     /* the clocks are too far apart */
        REPLY_ECHO,         /* our own signature came back: unauthenticated, read back (E6.2) */
        REPLY_ELSEWHERE,    /* SERVFAIL, NOTIMP, FORMERR and the like: try the next server (E3) */
        REPLY_GARBAGE,      /* an answer that proves nothing; see fault (E6.5) */
        REPLY_TIMEOUT,      /* the last three are set by the transport: no answer came */
        REPLY_UNREACHABLE,
        REPLY_CLOSED, /* the connection closed with this request outstanding (E1) */
        _REPLY_KIND_MAX,
} ReplyKind;

typedef enum _packed_ ReplyFault {
        FAULT_NONE,
        FAULT_MALFORMED,   /* not a DNS message, or one that ends in its middle */
        FAULT_COSTLY,      /* made up to keep its reader busy (WireSurvey) */
        FAULT_NOT_A_REPLY, /* QR clear */
        FAULT_WRONG_ID,
        FAULT_WRONG_OPCODE,
        FAULT_WRONG_QUESTION, /* another question, or another zone, than we sent */
        FAULT_TRUNCATED,      /* TC set on TCP */
        FAULT_UNSIGNED,       /* no MAC in the answer to a signed request */
        FAULT_BAD_MAC,
        FAULT_WRONG_KEY,
        FAULT_WRONG_ALGORITHM,
        FAULT_SERVER_TIME, /* signed well, but at a time outside our fudge */
        FAULT_BAD_TSIG,    /* a TSIG RR that is malformed or misplaced */
        _REPLY_FAULT_MAX,
} ReplyFault;

/* What was sent, as far as the answer is judged by it. */
typedef struct Request {
        uint16_t id;
        ldns_pkt_opcode opcode; /* LDNS_PACKET_QUERY or LDNS_PACKET_UPDATE */
        ldns_rr_type type;      /* of a query; SOA for an update's zone section; class IN, of TKEY
                                   ANY */
        Name name;              /* question or zone */
        Auth *auth;             /* borrowed */
        Signature signature;
        bool observed_here; /* a (signed) observation by this server just came back right (E6.4) */
        bool over_udp;      /* then TC is not a fault: the caller repeats by TCP (C28) */
} Request;

/* error is the errno of REPLY_UNREACHABLE and REPLY_CLOSED. packet is NULL with REPLY_GARBAGE and
   the transport's kinds: nothing in such an answer is to be used. */
typedef struct Reply {
        ReplyKind kind;
        ReplyFault fault;
        bool verified;        /* the answer is authenticated */
        bool no_length;       /* ... in the form of old Samba: to be said once (E6.3) */
        ldns_pkt_rcode rcode; /* with the bits of an OPT RR, may be none that ldns knows */
        uint16_t tsig_error;
        uint64_t our_time_sec; /* of REPLY_BAD_TIME, both clocks; server 0: it did not say */
        uint64_t server_time_sec;
        int error;
        ldns_pkt *packet;
} Reply;

/* Judges size octets. Whatever they hold is a kind, never an error: 0 or -ENOMEM. The caller ends
   *ret_reply with reply_done(). An update's answer may have empty sections or a copy of the
   request's (C21). */
int reply_read(const Request *request, const uint8_t *bytes, size_t size, uint64_t now_sec,
               Reply *ret_reply);
void reply_done(Reply *reply);

const char *reply_fault_to_string(ReplyFault fault); /* a phrase: "its signature is wrong" */
