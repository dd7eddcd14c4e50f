/* What is due when: a heap of many entries behind one timer; and how much of it goes on at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Schedule Schedule;

/* Embedded in what is scheduled; zeroed before its first use. Times are CLOCK_BOOTTIME. */
typedef struct ScheduleEntry {
        uint64_t due_usec;
        size_t position; /* in the heap, counted from 1; 0: not in it; the schedule's: it runs */
} ScheduleEntry;

/* on_due is called for each entry that is due, which has been taken out before, and runs until it
   is put in again or removed. Not more than a slice of entries is handled in one turn of the loop;
   and while very many run, only as many more in each short window: a hundred thousand that are due
   at once do not all begin at once, and some that hang do not keep the rest from beginning. */
int schedule_new(sd_event *event, void (*on_due)(ScheduleEntry *entry), Schedule **ret_schedule);
Schedule *schedule_free(Schedule *schedule);

/* Puts it in or moves it; USEC_INFINITY takes it out. -ENOMEM only when it was not in. */
int schedule_set(Schedule *schedule, ScheduleEntry *entry, uint64_t due_usec);
void schedule_remove(Schedule *schedule, ScheduleEntry *entry);

/* CLOCK_BOOTTIME as the loop has it. */
uint64_t schedule_now_usec(const Schedule *schedule);
