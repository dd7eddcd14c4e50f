/* Rules E3 to E6 as tables: every RCODE under every state of the signature, every fault of form,
   and mutated answers, of which none may pass for what it is not. */
#include "lib/reply.h"

#include <ctype.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_recorded.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(Auth, auth_unref)

enum {
        NOW = RECORDED_SEC,
        ID = 0x5678,
        N_RCODES = 16,
        QR = 0x80,
};

/* The request of every test: an SOA query, or an update of the zone, for example.test. */
typedef struct Exchange {
        TsigKey key;
        Auth *auth;
        Request request;
        Message *message; /* as it was sent */
        Octets answer;
} Exchange;

static Exchange *exchange_new(ldns_pkt_opcode opcode, bool is_signed) {
        Exchange *x = calloc(1, sizeof(*x));

        ck_assert_ptr_nonnull(x);
        x->key = support_key(TSIG_HMAC_SHA256);
        ck_assert_int_eq(is_signed ? auth_new_tsig(&x->key, &x->auth) : auth_new_none(&x->auth), 0);
        x->request = (Request){
                .id = ID,
                .opcode = opcode,
                .type = LDNS_RR_TYPE_SOA,
                .auth = x->auth,
        };
        ck_assert_int_eq(name_from_text("example.test", &x->request.name), 0);

        octets_from_hex(&x->answer, "5678 0000 0001 0000 0000 0000 076578616d706c65 0474657374 00 "
                                    "0006 0001");
        x->answer.bytes[2] = opcode << 3;
        x->message = octets_to_message(&x->answer, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(auth_sign(x->auth, x->message, NOW, &x->request.signature), 0);
        x->answer.bytes[2] |= QR;
        return x;
}

static Exchange *exchange_free(Exchange *x) {
        auth_unref(x->auth);
        free(x->message);
        free(x);
        return NULL;
}

DEFINE_CLEANUP(Exchange, exchange_free)

/* Reads a copy of its own size, so that the sanitizer sees each octet read outside. */
static Reply read_octets(const Exchange *x, const Octets *octets) {
        _cleanup_(freep) uint8_t *copy = malloc(octets->size + !octets->size);
        Reply reply;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, octets->bytes, octets->size);
        ck_assert_int_eq(reply_read(&x->request, copy, octets->size, NOW, &reply), 0);
        ck_assert((reply.packet != NULL) == (reply.kind != REPLY_GARBAGE));
        ck_assert(reply.kind != REPLY_GARBAGE || (reply.fault != FAULT_NONE && !reply.verified));
        return reply;
}

static void assert_reply(const Exchange *x, const char *what, ReplyKind kind, ReplyFault fault) {
        Reply reply = read_octets(x, &x->answer);

        ck_assert_msg(reply.kind == kind && reply.fault == fault, "%s: kind %d, %s", what,
                      reply.kind, reply_fault_to_string(reply.fault));
        reply_done(&reply);
}

/* How the answer is signed. */
typedef enum Signing {
        UNSIGNED,
        RIGHTLY,
        ECHOED,     /* the request's TSIG */
        ERROR_ONLY, /* an error field, no MAC */
        WRONGLY,    /* its MAC is for another message */
} Signing;

static void sign(Exchange *x, Signing signing, SignAs as) {
        size_t size = x->answer.size;

        as.key = &x->key;
        as.request = x->request.signature.is_signed ? &x->request.signature : NULL;
        as.time_sec = as.time_sec ?: NOW;
        as.no_mac = signing == ERROR_ONLY;
        if (signing == ECHOED) {
                octets_add(&x->answer, x->message->bytes + size, x->message->size - size);
                x->answer.bytes[11] = 1;
        } else if (signing != UNSIGNED) {
                octets_sign(&x->answer, &as);
        }
        if (signing == WRONGLY)
                x->answer.bytes[3] ^= 0x10;
}

/* One letter for each RCODE, from NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN,
   YXRRSET, NXRRSET, NOTAUTH, NOTZONE to the unassigned 11..15:
   d done, c conflict, R denied, w wrong server, k bad key, t bad time, e echo, l elsewhere,
   . garbage. */
static ReplyKind kind_of(char letter) {
        static const char letters[] = "dcRwktel."; /* in the order of the enum */

        return REPLY_DONE + (strchr(letters, letter) - letters);
}

#define Q LDNS_PACKET_QUERY
#define U LDNS_PACKET_UPDATE
#define BADTIME \
        { .error = 18, .other = {0, 0, 0x6b, 2, 3, 4}, .other_size = 6 }
