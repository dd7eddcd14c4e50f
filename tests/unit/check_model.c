/* Ownership as a whole (O1-O13): publishers, an admin and a primary in random histories. Every
   message is judged when it is applied, and what there is after a long calm: nobody deletes what is
   foreign, nobody becomes a second holder of a name that is to have one, nothing is left behind by
   who left in order, leases that ran out are reclaimed, all come to rest and stay there.

   A history that fails is cut down to what it takes and printed as a script. A script is run, and
   told step by step, by

       SRVPUBD_MODEL_REPLAY=FILE build/san/check_model

   and histories from one seed on by SRVPUBD_MODEL_SEED=N SRVPUBD_MODEL_COUNT=N. With SRVPUBD_SOAK=1
   there are a hundred times as many, on every core. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_model_world.h"
#include "tests/unit/unit.h"

enum {
        HISTORIES = 9000,
        SOAK_FACTOR = 100,
        JOBS_MAX = 64,
};

/* --- a history that fails --------------------------------------------------------------------- */

static void print_failure(const ModelHistory *history, const char *fault) {
        fprintf(stderr, "# %s\n", fault);
        model_history_print(stderr, history);
}

/* The same rule, whoever breaks it with whatever record. */
static bool same_fault(const char *a, const char *b) {
        return strncmp(a + 1, b + 1, 12) == 0;
}

static bool fails_without(const ModelHistory *history, size_t from, size_t n, const char *why,
                          ModelHistory *ret_history) {
        char fault[MODEL_FAULT_MAX];
        ModelTally tally;

        *ret_history = *history;
        ret_history->n_events -= n;
        memmove(&ret_history->events[from], &history->events[from + n],
                (history->n_events - from - n) * sizeof(history->events[0]));
        return !model_play(ret_history, NULL, fault, &tally) && same_fault(fault, why);
}

/* Leaves out what it fails without, in ever smaller pieces. */
static void shrink(ModelHistory *history, const char *why) {
        static ModelHistory less;

        for (size_t n = history->n_events / 2; n > 0; n /= 2)
                for (size_t from = 0; from + n <= history->n_events;)
                        if (fails_without(history, from, n, why, &less))
                                *history = less;
                        else
                                from += n;
}

static bool holds(uint64_t seed, ModelTally *total) {
        static ModelHistory history;
        char fault[MODEL_FAULT_MAX];
        ModelTally tally;

        model_history_draw(&history, seed);
        if (model_play(&history, NULL, fault, &tally)) {
                total->n_messages += tally.n_messages;
                total->n_conflicts += tally.n_conflicts;
                total->n_published += tally.n_published;
                total->n_standby += tally.n_standby;
                total->n_batches += tally.n_batches;
                total->n_refused += tally.n_refused;
                return true;
        }
        for (size_t before = history.n_events + 1; history.n_events < before;) {
                before = history.n_events;
                shrink(&history, fault);
        }
        (void)model_play(&history, NULL, fault, &tally);
        print_failure(&history, fault);
        return false;
}

static uint64_t number_from(const char *variable, uint64_t otherwise) {
        const char *text = getenv(variable);

        return text ? strtoull(text, NULL, 10) : otherwise;
}

/* A sanitizer's complaint ends the process: say at least where. */
static uint64_t seed_now;

static void tell_seed(void) {
        fprintf(stderr, "in the history of SRVPUBD_MODEL_SEED=%" PRIu64 "\n", seed_now);
}

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_set_death_callback(void (*callback)(void));
#else
static void __sanitizer_set_death_callback(void (*callback)(void)) {
        (void)callback;
}
#endif

/* --- many histories --------------------------------------------------------------------------- */

static bool run_from(uint64_t seed, uint64_t n) {
        ModelTally total = {0};

        __sanitizer_set_death_callback(tell_seed);
        for (uint64_t i = 0; i < n; i++) {
                seed_now = seed + i;
                if (!holds(seed_now, &total)) {
                        tell_seed();
                        return false;
                }
        }
        /* It has been everywhere, or it proves little. */
        return n < HISTORIES ||
               (total.n_messages > 5 * n && total.n_conflicts > n / 4 && total.n_published > n &&
                total.n_standby > n / 4 && total.n_batches > n / 8 && total.n_refused > n / 100);
}

