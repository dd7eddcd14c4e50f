/* Blocking calls off the loop: a pool of threads, a queue of jobs, a list of finished ones.
 *
 * The pool is shared by the worker and its threads and goes with the last of them, so that freeing
 * the worker never waits for a call that hangs. A job is queued, then running, then finished; the
 * loop hears of finished jobs by the eventfd and calls on_done. A job that is given up while it
 * runs is dropped by its thread when it ends. The lock covers the lists and every job's phase; no
 * job function is called with it held.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/util.h"

typedef enum JobPhase {
        JOB_QUEUED,
        JOB_RUNNING,
        JOB_DROPPED, /* given up while running */
        JOB_FINISHED,
} JobPhase;

typedef struct JobList {
        Job *first;
        Job **end;
} JobList;

typedef struct Pool {
        pthread_mutex_t lock;
        pthread_cond_t wake;  /* a job is queued, or the pool closed */
        pthread_cond_t ended; /* a job is finished */
        unsigned n_refs;      /* the worker, each thread, and who calls a job from the loop */
        unsigned n_threads;
        unsigned max_threads;
        unsigned n_waiting; /* threads without a job */
        unsigned n_queued;
        unsigned n_jobs; /* not yet done nor dropped */
        bool closed;
        int event_fd;
        JobList queued;
        JobList finished;
} Pool;

struct Worker {
        Pool *pool;
        sd_event_source *source;
};

static void job_list_init(JobList *list) {
        list->first = NULL;
        list->end = &list->first;
}

static void job_list_append(JobList *list, Job *job) {
        job->next = NULL;
        *list->end = job;
        list->end = &job->next;
}

static Job *job_list_pop(JobList *list) {
        Job *job = list->first;
        if (!job)
                return NULL;
        list->first = job->next;
        if (!list->first)
                list->end = &list->first;
        return job;
}

static void job_list_remove(JobList *list, const Job *job) {
        for (Job **link = &list->first; *link; link = &(*link)->next) {
                if (*link != job)
                        continue;
                *link = job->next;
                if (!*link)
                        list->end = link;
                return;
        }
}

/* Called with the lock held, which it releases. */
static void pool_unref_unlock(Pool *pool) {
        bool last = --pool->n_refs == 0;
        pthread_mutex_unlock(&pool->lock);
        if (!last)
                return;
        if (pool->event_fd >= 0)
                close(pool->event_fd);
        pthread_cond_destroy(&pool->wake);
        pthread_cond_destroy(&pool->ended);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
}

static int pool_new(unsigned max_threads, Pool **ret_pool) {
        _cleanup_(freep) Pool *pool = calloc(1, sizeof(*pool));
        if (!pool)
                return -ENOMEM;
        pool->n_refs = 1;
        pool->max_threads = max_threads > 0 ? max_threads : 1;
        pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (pool->event_fd < 0)
                return -errno;
        job_list_init(&pool->queued);
        job_list_init(&pool->finished);
        /* With default attributes these cannot fail on Linux. */
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->wake, NULL);
        pthread_cond_init(&pool->ended, NULL);
        *ret_pool = TAKE_PTR(pool);
        return 0;
}

/* The job has run: hands it to the loop, or drops it. Called and left with the lock held. */
static void pool_finish(Pool *pool, Job *job) {
        if (job->phase == JOB_DROPPED || pool->closed) {
                pthread_mutex_unlock(&pool->lock);
                job->on_drop(job);
                pthread_mutex_lock(&pool->lock);
                return;
        }
        job->phase = JOB_FINISHED;
        job_list_append(&pool->finished, job);
        pthread_cond_signal(&pool->ended);
        (void)eventfd_write(pool->event_fd, 1);
}

static void *pool_thread(void *userdata) {
        Pool *pool = userdata;

        pthread_mutex_lock(&pool->lock);
        while (!pool->closed) {
                Job *job = job_list_pop(&pool->queued);
                if (!job) {
                        pool->n_waiting++;
                        pthread_cond_wait(&pool->wake, &pool->lock);
                        pool->n_waiting--;
                        continue;
                }
                pool->n_queued--;
                job->phase = JOB_RUNNING;
                pthread_mutex_unlock(&pool->lock);
                job->run(job);
                pthread_mutex_lock(&pool->lock);
                pool_finish(pool, job);
        }
        pool->n_threads--;
        pool_unref_unlock(pool);
        return NULL;
}

