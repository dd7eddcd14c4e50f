/* daemon/worker: every job ends exactly once, on the loop or dropped, and nobody waits for a call
   that hangs. Jobs are held in their thread by a pipe that the test closes. */
#include "daemon/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        BOUND_USEC = 10 * 1000 * 1000,
        N_JOBS = 200,
};

typedef struct Probe {
        Job job;
        int gate;         /* read end: run returns when the other end closes; -1: at once */
        Worker *worker;   /* freed by on_done if set */
        Worker *resubmit; /* on_done submits itself again once */
        pthread_t thread;
        bool signals_blocked;
        int order;
        int n_run;
        int n_done;
        int n_drop; /* by any thread, read under drop_lock */
} Probe;

static sd_event *event;
static Worker *worker;
static int order;
static pthread_mutex_t drop_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t dropped = PTHREAD_COND_INITIALIZER;

static void probe_run(Job *job) {
        Probe *probe = (Probe *)job;
        sigset_t set;
        char octet;

        pthread_sigmask(SIG_SETMASK, NULL, &set);
        probe->signals_blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGHUP);
        probe->thread = pthread_self();
        probe->order = __atomic_fetch_add(&order, 1, __ATOMIC_RELAXED);
        probe->n_run++;
        if (probe->gate >= 0)
                (void)!read(probe->gate, &octet, 1);
}

static void probe_on_done(Job *job) {
        Probe *probe = (Probe *)job;
        Worker *again = TAKE_PTR(probe->resubmit);

        probe->n_done++;
        if (again)
                ck_assert_int_eq(worker_submit(again, job), 0);
        worker_free(TAKE_PTR(probe->worker));
}

static void probe_on_drop(Job *job) {
        pthread_mutex_lock(&drop_lock);
        ((Probe *)job)->n_drop++;
        pthread_cond_broadcast(&dropped);
        pthread_mutex_unlock(&drop_lock);
}

static int probe_n_drop(Probe *probe) {
        pthread_mutex_lock(&drop_lock);
        int n = probe->n_drop;
        pthread_mutex_unlock(&drop_lock);
        return n;
}

static void probe_wait_drop(Probe *probe) {
        struct timespec deadline;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 10;
        pthread_mutex_lock(&drop_lock);
        while (probe->n_drop == 0)
                ck_assert_int_eq(pthread_cond_timedwait(&dropped, &drop_lock, &deadline), 0);
        pthread_mutex_unlock(&drop_lock);
}

static Probe probe_make(int gate) {
        return (Probe){
                .job = {.run = probe_run, .on_done = probe_on_done, .on_drop = probe_on_drop},
                .gate = gate,
        };
}

/* Runs the loop until *count is n. */
static void wait_for(const int *count, int n) {
        while (*count < n)
                ck_assert_int_gt(sd_event_run(event, BOUND_USEC), 0);
        ck_assert_int_eq(*count, n);
}

static void setup(unsigned n_threads) {
        order = 0;
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(worker_new(event, n_threads, &worker), 0);
}

static void teardown(void) {
        worker = worker_free(worker);
        event = sd_event_unref(event);
}

START_TEST(test_runs_off_the_loop_with_signals_blocked) {
        Probe probe = probe_make(-1);

        setup(2);
        ck_assert_int_eq(worker_submit(worker, &probe.job), 0);
        wait_for(&probe.n_done, 1);
        ck_assert_int_eq(probe.n_run, 1);
        ck_assert_int_eq(probe_n_drop(&probe), 0);
        ck_assert(!pthread_equal(probe.thread, pthread_self()));
        ck_assert(probe.signals_blocked);
        teardown();
}
END_TEST

START_TEST(test_one_thread_keeps_the_order) {
        Probe probes[N_JOBS];

        setup(1);
        for (int i = 0; i < N_JOBS; i++) {
                probes[i] = probe_make(-1);
                ck_assert_int_eq(worker_submit(worker, &probes[i].job), 0);
        }
        wait_for(&probes[N_JOBS - 1].n_done, 1);
        for (int i = 0; i < N_JOBS; i++) {
                ck_assert_int_eq(probes[i].n_done, 1);
                ck_assert_int_eq(probes[i].order, i);
        }
        teardown();
}
END_TEST

/* A job that hangs leaves the other thread to work; no more threads than asked for are used. */
START_TEST(test_hanging_job_does_not_stop_the_others) {
        int gate[2];
        Probe quick = probe_make(-1), third = probe_make(-1);

        setup(2);
        ck_assert_int_eq(pipe(gate), 0);
        Probe hanging = probe_make(gate[0]);
        ck_assert_int_eq(worker_submit(worker, &hanging.job), 0);
        ck_assert_int_eq(worker_submit(worker, &quick.job), 0);
        wait_for(&quick.n_done, 1);
        ck_assert_int_eq(worker_submit(worker, &third.job), 0);
        wait_for(&third.n_done, 1);
        ck_assert(pthread_equal(quick.thread, third.thread));
        ck_assert_int_eq(hanging.n_done, 0);
        close(gate[1]);
        wait_for(&hanging.n_done, 1);
        close(gate[0]);
        teardown();
}
END_TEST