#define NONE "................"
#define ALL_T "tttttttttttttttt"
#define ALL_K "kkkkkkkkkkkkkkkk"
#define ALL_E "eeeeeeeeeeeeeeee"

/* Whether the request was signed, and an observation was right just before. */
#define SIGNED true, false
#define SIGNED_SEEN true, true
#define PLAIN false, false
#define PLAIN_SEEN false, true

#define VERIFIED FAULT_NONE, true
#define UNVERIFIED FAULT_NONE, false
#define NO_MAC FAULT_UNSIGNED, false /* of the garbage among them */

/* clang-format off */
static const struct {
        const char *rule;
        ldns_pkt_opcode opcode;
        bool request_signed;
        bool observed_here;
        Signing signing;
        SignAs as;
        const char *kinds;
        ReplyFault fault;
        bool verified;
} table[] = {
        /* The answer is the server's own. */
        {"E6.1 C25", U, SIGNED, RIGHTLY, {}, "dllclRcccwwlllll", VERIFIED},
        {"E6.1 C25", U, SIGNED_SEEN, RIGHTLY, {}, "dllclRcccwwlllll", VERIFIED},
        {"E6.1 C25", Q, SIGNED, RIGHTLY, {}, "dlldlRlllwwlllll", VERIFIED},
        {"E6.1 C25", Q, SIGNED_SEEN, RIGHTLY, {}, "dlldlRlllwwlllll", VERIFIED},
        {"E6.1 C46 BADTIME", U, SIGNED_SEEN, RIGHTLY, BADTIME, ALL_T, VERIFIED},
        {"E6.1 C46 BADTIME", Q, SIGNED, RIGHTLY, BADTIME, ALL_T, VERIFIED},
        {"E6.1 BADTRUNC", U, SIGNED_SEEN, RIGHTLY, {.error = 22}, ALL_K, VERIFIED},
        {"E6.1 BADKEY", Q, SIGNED, RIGHTLY, {.error = 17}, ALL_K, VERIFIED},

        /* Our own signature came back: whatever the RCODE, nothing is known. */
        {"E6.2 C67", U, SIGNED, ECHOED, {}, ALL_E, UNVERIFIED},
        {"E6.2 C67", U, SIGNED_SEEN, ECHOED, {}, ALL_E, UNVERIFIED},
        {"E6.2 C67", Q, SIGNED, ECHOED, {}, ALL_E, UNVERIFIED},

        /* No MAC: hints only. */
        {"E6.4 C44", U, SIGNED, UNSIGNED, {}, ".ll.lk...w......", NO_MAC},
        {"E6.4 C44", U, SIGNED_SEEN, UNSIGNED, {}, ".ll.lR...R......", NO_MAC},
        {"E6.4 C44", Q, SIGNED, UNSIGNED, {}, ".ll.lk...w......", NO_MAC},
        {"E6.4 C44", Q, SIGNED_SEEN, UNSIGNED, {}, ".ll.lR...R......", NO_MAC},
        {"E6.4 C47 BADSIG", U, SIGNED, ERROR_ONLY, {.error = 16}, ".ll.lk...k......", NO_MAC},
        {"E6.4 C47 BADKEY", U, SIGNED, ERROR_ONLY, {.error = 17}, ".ll.lk...k......", NO_MAC},
        {"E6.4 C47 BADKEY", U, SIGNED_SEEN, ERROR_ONLY, {.error = 17}, ".ll.lR...R......", NO_MAC},
        {"E6.4 C47 BADKEY", Q, SIGNED, ERROR_ONLY, {.error = 17}, ".ll.lk...k......", NO_MAC},
        {"E6.4 C50 BADTRUNC", U, SIGNED, ERROR_ONLY, {.error = 22}, ".ll.lk...k......", NO_MAC},
        {"E6.4 BADNAME", U, SIGNED_SEEN, ERROR_ONLY, {.error = 20}, ".ll.lR...R......", NO_MAC},
        {"E6.4 C46 BADTIME", U, SIGNED, ERROR_ONLY, BADTIME, ".ll.lk...t......", NO_MAC},
        {"E6.4 C46 BADTIME", U, SIGNED_SEEN, ERROR_ONLY, BADTIME, ".ll.lR...t......", NO_MAC},
        {"E6.4 no clock", U, SIGNED, ERROR_ONLY, {.error = 18}, ".ll.lk...k......", NO_MAC},
        {"E6.4 no clock", U, SIGNED_SEEN, ERROR_ONLY, {.error = 18}, ".ll.lR...k......", NO_MAC},

        /* A MAC that proves nothing. */
        {"E6.5 C45", U, SIGNED_SEEN, WRONGLY, {}, NONE, FAULT_BAD_MAC, false},
        {"E6.5 C45", Q, SIGNED, WRONGLY, {}, NONE, FAULT_BAD_MAC, false},
        {"E6.3 is GSS", U, SIGNED_SEEN, RIGHTLY, {.no_length = true}, NONE, FAULT_BAD_MAC, false},
        {"E6.5 C50", U, SIGNED_SEEN, RIGHTLY, {.mac_size = 16}, NONE, FAULT_BAD_MAC, false},
        {"E6.5 C49", U, SIGNED_SEEN, RIGHTLY, {.name = "other"}, NONE, FAULT_WRONG_KEY, false},
        {"E6.5", U, SIGNED_SEEN, RIGHTLY, {.algorithm = "hmac-sha1"}, NONE,
         FAULT_WRONG_ALGORITHM, false},
        {"E6 C48", U, SIGNED_SEEN, RIGHTLY, {.time_sec = NOW + 301}, ALL_T,
         FAULT_SERVER_TIME, false},

        /* Unsigned by the operator's word: the RCODE is all there is. */
        {"C25 Security=none", U, PLAIN, UNSIGNED, {}, "dllclRcccwwlllll", UNVERIFIED},
        {"C25 Security=none", U, PLAIN_SEEN, UNSIGNED, {}, "dllclRcccRwlllll", UNVERIFIED},
        {"C25 Security=none", Q, PLAIN, UNSIGNED, {}, "dlldlRlllwwlllll", UNVERIFIED},
        {"C25 Security=none", Q, PLAIN_SEEN, UNSIGNED, {}, "dlldlRlllRwlllll", UNVERIFIED},
        {"C25 a TSIG unasked", U, PLAIN, RIGHTLY, {}, "dllclRcccwwlllll", UNVERIFIED},
        {"C25 a TSIG unasked", U, PLAIN, ERROR_ONLY, {.error = 17}, "dllclRcccwwlllll", UNVERIFIED},
};

