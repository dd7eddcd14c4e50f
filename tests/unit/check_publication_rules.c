/* What holds for every publication: each kind of answer at each kind of server, which trouble is
   told, the waiting times, changes in each state; then pseudo-random lives, in which some things
   must never happen. */
#include <string.h>

#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

/* --- every answer ----------------------------------------------------------------------------- */

/* One letter for each of: a primary with another server behind it, the last primary, a secondary
   with another behind it, the last secondary.
   > the next server is observed, l the same one is, w a wait within the pass, . ended well; else
   the trouble that ended it: R reply, A not authoritative, W wrong server, K bad key, T bad time,
   D denied. */
/* clang-format off */
static const struct {
        const char *rule;
        Input input;
        bool closed_before;
        const char *outcomes;
} answers[] = {
{"E4 query done",             SEEN(IN_ORDER),                         false, "...."},
{"E4 query, AA clear",        SEEN(IN_ORDER, .not_authority = true),  false, ">A>A"},
{"query conflict",            ASKED(CONFLICT),                        false, ">R>R"},
{"E3 query denied",           ASKED(DENIED),                          false, "DD>R"},
{"E3 query wrong server",     ASKED(WRONG_SERVER),                    false, ">W>W"},
{"C47 query bad key",         ASKED(BAD_KEY),                         false, "KK>R"},
{"C46 query bad time",        ASKED(BAD_TIME),                        false, "TT>R"},
{"query echo",                ASKED(ECHO),                            false, ">R>R"},
{"C23 query elsewhere",       ASKED(ELSEWHERE),                       false, ">R>R"},
{"E6.5 query garbage",        ASKED(GARBAGE),                         false, ">R>R"},
{"C23 query timeout",         ASKED(TIMEOUT),                         false, ">R>R"},
{"C23 query unreachable",     ASKED(UNREACHABLE),                     false, ">R>R"},
{"E1 query closed",           ASKED(CLOSED),                          false, "llll"},
{"E1 query closed again",     ASKED(CLOSED),                          true,  ">R>R"},
{"E4 update done",            ANSWER(DONE),                           false, "llll"},
{"O11 update conflict",       ANSWER_RCODE(CONFLICT, NXRRSET),        false, "wwww"},
{"E3 update denied",          ANSWER_RCODE(DENIED, REFUSED),          false, "DD>R"},
{"E3 update wrong server",    ANSWER_RCODE(WRONG_SERVER, NOTAUTH),    false, ">W>W"},
{"C47 update bad key",        ANSWER_RCODE(BAD_KEY, NOTAUTH),         false, "KK>R"},
{"E6.1 update bad time",      ANSWER_RCODE(BAD_TIME, NOTAUTH),        false, "TT>R"},
{"E6.2 update echo",          ANSWER_RCODE(ECHO, SERVFAIL),           false, "llll"},
{"C23 update elsewhere",      ANSWER_RCODE(ELSEWHERE, SERVFAIL),      false, ">R>R"},
{"E6.5 update garbage",       ANSWER(GARBAGE),                        false, ">R>R"},
{"C23 update timeout",        ANSWER(TIMEOUT),                        false, ">R>R"},
{"C23 update unreachable",    ANSWER(UNREACHABLE),                    false, ">R>R"},
{"E1 update closed",          ANSWER(CLOSED),                         false, "llll"},
{"E1 update closed again",    ANSWER(CLOSED),                         true,  ">R>R"},
};
/* clang-format on */

static const struct { uint8_t n_servers, n_primaries; } places[] = {{2, 1}, {1, 1}, {2, 0}, {1, 0}};

static const char trouble_letters[_TROUBLE_KIND_MAX] = {
        [TROUBLE_REPLY] = 'R',   [TROUBLE_NOT_AUTHORITATIVE] = 'A', [TROUBLE_WRONG_SERVER] = 'W',
        [TROUBLE_BAD_KEY] = 'K', [TROUBLE_BAD_TIME] = 'T',          [TROUBLE_DENIED] = 'D',
};

static char outcome_of(const Publication *p, PublicationStep step) {
        if (step.ended)
                return p->state == PUBLICATION_PUBLISHED ? '.' : trouble_letters[p->trouble.kind];
        if (step.action == ACTION_WAIT)
                return 'w';
        if (step.action != ACTION_OBSERVE)
                return '?';
        return p->server == 0 ? 'l' : '>';
}

