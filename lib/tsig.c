/* HMAC TSIG (RFC 8945) over wire form: requests are signed, answers verified, the time is given.

   What a MAC covers (4.3): the request's MAC with its length before an answer, the message without
   its TSIG RR (ARCOUNT one less, the original id), then the TSIG variables, names in canonical
   form.

   The key is set in its EVP_MAC context once. Each message starts it again without a key, which
   libcrypto answers with the kept inner and outer state: half the time of duplicating the context,
   a quarter of HMAC(), and a start that was given up half-way leaves no trace in the next.

   The order of the checks (5.3, points C43 to C50): form, an error without a MAC, key name,
   algorithm, our own MAC come back, the MAC, the time. */
#include "lib/tsig.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/util.h"
#include "lib/wire.h"

enum {
        RR_FIXED_SIZE = 10,         /* type, class, TTL, RDATA length */
        RDATA_BEFORE_MAC_SIZE = 10, /* time, fudge, MAC size */
        RDATA_AFTER_MAC_SIZE = 6,   /* original id, error, other size */
        SERVER_TIME_SIZE = 6,
};

struct TsigContext {
        EVP_MAC_CTX *mac;
        size_t mac_size;
        Name name; /* lower case, as the MAC covers it (RFC 4034 6.2) */
        Name algorithm;
};

DEFINE_CLEANUP(TsigContext, tsig_context_free)

/* A TSIG RR's fields; mac and other point into the message. */
typedef struct Tsig {
        size_t start;
        Name name;
        Name algorithm;
        uint64_t time_sec;
        uint16_t fudge;
        uint16_t mac_size;
        const uint8_t *mac;
        uint16_t original_id;
        uint16_t error;
        uint16_t other_size;
        const uint8_t *other;
} Tsig;

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

/* Length octets are below 'A', so that the wire form can be lowered as it is. */
static Name name_lower(const Name *name) {
        Name lower = *name;
        for (size_t i = 0; i < lower.length; i++)
                if (lower.wire[i] >= 'A' && lower.wire[i] <= 'Z')
                        lower.wire[i] += 'a' - 'A';
        return lower;
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
        _cleanup_(tsig_context_freep) TsigContext *context = calloc(1, sizeof(*context));
        if (!context)
                return -ENOMEM;
        EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
        if (!hmac)
                return -ENOTSUP;
        context->mac = EVP_MAC_CTX_new(hmac); /* holds a reference of its own */
        EVP_MAC_free(hmac);
        if (!context->mac)
                return -ENOMEM;

        int r = set_key(context->mac, key);
        if (r < 0)
                return r;
        context->mac_size = EVP_MAC_CTX_get_mac_size(context->mac);
        if (context->mac_size == 0 || context->mac_size > TSIG_MAC_MAX)
                return -ENOTSUP;
        context->name = name_lower(&key->name);
        r = name_from_text(tsig_algorithm_to_string(key->algorithm), &context->algorithm);
        if (r < 0)
                return r;
        *ret_context = TAKE_PTR(context);
        return 0;
}

TsigContext *tsig_context_free(TsigContext *context) {
        if (!context)
                return NULL;
        EVP_MAC_CTX_free(context->mac); /* libcrypto wipes the key */
        free(context);
        return NULL;
}

/* The TSIG variables (RFC 8945 4.3.3). */
static bool add_variables(const TsigContext *context, const Tsig *tsig) {
        uint8_t class_ttl[6] = {LDNS_RR_CLASS_ANY >> 8, LDNS_RR_CLASS_ANY & 0xff};
        uint8_t rest[12];
        ldns_write_uint64_as_uint48(rest, tsig->time_sec);
        ldns_write_uint16(rest + 6, tsig->fudge);
        ldns_write_uint16(rest + 8, tsig->error);
        ldns_write_uint16(rest + 10, tsig->other_size);

        EVP_MAC_CTX *mac = context->mac;
        return EVP_MAC_update(mac, context->name.wire, context->name.length) &&
               EVP_MAC_update(mac, class_ttl, sizeof(class_ttl)) &&
               EVP_MAC_update(mac, context->algorithm.wire, context->algorithm.length) &&
               EVP_MAC_update(mac, rest, sizeof(rest)) &&
               EVP_MAC_update(mac, tsig->other, tsig->other_size);
}

/* bytes up to tsig->start, with the id and the ARCOUNT that they had without a TSIG RR. request is
   NULL unless they are an answer. */
