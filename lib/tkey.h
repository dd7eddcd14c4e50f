/* TKEY messages (RFC 2930 2, 3645 3 and 4): a context is negotiated, and given up, under a name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/message.h"
#include "lib/name.h"
#include "lib/util.h"

enum {
        TKEY_RANDOM_SIZE = 16,
        TKEY_TOKEN_MAX = 48 * 1024, /* octets of a token, ours or theirs */
        TKEY_LIFETIME_SEC = 3600,   /* asked for; servers do as they please */
};

/* Values of the TKEY error field, beside the RCODEs and those of TSIG (RFC 2930 2.6). */
enum {
        TKEY_BADMODE = 19,
        TKEY_BADNAME = 20,
        TKEY_BADALG = 21,
};

/* "gss-tsig". */
const Name *tkey_algorithm(void);

/* A key name of one label, 32 lower-case hex digits. Unique as the octets are random (C61). */
void tkey_make_name(const uint8_t random[static TKEY_RANDOM_SIZE], Name *ret_name);

/* The query that carries a token to the server: question and additional RR of one name, type TKEY,
   class ANY; mode 3. To be sent unsigned. -EMSGSIZE if the token is over TKEY_TOKEN_MAX; -ENOMEM.
 */
int tkey_new_query(const Name *key_name, const uint8_t *token, size_t token_size, uint64_t now_sec,
                   Message **ret_message);

/* The query that deletes the key: mode 5, no token. To be signed with it (C66). -ENOMEM. */
int tkey_new_deletion(const Name *key_name, uint64_t now_sec, Message **ret_message);

typedef enum _packed_ TkeyVerdict {
        TKEY_ANSWERED,   /* go on with the token, if there is one */
        TKEY_REFUSED,    /* an RCODE or a TKEY error (C64) */
        TKEY_NONE,       /* NOERROR, but no TKEY RR: the server knows no TKEY */
        TKEY_FOREIGN,    /* of another key name, algorithm or mode than the query */
        TKEY_NOT_ANSWER, /* another id or opcode, QR clear, or truncated */
        TKEY_MALFORMED,
        _TKEY_VERDICT_MAX,
} TkeyVerdict;

/* What an answer says; none of it is authenticated before the context is complete. */
typedef struct TkeyAnswer {
        TkeyVerdict verdict;
        uint8_t rcode;
        uint16_t error;        /* the TKEY error field; 0 without a TKEY RR */
        uint32_t lifetime_sec; /* how long the server says it keeps the key; 0: no such word */
        uint16_t token_size;
        const uint8_t *token; /* in the octets that were read; NULL if there is none */
} TkeyAnswer;

/* Reads an answer to tkey_new_query() of that key name and id. Never reads outside the octets,
   whatever they hold. */
void tkey_read(const Name *key_name, uint16_t id, const uint8_t *bytes, size_t size,
               TkeyAnswer *ret_answer);

const char *tkey_verdict_to_string(TkeyVerdict verdict); /* a phrase */
