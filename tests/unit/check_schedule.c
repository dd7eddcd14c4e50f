/* The heap behind one timer: order, slices, how much runs at a time, and what a handler may do to
   it. Times in the past are due at the next turn of the loop; a few milliseconds ahead show that
   the timer is armed. Where a window counts, the loop's clock stands still: the timer goes by the
   true one. */
#include "daemon/schedule.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        N_ENTRIES = 1000,
        SLICE = 64,         /* at most, in one turn */
        RUNNING_MAX = 1024, /* at most, but for as many more in each window */
        N_MANY = 4 * RUNNING_MAX,
        TURNS_MAX = 10000,
};

#define WINDOW_USEC (100 * USEC_PER_MSEC)

typedef struct Item {
        ScheduleEntry entry;
        unsigned n_due;
        bool goes_on; /* it runs until the test ends it */
        void (*then)(struct Item *item);
        struct Item *other; /* the test's, for then */
} Item;

static sd_event *event;
static Schedule *schedule;
static unsigned n_due; /* of all items */
static uint64_t last_due_usec;
static uint64_t seed;
static uint64_t frozen_usec; /* 0: the clock goes */

/* In place of the library's. */
int sd_event_now(sd_event *loop, clockid_t clock, uint64_t *ret_usec) {
        __typeof__(sd_event_now) *real = (__typeof__(real))dlsym(RTLD_NEXT, "sd_event_now");
        int r = real(loop, clock, ret_usec);

        if (clock == CLOCK_BOOTTIME && frozen_usec > 0)
                *ret_usec = frozen_usec;
        return r;
}

/* What is due runs until it is put in again or removed; mostly it has no more to do. */
static void on_due(ScheduleEntry *entry) {
        Item *item = (Item *)entry;

        ck_assert_uint_gt(item->entry.position, N_MANY); /* not in the heap */
        ck_assert_uint_le(item->entry.due_usec, schedule_now_usec(schedule));
        item->n_due++;
        n_due++;
        last_due_usec = item->entry.due_usec;
        if (item->then)
                item->then(item);
        else if (!item->goes_on)
                schedule_remove(schedule, &item->entry);
}

static void setup(void) {
        n_due = 0;
        last_due_usec = 0;
        frozen_usec = 0;
        seed = 1;
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(schedule_new(event, on_due, &schedule), 0);
}

static void teardown(void) {
        schedule = schedule_free(schedule);
        event = sd_event_unref(event);
}

static uint32_t draw(uint32_t below) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        return (uint32_t)(seed >> 33) % below;
}

static void item_init(Item *item) {
        *item = (Item){0};
}

static void set(Item *item, uint64_t due_usec) {
        ck_assert_int_eq(schedule_set(schedule, &item->entry, due_usec), 0);
}

/* One turn of the loop, without waiting. True if there was something to do. */
static bool turn(void) {
        int r = sd_event_run(event, 0);

        ck_assert_int_ge(r, 0);
        return r > 0;
}

static void run(void) {
        for (unsigned i = 0; turn(); i++)
                ck_assert_uint_lt(i, TURNS_MAX);
}

START_TEST(nothing_is_due_in_an_empty_schedule) {
        ck_assert(!turn());
        ck_assert_ptr_null(schedule_free(NULL));
}
END_TEST

START_TEST(due_in_order_and_in_slices) {
        static Item items[N_ENTRIES];
        unsigned before = 0, n_turns = 0;

        for (size_t i = 0; i < N_ENTRIES; i++) {
                item_init(&items[i]);
                set(&items[i], 1 + draw(500)); /* many at the same time */
        }
        for (uint64_t last_usec = 0; turn(); n_turns++) {
                ck_assert_uint_le(n_due - before, SLICE);
                ck_assert_uint_le(last_usec, last_due_usec);
                before = n_due;
                last_usec = last_due_usec;
        }
        ck_assert_uint_eq(n_due, N_ENTRIES);
        ck_assert_uint_ge(n_turns, N_ENTRIES / SLICE);
        for (size_t i = 0; i < N_ENTRIES; i++)
                ck_assert_uint_eq(items[i].n_due, 1);
}
END_TEST

static uint64_t drained_usec;