/* A publication that has just been asked for what the input answers. */
static void bench_before(Bench *bench, const Input *input, size_t place) {
        bench_init(bench, false);
        bench->publication.remembered_all = true;
        bench_step(bench, &(Input)DUE);
        bench_step(bench, &(Input)LOCATED(places[place].n_servers, places[place].n_primaries));
        if (input->kind == EVENT_ANSWERED)
                bench_step(bench, &(Input)SEEN(PUBLISH));
}

/* E7, C46: what only a human can mend is tried at RetryMax. */
static void assert_end(const Bench *bench, const Input *input, const char *where) {
        const Publication *p = &bench->publication;
        bool lasting = strchr("KTD", trouble_letters[p->trouble.kind]);

        ck_assert_msg((p->state == PUBLICATION_DENIED) == (p->trouble.kind == TROUBLE_DENIED) &&
                              (p->state == PUBLICATION_DENIED || p->state == PUBLICATION_FAILED),
                      "%s: %s", where, publication_state_to_string(p->state));
        ck_assert_msg(p->due_usec == bench->now_usec + (lasting ? RETRY_MAX : RETRY_MIN), "%s: due",
                      where);
        ck_assert_msg(p->trouble.updating == (input->kind == EVENT_ANSWERED), "%s: updating",
                      where);
        ck_assert_msg(p->trouble.reply == input->reply && p->trouble.rcode == input->rcode,
                      "%s: reply", where);
        ck_assert_msg(!p->located, "%s: still located", where);
}

START_TEST(each_answer_has_its_end) {
        const Input *input = &answers[_i].input;

        for (size_t place = 0; place < ELEMENTSOF(places); place++) {
                PublicationStep step;
                char where[80], outcome;
                Bench bench;

                bench_before(&bench, input, place);
                if (answers[_i].closed_before) {
                        bench_step(&bench, &(Input){.kind = input->kind, .reply = REPLY_CLOSED});
                        if (input->kind == EVENT_ANSWERED)
                                bench_step(&bench, &(Input)SEEN(PUBLISH));
                }
                step = bench_step(&bench, input);
                outcome = outcome_of(&bench.publication, step);
                (void)snprintf(where, sizeof(where), "%s, place %zu", answers[_i].rule, place);
                ck_assert_msg(outcome == answers[_i].outcomes[place], "%s: %c", where, outcome);
                if (step.ended && outcome != '.')
                        assert_end(&bench, input, where);
        }
}
END_TEST

/* While the zone is located a refusal is none of an update. */
static const TroubleKind locating[_REPLY_KIND_MAX] = {
        [REPLY_CONFLICT] = TROUBLE_REPLY,    [REPLY_DENIED] = TROUBLE_WRONG_SERVER,
        [REPLY_BAD_KEY] = TROUBLE_BAD_KEY,   [REPLY_WRONG_SERVER] = TROUBLE_WRONG_SERVER,
        [REPLY_BAD_TIME] = TROUBLE_BAD_TIME, [REPLY_ECHO] = TROUBLE_REPLY,
        [REPLY_ELSEWHERE] = TROUBLE_REPLY,   [REPLY_GARBAGE] = TROUBLE_REPLY,
        [REPLY_TIMEOUT] = TROUBLE_REPLY,     [REPLY_CLOSED] = TROUBLE_REPLY,
        [REPLY_UNREACHABLE] = TROUBLE_REPLY,
};

START_TEST(each_answer_ends_a_search) {
        TroubleKind expected = locating[_i];
        bool lasting = expected == TROUBLE_BAD_KEY || expected == TROUBLE_BAD_TIME;
        Bench bench;

        bench_init(&bench, false);
        bench_step(&bench, &(Input)DUE);
        ck_assert(bench_step(&bench, &(Input)INPUT(NOT_LOCATED, .reply = (ReplyKind)_i)).ended);
        ck_assert_int_eq(bench.publication.state, PUBLICATION_FAILED);
        ck_assert_int_eq(bench.publication.trouble.kind, expected);
        ck_assert_int_eq(bench.publication.trouble.reply, _i);
        ck_assert(!bench.publication.trouble.updating);
        ck_assert_uint_eq(bench.publication.due_usec - bench.now_usec,
                          lasting ? RETRY_MAX : RETRY_MIN);
}
END_TEST

