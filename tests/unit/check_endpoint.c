/* Servers as operators write them: every form that is allowed, and near misses that are not. */
#include "lib/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define NAME_253                \
        L63 "." L63 "." L63 "." \
            "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

/* again: what the endpoint is written as; NULL: as it was read. */
static const struct {
        const char *text;
        int family;
        const char *host;
        uint16_t port;
        const char *again;
} good[] = {
        {"192.0.2.1", AF_INET, "192.0.2.1", 53, NULL},
        {"192.0.2.1:53", AF_INET, "192.0.2.1", 53, "192.0.2.1"},
        {"192.0.2.1:1", AF_INET, "192.0.2.1", 1, NULL},
        {"192.0.2.1:65535", AF_INET, "192.0.2.1", 65535, NULL},
        {"192.0.2.1:00054", AF_INET, "192.0.2.1", 54, "192.0.2.1:54"},
        {"2001:db8::1", AF_INET6, "2001:db8::1", 53, NULL},
        {"[2001:db8::1]", AF_INET6, "2001:db8::1", 53, "2001:db8::1"},
        {"[2001:db8::1]:53", AF_INET6, "2001:db8::1", 53, "2001:db8::1"},
        {"[2001:db8::1]:5353", AF_INET6, "2001:db8::1", 5353, NULL},
        {"::", AF_INET6, "::", 53, NULL},
        {"::1", AF_INET6, "::1", 53, NULL},
        {"::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1", 53, NULL},
        {"fe80::1%eth0", AF_INET6, "fe80::1%eth0", 53, NULL},
        {"[fe80::1%eth0.7]:54", AF_INET6, "fe80::1%eth0.7", 54, NULL},
        {"[fe80::1%eth0:1]:54", AF_INET6, "fe80::1%eth0:1", 54, NULL},
        {"ns1.example.org", AF_UNSPEC, "ns1.example.org", 53, NULL},
        {"ns1.example.org.", AF_UNSPEC, "ns1.example.org", 53, "ns1.example.org"},
        {"NS1.example.org.:54", AF_UNSPEC, "NS1.example.org", 54, "NS1.example.org:54"},
        {"ns1.example.org:5353", AF_UNSPEC, "ns1.example.org", 5353, NULL},
        {"localhost", AF_UNSPEC, "localhost", 53, NULL},
        {"a", AF_UNSPEC, "a", 53, NULL},
        {"3com.9-to-5.org", AF_UNSPEC, "3com.9-to-5.org", 53, NULL},
        {"1.2.3.4x", AF_UNSPEC, "1.2.3.4x", 53, NULL},
        {"xn--bcher-kva.example", AF_UNSPEC, "xn--bcher-kva.example", 53, NULL},
        {L63 ".org", AF_UNSPEC, L63 ".org", 53, NULL},
        {NAME_253 ":65535", AF_UNSPEC, NAME_253, 65535, NULL},
        {NAME_253 ".", AF_UNSPEC, NAME_253, 53, NAME_253},
};

START_TEST(reads_and_writes) {
        char text[ENDPOINT_TEXT_MAX];
        Endpoint endpoint;

        ck_assert_int_eq(endpoint_from_text(good[_i].text, &endpoint), 0);
        ck_assert_int_eq(endpoint.family, good[_i].family);
        ck_assert_str_eq(endpoint.host, good[_i].host);
        ck_assert_uint_eq(endpoint.port, good[_i].port);
        ck_assert_str_eq(endpoint_to_text(&endpoint, text),
                         good[_i].again ? good[_i].again : good[_i].text);

        Endpoint again;
        ck_assert_int_eq(endpoint_from_text(text, &again), 0);
        ck_assert_str_eq(again.host, endpoint.host);
        ck_assert_uint_eq(again.port, endpoint.port);
}
END_TEST