static int compute_mac(const TsigContext *context, const Signature *request, const uint8_t *bytes,
                       uint16_t arcount, const Tsig *tsig, uint8_t ret_mac[static TSIG_MAC_MAX]) {
        uint8_t header[LDNS_HEADER_SIZE];
        memcpy(header, bytes, sizeof(header));
        ldns_write_uint16(header, tsig->original_id);
        ldns_write_uint16(header + LDNS_ARCOUNT_OFF, arcount);

        EVP_MAC_CTX *mac = context->mac;
        bool ok = EVP_MAC_init(mac, NULL, 0, NULL);
        if (ok && request && request->is_signed) {
                uint8_t length[2];
                ldns_write_uint16(length, request->mac_size);
                ok = EVP_MAC_update(mac, length, sizeof(length)) &&
                     EVP_MAC_update(mac, request->mac, request->mac_size);
        }
        size_t size;
        ok = ok && EVP_MAC_update(mac, header, sizeof(header)) &&
             EVP_MAC_update(mac, bytes + sizeof(header), tsig->start - sizeof(header)) &&
             add_variables(context, tsig) && EVP_MAC_final(mac, ret_mac, &size, TSIG_MAC_MAX);
        return ok ? 0 : -ENOMEM;
}

/* The TSIG RR of a request, names uncompressed (C40, C68). Returns its end. */
static uint8_t *write_rr(uint8_t *at, const TsigContext *context, const Tsig *tsig) {
        size_t rdata_size = context->algorithm.length + RDATA_BEFORE_MAC_SIZE + tsig->mac_size +
                            RDATA_AFTER_MAC_SIZE;
        at = mempcpy(at, context->name.wire, context->name.length);
        ldns_write_uint16(at, LDNS_RR_TYPE_TSIG);
        ldns_write_uint16(at + 2, LDNS_RR_CLASS_ANY);
        ldns_write_uint32(at + 4, 0);
        ldns_write_uint16(at + 8, rdata_size);
        at = mempcpy(at + RR_FIXED_SIZE, context->algorithm.wire, context->algorithm.length);
        ldns_write_uint64_as_uint48(at, tsig->time_sec);
        ldns_write_uint16(at + 6, tsig->fudge);
        ldns_write_uint16(at + 8, tsig->mac_size);
        at = mempcpy(at + RDATA_BEFORE_MAC_SIZE, tsig->mac, tsig->mac_size);
        ldns_write_uint16(at, tsig->original_id);
        ldns_write_uint16(at + 2, 0);
        ldns_write_uint16(at + 4, 0);
        return at + RDATA_AFTER_MAC_SIZE;
}

int tsig_sign(TsigContext *context, Message *message, uint64_t now_sec, Signature *ret_signature) {
        if (message->size < LDNS_HEADER_SIZE)
                return -EINVAL;
        size_t rr_size = context->name.length + RR_FIXED_SIZE + context->algorithm.length +
                         RDATA_BEFORE_MAC_SIZE + context->mac_size + RDATA_AFTER_MAC_SIZE;
        uint16_t arcount = LDNS_ARCOUNT(message->bytes);
        if (message->capacity - message->size < rr_size || arcount == UINT16_MAX)
                return -EMSGSIZE;

        Signature signature = {
                .is_signed = true,
                .mac_size = context->mac_size,
                .time_sec = now_sec,
        };
        Tsig tsig = {
                .start = message->size,
                .time_sec = now_sec,
                .fudge = TSIG_FUDGE_SEC,
                .mac_size = context->mac_size,
                .mac = signature.mac,
                .original_id = LDNS_ID_WIRE(message->bytes),
        };
        int r = compute_mac(context, NULL, message->bytes, arcount, &tsig, signature.mac);
        if (r < 0)
                return r;
        uint8_t *end = write_rr(message->bytes + message->size, context, &tsig);
        message->size = end - message->bytes;
        ldns_write_uint16(message->bytes + LDNS_ARCOUNT_OFF, arcount + 1);
        *ret_signature = signature;
        return 0;
}

static uint64_t read_uint48(const uint8_t *bytes) {
        return (uint64_t)ldns_read_uint16(bytes) << 32 | ldns_read_uint32(bytes + 2);
}

/* RDATA behind the algorithm name: time, fudge, MAC, original id, error, other data, and no more.
 */