/* --- which trouble is told -------------------------------------------------------------------- */

#define NO_AUTHORITY SEEN(IN_ORDER, .not_authority = true)

static const struct {
        const char *rule;
        Input inputs[3];
        size_t n_inputs; /* and servers */
        uint8_t n_primaries;
        TroubleKind kind;
        uint8_t server;
} rankings[] = {
        {"of equals the first", {ASKED(TIMEOUT), ASKED(ELSEWHERE)}, 2, 2, TROUBLE_REPLY, 0},
        {"of three equals too",
         {ASKED(GARBAGE), ASKED(TIMEOUT), ASKED(ECHO)},
         3,
         3,
         TROUBLE_REPLY,
         0},
        {"E3: a secondary's refusal tells less than a dead primary",
         {ASKED(UNREACHABLE), ASKED(DENIED), ASKED(BAD_KEY)},
         3,
         1,
         TROUBLE_REPLY,
         0},
        {"who answers tells more",
         {ASKED(TIMEOUT), NO_AUTHORITY},
         2,
         2,
         TROUBLE_NOT_AUTHORITATIVE,
         1},
        {"in any order", {NO_AUTHORITY, ASKED(TIMEOUT)}, 2, 2, TROUBLE_NOT_AUTHORITATIVE, 0},
        {"NOTAUTH tells more than AA clear",
         {NO_AUTHORITY, ASKED(WRONG_SERVER)},
         2,
         2,
         TROUBLE_WRONG_SERVER,
         1},
        {"in any order",
         {ASKED(WRONG_SERVER), ASKED(ELSEWHERE), NO_AUTHORITY},
         3,
         3,
         TROUBLE_WRONG_SERVER,
         0},
        {"a verdict tells most", {ASKED(WRONG_SERVER), ASKED(BAD_KEY)}, 2, 2, TROUBLE_BAD_KEY, 1},
        {"a verdict tells most",
         {ASKED(TIMEOUT), NO_AUTHORITY, ASKED(DENIED)},
         3,
         3,
         TROUBLE_DENIED,
         2},
        {"what fails here too",
         {ASKED(WRONG_SERVER), NOT_LOCATED(NO_CREDENTIALS)},
         2,
         2,
         TROUBLE_NO_CREDENTIALS,
         1},
};

START_TEST(most_telling_trouble_is_kept) {
        PublicationStep step = {0};
        Bench bench;

        bench_init(&bench, false);
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench,
                   &(Input)LOCATED((uint8_t)rankings[_i].n_inputs, rankings[_i].n_primaries));
        for (size_t i = 0; i < rankings[_i].n_inputs; i++) {
                ck_assert_msg(!step.ended, "%s: ended before %zu", rankings[_i].rule, i);
                step = bench_step(&bench, &rankings[_i].inputs[i]);
        }
        ck_assert_msg(step.ended, "%s", rankings[_i].rule);
        ck_assert_msg(bench.publication.trouble.kind == rankings[_i].kind, "%s: %d",
                      rankings[_i].rule, bench.publication.trouble.kind);
        ck_assert_uint_eq(bench.publication.trouble.server, rankings[_i].server);
}
END_TEST

START_TEST(trouble_has_the_words_of_the_answer) {
        Reply reply = {
                .kind = REPLY_BAD_TIME,
                .fault = FAULT_SERVER_TIME,
                .rcode = (ldns_pkt_rcode)0x110,
                .tsig_error = 18,
                .our_time_sec = 1000,
                .server_time_sec = 5000,
                .error = -5,
        };
        const Trouble *trouble;
        Bench bench;

        bench_before(&bench, &(Input)ANSWER(BAD_TIME), 0);
        publication_step(&bench.publication, &bench.times,
                         &(PublicationEvent){EVENT_ANSWERED, .reply = &reply}, bench.now_usec);
        trouble = &bench.publication.trouble;
        ck_assert(trouble->kind == TROUBLE_BAD_TIME && trouble->updating && trouble->observed_here);
        ck_assert(trouble->reply == reply.kind && trouble->fault == reply.fault);
        ck_assert(trouble->rcode == 0x110 && trouble->tsig_error == 18 && trouble->error == -5);
        ck_assert(trouble->our_time_sec == 1000 && trouble->server_time_sec == 5000);
}
END_TEST