/* clang-format on */
START_TEST(every_rcode) {
        ck_assert_uint_eq(strlen(table[_i].kinds), N_RCODES);
        for (unsigned rcode = 0; rcode < N_RCODES; rcode++) {
                _cleanup_(exchange_freep) Exchange *x =
                        exchange_new(table[_i].opcode, table[_i].request_signed);
                x->request.observed_here = table[_i].observed_here;
                x->answer.bytes[3] = rcode;
                sign(x, table[_i].signing, table[_i].as);

                Reply reply = read_octets(x, &x->answer);
                ReplyKind kind = kind_of(table[_i].kinds[rcode]);
                ck_assert_msg(reply.kind == kind, "line %d, %s, rcode %u: kind %d, not %d", _i,
                              table[_i].rule, rcode, reply.kind, kind);
                bool is_faulty = kind == REPLY_GARBAGE || table[_i].fault == FAULT_SERVER_TIME;
                ck_assert_int_eq(reply.fault, is_faulty ? table[_i].fault : FAULT_NONE);
                ck_assert(reply.verified == table[_i].verified);
                ck_assert_int_eq(reply.rcode, rcode);
                ck_assert_uint_eq(reply.tsig_error,
                                  table[_i].request_signed ? table[_i].as.error : 0);
                reply_done(&reply);
        }
}
END_TEST

/* C46, C48: both clocks, for whoever has to set one of them. */
START_TEST(clocks) {
        static const struct {
                Signing signing;
                SignAs as;
                uint64_t server_time_sec;
        } cases[] = {
                {RIGHTLY, BADTIME, 0x6b020304},
                {ERROR_ONLY, BADTIME, 0x6b020304},
                {RIGHTLY, {.error = 18}, 0},
                {RIGHTLY, {.time_sec = NOW - 3600}, NOW - 3600},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(exchange_freep) Exchange *x = exchange_new(U, true);
                x->answer.bytes[3] = LDNS_RCODE_NOTAUTH;
                sign(x, cases[i].signing, cases[i].as);
                Reply reply = read_octets(x, &x->answer);
                ck_assert_int_eq(reply.kind, REPLY_BAD_TIME);
                ck_assert_uint_eq(reply.our_time_sec, NOW);
                ck_assert_uint_eq(reply.server_time_sec, cases[i].server_time_sec);
                reply_done(&reply);
        }
}
END_TEST

