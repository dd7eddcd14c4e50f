/* Preloaded into a daemon: its clocks are ahead of the machine's by what a file says that both it
   and the scenario map. What the daemon reads is ahead; what it tells the kernel to wake it at is
   the same moment by the kernel's clock. Timers that are set when the offset changes stay as they
   are. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
        FDS_MAX = 1024,
        NSEC_PER_SEC = 1000000000,
};

/* Seconds; the scenario writes them. */
typedef struct Offsets {
        _Atomic int64_t wall;
        _Atomic int64_t boot;
} Offsets;

static Offsets nowhere;
static Offsets *offsets = &nowhere;
static clockid_t timer_clocks[FDS_MAX];

static int (*real_clock_gettime)(clockid_t clock, struct timespec *time);
static int (*real_timerfd_create)(int clock, int flags);
static int (*real_timerfd_settime)(int fd, int flags, const struct itimerspec *time,
                                   struct itimerspec *old);

static void map_offsets(void) {
        const char *path = getenv("TEST_CLOCK");
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *map;

        if (fd < 0)
                abort();
        map = mmap(NULL, sizeof(Offsets), PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                abort();
        offsets = map;
        close(fd);
}

/* The first call may come before any constructor. */
static void prepare(void) {
        if (real_clock_gettime)
                return;
        real_timerfd_create = dlsym(RTLD_NEXT, "timerfd_create");
        real_timerfd_settime = dlsym(RTLD_NEXT, "timerfd_settime");
        real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
        if (!real_timerfd_create || !real_timerfd_settime || !real_clock_gettime)
                abort();
        map_offsets();
}

static int64_t offset_of(clockid_t clock) {
        switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_REALTIME_ALARM:
                return offsets->wall;
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_COARSE:
                return offsets->boot;
        default:
                return 0;
        }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
        prepare();
        int r = real_clock_gettime(clock, time);
        if (r == 0)
                time->tv_sec += offset_of(clock);
        return r;
}

time_t time(time_t *ret) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        ret->tv_sec = now.tv_sec;
        ret->tv_usec = now.tv_nsec / 1000;
        return 0;
}

int timerfd_create(int clock, int flags) {
        prepare();
        int fd = real_timerfd_create(clock, flags);
        if (fd >= FDS_MAX)
                abort();
        if (fd >= 0)
                timer_clocks[fd] = clock;
        return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old) {
        struct itimerspec time = *new;

        prepare();
        /* A time of zero disarms; one that is over is the shortest there is. */
        if ((flags & TFD_TIMER_ABSTIME) && (time.it_value.tv_sec || time.it_value.tv_nsec)) {
                time.it_value.tv_sec -= offset_of(timer_clocks[fd]);
                if (time.it_value.tv_sec < 0)
                        time.it_value = (struct timespec){.tv_nsec = 1};
        }
        return real_timerfd_settime(fd, flags, &time, old);
}
