/* The walk over a message's octets: sections that fit, names, compression that cannot loop. */
#include "lib/wire.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

#define HEADER(counts) "0000 8000" counts

/* An OPT RR; an A RR at the root; a TSIG RR without RDATA; a TKEY RR with two octets of it. */
#define OPT "00 0029 1000 00000000 0000"
#define A_RR "00 0001 0001 00000000 0004 7f000001"
#define TSIG "00 00fa 00ff 00000000 0000"
#define TKEY "00 00f9 00ff 00000000 0002 0000"

static const struct {
        const char *what;
        const char *hex;
} broken[] = {
        {"nothing", ""},
        {"half a header", "0000 8000 0000"},
        {"an octet behind it", HEADER("0000 0000 0000 0000") "00"},
        {"a question that is not there", HEADER("0001 0000 0000 0000")},
        {"a question without its class", HEADER("0001 0000 0000 0000") "016100 0001"},
        {"a question without its name's end", HEADER("0001 0000 0000 0000") "0361"},
        {"a label of 64 octets", HEADER("0001 0000 0000 0000") "4061 00 0001 0001"},
        {"a label of type 10", HEADER("0001 0000 0000 0000") "8061 00 0001 0001"},
        {"a pointer cut in its middle", HEADER("0001 0000 0000 0000") "c0"},
        {"an RR that is half a pointer", HEADER("0000 0001 0000 0000") "c0"},
        {"one RR too few", HEADER("0000 0001 0000 0001") A_RR},
        {"one RR too many", HEADER("0000 0001 0000 0000") A_RR A_RR},
        {"all counts at their most", HEADER("0000 ffff ffff ffff") A_RR},
        {"RDATA one too long", HEADER("0000 0001 0000 0000") "00 0001 0001 00000000 0004 7f0000"},
        {"RDATA of ffff", HEADER("0000 0001 0000 0000") "00 0001 0001 00000000 ffff 7f0000"},
        {"half an RDATA length", HEADER("0000 0001 0000 0000") "00 0001 0001 00000000 00"},
};

static const struct {
        const char *what;
        const char *hex;
        unsigned n_opt;
        unsigned n_tsig;
        uint16_t last_type;
        bool last_is_additional;
} messages[] = {
        {"a header", HEADER("0000 0000 0000 0000"), 0, 0, 0, false},
        {"a question", HEADER("0001 0000 0000 0000") "016100 0001 0001", 0, 0, 0, false},
        {"an answer", HEADER("0000 0001 0000 0000") A_RR, 0, 0, 1, false},
        {"an additional RR", HEADER("0000 0000 0000 0001") A_RR, 0, 0, 1, true},
        {"OPT twice", HEADER("0000 0000 0000 0002") OPT OPT, 2, 0, 41, true},
        {"OPT in authority", HEADER("0000 0000 0001 0000") OPT, 0, 0, 41, false},
        {"TSIG last", HEADER("0000 0000 0000 0002") OPT TSIG, 1, 1, 250, true},
        {"TSIG first", HEADER("0000 0000 0000 0002") TSIG OPT, 1, 1, 41, true},
        {"TSIG thrice", HEADER("0000 0001 0001 0001") TSIG TSIG TSIG, 0, 3, 250, true},
        {"TSIG in answer", HEADER("0000 0001 0000 0000") TSIG, 0, 1, 250, false},
};

/* A copy of its own size, so that the sanitizer sees each octet read behind the end. */
static uint8_t *exact_copy(const Octets *octets) {
        uint8_t *copy = malloc(octets->size);

        ck_assert(copy || octets->size == 0);
        if (octets->size > 0)
                memcpy(copy, octets->bytes, octets->size);
        return copy;
}

START_TEST(broken_messages) {
        static Octets octets;
        octets_from_hex(&octets, broken[_i].hex);
        _cleanup_(freep) uint8_t *bytes = exact_copy(&octets);
        WireSurvey survey = {.n_opt = 77};

        ck_assert_msg(!wire_survey(bytes, octets.size, &survey), "%s", broken[_i].what);
        ck_assert_uint_eq(survey.n_opt, 77);
}
END_TEST