#define NAME "076578616d706c65 0474657374 00 "
#define ZONE NAME "0006 0001 "
#define SOA NAME "0006 0001 0000012c 0016 00 00 00000001 00000002 00000003 00000004 00000005 "
#define OPT(rcode) "00 0029 1000 " rcode " 000000 0000 "
#define TSIG "00 00fa 00ff 00000000 0011 00 000000000000 0000 0000 5678 0000 0000 "

/* clang-format off */
/* Answers to an unsigned request, whole. */
static const struct {
        const char *what;
        const char *hex;
        ldns_pkt_opcode opcode;
        bool over_udp;
        ReplyKind kind;
} good_forms[] = {
        {"C21 the zone only", "5678 a800 0001 0000 0000 0000" ZONE, U, false, REPLY_DONE},
        {"C21 a header only", "5678 a800 0000 0000 0000 0000", U, false, REPLY_DONE},
        {"C21 a copy of the request",
         "5678 a800 0001 0001 0001 0000" ZONE SOA SOA, U, false, REPLY_DONE},
        {"a question in other case",
         "5678 8400 0001 0001 0000 0000 076558414d504c65 0454657374 00 0006 0001" SOA,
         Q, false, REPLY_DONE},
        {"with OPT", "5678 8400 0001 0001 0000 0001" ZONE SOA OPT("00"), Q, false, REPLY_DONE},
        {"BADVERS is not NOERROR",
         "5678 8400 0001 0000 0000 0001" ZONE OPT("01"), Q, false, REPLY_ELSEWHERE},
        {"nor REFUSED with more bits",
         "5678 8405 0001 0000 0000 0001" ZONE OPT("ff"), Q, false, REPLY_ELSEWHERE},
        {"a bad RR where nothing is read of a query's answer",
         "5678 8400 0001 0001 0000 0001" ZONE SOA NAME "0006 0001 00000000 0003 000000",
         Q, false, REPLY_DONE},
        {"... and of an update's",
         "5678 a800 0001 0000 0001 0000" ZONE NAME "0006 0001 00000000 0003 000000",
         U, false, REPLY_DONE},
        {"C28 truncated, on UDP", "5678 8600 0001 0000 0000 0000" ZONE, Q, true, REPLY_DONE},
};

/* These are garbage, on UDP as on TCP. */
static const struct {
        const char *what;
        const char *hex;
        ldns_pkt_opcode opcode;
        ReplyFault fault;
} bad_forms[] = {
        {"nothing", "", Q, FAULT_MALFORMED},
        {"half a header", "5678 8400 0001", Q, FAULT_MALFORMED},
        {"an octet behind it", "5678 a800 0000 0000 0000 0000 00", U, FAULT_MALFORMED},
        {"an answer that is not there", "5678 8400 0001 0001 0000 0000" ZONE, Q, FAULT_MALFORMED},
        {"all counts at their most", "5678 8400 ffff ffff ffff ffff" ZONE SOA, Q, FAULT_MALFORMED},
        {"a pointer to itself",
         "5678 8400 0001 0001 0000 0000" ZONE "c01e 0006 0001 00000000 0000", Q, FAULT_MALFORMED},
        {"RDATA that is no SOA",
         "5678 8400 0001 0001 0000 0000" ZONE NAME "0006 0001 00000000 0003 000000",
         Q, FAULT_MALFORMED},
        {"two OPT", "5678 8400 0001 0000 0000 0002" ZONE OPT("00") OPT("00"), Q, FAULT_MALFORMED},
        {"two TSIG", "5678 8400 0001 0000 0000 0002" ZONE TSIG TSIG, Q, FAULT_BAD_TSIG},
        {"C20 a request", "5678 0000 0001 0000 0000 0000" ZONE, Q, FAULT_NOT_A_REPLY},
        {"C20 another id", "5679 8400 0001 0000 0000 0000" ZONE, Q, FAULT_WRONG_ID},
        {"C20 opcode QUERY for an update",
         "5678 8400 0001 0000 0000 0000" ZONE, U, FAULT_WRONG_OPCODE},
        {"C20 opcode UPDATE for a query",
         "5678 a800 0001 0000 0000 0000" ZONE, Q, FAULT_WRONG_OPCODE},
        {"C20 another name",
         "5678 8400 0001 0000 0000 0000 076578616d706c66 0474657374 00 0006 0001",
         Q, FAULT_WRONG_QUESTION},
        {"C20 a name above",
         "5678 a800 0001 0000 0000 0000 0474657374 00 0006 0001", U, FAULT_WRONG_QUESTION},
        {"C20 another type",
         "5678 8400 0001 0000 0000 0000" NAME "0021 0001", Q, FAULT_WRONG_QUESTION},
        {"C20 another class",
         "5678 8400 0001 0000 0000 0000" NAME "0006 0003", Q, FAULT_WRONG_QUESTION},
        {"C20 two questions", "5678 8400 0002 0000 0000 0000" ZONE ZONE, Q, FAULT_WRONG_QUESTION},
};
/* clang-format on */
START_TEST(forms_that_are_good) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(good_forms[_i].opcode, false);

        x->request.over_udp = good_forms[_i].over_udp;
        octets_from_hex(&x->answer, good_forms[_i].hex);
        assert_reply(x, good_forms[_i].what, good_forms[_i].kind, FAULT_NONE);
        if (!x->request.over_udp)
                return;
        x->request.over_udp = false;
        assert_reply(x, good_forms[_i].what, REPLY_GARBAGE, FAULT_TRUNCATED);
}
END_TEST