static void check_order(Item *item) {
        ck_assert_uint_le(drained_usec, item->entry.due_usec);
        drained_usec = item->entry.due_usec;
        schedule_remove(schedule, &item->entry);
}

/* Puts, moves and removes at random; what is left comes out once each, in order. */
START_TEST(any_sequence_keeps_the_order) {
        static Item items[N_ENTRIES];
        static bool in[N_ENTRIES];
        unsigned expected = 0;

        seed = (unsigned)_i + 1;
        drained_usec = 0;
        memset(in, 0, sizeof(in));
        for (size_t i = 0; i < N_ENTRIES; i++) {
                item_init(&items[i]);
                items[i].then = check_order;
        }
        for (unsigned i = 0; i < 20 * N_ENTRIES; i++) {
                size_t at = draw(_i % 2 ? N_ENTRIES : 70);
                unsigned what = draw(4);

                if (what == 0)
                        schedule_remove(schedule, &items[at].entry);
                else
                        set(&items[at], what == 1 && draw(4) == 0 ? USEC_INFINITY : draw(100000));
                in[at] = items[at].entry.position > 0;
                if (what == 0)
                        ck_assert(!in[at]);
        }
        for (size_t i = 0; i < N_ENTRIES; i++)
                expected += in[i];
        run();
        ck_assert_uint_gt(expected, 30);
        ck_assert_uint_eq(n_due, expected);
        for (size_t i = 0; i < N_ENTRIES; i++)
                ck_assert_uint_eq(items[i].n_due, in[i]);
}
END_TEST

START_TEST(infinity_and_removal_take_it_out) {
        Item a, b;

        item_init(&a);
        item_init(&b);
        schedule_remove(schedule, &a.entry);
        set(&a, USEC_INFINITY);
        ck_assert_uint_eq(a.entry.position, 0);
        set(&a, 1);
        set(&b, 2);
        set(&a, USEC_INFINITY);
        schedule_remove(schedule, &b.entry);
        schedule_remove(schedule, &b.entry);
        ck_assert(turn()); /* what the timer was set for is no more: it finds nothing ... */
        ck_assert_uint_eq(n_due, 0);
        ck_assert(!turn()); /* ... and is off */
        set(&b, 3);
        run();
        ck_assert_uint_eq(b.n_due, 1);
}
END_TEST

/* Waits in the loop for an item that is ahead; the bound is far beyond it. */
static void await(const Item *item, unsigned times) {
        uint64_t start_usec, now_usec;

        ck_assert_int_ge(sd_event_now(event, CLOCK_MONOTONIC, &start_usec), 0);
        while (item->n_due < times) {
                ck_assert_int_ge(sd_event_run(event, USEC_PER_SEC), 0);
                ck_assert_int_ge(sd_event_now(event, CLOCK_MONOTONIC, &now_usec), 0);
                ck_assert_uint_lt(now_usec - start_usec, 30 * USEC_PER_SEC);
        }
}

START_TEST(timer_is_armed_for_the_first) {
        Item soon, later;

        item_init(&soon);
        item_init(&later);
        set(&later, schedule_now_usec(schedule) + USEC_PER_HOUR);
        set(&soon, schedule_now_usec(schedule) + 5 * USEC_PER_MSEC);
        ck_assert(!turn() || n_due == 1);
        await(&soon, 1);
        ck_assert_uint_eq(later.n_due, 0);
        /* Moved forward, and armed anew each time the first one goes. */
        set(&soon, schedule_now_usec(schedule) + USEC_PER_HOUR);
        set(&later, schedule_now_usec(schedule) + 5 * USEC_PER_MSEC);
        await(&later, 1);
        set(&later, schedule_now_usec(schedule) + 2 * USEC_PER_HOUR);
        schedule_remove(schedule, &soon.entry);
        set(&later, schedule_now_usec(schedule) + 5 * USEC_PER_MSEC);
        await(&later, 2);
        ck_assert_uint_eq(soon.n_due, 1);
}
END_TEST

START_TEST(moved_away_it_is_not_due) {
        Item item;

        item_init(&item);
        set(&item, 1);
        set(&item, schedule_now_usec(schedule) + USEC_PER_HOUR);
        run();
        ck_assert_uint_eq(n_due, 0);
        set(&item, 1);
        run();
        ck_assert_uint_eq(n_due, 1);
}
END_TEST

