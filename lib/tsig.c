/* TSIG (RFC 8945) over wire form: requests are signed, answers verified, the time is given. How a
   MAC is made is a method's: lib/tsig-hmac.c, lib/gss-tsig.c.

   What a MAC covers (4.3): the request's MAC with its length before an answer, the message without
   its TSIG RR (ARCOUNT one less, the original id), then the TSIG variables, names in canonical
   form.

   The order of the checks (5.3, points C43 to C50): form, an error without a MAC, key name,
   algorithm, our own MAC come back, the MAC, the time. */
#include "lib/tsig.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "lib/util.h"
#include "lib/wire.h"

enum {
        RR_FIXED_SIZE = 10,         /* type, class, TTL, RDATA length */
        RDATA_BEFORE_MAC_SIZE = 10, /* time, fudge, MAC size */
        RDATA_AFTER_MAC_SIZE = 6,   /* original id, error, other size */
        SERVER_TIME_SIZE = 6,
        PIECES_MAX = 9,
};

struct TsigContext {
        const TsigMethod *method;
        void *userdata;
        Name name; /* lower case, as the MAC covers it (RFC 4034 6.2) */
        Name algorithm;
};

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

/* What a MAC covers: pieces of the message, and those here that are made for it. */
typedef struct Digested {
        struct iovec pieces[PIECES_MAX];
        size_t n_pieces;
        uint8_t length[2]; /* the first piece, where the request's MAC is the second */
        uint8_t header[LDNS_HEADER_SIZE];
        uint8_t class_ttl[6];
        uint8_t variables[12]; /* time, fudge, error, other size */
} Digested;

/* Length octets are below 'A', so that the wire form can be lowered as it is. */
static Name name_lower(const Name *name) {
        Name lower = *name;
        for (size_t i = 0; i < lower.length; i++)
                if (lower.wire[i] >= 'A' && lower.wire[i] <= 'Z')
                        lower.wire[i] += 'a' - 'A';
        return lower;
}

int tsig_context_new_method(const TsigMethod *method, void *userdata, const Name *name,
                            const Name *algorithm, TsigContext **ret_context) {
        TsigContext *context = calloc(1, sizeof(*context));
        if (!context)
                return -ENOMEM;
        *context = (TsigContext){
                .method = method,
                .userdata = userdata,
                .name = name_lower(name),
                .algorithm = name_lower(algorithm),
        };
        *ret_context = context;
        return 0;
}

TsigContext *tsig_context_free(TsigContext *context) {
        if (!context)
                return NULL;
        context->method->free(context->userdata);
        free(context);
        return NULL;
}

static void add_piece(Digested *digested, const void *bytes, size_t size) {
        if (size == 0)
                return;
        digested->pieces[digested->n_pieces++] =
                (struct iovec){.iov_base = (void *)bytes, .iov_len = size};
}

/* bytes up to tsig->start, with the id and the ARCOUNT that they had without a TSIG RR, then the
   TSIG variables (RFC 8945 4.3.3). request is NULL unless they are an answer. */