static bool read_rdata(const uint8_t *at, size_t size, Tsig *tsig) {
        if (size < RDATA_BEFORE_MAC_SIZE)
                return false;
        tsig->time_sec = read_uint48(at);
        tsig->fudge = ldns_read_uint16(at + 6);
        tsig->mac_size = ldns_read_uint16(at + 8);
        tsig->mac = at + RDATA_BEFORE_MAC_SIZE;
        size -= RDATA_BEFORE_MAC_SIZE;
        if (size < RDATA_AFTER_MAC_SIZE || tsig->mac_size > size - RDATA_AFTER_MAC_SIZE)
                return false;
        at = tsig->mac + tsig->mac_size;
        tsig->original_id = ldns_read_uint16(at);
        tsig->error = ldns_read_uint16(at + 2);
        tsig->other_size = ldns_read_uint16(at + 4);
        tsig->other = at + RDATA_AFTER_MAC_SIZE;
        return tsig->other_size == size - tsig->mac_size - RDATA_AFTER_MAC_SIZE;
}

/* False if the RR is not a TSIG as RFC 8945 4.2 has it. */
static bool read_tsig(const uint8_t *bytes, size_t size, const WireRr *rr, Tsig *ret_tsig) {
        Tsig tsig = {.start = rr->start};
        size_t owner = rr->start, rdata = rr->rdata, end = rr->rdata + rr->rdata_size;
        if (rr->type != LDNS_RR_TYPE_TSIG || rr->class != LDNS_RR_CLASS_ANY || rr->ttl != 0 ||
            !wire_read_name(bytes, size, &owner, &tsig.name) ||
            !wire_read_name(bytes, end, &rdata, &tsig.algorithm) ||
            !read_rdata(bytes + rdata, end - rdata, &tsig))
                return false;
        *ret_tsig = tsig;
        return true;
}

/* In full length and in constant time (C50, C51): no server that takes updates truncates its
   MACs. */
static bool mac_equal(const Tsig *tsig, const uint8_t *mac, size_t mac_size) {
        return tsig->mac_size == mac_size && CRYPTO_memcmp(tsig->mac, mac, mac_size) == 0;
}

/* Its MAC covers the request and not an answer: as an answer it could only fail (E6.2). */
static bool is_echo(const Tsig *tsig, const Signature *request) {
        return request->is_signed && mac_equal(tsig, request->mac, request->mac_size);
}

static bool time_is_near(uint64_t a_sec, uint64_t b_sec) {
        return (a_sec > b_sec ? a_sec - b_sec : b_sec - a_sec) <= TSIG_FUDGE_SEC;
}

static int judge(const TsigContext *context, const Signature *request, const uint8_t *bytes,
                 const Tsig *tsig, uint64_t now_sec, TsigVerdict *ret_verdict) {
        uint8_t mac[TSIG_MAC_MAX];

        /* First, because such an answer may carry any key name and algorithm, or none (C45). */
        if (tsig->error != 0 && tsig->mac_size == 0)
                *ret_verdict = TSIG_ERROR;
        else if (!name_equal(&tsig->name, &context->name))
                *ret_verdict = TSIG_BAD_KEY_NAME;
        else if (!name_equal(&tsig->algorithm, &context->algorithm))
                *ret_verdict = TSIG_BAD_ALGORITHM;
        else if (is_echo(tsig, request))
                *ret_verdict = TSIG_ECHO;
        else {
                uint16_t arcount = LDNS_ARCOUNT(bytes) - 1;
                int r = compute_mac(context, request, bytes, arcount, tsig, mac);
                if (r < 0)
                        return r;
                if (!mac_equal(tsig, mac, context->mac_size))
                        *ret_verdict = TSIG_BAD_MAC;
                else if (!time_is_near(tsig->time_sec, now_sec))
                        *ret_verdict = TSIG_BAD_SERVER_TIME;
                else
                        *ret_verdict = TSIG_VERIFIED;
        }
        return 0;
}

int tsig_verify(TsigContext *context, const Signature *request, const uint8_t *bytes, size_t size,
                uint64_t now_sec, TsigResult *ret_result) {
        TsigResult result = {.verdict = TSIG_MALFORMED};
        WireSurvey survey;
        Tsig tsig;

        if (!wire_survey(bytes, size, &survey))
                ;
        else if (survey.n_tsig == 0)
                result.verdict = TSIG_NONE;
        else if (survey.n_tsig == 1 && survey.last_is_additional &&
                 read_tsig(bytes, size, &survey.last, &tsig)) {
                result.error = tsig.error;
                result.time_sec = tsig.time_sec;
                if (tsig.error == TSIG_BADTIME && tsig.other_size == SERVER_TIME_SIZE)
                        result.server_time_sec = read_uint48(tsig.other);
                int r = judge(context, request, bytes, &tsig, now_sec, &result.verdict);
                if (r < 0)
                        return r;
        }
        *ret_result = result;
        return 0;
}
