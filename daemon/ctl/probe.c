/* The name is looked up as this machine does it (nsswitch.conf), in a thread of the C library's, so
   that a resolver which is down cannot hold us. Then all its addresses are tried at once: the first
   that takes the connection decides. */

#include "daemon/ctl/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ctl/ctl.h"
#include "lib/util.h"

enum {
        ADDRESSES_MAX = 16,
};

typedef struct Attempts {
        struct pollfd fds[ADDRESSES_MAX];
        nfds_t n;
        int error; /* the last one */
} Attempts;

/* Static, because the thread may still work with it when we have stopped waiting. Returns a
   getaddrinfo() error. */
static int look_up(const char *host, uint16_t port, uint64_t timeout_usec,
                   struct addrinfo **ret_addresses) {
        static struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        static char name[256], service[8];
        static struct gaicb request = {
                .ar_name = name, .ar_service = service, .ar_request = &hints};
        static struct gaicb *requests[] = {&request};
        const struct gaicb *waiting[] = {&request};
        struct timespec timeout = {.tv_sec = (time_t)(timeout_usec / USEC_PER_SEC),
                                   .tv_nsec = (long)(timeout_usec % USEC_PER_SEC) * 1000};
        int r;

        (void)snprintf(name, sizeof(name), "%s", host);
        (void)snprintf(service, sizeof(service), "%u", port);
        r = getaddrinfo_a(GAI_NOWAIT, requests, 1, NULL);
        if (r == 0)
                r = gai_suspend(waiting, 1, &timeout);
        if (r == 0 || r == EAI_ALLDONE)
                r = gai_error(&request);
        if (r == 0)
                *ret_addresses = request.ar_result;
        return r;
}

static void begin(Attempts *attempts, const struct addrinfo *address) {
        int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 ||
            (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)) {
                attempts->error = errno;
                if (fd >= 0)
                        (void)close(fd);
                return;
        }
        attempts->fds[attempts->n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
}

/* Whether one of them is connected by now; those that failed are dropped. */
static bool look_at(Attempts *attempts) {
        nfds_t n = 0;
        bool is_connected = false;

        for (nfds_t i = 0; i < attempts->n; i++) {
                int fd = attempts->fds[i].fd, error = 0;
                socklen_t size = sizeof(error);

                if (attempts->fds[i].revents == 0) {
                        attempts->fds[n++] = attempts->fds[i];
                        continue;
                }
                if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                        error = errno;
                if (error == 0)
                        is_connected = true;
                else
                        attempts->error = error;
                (void)close(fd);
        }
        attempts->n = n;
        return is_connected;
}

bool probe_answers(const char *host, uint16_t port, uint64_t timeout_usec,
                   char text[static PROBE_TEXT_MAX]) {
        uint64_t now = ctl_now_usec(CLOCK_MONOTONIC), end_usec = now + timeout_usec;
        Attempts attempts = {.error = ETIMEDOUT};
        struct addrinfo *addresses = NULL;
        bool is_connected = false;
        int r = look_up(host, port, timeout_usec, &addresses);

        if (r != 0) {
                (void)snprintf(text, PROBE_TEXT_MAX, "%s",
                               r == EAI_AGAIN ? "its address was not found in time"
                                              : gai_strerror(r));
                return false;
        }
        for (struct addrinfo *a = addresses; a && attempts.n < ADDRESSES_MAX; a = a->ai_next)
                begin(&attempts, a);
        while (!is_connected && attempts.n > 0 &&
               (now = ctl_now_usec(CLOCK_MONOTONIC)) < end_usec) {
                (void)poll(attempts.fds, attempts.n, (int)((end_usec - now) / 1000) + 1);
                is_connected = look_at(&attempts);
        }
        (void)snprintf(text, PROBE_TEXT_MAX, "%s",
                       strerror(attempts.n > 0 ? ETIMEDOUT : attempts.error));
        for (nfds_t i = 0; i < attempts.n; i++)
                (void)close(attempts.fds[i].fd);
        freeaddrinfo(addresses);
        return is_connected;
}