/* What a read-back brings to light is a trouble of the update, and of its RCODE. */
START_TEST(trouble_of_a_read_back_is_the_updates) {
        Bench bench;

        bench_before(&bench, &(Input)ANSWER(ECHO), 1);
        bench_step(&bench, &(Input)ANSWER_RCODE(ECHO, SERVFAIL));
        ck_assert(bench_step(&bench, &(Input)SEEN(PUBLISH)).ended);
        ck_assert_int_eq(bench.publication.trouble.kind, TROUBLE_DENIED);
        ck_assert(bench.publication.trouble.updating);
        ck_assert_int_eq(bench.publication.trouble.rcode, LDNS_RCODE_SERVFAIL);

        bench_before(&bench, &(Input)ANSWER(DONE), 1);
        bench_step(&bench, &(Input)ANSWER(DONE));
        bench_step(&bench, &(Input)SEEN(PUBLISH));
        bench_step(&bench, &(Input)ANSWER(DONE));
        ck_assert(bench_step(&bench, &(Input)SEEN(PUBLISH, .rcode = LDNS_RCODE_NXDOMAIN)).ended);
        ck_assert_int_eq(bench.publication.trouble.kind, TROUBLE_IGNORED);
        ck_assert(bench.publication.trouble.updating);
        ck_assert_int_eq(bench.publication.trouble.rcode, LDNS_RCODE_NOERROR);
}
END_TEST

/* --- times ------------------------------------------------------------------------------------ */

static uint64_t failed_wait(Bench *bench, const Input *input) {
        bench_step(bench, &(Input)DUE);
        bench_step(bench, &(Input)LOCATED(1, 1));
        ck_assert(bench_step(bench, input).ended);
        return bench->publication.due_usec - bench->now_usec;
}

/* E8: doubled up to RetryMax, spread over the upper half. Pain 25: never given up. */
START_TEST(retries_back_off) {
        static const uint32_t randoms[] = {0, UINT32_MAX, UINT32_MAX / 2};
        Bench bench;

        for (size_t i = 0; i < ELEMENTSOF(randoms); i++) {
                bench_init(&bench, false);
                bench.random = randoms[i];
                for (unsigned attempt = 1; attempt < 100; attempt++) {
                        uint64_t longest = attempt < 10 ? RETRY_MIN << (attempt - 1) : RETRY_MAX;
                        uint64_t wait = failed_wait(&bench, &(Input)ASKED(TIMEOUT));

                        ck_assert_uint_ge(wait, longest / 2 + (i == 2));
                        ck_assert_uint_le(wait, longest - (i == 2));
                        ck_assert(i != 0 || wait == longest / 2);
                        ck_assert(i != 1 || wait == longest);
                }
                bench_step(&bench, &(Input)DUE);
                bench_step(&bench, &(Input)LOCATED(1, 1));
                bench_step(&bench, &(Input)SEEN(IN_ORDER));
                bench.publication.located = false;
                ck_assert_uint_le(failed_wait(&bench, &(Input)ASKED(TIMEOUT)), RETRY_MIN);
        }
}
END_TEST

/* E7, E8: lasting troubles wait for RetryMax from the first time, over its upper half; the first
 * check is anywhere in CheckInterval. */
START_TEST(periods_are_spread) {
        static const Input lasting[] = {ASKED(DENIED), ASKED(BAD_KEY), ASKED(BAD_TIME)};
        Bench bench;

        for (unsigned i = 0; i < 2 * ELEMENTSOF(lasting); i++) {
                bench_init(&bench, false);
                bench.random = i % 2 ? UINT32_MAX : 0;
                for (unsigned attempt = 1; attempt < 4; attempt++)
                        ck_assert_uint_eq(failed_wait(&bench, &lasting[i / 2]),
                                          i % 2 ? RETRY_MAX : RETRY_MAX / 2);
                ck_assert_uint_eq(failed_wait(&bench, &(Input)SEEN(IN_ORDER)), i % 2 ? CHECK : 0);
        }
}
END_TEST

