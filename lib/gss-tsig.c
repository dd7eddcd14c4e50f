/* MACs by a GSS-API context (RFC 3645 4.3): a token over what TSIG covers, in one buffer.

   Samba up to 4.19.7 signs its answers over the request's MAC without its length. Taken as the RFC
   has it, such an answer would be forged; in a form of its own it counts (E6.3). */
#include "lib/gss-tsig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tkey.h"
#include "lib/util.h"

_Static_assert((size_t)GSS_MIC_MAX == (size_t)TSIG_MAC_MAX, "one is the other");

static int join(const struct iovec *pieces, size_t n_pieces, uint8_t **ret_bytes,
                size_t *ret_size) {
        size_t size = 0;

        for (size_t i = 0; i < n_pieces; i++)
                size += pieces[i].iov_len;
        uint8_t *bytes = malloc(size);
        if (!bytes)
                return -ENOMEM;
        for (size_t i = 0, at = 0; i < n_pieces; at += pieces[i++].iov_len)
                memcpy(bytes + at, pieces[i].iov_base, pieces[i].iov_len);
        *ret_bytes = bytes;
        *ret_size = size;
        return 0;
}

static int gss_make(void *userdata, const struct iovec *pieces, size_t n_pieces,
                    uint8_t ret_mac[static TSIG_MAC_MAX], size_t *ret_mac_size) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t size;

        int r = join(pieces, n_pieces, &bytes, &size);
        return r < 0 ? r : gss_context_sign(userdata, bytes, size, ret_mac, ret_mac_size);
}

static int gss_check(void *userdata, const struct iovec *pieces, size_t n_pieces,
                     const uint8_t *mac, size_t mac_size, bool *ret_right) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t size;

        int r = join(pieces, n_pieces, &bytes, &size);
        if (r < 0)
                return r;
        *ret_right = gss_context_verify(userdata, bytes, size, mac, mac_size);
        return 0;
}

static void gss_free(void *userdata) {
        gss_context_free(userdata);
}

int gss_tsig_new(GssContext *context, const Name *key_name, TsigContext **ret_context) {
        static const TsigMethod method = {gss_make, gss_check, gss_free, true};

        return tsig_context_new_method(&method, context, key_name, tkey_algorithm(), ret_context);
}