static const char *const bad[] = {
        "",
        ".",
        ":",
        ":53",
        " ",
        "192.0.2.1 ",
        " 192.0.2.1",
        "ns1.example.org ns2.example.org",
        /* ports */
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:99999",
        "192.0.2.1:4294967349",
        "192.0.2.1:000053",
        "192.0.2.1:+53",
        "192.0.2.1:-1",
        "192.0.2.1: 53",
        "192.0.2.1:53x",
        "192.0.2.1:dns",
        "192.0.2.1#53",
        "ns1.example.org:",
        "ns1.example.org:0",
        "[2001:db8::1]:",
        "[2001:db8::1]:0",
        "[2001:db8::1]53",
        "[2001:db8::1]x:53",
        /* octets that are no address */
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1.1",
        "192.0.2.1.",
        "192.0.2.01",
        "10",
        "ns1.10",
        "2001:db8::1::2",
        "2001:db8:1",
        "2001:db8::g",
        "2001:db8::1.",
        "1:2:3:4:5:6:7:8:9",
        "2001:db8::00001",
        "0000:0000:0000:0000:0000:0000:0255.255.255.255",
        ":::",
        "a:b:c",
        "[2001:db8::1",
        "2001:db8::1]",
        "[[2001:db8::1]]",
        "[]",
        "[]:53",
        "[192.0.2.1]",
        "[192.0.2.1]:53",
        "[ns1.example.org]:53",
        /* an interface on a link-local address only, and on each of them */
        "fe80::1",
        "fe80::1%",
        "fe80::1%%",
        "fe80::1%eth0/1",
        "fe80::1%eth 0",
        "fe80::1%abcdefghijklmnop",
        "2001:db8::1%eth0",
        "192.0.2.1%eth0",
        "%eth0",
        /* names */
        "ns1..example.org",
        ".example.org",
        "example.org..",
        "-ns.example.org",
        "ns-.example.org",
        "ns.example.org-",
        "ns_1.example.org",
        "b\303\274cher.example",
        "ns1.example.org/24",
        "ns1\\.example.org",
        L63 "x.org",
        NAME_253 "z",
        "a." NAME_253,
};

START_TEST(refuses) {
        Endpoint endpoint = {.port = 77};

        ck_assert_msg(endpoint_from_text(bad[_i], &endpoint) == -EINVAL, "%s", bad[_i]);
        ck_assert_uint_eq(endpoint.port, 77);
}
END_TEST

static Endpoint endpoint(const char *text) {
        Endpoint result;

        ck_assert_msg(endpoint_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

START_TEST(sockaddr_ipv4) {
        Endpoint from = endpoint("192.0.2.1:5353");
        struct sockaddr_storage storage;
        struct sockaddr_in in;
        socklen_t size;

        ck_assert_int_eq(endpoint_to_sockaddr(&from, &storage, &size), 0);
        ck_assert_uint_eq(size, sizeof(in));
        memcpy(&in, &storage, sizeof(in));
        ck_assert_int_eq(in.sin_family, AF_INET);
        ck_assert_uint_eq(ntohs(in.sin_port), 5353);
        ck_assert_uint_eq(ntohl(in.sin_addr.s_addr), 0xc0000201);
}
END_TEST

/* lo is there on every Linux; its link-local addresses need not be. */
static const struct {
        const char *text;
        const char *interface;
} ipv6[] = {{"2001:db8::1", NULL},
            {"[2001:db8::1]:5353", NULL},
            {"[fe80::1%lo]:5353", "lo"},
            {"fe80::1%1", "1"}};

START_TEST(sockaddr_ipv6) {
        Endpoint from = endpoint(ipv6[_i].text);
        struct sockaddr_storage storage;
        struct sockaddr_in6 in6;
        socklen_t size;

        ck_assert_int_eq(endpoint_to_sockaddr(&from, &storage, &size), 0);
        ck_assert_uint_eq(size, sizeof(in6));
        memcpy(&in6, &storage, sizeof(in6));
        ck_assert_int_eq(in6.sin6_family, AF_INET6);
        ck_assert_uint_eq(ntohs(in6.sin6_port), from.port);
        ck_assert_uint_eq(in6.sin6_addr.s6_addr[0], ipv6[_i].interface ? 0xfe : 0x20);
        ck_assert_uint_eq(in6.sin6_addr.s6_addr[15], 1);
        ck_assert_uint_eq(in6.sin6_scope_id, !ipv6[_i].interface ? 0
                                             : isdigit(*ipv6[_i].interface)
                                                     ? 1
                                                     : if_nametoindex(ipv6[_i].interface));
}
END_TEST

static const char *const no_addresses[] = {"ns1.example.org",    "localhost:54",      "0x7f000001",
                                           "fe80::1%no-such-if", "fe80::1%0",         "fe80::1%1x",
                                           "fe80::1%-1",         "fe80::1%4294967296"};

START_TEST(sockaddr_of_no_address) {
        Endpoint from = endpoint(no_addresses[_i]);
        struct sockaddr_storage storage;
        socklen_t size = 77;

        ck_assert_int_eq(endpoint_to_sockaddr(&from, &storage, &size), -EINVAL);
        ck_assert_uint_eq(size, 77);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, reads_and_writes, 0, ELEMENTSOF(good));
        tcase_add_loop_test(tcase, refuses, 0, ELEMENTSOF(bad));
        tcase_add_test(tcase, sockaddr_ipv4);
        tcase_add_loop_test(tcase, sockaddr_ipv6, 0, ELEMENTSOF(ipv6));
        tcase_add_loop_test(tcase, sockaddr_of_no_address, 0, ELEMENTSOF(no_addresses));
}

UNIT_MAIN("endpoint", add_tests)
