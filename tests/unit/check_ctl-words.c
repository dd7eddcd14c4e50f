/* Durations, times, states and notes in words. */

#include <string.h>

#include "daemon/ctl/words.h"
#include "lib/publication.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

#define NOW UINT64_C(1795347783000000) /* 2026-11-22 11:43:03 UTC */

static const struct {
        uint64_t usec;
        const char *text;
} durations[] = {
        {0, "0s"},
        {999999, "0s"},
        {USEC_PER_SEC, "1s"},
        {59 * USEC_PER_SEC, "59s"},
        {60 * USEC_PER_SEC, "1min"},
        {61 * USEC_PER_SEC, "1min 1s"},
        {USEC_PER_HOUR - 1, "59min 59s"},
        {USEC_PER_HOUR, "1h"},
        {USEC_PER_HOUR + 59 * USEC_PER_SEC, "1h"},
        {2 * USEC_PER_HOUR + 5 * USEC_PER_MINUTE + 7 * USEC_PER_SEC, "2h 5min"},
        {USEC_PER_DAY, "1d"},
        {400 * USEC_PER_DAY + 3 * USEC_PER_HOUR, "400d 3h"},
        {UINT64_MAX, "213503982d 8h"},
};

START_TEST(durations_in_two_units) {
        char text[WORDS_MAX];

        ck_assert_str_eq(words_duration(durations[_i].usec, text), durations[_i].text);
}
END_TEST

START_TEST(how_long_ago) {
        char text[WORDS_MAX];

        ck_assert_str_eq(words_ago(NOW - USEC_PER_HOUR, NOW, text), "1h ago");
        ck_assert_str_eq(words_ago(NOW, NOW, text), "0s ago");
        /* Clocks are set back. */
        ck_assert_str_eq(words_ago(NOW + USEC_PER_HOUR, NOW, text), "0s ago");
        ck_assert_str_eq(words_ago(0, NOW, text), "");
        ck_assert_str_eq(words_ago(1, UINT64_MAX, text), "213503982d 8h ago");
}
END_TEST

START_TEST(what_is_next) {
        char text[WORDS_MAX];

        ck_assert_str_eq(words_next("check", NOW + 723 * USEC_PER_SEC, NOW, text),
                         "check in 12min 3s");
        ck_assert_str_eq(words_next("retry", NOW - 1, NOW, text), "retry in 0s");
        ck_assert_str_eq(words_next("now", NOW, NOW, text), "now");
        ck_assert_str_eq(words_next("none", 0, NOW, text), "-");
        ck_assert_str_eq(words_next("check", 0, NOW, text), "-");
        /* From a daemon that is not ours. */
        ck_assert_str_eq(words_next("a word that is far too long to be one", UINT64_MAX, 0, text),
                         "a word that is f in 213503982d 8h");
}
END_TEST

START_TEST(times_are_utc) {
        char text[WORDS_MAX];

        ck_assert_str_eq(words_time_json(NOW, text), "2026-11-22T11:43:03Z");
        ck_assert_str_eq(words_time(NOW + 999999, text), "2026-11-22 11:43:03 UTC");
        ck_assert_uint_lt(strlen(words_time_json(UINT64_MAX, text)), WORDS_MAX);
}
END_TEST

START_TEST(notes_are_sentences) {
        static const char *const notes[] = {"numbers-of-other", "also-claimed",  "claim-gone",
                                            "foreign-beside",   "stays-claimed", "reclaims",
                                            "takes-over",       "strays"};

        for (size_t i = 0; i < ELEMENTSOF(notes); i++)
                ck_assert_ptr_nonnull(strchr(words_note(notes[i]), ' '));
        ck_assert_str_eq(words_note("of-tomorrow"), "of-tomorrow");
}
END_TEST

/* Trouble is red, what is as it should be green; what is on the way has no colour. */
static const struct {
        PublicationState state;
        const char *colour;
} colours[] = {
        {PUBLICATION_LOCATING, NULL},          {PUBLICATION_PUBLISHING, NULL},
        {PUBLICATION_PUBLISHED, "\033[32m"},   {PUBLICATION_STANDBY, "\033[33m"},
        {PUBLICATION_DENIED, "\033[31m"},      {PUBLICATION_FAILED, "\033[31m"},
        {PUBLICATION_WITHDRAWING, "\033[33m"}, {PUBLICATION_WITHDRAWN, NULL},
        {PUBLICATION_OBSERVED, "\033[32m"},
};

START_TEST(states_have_colours) {
        const char *colour = words_colour(publication_state_to_string(colours[_i].state));

        if (colours[_i].colour)
                ck_assert_str_eq(colour, colours[_i].colour);
        else
                ck_assert_ptr_null(colour);
}
END_TEST

static void add_tests(TCase *tcase) {
        _Static_assert(ELEMENTSOF(colours) == _PUBLICATION_STATE_MAX, "a state is missing");
        tcase_add_loop_test(tcase, durations_in_two_units, 0, ELEMENTSOF(durations));
        tcase_add_test(tcase, how_long_ago);
        tcase_add_test(tcase, what_is_next);
        tcase_add_test(tcase, times_are_utc);
        tcase_add_test(tcase, notes_are_sentences);
        tcase_add_loop_test(tcase, states_have_colours, 0, ELEMENTSOF(colours));
}

UNIT_MAIN("ctl-words", add_tests)
