/* Runs blocking calls (getaddrinfo, a state commit, Kerberos) off the loop; the result comes back
   on the loop through an eventfd. */
#pragma once

#include <systemd/sd-event.h>

typedef struct Worker Worker;

/* One blocking call. run is executed in a thread and touches only the job. Then exactly one of
   these happens on the loop: on_done, or, if the worker was freed or the job cancelled meanwhile,
   on_drop (which may run in the thread: it only frees). Embed it first in a struct of your own. */
typedef struct Job Job;
struct Job {
        void (*run)(Job *job);
        void (*on_done)(Job *job);
        void (*on_drop)(Job *job);
        Job *next; /* the worker's */
        int phase; /* the worker's */
};

/* Up to n_threads threads, started when needed. Jobs start in the order of submission. */
int worker_new(sd_event *event, unsigned n_threads, Worker **ret_worker);

/* Never waits for a job that runs: such a job is dropped when it ends. */
Worker *worker_free(Worker *worker);

/* Takes the job until on_done or on_drop. -ENOMEM, -EAGAIN when no thread can be had. */
int worker_submit(Worker *worker, Job *job);

/* Gives up a job: its on_done will not be called, on_drop will (at once if it has not started). */
void worker_cancel(Worker *worker, Job *job);

/* Blocks until every submitted job has run and its on_done was called: for an orderly end only. */
void worker_drain(Worker *worker);