static bool run_jobs(uint64_t seed, uint64_t n, long n_jobs) {
        pid_t jobs[JOBS_MAX];
        bool ok = true;
        int status;

        if (n_jobs < 1 || n_jobs > JOBS_MAX)
                n_jobs = 1;
        for (long i = 0; i < n_jobs; i++) {
                jobs[i] = fork();
                ck_assert_int_ge(jobs[i], 0);
                if (jobs[i] == 0)
                        _exit(run_from(seed + (uint64_t)i * (n / (uint64_t)n_jobs),
                                       n / (uint64_t)n_jobs)
                                      ? EXIT_SUCCESS
                                      : EXIT_FAILURE);
        }
        for (long i = 0; i < n_jobs; i++)
                ok = waitpid(jobs[i], &status, 0) == jobs[i] && status == 0 && ok;
        return ok;
}

START_TEST(histories) {
        const char *soak = getenv("SRVPUBD_SOAK");
        const uint64_t seed = number_from("SRVPUBD_MODEL_SEED", 1);
        uint64_t n = number_from("SRVPUBD_MODEL_COUNT", HISTORIES);

        if (soak && strcmp(soak, "1") == 0)
                ck_assert(run_jobs(seed, n * SOAK_FACTOR, sysconf(_SC_NPROCESSORS_ONLN)));
        else
                ck_assert(run_from(seed, n));
}
END_TEST

/* --- scripts ---------------------------------------------------------------------------------- */

static void parse(const char *script, ModelHistory *ret_history) {
        _cleanup_(fclosep) FILE *file = fmemopen((char *)(uintptr_t)script, strlen(script), "r");

        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(model_history_parse(file, ret_history), 0);
}

