/* A binary heap ordered by due time, and one sd-event timer armed for its top. A hundred thousand
   timers of sd-event's own would cost some 300 octets each; an entry here costs one pointer and
   its 16 octets. CLOCK_BOOTTIME, so that a machine which slept looks at its records at once. */

#include "daemon/schedule.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "lib/util.h"

enum {
        SLICE = 64,
        RUNNING_MAX = 1024, /* several servers' MaxOutstanding= */
};

#define WINDOW_USEC (100 * USEC_PER_MSEC)
#define RUNS SIZE_MAX

struct Schedule {
        sd_event *event;
        sd_event_source *timer;
        void (*on_due)(ScheduleEntry *entry);
        ScheduleEntry **heap; /* heap[1] is the first due */
        size_t n, capacity;
        size_t n_running;
        size_t n_begun;       /* in the window */
        uint64_t window_usec; /* when it began */
        bool is_full;
        uint64_t armed_usec; /* what the timer is set to; USEC_INFINITY: it is off */
};

uint64_t schedule_now_usec(const Schedule *schedule) {
        uint64_t now_usec;

        return sd_event_now(schedule->event, CLOCK_BOOTTIME, &now_usec) < 0 ? 0 : now_usec;
}

static void place(Schedule *schedule, ScheduleEntry *entry, size_t position) {
        schedule->heap[position] = entry;
        entry->position = position;
}

static void sift_up(Schedule *schedule, ScheduleEntry *entry) {
        size_t at = entry->position;

        for (; at > 1 && schedule->heap[at / 2]->due_usec > entry->due_usec; at /= 2)
                place(schedule, schedule->heap[at / 2], at);
        place(schedule, entry, at);
}

static void sift_down(Schedule *schedule, ScheduleEntry *entry) {
        size_t at = entry->position;

        for (size_t child = 2 * at; child <= schedule->n; at = child, child *= 2) {
                if (child < schedule->n &&
                    schedule->heap[child + 1]->due_usec < schedule->heap[child]->due_usec)
                        child++;
                if (schedule->heap[child]->due_usec >= entry->due_usec)
                        break;
                place(schedule, schedule->heap[child], at);
        }
        place(schedule, entry, at);
}

/* Only to an earlier time: while thousands begin and end, setting it for each would cost more than
   a request. What it was set for and is not due any more costs one look. */
static void arm(Schedule *schedule) {
        uint64_t usec = USEC_INFINITY;

        if (schedule->n > 0)
                usec = schedule->heap[1]->due_usec;
        if (schedule->is_full && usec < schedule->window_usec + WINDOW_USEC)
                usec = schedule->window_usec + WINDOW_USEC;
        if (usec >= schedule->armed_usec)
                return;
        schedule->armed_usec = usec;
        (void)sd_event_source_set_time(schedule->timer, usec);
        (void)sd_event_source_set_enabled(schedule->timer, SD_EVENT_ONESHOT);
}

static void take_out(Schedule *schedule, ScheduleEntry *entry) {
        ScheduleEntry *last = schedule->heap[schedule->n--];
        size_t position = entry->position;

        entry->position = 0;
        if (last == entry)
                return;
        place(schedule, last, position);
        /* It came from another branch and may belong above or below. */
        sift_up(schedule, last);
        sift_down(schedule, last);
}

static bool may_begin(Schedule *schedule, uint64_t now_usec) {
        if (now_usec - schedule->window_usec >= WINDOW_USEC) {
                schedule->window_usec = now_usec;
                schedule->n_begun = 0;
        }
        schedule->is_full = schedule->n_running >= RUNNING_MAX && schedule->n_begun >= RUNNING_MAX;
        return !schedule->is_full;
}

static void begin(Schedule *schedule, ScheduleEntry *entry) {
        take_out(schedule, entry);
        entry->position = RUNS;
        schedule->n_running++;
        schedule->n_begun++;
        schedule->on_due(entry);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Schedule *schedule = userdata;
        uint64_t now_usec = schedule_now_usec(schedule);

        schedule->armed_usec = USEC_INFINITY;
        for (unsigned i = 0; i < SLICE && schedule->n > 0; i++) {
                ScheduleEntry *entry = schedule->heap[1];
                if (entry->due_usec > now_usec || !may_begin(schedule, now_usec))
                        break;
                begin(schedule, entry);
        }
        /* What is due beyond the slice has its turn at once, after what else is waiting. */
        arm(schedule);
        return 0;
}

int schedule_new(sd_event *event, void (*on_due)(ScheduleEntry *entry), Schedule **ret_schedule) {
        Schedule *schedule = calloc(1, sizeof(*schedule));
        int r;

        if (!schedule)
                return -ENOMEM;
        schedule->event = sd_event_ref(event);
        schedule->on_due = on_due;
        r = sd_event_add_time(event, &schedule->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer,
                              schedule);
        if (r < 0) {
                schedule_free(schedule);
                return r;
        }
        /* Answers first: a start of many passes must not keep those under way waiting. */
        (void)sd_event_source_set_priority(schedule->timer, SD_EVENT_PRIORITY_IDLE / 2);
        (void)sd_event_source_set_enabled(schedule->timer, SD_EVENT_OFF);
        schedule->armed_usec = USEC_INFINITY;
        *ret_schedule = schedule;
        return 0;
}

Schedule *schedule_free(Schedule *schedule) {
        if (!schedule)
                return NULL;
        (void)sd_event_source_disable_unref(schedule->timer);
        (void)sd_event_unref(schedule->event);
        free(schedule->heap);
        free(schedule);
        return NULL;
}

static int make_room(Schedule *schedule) {
        size_t capacity = schedule->capacity ? schedule->capacity * 2 : 64;
        ScheduleEntry **heap;

        if (schedule->n + 1 < schedule->capacity)
                return 0;
        heap = realloc(schedule->heap, capacity * sizeof(*heap));
        if (!heap)
                return -ENOMEM;
        schedule->heap = heap;
        schedule->capacity = capacity;
        return 0;
}

static void end(Schedule *schedule, ScheduleEntry *entry) {
        if (entry->position != RUNS)
                return;
        entry->position = 0;
        schedule->is_full = false;
        schedule->n_running--;
}

int schedule_set(Schedule *schedule, ScheduleEntry *entry, uint64_t due_usec) {
        int r;

        if (due_usec == USEC_INFINITY) {
                schedule_remove(schedule, entry);
                return 0;
        }
        end(schedule, entry);
        if (entry->position == 0) {
                r = make_room(schedule);
                if (r < 0)
                        return r;
                entry->position = ++schedule->n;
                place(schedule, entry, schedule->n);
        }
        entry->due_usec = due_usec;
        sift_up(schedule, entry);
        sift_down(schedule, entry);
        arm(schedule);
        return 0;
}

void schedule_remove(Schedule *schedule, ScheduleEntry *entry) {
        if (entry->position == 0)
                return;
        if (entry->position == RUNS)
                end(schedule, entry);
        else
                take_out(schedule, entry);
        arm(schedule);
}
