/*
 * Claims (O4): the RDATA to the octet and back, each key missing, twice, malformed and out of
 * bounds, what is foreign and what is skipped, and RDATA as none should write it. All RDATA is
 * read from a buffer of exactly its size, so that the sanitizers see a step too far.
 */
#include "lib/claim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

static Name name(const char *text) {
        Name result;

        ck_assert_msg(name_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

static int read_exactly(const uint8_t *rdata, size_t size, Claim *ret_claim) {
        _cleanup_(freep) uint8_t *copy = malloc(size);

        memcpy(copy, rdata, size);
        return claim_from_rdata(copy, size, ret_claim);
}

static size_t put_string(uint8_t *rdata, size_t at, const void *string, size_t length) {
        ck_assert_uint_le(length, 255);
        rdata[at] = length;
        memcpy(rdata + at + 1, string, length);
        return at + 1 + length;
}

static void assert_claim_equal(const Claim *a, const Claim *b) {
        ck_assert(publisher_id_equal(&a->id, &b->id));
        ck_assert_uint_eq(a->host.length, b->host.length);
        ck_assert_mem_eq(a->host.wire, b->host.wire, a->host.length);
        ck_assert_uint_eq(a->port, b->port);
        ck_assert_uint_eq(a->ttl, b->ttl);
        ck_assert_uint_eq(a->lease_sec, b->lease_sec);
        ck_assert_uint_eq(a->since_sec, b->since_sec);
        ck_assert_uint_eq(a->until_sec, b->until_sec);
}

static const PublisherId some_id = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
                                     0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};

static Claim some_claim(uint32_t lease_sec) {
        return (Claim){.id = some_id,
                       .host = name("KMS1.contoso.com"),
                       .port = 1688,
                       .ttl = 3600,
                       .since_sec = 1700000000,
                       .until_sec = lease_sec ? 1700007200 + lease_sec : 0,
                       .lease_sec = lease_sec};
}

/* "srvpub=1" "id=00112233445566778899aabbccddeeff" "host=KMS1.contoso.com" "port=1688" "ttl=3600"
   "since=1700000000" */
#define SOME_RDATA                                \
        "\x08srvpub=1"                            \
        "\x23id=00112233445566778899aabbccddeeff" \
        "\x15host=KMS1.contoso.com"               \
        "\x09port=1688"                           \
        "\x08ttl=3600"                            \
        "\x10since=1700000000"

/* ... "until=1700010800" "lease=3600" */
#define SOME_LEASED_RDATA      \
        SOME_RDATA             \
        "\x10until=1700010800" \
        "\x0alease=3600"

static const struct {
        uint32_t lease_sec;
        const char *rdata;
} octets[] = {
        {0, SOME_RDATA},
        {3600, SOME_LEASED_RDATA},
};

START_TEST(to_the_octet_and_back_o4) {
        uint8_t rdata[CLAIM_RDATA_MAX];
        Claim claim = some_claim(octets[_i].lease_sec), back;
        const size_t size = claim_to_rdata(&claim, rdata);

        ck_assert_uint_eq(size, strlen(octets[_i].rdata));
        ck_assert_mem_eq(rdata, octets[_i].rdata, size);
        ck_assert_int_eq(read_exactly(rdata, size, &back), 0);
        assert_claim_equal(&back, &claim);
}
END_TEST

/* The largest of everything still fits, and comes back. */
START_TEST(largest_claim) {
        uint8_t rdata[CLAIM_RDATA_MAX];
        char host[CLAIM_HOST_MAX + 1];
        Claim back, claim = {.id = some_id,
                             .port = UINT16_MAX,
                             .ttl = INT32_MAX,
                             .lease_sec = UINT32_MAX,
                             .since_sec = INT64_MAX,
                             .until_sec = INT64_MAX};

        memset(host, 'x', CLAIM_HOST_MAX);
        host[63] = host[127] = host[191] = '.';
        host[CLAIM_HOST_MAX] = '\0';
        claim.host = name(host);
        const size_t size = claim_to_rdata(&claim, rdata);
        ck_assert_uint_eq(size, 9 + 36 + 256 + 11 + 15 + 26 + 26 + 17);
        ck_assert_int_eq(read_exactly(rdata, size, &back), 0);
        assert_claim_equal(&back, &claim);
}
END_TEST

/* What is written is read back, and what would not be is not written. */
static const struct {
        uint64_t since_sec, until_sec, ttl, port;
        bool is_written;
} edges[] = {
        {0, 0, 1, 1, true},
        {INT64_MAX, INT64_MAX, INT32_MAX, UINT16_MAX, true},
        {(uint64_t)INT64_MAX + 1, 0, 1, 1, false},
        {UINT64_MAX, 0, 1, 1, false},
        {0, (uint64_t)INT64_MAX + 1, 1, 1, false},
        {0, 0, 0, 1, false},
        {0, 0, (uint64_t)INT32_MAX + 1, 1, false},
        {0, 0, UINT32_MAX, 1, false},
        {0, 0, 1, 0, false},
};

START_TEST(numbers_at_the_edges_o4) {
        uint8_t rdata[CLAIM_RDATA_MAX];
        Claim claim = some_claim(0), back;

        claim.since_sec = edges[_i].since_sec;
        claim.until_sec = edges[_i].until_sec;
        claim.ttl = edges[_i].ttl;
        claim.port = edges[_i].port;
        const size_t size = claim_to_rdata(&claim, rdata);
        ck_assert_int_eq(size > 0, edges[_i].is_written);
        if (size == 0)
                return;
        ck_assert_int_eq(read_exactly(rdata, size, &back), 0);
        assert_claim_equal(&back, &claim);
}
END_TEST

/* Characters as written count: an octet that has to be escaped takes four. */
static const struct {
        char octet;
        unsigned characters; /* of each octet */
} host_octets[] = {{'a', 1}, {'@', 2}, {'\xff', 4}};

START_TEST(host_of_the_most_characters) {
        const unsigned characters = host_octets[_i].characters;
        Claim back, claim = some_claim(0);
        uint8_t rdata[CLAIM_RDATA_MAX];
        char text[NAME_TEXT_MAX];
        unsigned n_fitting = 0;

        for (unsigned n = 1; n <= 248; n++) {
                /* n octets, in labels of 60 */
                claim.host = (Name){};
                for (unsigned i = 0; i < n; i++) {
                        uint8_t *wire = claim.host.wire, *length = wire + i / 60 * 61;

                        *length = i % 60 + 1;
                        length[*length] = host_octets[_i].octet;
                        claim.host.length = length - wire + *length + 2;
                }
                const bool fits = characters * n + (n - 1) / 60 <= CLAIM_HOST_MAX;
                const size_t size = claim_to_rdata(&claim, rdata);
                ck_assert_uint_eq(strlen(name_to_text(&claim.host, text)),
                                  characters * n + (n - 1) / 60);
                ck_assert_msg((size > 0) == fits, "%u octets", n);
                if (!fits)
                        continue;
                n_fitting++;
                ck_assert_int_eq(read_exactly(rdata, size, &back), 0);
                assert_claim_equal(&back, &claim);
        }
        ck_assert_uint_gt(n_fitting, 0);
        ck_assert_uint_lt(n_fitting, 248);
}
END_TEST

enum {
        SRVPUB,
        ID,
        HOST,
        PORT,
        TTL,
        SINCE,
        UNTIL,
        LEASE,
        N_STRINGS,
        APPENDED = N_STRINGS,
};

static const char *const good[N_STRINGS] = {
        "srvpub=1",
        "id=00112233445566778899aabbccddeeff",
        "host=kms1.contoso.com",
        "port=1688",
        "ttl=3600",
        "since=1700000000",
        "until=1700010800",
        "lease=3600",
};

/* A good claim with one string replaced, appended, or (NULL) left out. */
static const struct {
        unsigned at;
        const char *string;
        int result;
} strings[] = {
        {APPENDED, NULL, 0},
        /* the mark */
        {SRVPUB, NULL, -EINVAL},
        {SRVPUB, "", -EINVAL},
        {SRVPUB, "srvpub", -EINVAL},
        {SRVPUB, "srvpub=", -EINVAL},
        {SRVPUB, "srvpub=0", -EINVAL},
        {SRVPUB, "srvpub=2", -EINVAL},
        {SRVPUB, "srvpub=11", -EINVAL},
        {SRVPUB, "srvpub=1 ", -EINVAL},
        {SRVPUB, " srvpub=1", -EINVAL},
        {SRVPUB, "v=spf1 -all", -EINVAL},
        {SRVPUB, "SrvPub=1", 0},
        {APPENDED, "srvpub=1", -EINVAL},
        {APPENDED, "srvpub=2", -EINVAL},
        /* missing */
        {ID, NULL, -EINVAL},
        {HOST, NULL, -EINVAL},
        {PORT, NULL, -EINVAL},
        {TTL, NULL, -EINVAL},
        {SINCE, NULL, -EINVAL},
        {UNTIL, NULL, 0},
        {LEASE, NULL, 0},
        /* twice, the same or not */
        {APPENDED, "id=00112233445566778899aabbccddeeff", -EINVAL},
        {APPENDED, "host=kms2.contoso.com", -EINVAL},
        {APPENDED, "port=1688", -EINVAL},
        {APPENDED, "TTL=3600", -EINVAL},
        {APPENDED, "since=1", -EINVAL},
        {APPENDED, "until=1700010800", -EINVAL},
        {APPENDED, "Lease=3600", -EINVAL},
        {APPENDED, "lease", -EINVAL},
        /* id= */
        {ID, "ID=00112233445566778899AABBCCDDEEFF", 0},
        {ID, "id=00112233445566778899aAbBcCdDeEfF", 0},
        {ID, "id", -EINVAL},
        {ID, "id=", -EINVAL},
        {ID, "id=00112233445566778899aabbccddeef", -EINVAL},
        {ID, "id=00112233445566778899aabbccddeeff0", -EINVAL},
        {ID, "id=00112233445566778899aabbccddeefg", -EINVAL},
        {ID, "id=0x112233445566778899aabbccddeeff", -EINVAL},
        {ID, "id= 0112233445566778899aabbccddeeff", -EINVAL},
        {ID, "id==0112233445566778899aabbccddeeff", -EINVAL},
        {ID, "id=00112233-4455-6677-8899-aabbccdd", -EINVAL},
        /* host= */
        {HOST, "HOST=kms1.contoso.com", 0},
        {HOST, "host=kms1.contoso.com.", 0},
        {HOST, "host=KMS1.contoso.com", 0},
        {HOST, "host=a=b.contoso.com", 0},
        {HOST, "host=\\255\\.x.contoso.com", 0},
        {HOST, "host", -EINVAL},
        {HOST, "host=", -EINVAL},
        {HOST, "host=..", -EINVAL},
        {HOST, "host=.contoso.com", -EINVAL},
        {HOST, "host=a..contoso.com", -EINVAL},
        {HOST, "host=a\\", -EINVAL},
        {HOST, "host=a\\2", -EINVAL},
        {HOST, "host=a\\25", -EINVAL},
        {HOST, "host=a\\256", -EINVAL},
        {HOST, "host=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", -EINVAL},
        /* port= */
        {PORT, "Port=1688", 0},
        {PORT, "port=1", 0},
        {PORT, "port=65535", 0},
        {PORT, "port=01688", 0},
        {PORT, "port", -EINVAL},
        {PORT, "port=", -EINVAL},
        {PORT, "port=0", -EINVAL},
        {PORT, "port=65536", -EINVAL},
        {PORT, "port=-1", -EINVAL},
        {PORT, "port=+1", -EINVAL},
        {PORT, "port= 1", -EINVAL},
        {PORT, "port=1 ", -EINVAL},
        {PORT, "port=0x10", -EINVAL},
        {PORT, "port=1e3", -EINVAL},
        {PORT, "port=1688.0", -EINVAL},
        {PORT, "port=kms", -EINVAL},
        {PORT, "port=18446744073709553304", -EINVAL}, /* 2^64 + 1688 */
        {PORT, "port=4294968984", -EINVAL},           /* 2^32 + 1688 */
        {PORT, "port=67224", -EINVAL},                /* 2^16 + 1688 */
        /* ttl= */
        {TTL, "ttl=1", 0},
        {TTL, "ttl=2147483647", 0},
        {TTL, "ttl=0", -EINVAL},
        {TTL, "ttl=2147483648", -EINVAL},
        {TTL, "ttl=4294970896", -EINVAL},
        {TTL, "ttl=1h", -EINVAL},
        /* since= */
        {SINCE, "since=0", 0},
        {SINCE, "since=", -EINVAL},
        {SINCE, "since", -EINVAL},
        {SINCE, "since=9223372036854775807", 0},
        {SINCE, "since=9223372036854775808", -EINVAL},
        {SINCE, "since=18446744073709551616", -EINVAL},
        {SINCE, "since=99999999999999999999999999999999", -EINVAL},
        {SINCE, "since=-1700000000", -EINVAL},
        {SINCE, "since=2023-11-14", -EINVAL},
        /* until= */
        {UNTIL, "until=1", 0},
        {UNTIL, "until=9223372036854775807", 0},
        {UNTIL, "until=0", -EINVAL},
        {UNTIL, "until=9223372036854775808", -EINVAL},
        {UNTIL, "until", -EINVAL},
        {UNTIL, "until=", -EINVAL},
        {UNTIL, "until=never", -EINVAL},
        /* lease= */
        {LEASE, "lease=1", 0},
        {LEASE, "lease=4294967295", 0},
        {LEASE, "lease=0", -EINVAL},
        {LEASE, "lease=4294967296", -EINVAL},
        {LEASE, "lease=", -EINVAL},
        {LEASE, "lease=1h", -EINVAL},
        /* skipped */
        {APPENDED, "", 0},
        {APPENDED, "=", 0},
        {APPENDED, "=1", 0},
        {APPENDED, "colour", 0},
        {APPENDED, "colour=", 0},
        {APPENDED, "colour=id=1", 0},
        {APPENDED, " port=1", 0},
        {APPENDED, "port =1", 0},
        {APPENDED, "ports=1", 0},
        {APPENDED, "por=1", 0},
};

START_TEST(each_key_o4) {
        uint8_t rdata[512];
        size_t size = 0;
        Claim claim;

        for (unsigned i = 0; i <= N_STRINGS; i++) {
                const char *string = strings[_i].at == i ? strings[_i].string
                                     : i < N_STRINGS     ? good[i]
                                                         : NULL;

                if (string)
                        size = put_string(rdata, size, string, strlen(string));
        }
        ck_assert_msg(read_exactly(rdata, size, &claim) == strings[_i].result, "%s",
                      strings[_i].string ?: "(left out)");
        if (strings[_i].result < 0)
                return;
        ck_assert(publisher_id_equal(&claim.id, &some_id));
        ck_assert_int_eq(claim.until_sec > 0, strings[_i].at != UNTIL || strings[_i].string);
        ck_assert_int_eq(claim.lease_sec > 0, strings[_i].at != LEASE || strings[_i].string);
}
END_TEST

/* Behind the mark the order is free. */
START_TEST(any_order) {
        uint8_t rdata[512];
        size_t size = 0;
        Claim claim, expected = some_claim(3600);

        for (unsigned i = 0; i < N_STRINGS; i++) {
                const unsigned at = i == 0 ? 0 : 1 + (i * (_i % 2 ? 3 : 5) + _i) % 7;

                size = put_string(rdata, size, good[at], strlen(good[at]));
        }
        ck_assert_int_eq(read_exactly(rdata, size, &claim), 0);
        expected.host = name("kms1.contoso.com");
        assert_claim_equal(&claim, &expected);
}
END_TEST

START_TEST(mark_in_second_place_is_foreign) {
        uint8_t rdata[512];
        size_t size = 0;
        Claim claim;

        size = put_string(rdata, size, good[PORT], strlen(good[PORT]));
        for (unsigned i = 0; i < N_STRINGS; i++)
                if (i != PORT)
                        size = put_string(rdata, size, good[i], strlen(good[i]));
        ck_assert_int_eq(read_exactly(rdata, size, &claim), -EINVAL);
}
END_TEST

/* Strings with octets of every kind, of the greatest length too, behind a good claim. */
static const struct {
        size_t length;
        const char *octets; /* repeated up to the length */
        int result;
} odd_strings[] = {
        {255, "x", 0},
        {255, "=", 0},
        {255, "\\\"\xff\x01\n", 0},
        {1, "\0", 0},
        {255, "\0i", 0},
        {3, "id\0", -EINVAL},
        {10, "port\0=1688", -EINVAL},
        {12, "colour\0=port", 0},
        {255, "port=1", -EINVAL},
        {255, "lease=000000", -EINVAL},
};

START_TEST(odd_strings_are_bounded) {
        const size_t length = odd_strings[_i].length;
        const size_t n = odd_strings[_i].octets[0] ? strlen(odd_strings[_i].octets) : 1;
        uint8_t rdata[1024], string[255];
        size_t size = 0;
        Claim claim;

        for (size_t i = 0; i < length; i++)
                string[i] = odd_strings[_i].octets[length < 255 ? i : i % n];
        for (unsigned i = 0; i < LEASE; i++)
                size = put_string(rdata, size, good[i], strlen(good[i]));
        size = put_string(rdata, size, string, length);
        ck_assert_int_eq(read_exactly(rdata, size, &claim), odd_strings[_i].result);
}
END_TEST

/* A NUL does not hide what is behind it. */
static const struct {
        unsigned at;
        const char *string;
        size_t length;
} hidden[] = {
        {SRVPUB, "srvpub=1\0", 9},
        {PORT, "port=1688\0", 10},
        {PORT, "port=1688\0009", 11},
        {HOST, "host=kms1.contoso.com\0.evil", 27},
        {ID, "id=00112233445566778899aabbccddeeff\0", 36},
};

START_TEST(nul_in_a_value) {
        uint8_t rdata[512];
        size_t size = 0;
        Claim claim;

        for (unsigned i = 0; i < N_STRINGS; i++)
                if (i == hidden[_i].at)
                        size = put_string(rdata, size, hidden[_i].string, hidden[_i].length);
                else
                        size = put_string(rdata, size, good[i], strlen(good[i]));
        ck_assert_int_eq(read_exactly(rdata, size, &claim), -EINVAL);
}
END_TEST

/* Zero-length strings, as many as there can be, are skipped, but not in the mark's place. */
START_TEST(sixty_thousand_empty_strings) {
        _cleanup_(freep) uint8_t *rdata = calloc(1, UINT16_MAX);
        const size_t size = strlen(SOME_RDATA);
        Claim claim;

        ck_assert_int_eq(read_exactly(rdata, UINT16_MAX, &claim), -EINVAL);
        memcpy(rdata, SOME_RDATA, size);
        ck_assert_int_eq(read_exactly(rdata, UINT16_MAX, &claim), 0);
        memset(rdata, 0, size);
        memcpy(rdata + UINT16_MAX - size, SOME_RDATA, size);
        ck_assert_int_eq(read_exactly(rdata, UINT16_MAX, &claim), -EINVAL);
}
END_TEST

/* Whole only where a string ends and all that is needed is there. */
START_TEST(cut_short_anywhere) {
        static const char whole[] = SOME_LEASED_RDATA;
        const size_t without_lease = strlen(SOME_RDATA), with_until = without_lease + 17;

        for (size_t size = 0; size < strlen(whole); size++) {
                Claim claim;
                const bool good_cut = size == without_lease || size == with_until;

                ck_assert_msg(read_exactly((const uint8_t *)whole, size, &claim) ==
                                      (good_cut ? 0 : -EINVAL),
                              "cut at %zu", size);
        }
}
END_TEST

/* Each octet changed in every way: no claim, or one that can be written and read again. */
START_TEST(damaged_anywhere) {
        uint8_t rdata[] = SOME_LEASED_RDATA, again[CLAIM_RDATA_MAX];
        const size_t size = sizeof(rdata) - 1;
        unsigned n_good = 0, n_bad = 0;

        for (size_t at = 0; at < size; at++)
                for (unsigned pattern = 1; pattern < 256; pattern++) {
                        Claim claim, back;

                        rdata[at] ^= pattern;
                        int r = read_exactly(rdata, size, &claim);
                        rdata[at] ^= pattern;
                        if (r < 0) {
                                ck_assert_int_eq(r, -EINVAL);
                                n_bad++;
                                continue;
                        }
                        const size_t written = claim_to_rdata(&claim, again);
                        ck_assert_uint_gt(written, 0);
                        ck_assert_int_eq(read_exactly(again, written, &back), 0);
                        assert_claim_equal(&back, &claim);
                        n_good++;
                }
        ck_assert_uint_gt(n_good, 0);
        ck_assert_uint_gt(n_bad, 0);
}
END_TEST

static const struct {
        const char *host;
        uint16_t port;
        bool covers;
} offers[] = {
        {"KMS1.contoso.com", 1688, true},  {"kms1.CONTOSO.com", 1688, true},
        {"KMS1.contoso.com", 1689, false}, {"kms2.contoso.com", 1688, false},
        {"contoso.com", 1688, false},      {"x.kms1.contoso.com", 1688, false},
};

START_TEST(covers_o1) {
        const Claim claim = some_claim(0);
        const Srv srv = {10, 20, offers[_i].port, 60, name(offers[_i].host)};

        ck_assert_int_eq(claim_covers(&claim, &srv), offers[_i].covers);
}
END_TEST

static const struct {
        const char *text;
        int result;
} ids[] = {
        {"00112233445566778899aabbccddeeff", 0},
        {"00112233445566778899AABBCCDDEEFF", 0},
        {"", -EINVAL},
        {"00112233445566778899aabbccddee", -EINVAL},
        {"00112233445566778899aabbccddeef", -EINVAL},
        {"00112233445566778899aabbccddeeff\n", -EINVAL},
        {"00112233445566778899aabbccddeef/", -EINVAL},
        {"00112233445566778899aabbccddeef:", -EINVAL},
        {"00112233445566778899aabbccddeef@", -EINVAL},
        {"00112233445566778899aabbccddeefG", -EINVAL},
        {"00112233445566778899aabbccddeef`", -EINVAL},
        {"g0112233445566778899aabbccddeeff", -EINVAL},
};

START_TEST(publisher_ids) {
        PublisherId id = {};
        char text[PUBLISHER_ID_TEXT_MAX];

        ck_assert_int_eq(publisher_id_from_text(ids[_i].text, &id), ids[_i].result);
        ck_assert_int_eq(publisher_id_equal(&id, &some_id), ids[_i].result == 0);
        if (ids[_i].result == 0)
                ck_assert_str_eq(publisher_id_to_text(&id, text), ids[0].text);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, to_the_octet_and_back_o4, 0, ELEMENTSOF(octets));
        tcase_add_test(tcase, largest_claim);
        tcase_add_loop_test(tcase, numbers_at_the_edges_o4, 0, ELEMENTSOF(edges));
        tcase_add_loop_test(tcase, host_of_the_most_characters, 0, ELEMENTSOF(host_octets));
        tcase_add_loop_test(tcase, each_key_o4, 0, ELEMENTSOF(strings));
        tcase_add_loop_test(tcase, any_order, 0, 14);
        tcase_add_test(tcase, mark_in_second_place_is_foreign);
        tcase_add_loop_test(tcase, odd_strings_are_bounded, 0, ELEMENTSOF(odd_strings));
        tcase_add_loop_test(tcase, nul_in_a_value, 0, ELEMENTSOF(hidden));
        tcase_add_test(tcase, sixty_thousand_empty_strings);
        tcase_add_test(tcase, cut_short_anywhere);
        tcase_add_test(tcase, damaged_anywhere);
        tcase_add_loop_test(tcase, covers_o1, 0, ELEMENTSOF(offers));
        tcase_add_loop_test(tcase, publisher_ids, 0, ELEMENTSOF(ids));
}

UNIT_MAIN("claim", add_tests)