/* Each was a mistake once, or is what the rules are for. */
static const struct {
        const char *what;
        const char *script;
} stories[] = {
        {"two join at one offer, and leave (O3, O5)",
         "want A 3600 configured h4:1688:0:0 h0:1688:1:0\n"
         "want B 300 configured h6:1688:0:0 h0:1688:2:0\n"
         "start A\n"
         "start B\n"
         "run 2000\n"
         "want A 3600 configured\n"
         "run 2000\n"
         "want B 300 configured\n"},
        {"one joins while another removes a double (O5)", "want A 7200 configured h1:1688:0:2\n"
                                                          "want B 3600 configured h1:1688:0:0\n"
                                                          "start B\n"
                                                          "go B 3\n"
                                                          "add-srv h1:1688:0:2 3600\n"
                                                          "start A\n"},
        {"an update arrives after the wish changed (O13)", "want A 3600 configured h4:1688:0:0\n"
                                                           "start A\n"
                                                           "go A 4\n"
                                                           "want A 3600 configured\n"
                                                           "go A 1\n"
                                                           "arrive A\n"},
        {"the same while the machine sleeps in the middle of a look (O13)",
         "policy B shared no reclaim=0 lease=0 check=900 refresh=0\n"
         "want B 3600 configured h0:1688:0:0 h6:1688:6:0\n"
         "start B\n"
         "go B 5\n"
         "want B 3600 configured h0:1688:0:0\n"
         "go B 4\n"
         "arrive B\n"
         "time 300\n"},
        {"an SRV deleted by hand comes back late, when its claim was withdrawn (O1, O13)",
         "want A 300 configured h5:1688:0:2\n"
         "start A\n"
         "go A 8\n"
         "delete-srvs\n"
         "go A 3\n"
         "want A 300 configured\n"
         "go A 3\n"
         "arrive A\n"},
        {"it comes back between the look and the withdrawal (O1, O13)",
         "want A 3600 derived h5:1688:1:1\n"
         "start A\n"
         "go A 9\n"
         "delete-srvs\n"
         "timeout A\n"
         "go A 4\n"
         "want A 3600 derived\n"
         "go A 1\n"
         "arrive A\n"},
        {"other numbers arrive between the two halves of the look that withdraws (O1, O13)",
         "want A 3600 configured h5:1688:1:0 H0:1688:2:1\n"
         "start A\n"
         "run 4000\n"
         "want A 3600 configured h5:1688:0:2 H0:1688:2:1\n"
         "go A 3\n"
         "want A 3600 configured\n"
         "go A 1\n"
         "arrive A\n"},
        {"killed between intent and update, and no longer wanted (O13)",
         "policy A shared no reclaim=0 lease=0 check=900 refresh=0\n"
         "want A 3600 configured h4:1688:0:0\n"
         "start A\n"
         "go A 4\n"
         "crash A\n"
         "arrive A\n"
         "want A 3600 configured\n"
         "start A\n"},
        {"claims given up, killed before that is written, and withdrawn (O1, O13)",
         "want A 3600 configured h4:1688:0:0\n"
         "start A\n"
         "run 10\n"
         "policy A shared no reclaim=0 lease=0 check=900 refresh=0\n"
         "go A 6\n"
         "crash-unsynced A\n"
         "want A 3600 configured\n"
         "start A\n"},
        {"what another claimed is no record of ours (O1)",
         "policy C shared no reclaim=0 lease=0 check=300 refresh=0\n"
         "want B 3600 configured h1:1688:1:0\n"
         "start B\n"
         "run 10\n"
         "want C 3600 configured h1:1688:1:0\n"
         "start C\n"
         "run 300\n"
         "policy B shared no reclaim=0 lease=0 check=300 refresh=0\n"
         "want C 3600 configured h2:1688:2:0\n"},
        {"an intent that could not be written takes nothing away (O13)",
         "want B 300 configured h6:1688:1:1\n"
         "start B\n"
         "disk-full B\n"
         "add-srv h6:1688:2:1 600\n"
         "go B 4\n"
         "want B 3600 configured\n"},
        {"another intent was, when the wish changed (O13)",
         "policy B exclusive auto reclaim=0 lease=0 check=300 refresh=0\n"
         "want B 300 configured h6:1688:2:0\n"
         "start B\n"
         "add-srv h6:1688:0:0 3600\n"
         "go B 4\n"
         "want B 300 configured h7:1688:2:1\n"},
        {"one claims what another is about to take away (O1)",
         "policy A shared no reclaim=0 lease=0 check=900 refresh=0\n"
         "want A 3600 configured h1:1688:1:0\n"
         "start A\n"
         "run 10\n"
         "want B 3600 configured h1:1688:1:0\n"
         "start B\n"
         "want A 3600 configured\n"
         "go A 2\n"
         "go B 6\n"
         "go A\n"},
        {"a takeover between the halves of a look (O6, O9)",
         "want A 7200 configured h5:1688:1:0\n"
         "policy B exclusive yes reclaim=0 lease=0 check=900 refresh=0\n"
         "want B 7200 configured h7:1688:1:0 h6:1688:2:1\n"
         "start B\n"
         "go B 6\n"
         "reborn B\n"
         "start B\n"
         "go B 3\n"
         "start A\n"
         "take-over A h6:1688\n"
         "go A 4\n"},
        {"the holder leaves, one of two takes over (O6)",
         "policy A exclusive auto reclaim=0 lease=0 check=300 refresh=0\n"
         "policy B exclusive auto reclaim=0 lease=0 check=300 refresh=0\n"
         "policy C exclusive auto reclaim=0 lease=0 check=300 refresh=0\n"
         "want A 3600 configured h4:1688:0:0\n"
         "want B 3600 configured h6:1688:0:0\n"
         "want C 3600 configured h8:1688:0:0\n"
         "start A\n"
         "start B\n"
         "start C\n"
         "run 1000\n"
         "want A 3600 configured\n"},
        {"in standby a former name of this machine is no reason to hurry (O6, O13)",
         "policy B exclusive yes reclaim=0 lease=0 check=900 refresh=0\n"
         "want B 7200 derived h7:1688:0:1\n"
         "want D 3600 configured h1:1688:2:1\n"
         "start B\n"
         "start D\n"
         "go B 3\n"
         "go D 2\n"
         "want B 7200 derived h0:1688:2:1\n"},
        {"somebody claims what made us the holder (O1, O6)",
         "policy D exclusive auto reclaim=0 lease=0 check=900 refresh=0\n"
         "want A 300 configured H1:1688:2:1\n"
         "want D 7200 configured h1:1688:1:1\n"
         "start A\n"
         "go A 12\n"
         "add-srv h14:1688:1:0 600\n"
         "delete-claim H1:1688\n"
         "start D\n"},
        {"the holder dies, one of two reclaims (O6, O8)",
         "policy A exclusive auto reclaim=0 lease=1200 check=300 refresh=0\n"
         "policy B exclusive auto reclaim=1 lease=1200 check=300 refresh=0\n"
         "policy C exclusive auto reclaim=1 lease=1200 check=300 refresh=0\n"
         "clock B 3600\n"
         "want A 3600 configured h4:1688:0:0\n"
         "want B 3600 configured h6:1688:0:0\n"
         "want C 3600 configured h8:1688:0:0\n"
         "start A\n"
         "run 10\n"
         "start B\n"
         "start C\n"
         "run 1000\n"
         "crash A\n"},
        {"a reclaimer in standby wants what the dead one claims (O6, O8)",
         "policy C exclusive yes reclaim=1 lease=1800 check=300 refresh=0\n"
         "want B 7200 configured h7:1688:2:2 h6:1688:2:0\n"
         "want C 7200 configured H9:1689:2:1\n"
         "start B\n"
         "start C\n"
         "add-claim H9:1689 1200\n"
         "add-srv H9:1689:0:1 600\n"},
        {"a living one whose clock is an hour behind is not reclaimed (O8)",
         "policy A shared auto reclaim=1 lease=3600 check=900 refresh=0\n"
         "policy B shared auto reclaim=1 lease=3600 check=900 refresh=0\n"
         "clock A -3600\n"
         "want A 3600 configured h4:1688:0:0\n"
         "want B 3600 configured h6:1688:0:0\n"
         "start A\n"
         "start B\n"
         "run 20000\n"},
        {"taken over from one that lost its state (O9)", "want A 3600 configured h4:1688:0:0\n"
                                                         "start A\n"
                                                         "run 10\n"
                                                         "reborn A\n"
                                                         "start A\n"
                                                         "run 10\n"
                                                         "take-over A h4:1688\n"
                                                         "run 1000\n"
                                                         "want A 3600 configured\n"},
        {"another changes the TTL before the read-back (O12)",
         "want B 3600 configured h0:1688:2:0\n"
         "start B\n"
         "go B 5\n"
         "set-ttl 600\n"},
        {"two machines with one id and other numbers (O4)", "want C 300 configured h8:1688:1:1\n"
                                                            "start C\n"
                                                            "run 10\n"
                                                            "twin B 2\n"
                                                            "want B 300 configured h8:1688:0:1\n"
                                                            "start B\n"},
        {"a clock that stepped back while an update was late (O5)",
         "policy B shared auto reclaim=0 lease=1200 check=300 refresh=0\n"
         "want B 3600 configured h6:1688:0:2 h7:1688:0:1\n"
         "start B\n"
         "go B 5\n"
         "clock B -3357\n"
         "want B 3600 configured h6:1688:1:0 h7:1688:0:1\n"
         "go B 1\n"
         "arrive B\n"},
};

