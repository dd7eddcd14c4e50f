/* MACs by HMAC (RFC 8945 6).

   The key is set in its EVP_MAC context once. Each message starts it again without a key, which
   libcrypto answers with the kept inner and outer state: half the time of duplicating the context,
   a quarter of HMAC(), and a start that was given up half-way leaves no trace in the next. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/tsig.h"
#include "lib/util.h"

static EVP_MAC_CTX *mac_free(EVP_MAC_CTX *mac) {
        EVP_MAC_CTX_free(mac); /* libcrypto wipes the key */
        return NULL;
}

DEFINE_CLEANUP(EVP_MAC_CTX, mac_free)

static void hmac_free(void *userdata) {
        EVP_MAC_CTX_free(userdata);
}

static int hmac_make(void *userdata, const struct iovec *pieces, size_t n_pieces,
                     uint8_t ret_mac[static TSIG_MAC_MAX], size_t *ret_mac_size) {
        EVP_MAC_CTX *mac = userdata;

        bool ok = EVP_MAC_init(mac, NULL, 0, NULL);
        for (size_t i = 0; ok && i < n_pieces; i++)
                ok = EVP_MAC_update(mac, pieces[i].iov_base, pieces[i].iov_len);
        return ok && EVP_MAC_final(mac, ret_mac, ret_mac_size, TSIG_MAC_MAX) ? 0 : -ENOMEM;
}

/* In full length and in constant time (C50, C51): no server that takes updates truncates its
   MACs. */
static int hmac_check(void *userdata, const struct iovec *pieces, size_t n_pieces,
                      const uint8_t *mac, size_t mac_size, bool *ret_right) {
        uint8_t expected[TSIG_MAC_MAX];
        size_t expected_size;

        int r = hmac_make(userdata, pieces, n_pieces, expected, &expected_size);
        if (r < 0)
                return r;
        *ret_right = mac_size == expected_size && CRYPTO_memcmp(mac, expected, mac_size) == 0;
        return 0;
}

static const char *digest_name(TsigAlgorithm algorithm) {
        switch (algorithm) {
        case TSIG_HMAC_SHA1:
                return "SHA1";
        case TSIG_HMAC_SHA224:
                return "SHA224";
        case TSIG_HMAC_SHA256:
                return "SHA256";
        case TSIG_HMAC_SHA384:
                return "SHA384";
        case TSIG_HMAC_SHA512:
                return "SHA512";
        case _TSIG_ALGORITHM_MAX:
                break;
        }
        return "";
}

static int set_key(EVP_MAC_CTX *mac, const TsigKey *key) {
        char *digest = (char *)digest_name(key->algorithm);
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                OSSL_PARAM_construct_end(),
        };
        return EVP_MAC_init(mac, key->secret, key->secret_size, params) ? 0 : -ENOTSUP;
}

int tsig_context_new(const TsigKey *key, TsigContext **ret_context) {
        static const TsigMethod method = {hmac_make, hmac_check, hmac_free, false};
        _cleanup_(mac_freep) EVP_MAC_CTX *mac = NULL;
        Name algorithm;

        EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
        if (!hmac)
                return -ENOTSUP;
        mac = EVP_MAC_CTX_new(hmac); /* holds a reference of its own */
        EVP_MAC_free(hmac);
        if (!mac)
                return -ENOMEM;
        int r = set_key(mac, key);
        if (r < 0)
                return r;
        if (EVP_MAC_CTX_get_mac_size(mac) > TSIG_MAC_MAX)
                return -ENOTSUP;
        r = name_from_text(tsig_algorithm_to_string(key->algorithm), &algorithm);
        if (r < 0)
                return r;
        r = tsig_context_new_method(&method, mac, &key->name, &algorithm, ret_context);
        if (r == 0)
                TAKE_PTR(mac);
        return r;
}
