/* Reads and answers TKEY queries as a name server does (RFC 2930 2, RFC 3645 4). */
#include "tests/unit/support_tkey.h"

#include <string.h>

#include "tests/unit/unit.h"

enum {
        HEADER_SIZE = 12,
        TYPE_TKEY = 249,
        CLASS_ANY = 255,
        FIXED_SIZE = 10, /* type, class, TTL, RDATA length */
        ALGORITHM_SIZE = 10,
};

static uint16_t read_u16(const PeerMessage *message, size_t at) {
        ck_assert_uint_le(at + 2, message->size);
        return message->bytes[at] << 8 | message->bytes[at + 1];
}

/* A key name is one label; *at is moved behind it. */
static void read_name(const PeerMessage *message, size_t *at, char name[static 64]) {
        uint8_t length = message->bytes[*at];

        ck_assert_uint_lt(length, 64);
        memcpy(name, message->bytes + *at + 1, length);
        name[length] = '\0';
        ck_assert_uint_eq(message->bytes[*at + 1 + length], 0);
        *at += length + 2;
}

void tkey_query_read(const PeerMessage *message, TkeyQuery *ret_query) {
        size_t at = HEADER_SIZE;
        char name[64];

        ck_assert_uint_eq(read_u16(message, 2), 0); /* opcode QUERY, no flags */
        ck_assert_uint_eq(read_u16(message, 4), 1);
        read_name(message, &at, ret_query->key_name);
        ck_assert_uint_eq(read_u16(message, at), TYPE_TKEY);
        ck_assert_uint_eq(read_u16(message, at + 2), CLASS_ANY);
        at += 4;
        read_name(message, &at, name);
        ck_assert_str_eq(name, ret_query->key_name);
        ck_assert_uint_eq(read_u16(message, at), TYPE_TKEY);
        at += FIXED_SIZE;
        ck_assert_int_eq(memcmp(message->bytes + at, "\10gss-tsig", ALGORITHM_SIZE), 0);
        at += ALGORITHM_SIZE;
        ret_query->mode = read_u16(message, at + 8);
        uint16_t token_size = read_u16(message, at + 12);
        at += 14;
        ck_assert_uint_le(at + token_size + 2, message->size);
        ret_query->token.size = 0;
        octets_add(&ret_query->token, message->bytes + at, token_size);
        ret_query->size = at + token_size + 2;
}

static void add_tkey(Octets *octets, const char *name, const TkeyAnswerAs *as) {
        const Octets *token = as->token;
        uint16_t token_size = token ? token->size : 0;
        uint32_t now_sec = 0x6b000000;

        octets_add_name(octets, name);
        octets_add_u16(octets, TYPE_TKEY);
        octets_add_u16(octets, CLASS_ANY);
        octets_add_u32(octets, 0);
        octets_add_u16(octets, ALGORITHM_SIZE + 16 + token_size);
        octets_add_name(octets, "gss-tsig");
        octets_add_u32(octets, now_sec);
        octets_add_u32(octets, now_sec + (as->lifetime_sec ?: 3600));
        octets_add_u16(octets, as->mode ?: TKEY_MODE_GSS);
        octets_add_u16(octets, as->error);
        octets_add_u16(octets, token_size);
        if (token)
                octets_add(octets, token->bytes, token->size);
        octets_add_u16(octets, 0);
}

void peer_answer_tkey(int fd, const PeerMessage *message, const TkeyAnswerAs *as) {
        static TkeyQuery query;
        static Octets frame;

        tkey_query_read(message, &query);
        frame.size = 0;
        octets_add_u16(&frame, 0);
        octets_add(&frame, message->bytes, 2);
        octets_add_u16(&frame, (as->no_qr ? 0 : 0x8000) | as->rcode);
        octets_add_u16(&frame, 1);
        octets_add_u16(&frame, !as->no_tkey);
        octets_add_u32(&frame, 0);
        octets_add_name(&frame, query.key_name);
        octets_add_u16(&frame, TYPE_TKEY);
        octets_add_u16(&frame, CLASS_ANY);
        if (!as->no_tkey)
                add_tkey(&frame, as->name ?: query.key_name, as);
        frame.size -= as->cut;
        frame.bytes[0] = (frame.size - 2) >> 8;
        frame.bytes[1] = (frame.size - 2) & 0xff;
        peer_send(fd, frame.bytes, frame.size);
}

void peer_accept_tkey(int fd, const PeerMessage *message, Acceptor *acceptor,
                      uint32_t lifetime_sec) {
        static TkeyQuery query;
        static Octets token;

        tkey_query_read(message, &query);
        acceptor_step(acceptor, query.token.bytes, query.token.size, &token);
        peer_answer_tkey(fd, message,
                         &(TkeyAnswerAs){.token = &token, .lifetime_sec = lifetime_sec});
}

/* What verifies in place of signing: the digest is the server's, the MAC the client's. */
typedef struct Verifier {
        Acceptor *acceptor;
        const uint8_t *mac;
        size_t mac_size;
        bool is_right;
} Verifier;

static size_t verify(void *userdata, const Octets *digested, uint8_t *ret_mac) {
        Verifier *verifier = userdata;

        verifier->is_right =
                acceptor_verify(verifier->acceptor, digested, verifier->mac, verifier->mac_size);
        memcpy(ret_mac, verifier->mac, verifier->mac_size);
        return verifier->mac_size;
}

bool peer_verify_tkey(const PeerMessage *message, Acceptor *acceptor) {
        static TkeyQuery query;
        static Octets octets;
        char name[64];

        tkey_query_read(message, &query);
        ck_assert_uint_lt(query.size, message->size);
        size_t at = query.size;
        read_name(message, &at, name);
        at += FIXED_SIZE + ALGORITHM_SIZE;
        uint64_t time_sec = (uint64_t)read_u16(message, at) << 32 |
                            (uint32_t)read_u16(message, at + 2) << 16 | read_u16(message, at + 4);
        Verifier verifier = {
                .acceptor = acceptor,
                .mac = message->bytes + at + 10,
                .mac_size = read_u16(message, at + 8),
        };
        ck_assert_uint_le(verifier.mac_size, GSS_MIC_MAX);
        octets.size = 0;
        octets_add(&octets, message->bytes, query.size);
        octets.bytes[11]--; /* of the additional RRs */
        octets_sign(&octets, &(SignAs){
                                     .make_mac = verify,
                                     .userdata = &verifier,
                                     .name = name,
                                     .algorithm = "gss-tsig",
                                     .time_sec = time_sec,
                             });
        return verifier.is_right && strcmp(name, query.key_name) == 0 &&
               octets.size == message->size &&
               memcmp(octets.bytes, message->bytes, octets.size) == 0;
}