START_TEST(scripts) {
        static ModelHistory history;
        char fault[MODEL_FAULT_MAX];
        ModelTally tally;

        parse(stories[_i].script, &history);
        for (size_t i = 0; i < 2 * model_n_kinds; i++) {
                history.kind = (uint8_t)(i / 2);
                history.n_names = i % 2 ? MODEL_NAMES_MAX : 1;
                if (!model_play(&history, NULL, fault, &tally))
                        ck_abort_msg("%s, on %s: %s", stories[_i].what,
                                     model_kinds[history.kind].name, fault);
        }
}
END_TEST

/* What is printed of a failure is the history that failed. */
START_TEST(printed_and_read) {
        static ModelHistory history, again;
        _cleanup_(freep) char *text = NULL;
        char fault[MODEL_FAULT_MAX];
        ModelTally first, second;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(file);
        model_history_draw(&history, (uint64_t)_i);
        model_history_print(file, &history);
        ck_assert_int_eq(fclose(file), 0);
        parse(text, &again);
        ck_assert(history.seed == again.seed && history.kind == again.kind &&
                  history.srv_only == again.srv_only && history.n_names == again.n_names);
        ck_assert(model_play(&history, NULL, fault, &first) ==
                  model_play(&again, NULL, fault, &second));
        ck_assert_mem_eq(&first, &second, sizeof(first));
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

static void replay(const char *path) {
        static ModelHistory history;
        char fault[MODEL_FAULT_MAX];
        ModelTally tally;
        unsigned line;
        _cleanup_(fclosep) FILE *file = fopen(path, "r");

        if (!file)
                ck_abort_msg("%s cannot be read", path);
        line = model_history_parse(file, &history);
        if (line > 0)
                ck_abort_msg("%s:%u: no event", path, line);
        if (!model_play(&history, stdout, fault, &tally))
                ck_abort_msg("%s", fault);
}

START_TEST(replayed) {
        replay(getenv("SRVPUBD_MODEL_REPLAY"));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 0);
        if (getenv("SRVPUBD_MODEL_REPLAY")) {
                tcase_add_test(tcase, replayed);
                return;
        }
        tcase_add_loop_test(tcase, scripts, 0, ELEMENTSOF(stories));
        tcase_add_loop_test(tcase, printed_and_read, 1, 100);
        tcase_add_test(tcase, histories);
}

UNIT_MAIN("model", add_tests)