START_TEST(test_cancel_in_each_phase) {
        int gate[2];
        Probe queued = probe_make(-1), finished = probe_make(-1);

        setup(1);
        ck_assert_int_eq(pipe(gate), 0);
        Probe running = probe_make(gate[0]);

        /* Running: dropped by its thread, when it ends. */
        ck_assert_int_eq(worker_submit(worker, &running.job), 0);
        while (__atomic_load_n(&order, __ATOMIC_ACQUIRE) == 0)
                sched_yield();
        /* Queued: at once, and it never runs. */
        ck_assert_int_eq(worker_submit(worker, &queued.job), 0);
        worker_cancel(worker, &queued.job);
        ck_assert_int_eq(probe_n_drop(&queued), 1);
        worker_cancel(worker, &running.job);
        ck_assert_int_eq(probe_n_drop(&running), 0);
        close(gate[1]);
        probe_wait_drop(&running);

        /* Finished, the loop not yet told: at once. */
        ck_assert_int_eq(worker_submit(worker, &finished.job), 0);
        ck_assert_int_gt(sd_event_prepare(event) ?: sd_event_wait(event, BOUND_USEC), 0);
        worker_cancel(worker, &finished.job);
        ck_assert_int_eq(probe_n_drop(&finished), 1);
        sd_event_dispatch(event);

        ck_assert_int_eq(queued.n_run + queued.n_done, 0);
        ck_assert_int_eq(running.n_run, 1);
        ck_assert_int_eq(running.n_done + finished.n_done, 0);
        ck_assert_int_eq(probe_n_drop(&running), 1);
        ck_assert_int_eq(probe_n_drop(&finished), 1);
        close(gate[0]);
        teardown();
}
END_TEST

START_TEST(test_free_does_not_wait) {
        int gate[2];
        Probe queued = probe_make(-1);

        setup(1);
        ck_assert_int_eq(pipe(gate), 0);
        Probe running = probe_make(gate[0]);
        ck_assert_int_eq(worker_submit(worker, &running.job), 0);
        while (__atomic_load_n(&order, __ATOMIC_ACQUIRE) == 0)
                sched_yield();
        ck_assert_int_eq(worker_submit(worker, &queued.job), 0);
        worker = worker_free(worker);
        ck_assert_int_eq(probe_n_drop(&queued), 1);
        ck_assert_int_eq(probe_n_drop(&running), 0);
        close(gate[1]);
        probe_wait_drop(&running);
        ck_assert_int_eq(queued.n_run + queued.n_done + running.n_done, 0);
        close(gate[0]);
        teardown();
}
END_TEST

START_TEST(test_freed_by_its_own_job) {
        Probe probes[3];

        setup(1);
        for (int i = 0; i < 3; i++)
                probes[i] = probe_make(-1);
        probes[0].worker = worker;
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(worker_submit(worker, &probes[i].job), 0);
        worker = NULL;
        wait_for(&probes[0].n_done, 1);
        probe_wait_drop(&probes[1]);
        probe_wait_drop(&probes[2]);
        ck_assert_int_eq(probes[1].n_done + probes[2].n_done, 0);
        ck_assert_int_eq(probe_n_drop(&probes[0]), 0);
        teardown();
}
END_TEST

START_TEST(test_drain_delivers_all) {
        Probe probes[N_JOBS];

        setup(4);
        for (int i = 0; i < N_JOBS; i++) {
                probes[i] = probe_make(-1);
                ck_assert_int_eq(worker_submit(worker, &probes[i].job), 0);
        }
        probes[N_JOBS - 1].resubmit = worker;
        worker_drain(worker);
        for (int i = 0; i < N_JOBS; i++)
                ck_assert_int_eq(probes[i].n_done, 1 + (i == N_JOBS - 1));
        worker_drain(worker);
        teardown();
}
END_TEST

START_TEST(test_drain_passes_over_what_was_given_up) {
        int gate[2];
        Probe other = probe_make(-1);

        setup(2);
        ck_assert_int_eq(pipe(gate), 0);
        Probe hanging = probe_make(gate[0]);
        ck_assert_int_eq(worker_submit(worker, &hanging.job), 0);
        while (__atomic_load_n(&order, __ATOMIC_ACQUIRE) == 0)
                sched_yield();
        worker_cancel(worker, &hanging.job);
        ck_assert_int_eq(worker_submit(worker, &other.job), 0);
        worker_drain(worker);
        ck_assert_int_eq(other.n_done, 1);
        close(gate[1]);
        probe_wait_drop(&hanging);
        close(gate[0]);
        teardown();
}
END_TEST

START_TEST(test_free_accepts_null) {
        ck_assert_ptr_null(worker_free(NULL));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_runs_off_the_loop_with_signals_blocked);
        tcase_add_test(tcase, test_one_thread_keeps_the_order);
        tcase_add_test(tcase, test_hanging_job_does_not_stop_the_others);
        tcase_add_test(tcase, test_cancel_in_each_phase);
        tcase_add_test(tcase, test_free_does_not_wait);
        tcase_add_test(tcase, test_freed_by_its_own_job);
        tcase_add_test(tcase, test_drain_delivers_all);
        tcase_add_test(tcase, test_drain_passes_over_what_was_given_up);
        tcase_add_test(tcase, test_free_accepts_null);
}

UNIT_MAIN("worker", add_tests)
