/* Preloaded into srvpubd: for how long its loop does something else than wait. A turn is what lies
   between two calls by which the main thread waits; what it took is kept by the wall clock and by
   the thread's own, in a file that the bench maps. The time before the first wait is no turn. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The bench reads them, and zeroes them for a fresh start. */
typedef struct Turns {
        _Atomic uint64_t n;
        _Atomic uint64_t long_ones; /* over 20 ms by the wall clock */
        _Atomic uint64_t max_wall_nsec;
        _Atomic uint64_t max_cpu_nsec;
} Turns;

enum {
        LONG_NSEC = 20 * 1000 * 1000,
};

static Turns nowhere;
static Turns *turns;
static uint64_t wall_nsec, cpu_nsec;

static uint64_t now_nsec(clockid_t clock) {
        struct timespec now;

        (void)clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void map_turns(void) {
        const char *path = getenv("BENCH_LOOP");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *map = fd < 0 ? MAP_FAILED
                           : mmap(NULL, sizeof(Turns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        turns = map == MAP_FAILED ? &nowhere : map;
        close(fd);
}

static void turn_ends(void) {
        if (gettid() != getpid())
                return;
        if (!turns)
                map_turns();
        if (wall_nsec > 0) {
                const uint64_t wall = now_nsec(CLOCK_MONOTONIC) - wall_nsec;
                const uint64_t cpu = now_nsec(CLOCK_THREAD_CPUTIME_ID) - cpu_nsec;

                turns->n++;
                turns->long_ones += wall > LONG_NSEC;
                if (wall > turns->max_wall_nsec)
                        turns->max_wall_nsec = wall;
                if (cpu > turns->max_cpu_nsec)
                        turns->max_cpu_nsec = cpu;
        }
}

static void turn_begins(void) {
        if (gettid() != getpid())
                return;
        wall_nsec = now_nsec(CLOCK_MONOTONIC);
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
