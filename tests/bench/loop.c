/* Preloaded into srvpubd: for how long its loop does something else than wait. A turn is what lies
   between two calls by which the main thread waits. How long it was is kept in a file that the
   bench maps: by the clock, without the time for which others had its core (a loop cannot help
   that), and by the thread's CPU time, which is less if it was blocked. The time before the first
   wait is no turn. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The bench reads them, and zeroes them for a fresh start. */
typedef struct Turns {
        _Atomic uint64_t n;
        _Atomic uint64_t long_ones; /* over 20 ms */
        _Atomic uint64_t max_nsec;
        _Atomic uint64_t max_cpu_nsec;
} Turns;

enum {
        SHORT_NSEC = 100 * 1000, /* of no interest */
        LONG_NSEC = 20 * 1000 * 1000,
};

static Turns nowhere;
static Turns *turns;
static int schedule = -1;
static uint64_t wall_nsec, cpu_nsec, queue_nsec;

static uint64_t now_nsec(clockid_t clock) {
        struct timespec now;

        (void)clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* For how long the thread could have run and did not. */
static uint64_t queued_nsec(void) {
        unsigned long long ran, waited = 0;
        char text[128];
        ssize_t n = pread(schedule, text, sizeof(text) - 1, 0);

        text[n < 0 ? 0 : n] = '\0';
        return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
}

static void map_turns(void) {
        const char *path = getenv("BENCH_LOOP");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *map = fd < 0 ? MAP_FAILED
                           : mmap(NULL, sizeof(Turns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        turns = map == MAP_FAILED ? &nowhere : map;
        close(fd);
        schedule = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

static void turn_ends(void) {
        if (gettid() != getpid())
                return;
        if (!turns)
                map_turns();
        if (wall_nsec > 0) {
                const uint64_t wall = now_nsec(CLOCK_MONOTONIC) - wall_nsec;
                uint64_t cpu, queued, took;

                turns->n++;
                if (wall < SHORT_NSEC)
                        return;
                cpu = now_nsec(CLOCK_THREAD_CPUTIME_ID) - cpu_nsec;
                queued = queued_nsec() - queue_nsec;
                took = wall > queued ? wall - queued : 0;
                turns->long_ones += took > LONG_NSEC;
                if (took > turns->max_nsec)
                        turns->max_nsec = took;
                if (cpu > turns->max_cpu_nsec)
                        turns->max_cpu_nsec = cpu;
        }
}

static void turn_begins(void) {
        if (gettid() != getpid())
                return;
        wall_nsec = now_nsec(CLOCK_MONOTONIC);
        queue_nsec = queued_nsec();
        cpu_nsec = now_nsec(CLOCK_THREAD_CPUTIME_ID);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int msec) {
        static int (*real)(int, struct epoll_event *, int, int);
        int n;

        if (!real)
                real = dlsym(RTLD_NEXT, "epoll_wait");
        turn_ends();
        n = real(epoll, events, max, msec);
        turn_begins();
        return n;
}