/* O11, C29 */
START_TEST(delay_after_a_conflict_is_random) {
        static const struct {
                uint32_t random;
                uint64_t delay_usec;
        } delays[] = {{0, 20000}, {UINT32_MAX / 2, 209999}, {UINT32_MAX, 400000}};
        Bench bench;

        for (size_t i = 0; i < ELEMENTSOF(delays); i++) {
                bench_before(&bench, &(Input)ANSWER(CONFLICT), 0);
                bench.random = delays[i].random;
                bench_step(&bench, &(Input)ANSWER(CONFLICT));
                ck_assert_uint_eq(bench.publication.due_usec - bench.now_usec,
                                  delays[i].delay_usec);
        }
}
END_TEST

START_TEST(a_look_now_is_a_pass) {
        Bench bench;

        bench_before(&bench, &(Input)SEEN(IN_ORDER), 0);
        bench_step(&bench, &(Input)SEEN(IN_ORDER));
        bench.now_usec += USEC_PER_SEC; /* long before it is due */
        ck_assert_int_eq(bench_step(&bench, &(Input)DUE).action, ACTION_OBSERVE);
        bench_step(&bench, &(Input)SEEN(PUBLISH));
        bench_step(&bench, &(Input)ANSWER(CONFLICT));
        ck_assert_int_eq(bench_step(&bench, &(Input)DUE).action, ACTION_OBSERVE);
        ck_assert(bench.publication.in_pass && bench.publication.conflicts == 1);
}
END_TEST

/* E8. Times in minutes: of the last refresh (0: none), of the interval (0: never) and now. */
START_TEST(refresh_is_due) {
        static const struct {
                uint64_t refreshed, interval, now;
                bool withdraw;
                PlanVerdict wrote;
                bool expected;
        } cases[] = {
                {0, 60, 1, false, PLAN_IN_ORDER, true},   {0, 60, 1, true, PLAN_IN_ORDER, false},
                {0, 60, 1, false, PLAN_CHANGE, false}, /* what was just written is fresh */
                {0, 0, 1, false, PLAN_IN_ORDER, false},   {5, 0, 5000, false, PLAN_IN_ORDER, false},
                {5, 60, 64, false, PLAN_IN_ORDER, false}, {5, 60, 65, false, PLAN_IN_ORDER, true},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                PublicationTimes times = {
                        .refresh_interval_usec = cases[i].interval
                                                         ? cases[i].interval * USEC_PER_MINUTE
                                                         : USEC_INFINITY,
                };
                Publication p = {
                        .withdraw = cases[i].withdraw,
                        .refreshed_usec = cases[i].refreshed * USEC_PER_MINUTE,
                };
                publication_step(&p, &times, &(PublicationEvent){.kind = EVENT_DUE},
                                 cases[i].now * USEC_PER_MINUTE);
                p.wrote = cases[i].wrote;
                ck_assert_msg(publication_wants_refresh(&p) == cases[i].expected, "%zu", i);
        }
}
END_TEST

/* O13 */
START_TEST(former_name_stays_until_the_new_one_is_stable) {
        Publication p = {.since_usec = USEC_PER_HOUR};

        for (int state = 0; state < _PUBLICATION_STATE_MAX; state++) {
                p.state = (PublicationState)state;
                ck_assert(publication_keeps_derived(&p, USEC_PER_HOUR + STABLE - 1));
                ck_assert(publication_keeps_derived(&p, USEC_PER_HOUR + STABLE) ==
                          (state != PUBLICATION_PUBLISHED));
        }
}
END_TEST

/* E6.4: what one server proved says nothing of the next. */
START_TEST(observed_here_is_of_one_server) {
        Bench bench;

        bench_before(&bench, &(Input)ANSWER(TIMEOUT), 0);
        ck_assert(bench.publication.observed_here);
        bench_step(&bench, &(Input)ANSWER(TIMEOUT));
        ck_assert(bench.publication.server == 1 && !bench.publication.observed_here);
        bench_step(&bench, &(Input)NO_AUTHORITY);
        ck_assert(!bench.publication.observed_here);
}
END_TEST

/* --- changes ---------------------------------------------------------------------------------- */