/* --- what a handler may do -------------------------------------------------------------------- */

static void remove_other(Item *item) {
        schedule_remove(schedule, &item->other->entry);
        schedule_remove(schedule, &item->entry);
}

START_TEST(handler_removes_another_that_is_due) {
        Item a, b;

        item_init(&a);
        item_init(&b);
        a.then = remove_other;
        a.other = &b;
        set(&a, 1);
        set(&b, 2);
        run();
        ck_assert_uint_eq(a.n_due, 1);
        ck_assert_uint_eq(b.n_due, 0);
}
END_TEST

static void free_item(Item *item) {
        schedule_remove(schedule, &item->entry);
        free(item);
}

START_TEST(handler_frees_its_own) {
        for (unsigned i = 0; i < 100; i++) {
                Item *item = malloc(sizeof(*item));

                ck_assert_ptr_nonnull(item);
                item_init(item);
                item->then = free_item;
                set(item, i + 1);
        }
        run();
        ck_assert_uint_eq(n_due, 100);
}
END_TEST

static void set_again(Item *item) {
        set(item, 1);
}

static int count(sd_event_source *source, void *userdata) {
        (*(unsigned *)userdata)++;
        return 0;
}

/* Answers first: one that is always due keeps nothing else from its turn. */
START_TEST(always_due_starves_nobody) {
        sd_event_source *answers = NULL;
        unsigned n_answers = 0;
        Item item;

        item_init(&item);
        item.then = set_again;
        set(&item, 1);
        ck_assert_int_ge(sd_event_add_defer(event, &answers, count, &n_answers), 0);
        for (unsigned i = 1; i <= 10; i++) {
                unsigned before = n_due;

                ck_assert_int_ge(sd_event_source_set_enabled(answers, SD_EVENT_ONESHOT), 0);
                ck_assert(turn());
                ck_assert_uint_eq(n_answers, i);
                ck_assert_uint_eq(n_due, before);
                ck_assert(turn());
                ck_assert_uint_eq(n_due, before + SLICE);
        }
        sd_event_source_disable_unref(answers);
}
END_TEST

/* --- how much runs ---------------------------------------------------------------------------- */

static Item many[N_MANY];

/* All due at once; they go on when they have begun. */
static void set_many(void) {
        for (size_t i = 0; i < N_MANY; i++) {
                item_init(&many[i]);
                many[i].goes_on = true;
                set(&many[i], i + 1);
        }
}

static void end_many(size_t from, size_t n) {
        for (size_t i = from; i < from + n; i++)
                schedule_remove(schedule, &many[i].entry);
}

/* Whatever begins in this window. When it is over by the true clock, the timer wakes us in vain. */
static void run_window(void) {
        for (unsigned quiet = 0, before = n_due; quiet < 3; before = n_due) {
                (void)turn();
                quiet = n_due == before ? quiet + 1 : 0;
        }
}

static void begin_full(void) {
        frozen_usec = schedule_now_usec(schedule);
        set_many();
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX);
}

/* Waits until so many have begun, and whatever else does then. */
static void await_window(unsigned n) {
        uint64_t start_usec, now_usec;

        ck_assert_int_ge(sd_event_now(event, CLOCK_MONOTONIC, &start_usec), 0);
        while (n_due < n) {
                ck_assert_int_ge(sd_event_run(event, USEC_PER_SEC), 0);
                ck_assert_int_ge(sd_event_now(event, CLOCK_MONOTONIC, &now_usec), 0);
                ck_assert_uint_lt(now_usec - start_usec, 30 * USEC_PER_SEC);
        }
        run_window();
}

START_TEST(so_many_run_and_no_more) {
        begin_full();
        for (size_t i = 0; i < N_MANY; i++)
                ck_assert_uint_eq(many[i].n_due, i < RUNNING_MAX);
        end_many(0, N_MANY);
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX);
}
END_TEST

/* The loop sleeps then: unless this machine was slower than a window, which is seldom so often. */
START_TEST(full_it_does_not_spin) {
        bool sleeps = false;

        for (int i = 0; i < 50 && !sleeps; i++) {
                teardown();
                setup();
                begin_full();
                sleeps = !turn();
                end_many(0, N_MANY);
        }
        ck_assert(sleeps);
}
END_TEST

