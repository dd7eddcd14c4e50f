/* A round trip: a proxy in front of a name server that passes on, in both directions, what it gets
   a fixed time later, TCP and UDP. For kernels without netem. It gives no bandwidth and no order
   but that of a line: octets of a connection stay in order, nothing is lost.

       delay ADDRESS UPSTREAM PORT MSEC       (MSEC: one way)

   Runs until it is killed. A UDP client is known by its address for as long as the ring of PEERS
   has room for it: a client that takes a new port for each request has long had its answer. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        FDS_MAX = 4096,
        PEERS = 512,
        CHUNK_MAX = 65536,
        EVENTS_MAX = 64,
};

typedef enum Kind { FREE, LISTENER, TCP, UDP_FRONT, UDP_PEER } Kind;

/* By descriptor. to: where its octets go; client: whose answers a UDP_PEER carries. */
typedef struct End {
        Kind kind;
        int to;
        struct sockaddr_in client;
} End;

/* Octets on their way; size 0: the end of the stream. */
typedef struct Chunk {
        struct Chunk *next;
        uint64_t due_nsec;
        int to;
        struct sockaddr_in client;
        size_t size, sent;
        uint8_t bytes[];
} Chunk;

static End ends[FDS_MAX];
static Chunk *first, **last = &first;
static int epoll, peers[PEERS];
static size_t next_peer;
static struct sockaddr_in upstream;
static uint64_t delay_nsec;

static uint64_t now_nsec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void watch(int fd, Kind kind, int to) {
        struct epoll_event event = {EPOLLIN, {.fd = fd}};
        const int one = 1;

        if (fd < 0 || fd >= FDS_MAX)
                err(1, "descriptor %d", fd);
        ends[fd] = (End){.kind = kind, .to = to};
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        if (kind == TCP)
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                err(1, "epoll_ctl");
}

static int socket_up(int type) {
        int fd = socket(AF_INET, type, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&upstream, sizeof(upstream)) < 0) {
                close(fd);
                return -1;
        }
        return fd;
}

static void end_pair(int fd) {
        const int to = ends[fd].to;

        ends[fd].kind = ends[to].kind = FREE;
        for (Chunk *chunk = first; chunk; chunk = chunk->next)
                if (chunk->to == fd || chunk->to == to)
                        chunk->to = -1;
        close(fd);
        close(to);
}

static void on_connect(int listener) {
        int down = accept(listener, NULL, NULL), up = down < 0 ? -1 : socket_up(SOCK_STREAM);

        if (down < 0)
                return;
        if (up < 0) {
                close(down);
                return;
        }
        watch(down, TCP, up);
        watch(up, TCP, down);
}

static int peer_of(int front, const struct sockaddr_in *client) {
        int fd;

        for (size_t i = 0; i < PEERS; i++)
                if (peers[i] > 0 && memcmp(&ends[peers[i]].client, client, sizeof(*client)) == 0)
                        return peers[i];
        fd = socket_up(SOCK_DGRAM);
        if (fd < 0)
                return -1;
        if (peers[next_peer] > 0) {
                ends[peers[next_peer]].kind = FREE;
                close(peers[next_peer]);
        }
        watch(fd, UDP_PEER, front);
        ends[fd].client = *client;
        peers[next_peer] = fd;
        next_peer = (next_peer + 1) % PEERS;
        return fd;
}

/* Reads once. A UDP request goes out by its client's peer, an answer by the front. */
static void on_octets(int fd) {
        static uint8_t bytes[CHUNK_MAX];
        struct sockaddr_in from = {0};
        socklen_t from_size = sizeof(from);
        const Kind kind = ends[fd].kind;
        const int one = 1;
        ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_size);
        Chunk *chunk;

        if (n < 0 || (n == 0 && kind != TCP)) {
                if (kind == TCP && errno != EAGAIN)
                        end_pair(fd);
                return;
        }
        /* A wire acknowledges nothing, and nobody's Nagle waits for it: 40 ms, if the kernel hopes
           that an answer will come by it. */
        if (kind == TCP)
                (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
        chunk = calloc(1, sizeof(*chunk) + (size_t)n);
        if (!chunk)
                err(1, "calloc");
        chunk->due_nsec = now_nsec() + delay_nsec;
        chunk->to = kind == UDP_FRONT ? peer_of(fd, &from) : ends[fd].to;
        chunk->client = ends[fd].client;
        chunk->size = (size_t)n;
        memcpy(chunk->bytes, bytes, chunk->size);
        *last = chunk;
        last = &chunk->next;
        if (n == 0)
                (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* False: the descriptor takes no more for now. */
static bool pass_on(Chunk *chunk) {
        const bool is_front = chunk->to >= 0 && ends[chunk->to].kind == UDP_FRONT;
        ssize_t n;

        if (chunk->to < 0 || ends[chunk->to].kind == FREE)
                return true;
        if (chunk->size == 0) {
                end_pair(chunk->to);
                return true;
        }
        n = sendto(chunk->to, chunk->bytes + chunk->sent, chunk->size - chunk->sent, MSG_NOSIGNAL,
                   is_front ? (struct sockaddr *)&chunk->client : NULL,
                   is_front ? sizeof(chunk->client) : 0);
        if (n < 0)
                return errno != EAGAIN;
        chunk->sent += (size_t)n;
        return chunk->sent == chunk->size;
}

/* Returns for how long nothing is due. */
static struct timespec pass_on_what_is_due(void) {
        uint64_t now = now_nsec(), wait_nsec = 1000000000;

        while (first && first->due_nsec <= now) {
                Chunk *chunk = first;

                if (!pass_on(chunk))
                        return (struct timespec){0, 100000};
                first = chunk->next;
                last = first ? last : &first;
                free(chunk);
        }
        if (first && first->due_nsec - now < wait_nsec)
                wait_nsec = first->due_nsec - now;
        return (struct timespec){(time_t)(wait_nsec / 1000000000), (long)(wait_nsec % 1000000000)};
}

static void listen_at(const char *address, in_port_t port) {
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = port};
        const int one = 1, tcp = socket(AF_INET, SOCK_STREAM, 0),
                  udp = socket(AF_INET, SOCK_DGRAM, 0);

        (void)setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (inet_pton(AF_INET, address, &own.sin_addr) != 1 ||
            bind(tcp, (struct sockaddr *)&own, sizeof(own)) < 0 ||
            bind(udp, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(tcp, 64) < 0)
                err(1, "cannot listen at %s", address);
        watch(tcp, LISTENER, -1);
        watch(udp, UDP_FRONT, -1);
}

int main(int argc, char **argv) {
        if (argc != 5)
                errx(2, "usage: %s ADDRESS UPSTREAM PORT MSEC", argv[0]);
        upstream = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)atoi(argv[3]))};
        if (inet_pton(AF_INET, argv[2], &upstream.sin_addr) != 1)
                errx(2, "%s is no address", argv[2]);
        delay_nsec = (uint64_t)(atof(argv[4]) * 1e6);
        epoll = epoll_create1(0);
        listen_at(argv[1], upstream.sin_port);
        for (;;) {
                const struct timespec wait = pass_on_what_is_due();
                struct epoll_event events[EVENTS_MAX];
                int n = epoll_pwait2(epoll, events, EVENTS_MAX, &wait, NULL);

                for (int i = 0; i < n; i++) {
                        const int fd = events[i].data.fd;

                        if (ends[fd].kind == LISTENER)
                                on_connect(fd);
                        else if (ends[fd].kind != FREE)
                                on_octets(fd);
                }
        }
}