/* What is wanted may change at any time: in each state, found or not, in a pass or not. */
START_TEST(change_starts_over) {
        for (unsigned bits = 0; bits < 16; bits++) {
                bool withdraw = bits & 1, relocate = bits & 2, located = bits & 4;
                bool locates = relocate || !located;
                PublicationState expected = withdraw  ? PUBLICATION_WITHDRAWING
                                            : locates ? PUBLICATION_LOCATING
                                                      : PUBLICATION_PUBLISHING;
                PublicationStep step;
                Bench bench;

                bench_init(&bench, false);
                bench.publication.state = (PublicationState)_i;
                bench.publication.located = located;
                bench.publication.in_pass = bits & 8;
                bench.publication.attempt = 7;
                bench.publication.server = 3;
                bench.publication.conflicts = bench.publication.closed = 1;
                bench.publication.trouble.kind = TROUBLE_DENIED;
                bench.now_usec += TICK;
                step = bench_step(&bench,
                                  &(Input)CHANGED(.withdraw = withdraw, .relocate = relocate));
                ck_assert(!step.ended && bench.publication.in_pass);
                ck_assert_int_eq(step.action, locates ? ACTION_LOCATE : ACTION_OBSERVE);
                ck_assert_int_eq(bench.publication.state, expected);
                ck_assert(bench.publication.since_usec ==
                          bench.now_usec - (expected == (PublicationState)_i ? TICK : 0));
                ck_assert_uint_eq(bench.publication.attempt, 0);
                ck_assert_uint_eq(bench.publication.conflicts + bench.publication.closed, 0);
                ck_assert_int_eq(bench.publication.trouble.kind, TROUBLE_NONE);
                if (locates)
                        step = bench_step(&bench, &(Input)LOCATED(4, 4));
                ck_assert(step.action == ACTION_OBSERVE && bench.publication.server == 0);
        }
}
END_TEST

START_TEST(more_servers_than_fit_are_cut) {
        Bench bench;

        bench_init(&bench, false);
        bench_step(&bench, &(Input)DUE);
        publication_step(&bench.publication, &bench.times,
                         &(PublicationEvent){EVENT_LOCATED, .n_servers = 300, .n_primaries = 256},
                         bench.now_usec);
        ck_assert_uint_eq(bench.publication.n_servers, 255);
        ck_assert_uint_eq(bench.publication.n_primaries, 255);
        for (unsigned i = 0; i < 254; i++)
                ck_assert(!bench_step(&bench, &(Input)ASKED(TIMEOUT)).ended);
        ck_assert(bench_step(&bench, &(Input)ASKED(TIMEOUT)).ended);
}
END_TEST

START_TEST(states_have_names) {
        const char *name = publication_state_to_string((PublicationState)_i);

        ck_assert_ptr_nonnull(name);
        for (int i = 0; i < _i; i++)
                ck_assert_str_ne(name, publication_state_to_string((PublicationState)i));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, each_answer_has_its_end, 0, ELEMENTSOF(answers));
        tcase_add_loop_test(tcase, each_answer_ends_a_search, REPLY_CONFLICT, _REPLY_KIND_MAX);
        tcase_add_loop_test(tcase, most_telling_trouble_is_kept, 0, ELEMENTSOF(rankings));
        tcase_add_test(tcase, trouble_has_the_words_of_the_answer);
        tcase_add_test(tcase, trouble_of_a_read_back_is_the_updates);
        tcase_add_test(tcase, retries_back_off);
        tcase_add_test(tcase, periods_are_spread);
        tcase_add_test(tcase, delay_after_a_conflict_is_random);
        tcase_add_test(tcase, a_look_now_is_a_pass);
        tcase_add_test(tcase, refresh_is_due);
        tcase_add_test(tcase, former_name_stays_until_the_new_one_is_stable);
        tcase_add_test(tcase, observed_here_is_of_one_server);
        tcase_add_loop_test(tcase, change_starts_over, 0, _PUBLICATION_STATE_MAX);
        tcase_add_test(tcase, more_servers_than_fit_are_cut);
        tcase_add_loop_test(tcase, states_have_names, 0, _PUBLICATION_STATE_MAX);
}

UNIT_MAIN("publication_rules", add_tests)