/* What ends makes room for as many, at once. */
START_TEST(what_ends_makes_room) {
        begin_full();
        end_many(0, 10);
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX + 10);
        /* Put in again it does not run either; and waits behind those that were due before. */
        for (size_t i = 10; i < 30; i++)
                set(&many[i], N_MANY + i);
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX + 30);
        ck_assert_uint_eq(many[RUNNING_MAX + 29].n_due, 1);
        ck_assert_uint_eq(many[10].n_due, 1);
        end_many(0, N_MANY);
}
END_TEST

/* Those that hang do not keep the rest from beginning: as many more each time a window is over. */
START_TEST(as_many_more_in_each_window) {
        begin_full();
        frozen_usec += WINDOW_USEC - 1;
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX);
        for (unsigned i = 2; i <= N_MANY / RUNNING_MAX; i++) {
                frozen_usec += WINDOW_USEC;
                await_window((i - 1) * RUNNING_MAX + 1);
                ck_assert_uint_eq(n_due, i * RUNNING_MAX);
        }
        for (size_t i = 0; i < N_MANY; i++)
                ck_assert_uint_eq(many[i].n_due, 1);
        end_many(0, N_MANY);
}
END_TEST

/* The limit is of what runs: those that end at once may be any number in a window. */
START_TEST(what_ends_at_once_is_not_limited) {
        frozen_usec = schedule_now_usec(schedule);
        set_many();
        for (size_t i = 0; i < N_MANY; i++)
                many[i].goes_on = false;
        run_window();
        ck_assert_uint_eq(n_due, N_MANY);
}
END_TEST

/* It is counted as one that has ended, once. */
START_TEST(removed_twice_is_ended_once) {
        begin_full();
        for (int i = 0; i < 3; i++)
                end_many(0, 5);
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX + 5);
        for (int i = 0; i < 3; i++)
                set(&many[i], USEC_INFINITY);
        run_window();
        ck_assert_uint_eq(n_due, RUNNING_MAX + 5);
        end_many(0, N_MANY);
}
END_TEST

/* Nor does the first of all begin before the window is over. */
START_TEST(put_in_while_full_it_waits) {
        Item soon;

        begin_full();
        item_init(&soon);
        set(&soon, 0); /* before all others */
        run_window();
        ck_assert_uint_eq(soon.n_due, 0);
        frozen_usec += WINDOW_USEC;
        await(&soon, 1);
        ck_assert_uint_lt(n_due, 2 * RUNNING_MAX);
        end_many(0, N_MANY);
}
END_TEST

START_TEST(freed_with_entries_in_it) {
        Item items[3];

        for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                item_init(&items[i]);
                set(&items[i], i + 1);
        }
        schedule = schedule_free(schedule);
        ck_assert_ptr_null(schedule);
        ck_assert(!turn());
        ck_assert_uint_eq(n_due, 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, nothing_is_due_in_an_empty_schedule);
        tcase_add_test(tcase, due_in_order_and_in_slices);
        tcase_add_loop_test(tcase, any_sequence_keeps_the_order, 0, 10);
        tcase_add_test(tcase, infinity_and_removal_take_it_out);
        tcase_add_test(tcase, timer_is_armed_for_the_first);
        tcase_add_test(tcase, moved_away_it_is_not_due);
        tcase_add_test(tcase, handler_removes_another_that_is_due);
        tcase_add_test(tcase, handler_frees_its_own);
        tcase_add_test(tcase, always_due_starves_nobody);
        tcase_add_test(tcase, so_many_run_and_no_more);
        tcase_add_test(tcase, full_it_does_not_spin);
        tcase_add_test(tcase, what_ends_makes_room);
        tcase_add_test(tcase, as_many_more_in_each_window);
        tcase_add_test(tcase, what_ends_at_once_is_not_limited);
        tcase_add_test(tcase, removed_twice_is_ended_once);
        tcase_add_test(tcase, put_in_while_full_it_waits);
        tcase_add_test(tcase, freed_with_entries_in_it);
}

UNIT_MAIN("schedule", add_tests)
