/* TKEY in octets (RFC 2930 2): what the token travels in.

   The RR stands in additional, where RFC 3645 wants it (Windows 2000 took it in answer); the
   answer's may stand in any section, but there is to be one. The key's name is one that we made up,
   so it must come back; the algorithm is lower case, because Samba takes no other.

   RDATA: algorithm, inception, expiration, mode, error, token size, token, other size, other. */
#include "lib/tkey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "lib/wire.h"

enum {
        QUESTION_FIXED_SIZE = 4,      /* type, class */
        RR_FIXED_SIZE = 10,           /* type, class, TTL, RDATA length */
        RDATA_BEFORE_TOKEN_SIZE = 14, /* inception, expiration, mode, error, token size */
        RDATA_AFTER_TOKEN_SIZE = 2,   /* other size */
        MODE_GSS = 3,
        MODE_DELETE = 5,
        FLAG_QR = 1 << 7, /* of the third octet */
        FLAG_TC = 1 << 1,
        OPCODE_MASK = 0xf << 3,
};

const Name *tkey_algorithm(void) {
        static const Name algorithm = {.length = 10, .wire = "\010gss-tsig"};

        return &algorithm;
}

void tkey_make_name(const uint8_t random[static TKEY_RANDOM_SIZE], Name *ret_name) {
        static const char digits[] = "0123456789abcdef";
        Name name = {.length = 2 * TKEY_RANDOM_SIZE + 2, .wire = {2 * TKEY_RANDOM_SIZE}};

        for (size_t i = 0; i < TKEY_RANDOM_SIZE; i++) {
                name.wire[1 + 2 * i] = digits[random[i] >> 4];
                name.wire[2 + 2 * i] = digits[random[i] & 0xf];
        }
        *ret_name = name;
}

static uint8_t *write_u16(uint8_t *at, uint16_t value) {
        ldns_write_uint16(at, value);
        return at + 2;
}

static uint8_t *write_u32(uint8_t *at, uint32_t value) {
        ldns_write_uint32(at, value);
        return at + 4;
}

static uint8_t *write_name_type(uint8_t *at, const Name *name) {
        at = mempcpy(at, name->wire, name->length);
        at = write_u16(at, LDNS_RR_TYPE_TKEY);
        return write_u16(at, LDNS_RR_CLASS_ANY);
}

static int new_message(const Name *key_name, unsigned mode, const uint8_t *token, size_t token_size,
                       uint64_t now_sec, Message **ret_message) {
        const Name *algorithm = tkey_algorithm();
        size_t rdata_size =
                algorithm->length + RDATA_BEFORE_TOKEN_SIZE + token_size + RDATA_AFTER_TOKEN_SIZE;
        size_t size = LDNS_HEADER_SIZE + key_name->length + QUESTION_FIXED_SIZE + key_name->length +
                      RR_FIXED_SIZE + rdata_size;
        Message *message = calloc(1, sizeof(*message) + size + MESSAGE_TSIG_ROOM);

        if (!message)
                return -ENOMEM;
        message->size = size;
        message->capacity = size + MESSAGE_TSIG_ROOM;
        uint8_t *at = message->bytes;
        ldns_write_uint16(at + LDNS_QDCOUNT_OFF, 1);
        ldns_write_uint16(at + LDNS_ARCOUNT_OFF, 1);
        at = write_name_type(at + LDNS_HEADER_SIZE, key_name);

        at = write_name_type(at, key_name);
        at = write_u32(at, 0);
        at = write_u16(at, rdata_size);
        at = mempcpy(at, algorithm->wire, algorithm->length);
        at = write_u32(at, now_sec);
        at = write_u32(at, now_sec + (mode == MODE_GSS ? TKEY_LIFETIME_SEC : 0));
        at = write_u16(at, mode);
        at = write_u16(at, 0);
        at = write_u16(at, token_size);
        if (token_size > 0)
                at = mempcpy(at, token, token_size);
        write_u16(at, 0);
        *ret_message = message;
        return 0;
}