/* Called with the lock held. Signals are the loop's: the thread is born with all of them blocked.
 */
static int pool_add_thread(Pool *pool) {
        sigset_t all, before;
        pthread_t thread;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int r = pthread_create(&thread, NULL, pool_thread, pool);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -EAGAIN;
        pthread_detach(thread);
        pool->n_threads++;
        pool->n_refs++;
        return 0;
}

/* Calls on_done of what has finished. A job may free the worker: only the pool is touched here. */
static void pool_deliver(Pool *pool) {
        pthread_mutex_lock(&pool->lock);
        pool->n_refs++;
        for (Job *job; (job = job_list_pop(&pool->finished));) {
                pool->n_jobs--;
                pthread_mutex_unlock(&pool->lock);
                job->on_done(job);
                pthread_mutex_lock(&pool->lock);
        }
        pool_unref_unlock(pool);
}

static int worker_on_event(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Worker *worker = userdata;
        eventfd_t count;

        (void)eventfd_read(fd, &count);
        pool_deliver(worker->pool);
        return 0;
}

int worker_new(sd_event *event, unsigned n_threads, Worker **ret_worker) {
        _cleanup_(freep) Worker *worker = calloc(1, sizeof(*worker));
        if (!worker)
                return -ENOMEM;
        int r = pool_new(n_threads, &worker->pool);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &worker->source, worker->pool->event_fd, EPOLLIN,
                            worker_on_event, worker);
        if (r < 0) {
                worker_free(TAKE_PTR(worker));
                return r;
        }
        *ret_worker = TAKE_PTR(worker);
        return 0;
}

/* Drops every job that has not started or is not yet delivered; called with the lock held. */
static void pool_drop_all(Pool *pool) {
        JobList drop;

        job_list_init(&drop);
        for (Job *job; (job = job_list_pop(&pool->queued));)
                job_list_append(&drop, job);
        for (Job *job; (job = job_list_pop(&pool->finished));)
                job_list_append(&drop, job);
        pool->n_queued = 0;
        pthread_mutex_unlock(&pool->lock);
        for (Job *job; (job = job_list_pop(&drop));)
                job->on_drop(job);
        pthread_mutex_lock(&pool->lock);
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;
        Pool *pool = worker->pool;
        sd_event_source_disable_unref(worker->source);
        free(worker);

        pthread_mutex_lock(&pool->lock);
        pool->closed = true;
        pool_drop_all(pool);
        pthread_cond_broadcast(&pool->wake);
        pool_unref_unlock(pool);
        return NULL;
}

int worker_submit(Worker *worker, Job *job) {
        Pool *pool = worker->pool;
        int r = 0;

        pthread_mutex_lock(&pool->lock);
        if (pool->n_queued >= pool->n_waiting && pool->n_threads < pool->max_threads)
                r = pool_add_thread(pool);
        if (pool->n_threads > 0) {
                r = 0; /* fewer threads than wanted still do the work */
                job->phase = JOB_QUEUED;
                job_list_append(&pool->queued, job);
                pool->n_queued++;
                pool->n_jobs++;
                pthread_cond_signal(&pool->wake);
        }
        pthread_mutex_unlock(&pool->lock);
        return r;
}

void worker_cancel(Worker *worker, Job *job) {
        Pool *pool = worker->pool;

        pthread_mutex_lock(&pool->lock);
        bool is_running = job->phase == JOB_RUNNING;
        if (is_running)
                job->phase = JOB_DROPPED;
        else if (job->phase == JOB_QUEUED)
                pool->n_queued--;
        job_list_remove(&pool->queued, job);
        job_list_remove(&pool->finished, job);
        pool->n_jobs--;
        pthread_mutex_unlock(&pool->lock);
        if (!is_running)
                job->on_drop(job);
}

void worker_drain(Worker *worker) {
        Pool *pool = worker->pool;

        pthread_mutex_lock(&pool->lock);
        pool->n_refs++;
        while (pool->n_jobs > 0 && !pool->closed) {
                while (!pool->finished.first)
                        pthread_cond_wait(&pool->ended, &pool->lock);
                pthread_mutex_unlock(&pool->lock);
                pool_deliver(pool);
                pthread_mutex_lock(&pool->lock);
        }
        pool_unref_unlock(pool);
}
