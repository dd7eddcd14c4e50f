/* lib/trouble: which answers end a search for the zone as what, what a trouble keeps of an answer
   or of Kerberos, and for which only a human can help (E7). */
#include "lib/trouble.h"

#include "lib/util.h"
#include "tests/unit/unit.h"

/* E2, E3: while the zone is located a refusal means "not served here", not "denied". */
static const TroubleKind locating[_REPLY_KIND_MAX] = {
        [REPLY_DONE] = TROUBLE_REPLY,          [REPLY_CONFLICT] = TROUBLE_REPLY,
        [REPLY_DENIED] = TROUBLE_WRONG_SERVER, [REPLY_WRONG_SERVER] = TROUBLE_WRONG_SERVER,
        [REPLY_BAD_KEY] = TROUBLE_BAD_KEY,     [REPLY_BAD_TIME] = TROUBLE_BAD_TIME,
        [REPLY_ECHO] = TROUBLE_REPLY,          [REPLY_ELSEWHERE] = TROUBLE_REPLY,
        [REPLY_GARBAGE] = TROUBLE_REPLY,       [REPLY_TIMEOUT] = TROUBLE_REPLY,
        [REPLY_UNREACHABLE] = TROUBLE_REPLY,   [REPLY_CLOSED] = TROUBLE_REPLY,
};

START_TEST(search_ends_by_the_answer) {
        const Reply reply = {.kind = (ReplyKind)_i};

        ck_assert_int_eq(trouble_of_locating(&reply, TROUBLE_NO_CREDENTIALS), locating[_i]);
}
END_TEST

START_TEST(search_ends_by_its_own_word_without_one) {
        ck_assert_int_eq(trouble_of_locating(NULL, (TroubleKind)_i), _i);
}
END_TEST

/* E7, C46, C47: these are not tried again soon. */
START_TEST(what_only_a_human_can_mend_lasts) {
        static const TroubleKind lasting[] = {TROUBLE_DENIED, TROUBLE_BAD_KEY, TROUBLE_BAD_TIME,
                                              TROUBLE_CNAME};
        bool expected = false;

        for (size_t i = 0; i < ELEMENTSOF(lasting); i++)
                expected |= lasting[i] == (TroubleKind)_i;
        ck_assert(trouble_is_lasting((TroubleKind)_i) == expected);
}
END_TEST

START_TEST(answer_is_kept_in_words) {
        const Reply reply = {
                .kind = REPLY_BAD_TIME,
                .fault = FAULT_SERVER_TIME,
                .rcode = (ldns_pkt_rcode)0x110,
                .tsig_error = 18,
                .our_time_sec = 1000,
                .server_time_sec = 5000,
                .error = -5,
        };
        Trouble trouble = trouble_new(TROUBLE_BAD_TIME, &reply, -7);

        ck_assert(trouble.kind == TROUBLE_BAD_TIME && trouble.reply == REPLY_BAD_TIME);
        ck_assert(trouble.fault == FAULT_SERVER_TIME && trouble.tsig_error == 18);
        ck_assert(trouble.rcode == 0x110 && trouble.error == -5);
        ck_assert(trouble.our_time_sec == 1000 && trouble.server_time_sec == 5000);
        trouble = trouble_new(TROUBLE_STATE, NULL, -7);
        ck_assert(trouble.kind == TROUBLE_STATE && trouble.error == -7);
        ck_assert(trouble.reply == REPLY_DONE && trouble.rcode == 0 && trouble.our_time_sec == 0);
}
END_TEST

/* What is wrong with our ticket is wrong at every name server; E3: what is wrong with one of them
   is not. */
static const TroubleKind kerberos[_GSS_FAULT_MAX] = {
        [GSS_FAULT_NO_KEYTAB] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_KEYTAB_UNREADABLE] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_KEYTAB_MALFORMED] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_NO_PRINCIPAL] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_NO_REALM] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_KDC_UNREACHABLE] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_CLOCK_SKEW] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_PREAUTH_FAILED] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_CLIENT_UNKNOWN] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_CLIENT_LOCKED] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_EXPIRED] = TROUBLE_NO_CREDENTIALS,
        [GSS_FAULT_SERVER_UNKNOWN] = TROUBLE_NO_CONTEXT,
        [GSS_FAULT_SERVER_TOKEN] = TROUBLE_NO_CONTEXT,
        [GSS_FAULT_FLAGS] = TROUBLE_NO_CONTEXT,
        [GSS_FAULT_OTHER] = TROUBLE_NO_CONTEXT,
};

START_TEST(kerberos_ends_the_pass_or_only_a_server) {
        const Trouble trouble = trouble_of_gss((GssFault)_i);

        ck_assert_int_eq(trouble.kind, kerberos[_i]);
        ck_assert_int_eq(trouble.gss, _i);
        ck_assert(!trouble_is_lasting(trouble.kind));
}
END_TEST

/* C64 */
START_TEST(answer_to_tkey_is_kept) {
        const TkeyAnswer answer = {
                .verdict = (TkeyVerdict)_i, .rcode = 9, .error = 17, .lifetime_sec = 3600};
        const Trouble trouble = trouble_of_tkey(&answer);

        ck_assert_int_eq(trouble.kind, TROUBLE_NO_CONTEXT);
        ck_assert_int_eq(trouble.tkey, _i);
        ck_assert(trouble.rcode == 9 && trouble.tkey_error == 17 && trouble.tsig_error == 0);
        ck_assert(trouble.gss == GSS_FAULT_NONE && !trouble.updating);
}
END_TEST

/* Who compares two of them goes by this order: what tells more is higher. */
START_TEST(verdicts_tell_more_than_silence) {
        static const TroubleKind rising[] = {
                TROUBLE_NONE,         TROUBLE_REPLY,      TROUBLE_NOT_AUTHORITATIVE,
                TROUBLE_WRONG_SERVER, TROUBLE_NO_CONTEXT, TROUBLE_NO_CREDENTIALS,
                TROUBLE_CONFLICT,     TROUBLE_BAD_KEY,    TROUBLE_DENIED,
        };

        for (size_t i = 1; i < ELEMENTSOF(rising); i++)
                ck_assert_int_lt(rising[i - 1], rising[i]);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, search_ends_by_the_answer, 0, _REPLY_KIND_MAX);
        tcase_add_loop_test(tcase, search_ends_by_its_own_word_without_one, 0, _TROUBLE_KIND_MAX);
        tcase_add_loop_test(tcase, what_only_a_human_can_mend_lasts, 0, _TROUBLE_KIND_MAX);
        tcase_add_test(tcase, answer_is_kept_in_words);
        tcase_add_loop_test(tcase, kerberos_ends_the_pass_or_only_a_server, GSS_FAULT_NONE + 1,
                            _GSS_FAULT_MAX);
        tcase_add_loop_test(tcase, answer_to_tkey_is_kept, 0, _TKEY_VERDICT_MAX);
        tcase_add_test(tcase, verdicts_tell_more_than_silence);
}

UNIT_MAIN("trouble", add_tests)