int tkey_new_query(const Name *key_name, const uint8_t *token, size_t token_size, uint64_t now_sec,
                   Message **ret_message) {
        if (token_size > TKEY_TOKEN_MAX)
                return -EMSGSIZE;
        return new_message(key_name, MODE_GSS, token, token_size, now_sec, ret_message);
}

int tkey_new_deletion(const Name *key_name, uint64_t now_sec, Message **ret_message) {
        return new_message(key_name, MODE_DELETE, NULL, 0, now_sec, ret_message);
}

/* RDATA behind the algorithm, of size octets. */
static bool read_rdata(const uint8_t *at, size_t size, uint16_t *ret_mode, TkeyAnswer *answer) {
        if (size < RDATA_BEFORE_TOKEN_SIZE + RDATA_AFTER_TOKEN_SIZE)
                return false;
        size -= RDATA_BEFORE_TOKEN_SIZE + RDATA_AFTER_TOKEN_SIZE;
        uint16_t token_size = ldns_read_uint16(at + 12);
        if (token_size > size || token_size > TKEY_TOKEN_MAX ||
            ldns_read_uint16(at + RDATA_BEFORE_TOKEN_SIZE + token_size) != size - token_size)
                return false;
        /* Times as in RFC 1982, so that 2106 makes no difference. */
        int32_t lifetime_sec = ldns_read_uint32(at + 4) - ldns_read_uint32(at);
        answer->lifetime_sec = lifetime_sec > 0 ? lifetime_sec : 0;
        *ret_mode = ldns_read_uint16(at + 8);
        answer->error = ldns_read_uint16(at + 10);
        answer->token_size = token_size;
        answer->token = token_size > 0 ? at + RDATA_BEFORE_TOKEN_SIZE : NULL;
        return true;
}

static TkeyVerdict read_rr(const Name *key_name, const uint8_t *bytes, size_t size,
                           const WireRr *rr, TkeyAnswer *answer) {
        size_t owner = rr->start, rdata = rr->rdata, end = rr->rdata + rr->rdata_size;
        Name name, algorithm;
        uint16_t mode;

        if (!wire_read_name(bytes, size, &owner, &name) ||
            !wire_read_name(bytes, end, &rdata, &algorithm) ||
            !read_rdata(bytes + rdata, end - rdata, &mode, answer))
                return TKEY_MALFORMED;
        if (!name_equal(&name, key_name) || !name_equal(&algorithm, tkey_algorithm()) ||
            mode != MODE_GSS)
                return TKEY_FOREIGN;
        return answer->error != 0 ? TKEY_REFUSED : TKEY_ANSWERED;
}

void tkey_read(const Name *key_name, uint16_t id, const uint8_t *bytes, size_t size,
               TkeyAnswer *ret_answer) {
        TkeyAnswer answer = {.verdict = TKEY_MALFORMED};
        WireSurvey survey;

        if (wire_survey(bytes, size, &survey) && survey.n_tkey <= 1) {
                answer.rcode = bytes[3] & 0xf;
                if (LDNS_ID_WIRE(bytes) != id || !(bytes[2] & FLAG_QR) || bytes[2] & FLAG_TC ||
                    bytes[2] & OPCODE_MASK)
                        answer.verdict = TKEY_NOT_ANSWER;
                else if (survey.n_tkey == 0)
                        answer.verdict = answer.rcode != 0 ? TKEY_REFUSED : TKEY_NONE;
                else
                        answer.verdict = read_rr(key_name, bytes, size, &survey.tkey, &answer);
                if (answer.verdict == TKEY_ANSWERED && answer.rcode != 0)
                        answer.verdict = TKEY_REFUSED;
        }
        *ret_answer = answer;
}

const char *tkey_verdict_to_string(TkeyVerdict verdict) {
        switch (verdict) {
        case TKEY_ANSWERED:
                return "it takes part";
        case TKEY_REFUSED:
                return "it refuses";
        case TKEY_NONE:
                return "it knows no TKEY";
        case TKEY_FOREIGN:
                return "it answers for another key";
        case TKEY_NOT_ANSWER:
                return "it does not answer our query";
        case TKEY_MALFORMED:
                return "its answer is malformed";
        case _TKEY_VERDICT_MAX:
                break;
        }
        return "?";
}