START_TEST(forms_that_are_bad) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(bad_forms[_i].opcode, false);

        octets_from_hex(&x->answer, bad_forms[_i].hex);
        for (unsigned udp = 0; udp <= 1; udp++) {
                x->request.over_udp = udp;
                assert_reply(x, bad_forms[_i].what, REPLY_GARBAGE, bad_forms[_i].fault);
        }
}
END_TEST

/* TXTs of empty strings keep ldns busy for long. */
START_TEST(what_costs_too_much_is_not_read) {
        static const struct {
                uint16_t n_rrs, n_strings;
                ReplyKind kind;
                ReplyFault fault;
        } cases[] = {
                {40, 255, REPLY_DONE, FAULT_NONE},
                {200, 255, REPLY_GARBAGE, FAULT_COSTLY},
        };
        static const uint8_t strings[255];
        _cleanup_(exchange_freep) Exchange *x = exchange_new(Q, false);

        octets_from_hex(&x->answer, "5678 8400 0001 0000 0000 0000" ZONE);
        ldns_write_uint16(x->answer.bytes + 6, cases[_i].n_rrs);
        for (unsigned i = 0; i < cases[_i].n_rrs; i++) {
                octets_add(&x->answer, "\300\14\0\20\0\1\0\0\0\74", 10);
                octets_add_u16(&x->answer, cases[_i].n_strings);
                octets_add(&x->answer, strings, cases[_i].n_strings);
        }
        assert_reply(x, "TXTs", cases[_i].kind, cases[_i].fault);
}
END_TEST

/* E6: what is wrong in form is told before a right signature is looked at; and a TSIG in the wrong
   place is no signature. */
START_TEST(form_before_signature) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(U, true);

        sign(x, RIGHTLY, (SignAs){});
        assert_reply(x, "signed", REPLY_DONE, FAULT_NONE);
        x->answer.bytes[0] ^= 1; /* the MAC covers the original id, so that it is still right */
        assert_reply(x, "C20 another id", REPLY_GARBAGE, FAULT_WRONG_ID);
        x->answer.bytes[0] ^= 1;
        x->answer.bytes[2] ^= QR;
        assert_reply(x, "C20 no answer", REPLY_GARBAGE, FAULT_NOT_A_REPLY);
        x->answer.bytes[2] ^= QR;
        octets_add(&x->answer, "\0\0\1\0\1\0\0\0\0\0\4\177\0\0\1", 15); /* . IN A */
        x->answer.bytes[11]++;
        assert_reply(x, "C40 not last", REPLY_GARBAGE, FAULT_BAD_TSIG);
}
END_TEST

/* E6.2: Samba's refusal is the request with QR and an RCODE, its sections and its TSIG. */
START_TEST(the_request_come_back) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(U, true);

        x->answer.size = 0;
        octets_add(&x->answer, x->message->bytes, x->message->size);
        assert_reply(x, "as it was", REPLY_GARBAGE, FAULT_NOT_A_REPLY);
        x->answer.bytes[2] |= QR;
        x->answer.bytes[3] = LDNS_RCODE_REFUSED;
        assert_reply(x, "as an answer", REPLY_ECHO, FAULT_NONE);
}
END_TEST