START_TEST(survey_of_messages) {
        static Octets octets;
        octets_from_hex(&octets, messages[_i].hex);
        _cleanup_(freep) uint8_t *bytes = exact_copy(&octets);
        WireSurvey survey;

        ck_assert_msg(wire_survey(bytes, octets.size, &survey), "%s", messages[_i].what);
        ck_assert_uint_eq(survey.n_opt, messages[_i].n_opt);
        ck_assert_uint_eq(survey.n_tsig, messages[_i].n_tsig);
        ck_assert_uint_eq(survey.last.type, messages[_i].last_type);
        ck_assert(survey.last_is_additional == messages[_i].last_is_additional);
}
END_TEST

START_TEST(survey_gives_the_last_rr) {
        static Octets octets;
        WireSurvey survey;

        octets_from_hex(&octets,
                        HEADER("0000 0001 0000 0001") A_RR "016100 00fa 00ff 01020304 0003 aabbcc");
        ck_assert(wire_survey(octets.bytes, octets.size, &survey));
        ck_assert_uint_eq(survey.last.start, 12 + 15);
        ck_assert_uint_eq(survey.last.type, 250);
        ck_assert_uint_eq(survey.last.class, 255);
        ck_assert_uint_eq(survey.last.ttl, 0x01020304);
        ck_assert_uint_eq(survey.last.rdata, octets.size - 3);
        ck_assert_uint_eq(survey.last.rdata_size, 3);
}
END_TEST

/* Names are read at offset; expected NULL: refused. */
static const struct {
        const char *hex;
        size_t offset;
        const char *expected;
        size_t end;
} names[] = {
        {"00", 0, ".", 1},
        {"0161 0162 00", 0, "a.b", 5},
        {"0162 00 0161 c000", 3, "a.b", 7},
        {"0162 00 0161 c000 0163 c003", 7, "c.a.b", 11},
        {"0162 00 c000 c003", 5, "b", 7},
        {"0161", 0, NULL, 0},
        {"0361", 0, NULL, 0},
        {"", 0, NULL, 0},
        {"c000", 0, NULL, 0},                /* to itself */
        {"0161 c000", 0, NULL, 0},           /* to its own start */
        {"0161 c004 0162 c000", 0, NULL, 0}, /* forwards */
        {"c002 c000", 2, NULL, 0},           /* two that lead to each other */
        {"0161 00 c0", 3, NULL, 0},
        {"0161 00 ffff", 3, NULL, 0},
        {"4061", 0, NULL, 0},
        {"8000", 0, NULL, 0},
};

START_TEST(names_at_offsets) {
        static Octets octets;
        octets_from_hex(&octets, names[_i].hex);
        _cleanup_(freep) uint8_t *bytes = exact_copy(&octets);
        size_t offset = names[_i].offset;
        char text[NAME_TEXT_MAX];
        Name name = {.length = 77};

        bool ok = wire_read_name(bytes, octets.size, &offset, &name);
        ck_assert_msg(ok == !!names[_i].expected, "%s", names[_i].hex);
        if (ok) {
                ck_assert_str_eq(name_to_text(&name, text), names[_i].expected);
                ck_assert_uint_eq(offset, names[_i].end);
        } else {
                ck_assert_uint_eq(name.length, 77);
                ck_assert_uint_eq(offset, names[_i].offset);
        }
}
END_TEST

/* 127 labels of one octet and the root make 255 octets; one label more is too long, also when
   pointers hide how long it is. */
