/* TSIG keys (RFC 8945): algorithms, and the key file forms `key "n" { ... };` and alg:name:secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/name.h"

typedef enum TsigAlgorithm {
        TSIG_HMAC_SHA1, /* works, with a warning (RFC 8945 6) */
        TSIG_HMAC_SHA224,
        TSIG_HMAC_SHA256,
        TSIG_HMAC_SHA384,
        TSIG_HMAC_SHA512,
        _TSIG_ALGORITHM_MAX,
} TsigAlgorithm;

enum {
        TSIG_SECRET_MAX = 512,
        TSIG_KEY_FILE_MAX = 8192, /* octets of a key file that are read */
};

typedef struct TsigKey {
        TsigAlgorithm algorithm;
        Name name;
        size_t secret_size;
        uint8_t secret[TSIG_SECRET_MAX];
} TsigKey;

/* Where and why a key file cannot be used: text is one sentence that never holds the secret. */
typedef struct TsigKeyError {
        unsigned line; /* 1.. */
        char text[200];
} TsigKeyError;

/* Parses the one key of a key file's text (size octets, hostile until checked). As tsig-keygen
   writes: key "name" { algorithm hmac-sha256; secret "base64"; }; with // # and C comments; or a
   single line alg:name:secret. -EINVAL with *ret_error filled: syntax, unknown or refused
   algorithm (md5), no or empty secret, secret that is not base64, more than one key, a NUL. */
int tsig_key_parse(const char *text, size_t size, TsigKey *ret_key, TsigKeyError *ret_error);

/* Overwrites the secret so that the compiler cannot leave it out. Accepts NULL. */
void tsig_key_wipe(TsigKey *key);

const char *tsig_algorithm_to_string(TsigAlgorithm algorithm);