static Auth *auth_of(const char *line) {
        TsigKeyError error;
        TsigKey key;
        Auth *auth = NULL;

        ck_assert_int_eq(tsig_key_parse(line, strlen(line), &key, &error), 0);
        ck_assert_int_eq(auth_new_tsig(&key, &auth), 0);
        return auth;
}

/* What named said, judged as a whole: its answers to queries are done, the others as they name it.
 */
START_TEST(recorded_answers) {
        const Recorded *record = &recorded[_i];
        _cleanup_(auth_unrefp) Auth *auth = auth_of(record->key);
        static Octets octets;
        Reply reply;

        octets_from_hex(&octets, record->request);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);

        bool is_query = octets.bytes[2] == 0;
        Request request = {
                .id = octets.bytes[0] << 8 | octets.bytes[1],
                .opcode = is_query ? Q : U,
                .type = is_query ? LDNS_RR_TYPE_SRV : LDNS_RR_TYPE_SOA,
                .auth = auth,
        };
        ck_assert_int_eq(name_from_text(is_query ? "srv.allowed.example.test" : "example.test",
                                        &request.name),
                         0);
        ck_assert_int_eq(auth_sign(auth, message, record->request_sec, &request.signature), 0);
        octets_from_hex(&octets, record->answer);
        ck_assert_int_eq(
                reply_read(&request, octets.bytes, octets.size, record->request_sec, &reply), 0);
        ReplyKind kind = record->error ? REPLY_BAD_KEY : REPLY_DONE;
        if (record->error == TSIG_BADTIME)
                kind = REPLY_BAD_TIME;
        ck_assert_msg(reply.kind == kind, "%s: kind %d", record->what, reply.kind);
        ck_assert(reply.verified == (record->verdict == TSIG_VERIFIED));
        ck_assert_uint_eq(reply.server_time_sec, record->server_time_sec);
        if (is_query)
                ck_assert_uint_eq(ldns_pkt_ancount(reply.packet), 1);
        reply_done(&reply);
}
END_TEST

/* The same but for case: only the TSIG's names may differ so and still be verified. */
static bool is_answer(const Octets *mutant, const Octets *answer) {
        if (mutant->size != answer->size)
                return false;
        for (size_t i = 0; i < answer->size; i++)
                if (tolower(mutant->bytes[i]) != tolower(answer->bytes[i]))
                        return false;
        return true;
}

START_TEST(mutated_answers) {
        static Octets answer, mutant;
        bool is_signed = _i;
        _cleanup_(exchange_freep) Exchange *x = exchange_new(Q, is_signed);
        uint64_t seed = 1 + _i;
        unsigned n_parsed = 0;

        octets_from_hex(&answer, "5678 8400 0001 0001 0001 0001" ZONE SOA SOA OPT("00"));
        x->answer = answer;
        sign(x, is_signed ? RIGHTLY : UNSIGNED, (SignAs){});
        for (unsigned i = 0; i < 20000; i++) {
                mutant = x->answer;
                for (unsigned n = 1 + octets_random(&seed) % 4; n > 0; n--)
                        octets_mutate(&mutant, &seed);
                Reply reply = read_octets(x, &mutant);
                ck_assert(!reply.verified || is_answer(&mutant, &x->answer));
                n_parsed += reply.packet != NULL;
                reply_done(&reply);
        }
        ck_assert_uint_gt(n_parsed, 0);
}
END_TEST

START_TEST(faults_have_words) {
        for (ReplyFault i = 0; i < _REPLY_FAULT_MAX; i++)
                ck_assert_str_ne(reply_fault_to_string(i), "?");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, every_rcode, 0, ELEMENTSOF(table));
        tcase_add_test(tcase, clocks);
        tcase_add_loop_test(tcase, forms_that_are_good, 0, ELEMENTSOF(good_forms));
        tcase_add_loop_test(tcase, what_costs_too_much_is_not_read, 0, 2);
        tcase_add_loop_test(tcase, forms_that_are_bad, 0, ELEMENTSOF(bad_forms));
        tcase_add_test(tcase, form_before_signature);
        tcase_add_test(tcase, the_request_come_back);
        tcase_add_loop_test(tcase, recorded_answers, 0, n_recorded);
        tcase_add_loop_test(tcase, mutated_answers, 0, 2);
        tcase_add_test(tcase, faults_have_words);
}

UNIT_MAIN("reply", add_tests)
