/* How long srvpubd lets its bus wait: asks it every 10 ms for one publication, now and then for a
   page of all, until SIGTERM. Prints one line of JSON: milliseconds.

       ping DOMAIN       (the bus: DBUS_SYSTEM_BUS_ADDRESS) */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "daemon/ctl/bus-names.h"

enum {
        CALLS_MAX = 100000,
        PAUSE_NSEC = 10 * 1000 * 1000,
        PAGE_EACH = 20, /* calls */
        TIMEOUT_USEC = 20 * 1000 * 1000,
};

static volatile sig_atomic_t ended;
static double msec[CALLS_MAX];

static void on_signal(int number) {
        ended = 1;
}

static double now_msec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool call(sd_bus *bus, const char *domain, bool page) {
        sd_bus_message *request = NULL, *reply = NULL;
        int r = sd_bus_message_new_method_call(bus, &request, BUS_NAME, BUS_PATH, BUS_INTERFACE,
                                               page ? "ListPublications" : "GetPublication");

        if (r >= 0)
                r = page ? sd_bus_message_append(request, "su", "", 0)
                         : sd_bus_message_append(request, "s", domain);
        if (r >= 0)
                r = sd_bus_call(bus, request, TIMEOUT_USEC, NULL, &reply);
        sd_bus_message_unref(request);
        sd_bus_message_unref(reply);
        return r >= 0;
}

static int compare(const void *a, const void *b) {
        const double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv) {
        const struct timespec pause = {0, PAUSE_NSEC};
        size_t n = 0, failed = 0;
        sd_bus *bus;

        if (argc != 2)
                errx(2, "usage: %s DOMAIN", argv[0]);
        (void)signal(SIGTERM, on_signal);
        if (sd_bus_open_system(&bus) < 0)
                errx(1, "no bus");
        while (!ended && n < CALLS_MAX) {
                const double begin = now_msec();

                if (call(bus, argv[1], n % PAGE_EACH == PAGE_EACH - 1))
                        msec[n++] = now_msec() - begin;
                else
                        failed++;
                (void)nanosleep(&pause, NULL);
        }
        if (n == 0)
                errx(1, "no call was answered");
        qsort(msec, n, sizeof(msec[0]), compare);
        printf("{\"calls\": %zu, \"failed\": %zu, \"median\": %.3f, \"p99\": %.3f, "
               "\"max\": %.3f}\n",
               n, failed, msec[n / 2], msec[n * 99 / 100], msec[n - 1]);
        return 0;
}