START_TEST(names_have_255_octets_at_most) {
        static Octets octets;
        size_t offset = 0;
        Name name;

        octets.size = 0;
        for (unsigned i = 0; i < 127; i++)
                octets_add(&octets, "\1a", 2);
        octets_add(&octets, "\0\1b\300\0\1c\300\2", 9);
        ck_assert(wire_read_name(octets.bytes, octets.size, &offset, &name));
        ck_assert_uint_eq(name.length, 255);
        ck_assert_uint_eq(offset, 255);
        ck_assert(!wire_read_name(octets.bytes, octets.size, &offset, &name));
        offset = 259;
        ck_assert(wire_read_name(octets.bytes, octets.size, &offset, &name));
        ck_assert_uint_eq(name.length, 255);
}
END_TEST

/* Where it is, whatever the section; of several the last, and how many. */
START_TEST(tkey) {
        static const struct {
                const char *hex;
                unsigned n_tkey;
                size_t start;
        } cases[] = {
                {HEADER("0000 0001 0000 0001") A_RR OPT, 0, 0},
                {HEADER("0000 0002 0000 0001") A_RR TKEY OPT, 1, 27},
                {HEADER("0000 0000 0000 0002") TKEY TSIG, 1, 12},
                {HEADER("0000 0001 0001 0000") TKEY TKEY, 2, 25},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                WireSurvey survey;
                static Octets octets;
                octets_from_hex(&octets, cases[i].hex);
                ck_assert(wire_survey(octets.bytes, octets.size, &survey));
                ck_assert_uint_eq(survey.n_tkey, cases[i].n_tkey);
                ck_assert_uint_eq(survey.tkey.start, cases[i].start);
                ck_assert_uint_eq(survey.tkey.rdata_size, cases[i].n_tkey ? 2 : 0);
        }
}
END_TEST

/* --- what it would cost ----------------------------------------------------------------------- */

static void begin(Octets *octets) {
        octets_from_hex(octets, HEADER("0001 0000 0000 0000") "016100 0010 0001");
}

static void add_rr(Octets *octets, const char *owner, uint16_t type, const void *rdata,
                   size_t size) {
        static const uint8_t class_and_ttl[] = {0, 1, 0, 0, 0, 60};

        octets_add(octets, owner, 2);
        octets_add_u16(octets, type);
        octets_add(octets, class_and_ttl, sizeof(class_and_ttl));
        octets_add_u16(octets, (uint16_t)size);
        octets_add(octets, rdata, size);
        ldns_write_uint16(octets->bytes + 6, ldns_read_uint16(octets->bytes + 6) + 1);
}

static bool is_costly(const Octets *octets) {
        WireSurvey survey;

        ck_assert(wire_survey(octets->bytes, octets->size, &survey));
        return survey.is_costly;
}

static const struct {
        const char *what;
        uint16_t type;
        unsigned n_rrs, n_strings, size; /* of each string */
        bool costly;
} lists[] = {
        {"a claim at each of hundreds of hosts", LDNS_RR_TYPE_TXT, 240, 8, 20, false},
        {"the longest TXT", LDNS_RR_TYPE_TXT, 1, 255, 254, false},
        {"dozens of 255 strings", LDNS_RR_TYPE_TXT, 48, 255, 4, false},
        {"as many as can be, of one string", LDNS_RR_TYPE_TXT, 5000, 1, 0, false},
        {"as many strings as are allowed", LDNS_RR_TYPE_TXT, 64, 256, 0, false},
        {"one more in an RR", LDNS_RR_TYPE_TXT, 1, 257, 0, true},
        {"one more RR", LDNS_RR_TYPE_TXT, 65, 256, 0, true},
        {"a TXT of empty strings", LDNS_RR_TYPE_TXT, 1, 65000, 0, true},
        {"its twin", LDNS_RR_TYPE_SPF, 1, 65000, 0, true},
        {"small ones of empty strings", LDNS_RR_TYPE_TXT, 861, 64, 0, true},
        {"a list of names", LDNS_RR_TYPE_HIP, 1, 515, 0, true},
        {"what ldns leaves in one piece", LDNS_RR_TYPE_NULL, 1, 65000, 0, false},
};