static void digested_init(Digested *digested, const TsigContext *context, const Signature *request,
                          const uint8_t *bytes, uint16_t arcount, const Tsig *tsig) {
        *digested = (Digested){.class_ttl = {LDNS_RR_CLASS_ANY >> 8, LDNS_RR_CLASS_ANY & 0xff}};
        memcpy(digested->header, bytes, sizeof(digested->header));
        ldns_write_uint16(digested->header, tsig->original_id);
        ldns_write_uint16(digested->header + LDNS_ARCOUNT_OFF, arcount);
        ldns_write_uint64_as_uint48(digested->variables, tsig->time_sec);
        ldns_write_uint16(digested->variables + 6, tsig->fudge);
        ldns_write_uint16(digested->variables + 8, tsig->error);
        ldns_write_uint16(digested->variables + 10, tsig->other_size);

        if (request && request->is_signed) {
                ldns_write_uint16(digested->length, request->mac_size);
                add_piece(digested, digested->length, sizeof(digested->length));
                add_piece(digested, request->mac, request->mac_size);
        }
        add_piece(digested, digested->header, sizeof(digested->header));
        add_piece(digested, bytes + LDNS_HEADER_SIZE, tsig->start - LDNS_HEADER_SIZE);
        add_piece(digested, context->name.wire, context->name.length);
        add_piece(digested, digested->class_ttl, sizeof(digested->class_ttl));
        add_piece(digested, context->algorithm.wire, context->algorithm.length);
        add_piece(digested, digested->variables, sizeof(digested->variables));
        add_piece(digested, tsig->other, tsig->other_size);
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
        uint16_t arcount = LDNS_ARCOUNT(message->bytes);
        Signature signature = {.is_signed = true, .time_sec = now_sec};
        Tsig tsig = {
                .start = message->size,
                .time_sec = now_sec,
                .fudge = TSIG_FUDGE_SEC,
                .mac = signature.mac,
                .original_id = LDNS_ID_WIRE(message->bytes),
        };
        Digested digested;
        digested_init(&digested, context, NULL, message->bytes, arcount, &tsig);
        int r = context->method->make_mac(context->userdata, digested.pieces, digested.n_pieces,
                                          signature.mac, &signature.mac_size);
        if (r < 0)
                return r;
        tsig.mac_size = signature.mac_size;

        size_t rr_size = context->name.length + RR_FIXED_SIZE + context->algorithm.length +
                         RDATA_BEFORE_MAC_SIZE + tsig.mac_size + RDATA_AFTER_MAC_SIZE;
        if (message->capacity - message->size < rr_size || arcount == UINT16_MAX)
                return -EMSGSIZE;
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

/* Its MAC covers the request and not an answer: as an answer it could only fail (E6.2). */
static bool is_echo(const Tsig *tsig, const Signature *request) {
        return request->is_signed && tsig->mac_size == request->mac_size &&
               CRYPTO_memcmp(tsig->mac, request->mac, request->mac_size) == 0;
}

static bool time_is_near(uint64_t a_sec, uint64_t b_sec) {
        return (a_sec > b_sec ? a_sec - b_sec : b_sec - a_sec) <= TSIG_FUDGE_SEC;
}

/* The MAC, as the RFC has it or as old Samba has it: with the request's MAC, but not its length. */
static int judge_mac(const TsigContext *context, const Signature *request, const uint8_t *bytes,
                     const Tsig *tsig, TsigVerdict *ret_verdict) {
        const TsigMethod *method = context->method;
        bool right = false;
        Digested digested;

        digested_init(&digested, context, request, bytes, LDNS_ARCOUNT(bytes) - 1, tsig);
        int r = method->check_mac(context->userdata, digested.pieces, digested.n_pieces, tsig->mac,
                                  tsig->mac_size, &right);
        if (r < 0)
                return r;
        *ret_verdict = right ? TSIG_VERIFIED : TSIG_BAD_MAC;
        if (right || !method->takes_no_length || !request->is_signed)
                return 0;
        r = method->check_mac(context->userdata, digested.pieces + 1, digested.n_pieces - 1,
                              tsig->mac, tsig->mac_size, &right);
        if (r == 0 && right)
                *ret_verdict = TSIG_VERIFIED_NO_LENGTH;
        return r;
}

static int judge(const TsigContext *context, const Signature *request, const uint8_t *bytes,
                 const Tsig *tsig, uint64_t now_sec, TsigVerdict *ret_verdict) {
        TsigVerdict verdict = TSIG_BAD_MAC;
        int r = 0;

        /* First, because such an answer may carry any key name and algorithm, or none (C45). */
        if (tsig->error != 0 && tsig->mac_size == 0)
                verdict = TSIG_ERROR;
        else if (!name_equal(&tsig->name, &context->name))
                verdict = TSIG_BAD_KEY_NAME;
        else if (!name_equal(&tsig->algorithm, &context->algorithm))
                verdict = TSIG_BAD_ALGORITHM;
        else if (is_echo(tsig, request))
                verdict = TSIG_ECHO;
        else
                r = judge_mac(context, request, bytes, tsig, &verdict);
        if (r < 0)
                return r;
        if (tsig_authenticates(verdict) && !time_is_near(tsig->time_sec, now_sec))
                verdict = TSIG_BAD_SERVER_TIME;
        *ret_verdict = verdict;
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
