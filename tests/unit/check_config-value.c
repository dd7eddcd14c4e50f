/* Values: every form that is allowed, the edges of each range, and near misses. */
#include "config/value.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define L58 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuv"
#define X64 "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define REALM_255 X64 X64 X64 L63
#define NAME_253 L63 "." L63 "." L63 "." L61

static const struct {
        const char *text;
        int result;
        bool value;
} bools[] = {
        {"yes", 0, true},         {"Yes", 0, true},      {"true", 0, true},
        {"1", 0, true},           {"on", 0, true},       {"no", 0, false},
        {"off", 0, false},        {"FALSE", 0, false},   {"0", 0, false},
        {"", -EINVAL, false},     {"y", -EINVAL, false}, {"2", -EINVAL, false},
        {"yes ", -EINVAL, false},
};

START_TEST(test_bool) {
        bool value = !bools[_i].value;

        ck_assert_int_eq(value_read_bool(bools[_i].text, &value), bools[_i].result);
        if (bools[_i].result == 0)
                ck_assert_int_eq(value, bools[_i].value);
}
END_TEST

static const struct {
        const char *text;
        int result;
        uint64_t value;
} numbers[] = {
        {"1", 0, 1},
        {"65535", 0, 65535},
        {"00080", 0, 80},
        {"0", -ERANGE, 0},
        {"65536", -ERANGE, 0},
        {"-1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"1.0", -EINVAL, 0},
        {"18446744073709551616", -ERANGE, 0},
        {"99999999999999999999999", -ERANGE, 0},
};

START_TEST(test_number) {
        uint64_t value = 4711;

        ck_assert_int_eq(value_read_number(numbers[_i].text, 1, 65535, &value), numbers[_i].result);
        ck_assert_uint_eq(value, numbers[_i].result == 0 ? numbers[_i].value : 4711);
}
END_TEST

static const struct {
        const char *text;
        int result;
        uint64_t usec;
        const char *again;
} times[] = {
        {"5s", 0, 5 * USEC_PER_SEC, "5s"},
        {"5", 0, 5 * USEC_PER_SEC, "5s"},
        {"0", 0, 0, "0us"},
        {"250ms", 0, 250 * USEC_PER_MSEC, "250ms"},
        {"1h 30min", 0, 90 * USEC_PER_MINUTE, "90min"},
        {"1h30min", 0, 90 * USEC_PER_MINUTE, "90min"},
        {"1.5h", 0, 90 * USEC_PER_MINUTE, "90min"},
        {"0.25s", 0, 250 * USEC_PER_MSEC, "250ms"},
        {"1d", 0, USEC_PER_DAY, "1d"},
        {"2 weeks", 0, 14 * USEC_PER_DAY, "14d"},
        {"24h", 0, USEC_PER_DAY, "1d"},
        {"7 us", 0, 7, "7us"},
        {"infinity", 0, USEC_INFINITY, "infinity"},
        {"1 fortnight", -EINVAL, 0, NULL},
        {"1 2", -EINVAL, 0, NULL},
        {"1h 5", -EINVAL, 0, NULL},
        {"5 1h", -EINVAL, 0, NULL},
        {"", -EINVAL, 0, NULL},
        {"s", -EINVAL, 0, NULL},
        {"-5s", -EINVAL, 0, NULL},
        {"1.s", -EINVAL, 0, NULL},
        {".5s", -EINVAL, 0, NULL},
        {"1..5s", -EINVAL, 0, NULL},
        {"5S", -EINVAL, 0, NULL},
        {"5s, 1h", -EINVAL, 0, NULL},
        {"300000000d", -ERANGE, 0, NULL},
        {"18446744073709551615us", -ERANGE, 0, NULL},
        {"200000000d 200000000d", -ERANGE, 0, NULL},
        {"99999999999999999999s", -ERANGE, 0, NULL},
};

START_TEST(test_usec) {
        char buffer[VALUE_USEC_TEXT_MAX];
        uint64_t usec = 4711;

        ck_assert_int_eq(value_read_usec(times[_i].text, &usec), times[_i].result);
        ck_assert_uint_eq(usec, times[_i].result == 0 ? times[_i].usec : 4711);
        if (times[_i].result == 0)
                ck_assert_str_eq(value_format_usec(usec, buffer), times[_i].again);
}
END_TEST

/* again: the name as it is kept; piece: of the sentence when it is refused. */
static const struct {
        int (*read)(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]);
        const char *text, *again, *piece;
} names[] = {
        {value_read_name, "contoso.com", "contoso.com", NULL},
        {value_read_name, "Contoso.COM.", "Contoso.COM", NULL},
        {value_read_name, "corp", "corp", NULL},
        {value_read_name, "_sub.a-b.10", "_sub.a-b.10", NULL},
        {value_read_name, L63 ".com", L63 ".com", NULL},
        {value_read_name, NAME_253, NAME_253, NULL},
        {value_read_name, NAME_253 ".", NAME_253, NULL},
        {value_read_name, "müller.example", "xn--mller-kva.example", NULL},
        {value_read_name, "straße.example", "xn--strae-oqa.example", NULL},
        {value_read_name, "MÜLLER.example.", "xn--mller-kva.example", NULL},
        {value_read_name, "例え。テスト", "xn--r8jz45g.xn--zckzah", NULL},
        {value_read_name, "", NULL, "missing"},
        {value_read_name, ".", NULL, "missing"},
        {value_read_name, "contoso..com", NULL, "empty label"},
        {value_read_name, ".contoso.com", NULL, "empty label"},
        {value_read_name, "contoso.com..", NULL, "empty label"},
        {value_read_name, "x" L63 ".com", NULL, "64 octets"},
        {value_read_name, NAME_253 "z", NULL, "254 octets; at most 253"},
        {value_read_name, "a b.com", NULL, "\" \""},
        {value_read_name, "a/b.com", NULL, "\"/\""},
        {value_read_name, "a\\046b.com", NULL, "\"\\\""},
        {value_read_name, "*.contoso.com", NULL, "\"*\""},
        {value_read_name, "192.0.2.1", NULL, "address"},
        {value_read_name, "2001:db8::1", NULL, "address"},
        {value_read_name, "\xe2\x80\x8d.example", NULL, "internationalized"},
        {value_read_host, "kms1.contoso.com", "kms1.contoso.com", NULL},
        {value_read_host, "kms1.müller.example.", "kms1.xn--mller-kva.example", NULL},
        {value_read_host, "kms1", NULL, "one label"},
        {value_read_host, "kms1.", NULL, "one label"},
        {value_read_host, "192.0.2.1", NULL, "address"},
        {value_read_host, "192.0.2.1.", NULL, "address"},
        {value_read_host, "192.0.2", NULL, "address"},
        {value_read_host, "::1", NULL, "address"},
        {value_read_host, "", NULL, "missing"},
        {value_read_host, L63 "." L63 "." L63 "." L58, L63 "." L63 "." L63 "." L58, NULL},
        {value_read_host, L63 "." L63 "." L63 "." L58 "x", NULL, "251 octets; at most 250"},
        {value_read_service, "_vlmcs._tcp", "_vlmcs._tcp", NULL},
        {value_read_service, "_x._udp.", "_x._udp", NULL},
        {value_read_service, "_vlmcs", NULL, "two labels"},
        {value_read_service, "vlmcs._tcp", NULL, "two labels"},
        {value_read_service, "_vlmcs.tcp", NULL, "two labels"},
        {value_read_service, "_._tcp", NULL, "two labels"},
        {value_read_service, "_vlmcs._", NULL, "two labels"},
        {value_read_service, "_vlmcs._tcp.contoso", NULL, "two labels"},
        {value_read_realm, "CONTOSO.COM", "CONTOSO.COM", NULL},
        {value_read_realm, "a-1.b", "a-1.b", NULL},
        {value_read_realm, "A", "A", NULL},
        {value_read_realm, REALM_255, REALM_255, NULL},
        {value_read_realm, REALM_255 "Y", NULL, "256 octets; 1 to 255"},
        {value_read_realm, "", NULL, "0 octets"},
        {value_read_realm, ".A", NULL, "a dot at an end"},
        {value_read_realm, "A.", NULL, "a dot at an end"},
        {value_read_realm, "A..B", NULL, "two in a row"},
        {value_read_realm, "A_B", NULL, "letters, digits, dots and hyphens"},
        {value_read_realm, "A/B", NULL, "letters, digits, dots and hyphens"},
        {value_read_realm, "M\xc3\x9cLLER", NULL, "letters, digits, dots and hyphens"},
        {value_read_principal, "KMS1$", "KMS1$", NULL},
        {value_read_principal, "kms1$@CONTOSO.COM", "kms1$@CONTOSO.COM", NULL},
        {value_read_principal, "host/kms1.contoso.com", "host/kms1.contoso.com", NULL},
        {value_read_principal, "host/kms1.contoso.com@A-B.C", "host/kms1.contoso.com@A-B.C", NULL},
        {value_read_principal, X64 X64 X64 L63 "@" REALM_255, X64 X64 X64 L63 "@" REALM_255, NULL},
        {value_read_principal, X64 X64 X64 X64 "@" REALM_255, NULL, "512 octets; at most 511"},
        {value_read_principal, "", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "@A", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "/a@A", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a/@A", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a/b/c", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a b", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a\tb", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a\x7f", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a\\@b", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "'a'", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "\"a\"", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "m\xc3\xbcller", NULL, "name[/instance][@REALM]"},
        {value_read_principal, "a@", NULL, "0 octets"},
        {value_read_principal, "a@b@C", NULL, "is no realm"},
        {value_read_principal, "a@b/C", NULL, "is no realm"},
        {value_read_principal, "a@B.", NULL, "a dot at an end"},
};

START_TEST(test_names) {
        _cleanup_(freep) char *name = NULL;
        char error[VALUE_ERROR_MAX] = "";

        int r = names[_i].read(names[_i].text, &name, error);
        if (names[_i].again) {
                ck_assert_msg(r == 0, "%s: %s", names[_i].text, error);
                ck_assert_str_eq(name, names[_i].again);
        } else {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_ptr_null(name);
                ck_assert_msg(strstr(error, names[_i].piece), "%s: %s", names[_i].text, error);
        }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, test_bool, 0, ELEMENTSOF(bools));
        tcase_add_loop_test(tcase, test_number, 0, ELEMENTSOF(numbers));
        tcase_add_loop_test(tcase, test_usec, 0, ELEMENTSOF(times));
        tcase_add_loop_test(tcase, test_names, 0, ELEMENTSOF(names));
}

UNIT_MAIN("config-value", add_tests)