START_TEST(lists_cost) {
        static uint8_t rdata[UINT16_MAX];
        static Octets octets;
        const size_t size = lists[_i].n_strings * (1 + lists[_i].size);

        begin(&octets);
        memset(rdata, 'x', sizeof(rdata));
        for (size_t at = 0; at < size; at += 1 + lists[_i].size)
                rdata[at] = (uint8_t)lists[_i].size;
        for (unsigned i = 0; i < lists[_i].n_rrs; i++)
                add_rr(&octets, "\300\14", lists[_i].type, rdata, size);
        ck_assert_msg(is_costly(&octets) == lists[_i].costly, "%s", lists[_i].what);
}
END_TEST

/* n RRs whose owners are behind so many pointers, which may stand in any RDATA. */
static const struct {
        unsigned n_rrs, n_pointers;
        bool costly;
} chains[] = {
        {4000, 1, false}, {1, 8000, false},   {20, 8000, false},
        {40, 8000, true}, {2000, 8000, true}, {1000, 100, true},
};

START_TEST(chains_of_pointers_cost) {
        static uint8_t rdata[UINT16_MAX];
        static Octets octets;
        char end[2] = {(char)0xc0, 12};

        begin(&octets);
        for (unsigned i = 0, to = LDNS_HEADER_SIZE; i + 1 < chains[_i].n_pointers; i++) {
                ldns_write_uint16(rdata + 2 * i, (uint16_t)(0xc000 | to));
                to = (unsigned)octets.size + 12 + 2 * i;
                ldns_write_uint16(end, (uint16_t)(0xc000 | to));
        }
        add_rr(&octets, "\300\14", LDNS_RR_TYPE_NULL, rdata, 2 * chains[_i].n_pointers - 2);
        for (unsigned i = 0; i < chains[_i].n_rrs; i++)
                add_rr(&octets, end, LDNS_RR_TYPE_A, "\177\0\0\1", 4);
        ck_assert(is_costly(&octets) == chains[_i].costly);
}
END_TEST

/* Addresses that look like pointers to the id, which looks like one: no name begins there. */
START_TEST(id_is_no_pointer) {
        static Octets octets;

        begin(&octets);
        octets.bytes[0] = 0xc0;
        for (unsigned i = 0; i < 3000; i++)
                add_rr(&octets, "\300\14", LDNS_RR_TYPE_A, "\300\0\2\1", 4);
        ck_assert(!is_costly(&octets));
}
END_TEST

/* Questions are built as well: here each one's name is where the one before it stands. */
static const struct {
        unsigned n;
        bool costly;
} questions[] = {{1, false}, {400, false}, {600, true}, {2700, true}};

START_TEST(chains_of_questions_cost) {
        static Octets octets;

        begin(&octets);
        for (unsigned i = 1, to = LDNS_HEADER_SIZE; i < questions[_i].n; i++) {
                const unsigned at = (unsigned)octets.size;
                octets_add_u16(&octets, (uint16_t)(0xc000 | to));
                octets_add(&octets, "\0\1\0\1", 4);
                to = at;
        }
        ldns_write_uint16(octets.bytes + 4, (uint16_t)questions[_i].n);
        ck_assert(is_costly(&octets) == questions[_i].costly);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, lists_cost, 0, ELEMENTSOF(lists));
        tcase_add_loop_test(tcase, chains_of_pointers_cost, 0, ELEMENTSOF(chains));
        tcase_add_test(tcase, id_is_no_pointer);
        tcase_add_loop_test(tcase, chains_of_questions_cost, 0, ELEMENTSOF(questions));
        tcase_add_test(tcase, tkey);
        tcase_add_loop_test(tcase, broken_messages, 0, ELEMENTSOF(broken));
        tcase_add_loop_test(tcase, survey_of_messages, 0, ELEMENTSOF(messages));
        tcase_add_test(tcase, survey_gives_the_last_rr);
        tcase_add_loop_test(tcase, names_at_offsets, 0, ELEMENTSOF(names));
        tcase_add_test(tcase, names_have_255_octets_at_most);
}

UNIT_MAIN("wire", add_tests)
