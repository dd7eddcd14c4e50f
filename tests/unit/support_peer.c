/* See support_peer.h. */
#include "tests/unit/support_peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"

enum {
        BOUND_SEC = 20,
};

static void run_once(sd_event *event, time_t deadline) {
        ck_assert_msg(time(NULL) < deadline, "waited in vain");
        ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
}

static time_t deadline_new(void) {
        return time(NULL) + BOUND_SEC;
}

int peer_socket(int type, int backlog, struct sockaddr_in *ret_address) {
        struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        const int room = 4 * UINT16_MAX; /* for whole messages, which take() waits for */
        socklen_t size = sizeof(address);

        int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        if (type == SOCK_STREAM && backlog >= 0)
                ck_assert_int_eq(listen(fd, backlog), 0);
        *ret_address = address;
        return fd;
}

void peer_wait(sd_event *event, const int *count, int n) {
        time_t deadline = deadline_new();

        while (*count < n)
                run_once(event, deadline);
        ck_assert_int_eq(*count, n);
}

void peer_settle(sd_event *event) {
        time_t deadline = deadline_new();

        while (sd_event_run(event, 0) > 0)
                ck_assert(time(NULL) < deadline);
}

unsigned peer_count_threads(void) {
        DIR *tasks = opendir("/proc/self/task");
        unsigned n = 0;

        ck_assert_ptr_nonnull(tasks);
        for (const struct dirent *task; (task = readdir(tasks));)
                n += task->d_name[0] != '.';
        (void)closedir(tasks);
        return n;
}

void peer_wait_for_threads(sd_event *event, unsigned n) {
        time_t deadline = deadline_new();

        while (peer_count_threads() > n)
                run_once(event, deadline);
}

int peer_try_accept(sd_event *event, int listener) {
        peer_settle(event);
        return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int peer_accept(sd_event *event, int listener) {
        time_t deadline = deadline_new();
        int fd;

        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
                ck_assert_int_eq(errno, EAGAIN);
                run_once(event, deadline);
        }
        return fd;
}

/* True if size octets are there; they are taken only then. */
static bool take(int fd, size_t skip, uint8_t *bytes, size_t size) {
        static uint8_t all[2 + UINT16_MAX];

        ssize_t n = recv(fd, all, skip + size, MSG_PEEK);
        ck_assert_msg(n != 0, "closed while a message was expected");
        if (n < (ssize_t)(skip + size))
                return false;
        memcpy(bytes, all + skip, size);
        if (skip > 0)
                ck_assert_int_eq(recv(fd, all, skip + size, 0), (ssize_t)(skip + size));
        return true;
}

static bool take_message(int fd, PeerMessage *ret_message) {
        uint8_t length[2];

        if (!take(fd, 0, length, 2))
                return false;
        size_t size = length[0] << 8 | length[1];
        if (!take(fd, 2, ret_message->bytes, size))
                return false;
        ret_message->size = size;
        return true;
}

bool peer_try_receive(sd_event *event, int fd, PeerMessage *ret_message) {
        peer_settle(event);
        return take_message(fd, ret_message);
}

void peer_receive(sd_event *event, int fd, PeerMessage *ret_message) {
        time_t deadline = deadline_new();

        while (!take_message(fd, ret_message))
                run_once(event, deadline);
}

void peer_wait_closed(sd_event *event, int fd) {
        time_t deadline = deadline_new();
        char octet;
        ssize_t n;

        while ((n = recv(fd, &octet, 1, 0)) < 0 && errno == EAGAIN)
                run_once(event, deadline);
        ck_assert_int_le(n, 0);
}

void peer_send(int fd, const void *bytes, size_t size) {
        ck_assert_int_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

void peer_make_answer(const PeerMessage *request, unsigned rcode, PeerMessage *ret_answer) {
        ret_answer->size = request->size;
        memcpy(ret_answer->bytes, request->bytes, request->size);
        ret_answer->bytes[2] |= 0x80; /* QR */
        ret_answer->bytes[3] = rcode;
}

void peer_answer(int fd, const PeerMessage *request, unsigned rcode) {
        static PeerMessage answer;
        static uint8_t frame[2 + UINT16_MAX];

        peer_make_answer(request, rcode, &answer);
        frame[0] = answer.size >> 8;
        frame[1] = answer.size & 0xff;
        memcpy(frame + 2, answer.bytes, answer.size);
        peer_send(fd, frame, 2 + answer.size); /* in one piece: Nagle would hold back the second */
}

void peer_reset(int fd) {
        struct linger linger = {.l_onoff = 1};

        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
        close(fd);
}
