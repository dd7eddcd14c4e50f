/* TSIG over wire form with an injected time (RFC 8945): sign requests, verify answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/message.h"
#include "lib/tsig-key.h"

enum {
        TSIG_MAC_MAX = 64,
        TSIG_FUDGE_SEC = 300,
};

/* Values of the TSIG error field (RFC 8945 3). */
enum {
        TSIG_BADSIG = 16,
        TSIG_BADKEY = 17,
        TSIG_BADTIME = 18,
        TSIG_BADTRUNC = 22,
};

/* What a request was signed with; needed to verify its answer. Plain value. */
typedef struct Signature {
        bool is_signed;
        size_t mac_size;
        uint8_t mac[TSIG_MAC_MAX];
        uint64_t time_sec; /* Unix time in the request's TSIG */
} Signature;

/* How an answer's signature stands (RFC 8945 5.3). Only the first two authenticate. */
typedef enum TsigVerdict {
        TSIG_VERIFIED, /* MAC right, time within fudge; the error field is the server's word */
        TSIG_VERIFIED_NO_LENGTH, /* the same, GSS only: in the form of old Samba (E6.3) */
        TSIG_NONE,               /* no TSIG in the answer */
        TSIG_ECHO,               /* the MAC is our own request's: not authenticated */
        TSIG_ERROR,              /* error field set and empty MAC (BADKEY, BADSIG): a hint only */
        TSIG_BAD_MAC,
        TSIG_BAD_KEY_NAME,    /* another key name than ours */
        TSIG_BAD_ALGORITHM,   /* another algorithm than ours */
        TSIG_BAD_SERVER_TIME, /* MAC right, but its time is outside the fudge of our clock */
        TSIG_MALFORMED,       /* not last, twice, class or TTL wrong, lengths that do not fit */
        _TSIG_VERDICT_MAX,
} TsigVerdict;

static inline bool tsig_authenticates(TsigVerdict verdict) {
        return verdict == TSIG_VERIFIED || verdict == TSIG_VERIFIED_NO_LENGTH;
}

typedef struct TsigResult {
        TsigVerdict verdict;
        uint16_t error;           /* the TSIG error field */
        uint64_t time_sec;        /* time signed in the answer's TSIG; 0: none */
        uint64_t server_time_sec; /* of a BADTIME answer's other data; 0: none */
} TsigResult;

/* How MACs are made, and checked. What they cover comes in pieces. Both give 0 and a result, or a
   negative errno, which the caller of tsig_sign() or tsig_verify() gets. */
typedef struct TsigMethod {
        int (*make_mac)(void *userdata, const struct iovec *pieces, size_t n_pieces,
                        uint8_t ret_mac[static TSIG_MAC_MAX], size_t *ret_mac_size);
        int (*check_mac)(void *userdata, const struct iovec *pieces, size_t n_pieces,
                         const uint8_t *mac, size_t mac_size, bool *ret_right);
        void (*free)(void *userdata);
        bool takes_no_length; /* then check_mac is asked twice (E6.3) */
} TsigMethod;

/* A key made ready. Opaque; one per key, many messages, one at a time. */
typedef struct TsigContext TsigContext;

/* With an HMAC key. -ENOMEM, or -ENOTSUP if libcrypto lacks the digest. The context keeps no plain
   copy of the secret beyond what libcrypto holds; freeing wipes. */
int tsig_context_new(const TsigKey *key, TsigContext **ret_context);

/* With any method; the names are copied. Takes userdata over on success. -ENOMEM. */
int tsig_context_new_method(const TsigMethod *method, void *userdata, const Name *name,
                            const Name *algorithm, TsigContext **ret_context);
TsigContext *tsig_context_free(TsigContext *context);

/* Appends a TSIG RR, names uncompressed and in canonical form, last in additional; ARCOUNT + 1.
   The message's id must be set before. -EMSGSIZE if it does not fit the capacity; the method's. */
int tsig_sign(TsigContext *context, Message *message, uint64_t now_sec, Signature *ret_signature);

/* Verifies size octets of an answer to the request that carried *request. now_sec is this clock.
   Never reads outside the octets, whatever they hold; compares in constant time. A truncated MAC
   is TSIG_BAD_MAC. 0, or the method's error; the verdict is in *ret_result. */
int tsig_verify(TsigContext *context, const Signature *request, const uint8_t *bytes, size_t size,
                uint64_t now_sec, TsigResult *ret_result);
