/* The limit of a name server: sends what srvpubd would send, made and signed beforehand, over as
   many connections and with as many requests outstanding, and does nothing else. Answers are
   counted by their RCODE; their signatures are not checked.

       sender ADDRESS PORT ALGORITHM:KEY:SECRET COURSE CONNECTIONS OUTSTANDING BATCH <domains

   Each line of domains is "domain zone", those of a zone together. COURSE: what each domain goes
   through. Up to BATCH domains of one zone share an update (rule E9); the update is sent when all
   their looks were answered, and the read-back when it was. What is begun is finished first, so
   that all kinds of requests are under way together, as with a daemon that has long been at it.

   Prints one line of JSON. Exit 1: the server closed, or was silent for SILENCE_MSEC. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/name.h"
#include "lib/plan.h"
#include "lib/tsig.h"
#include "lib/util.h"

enum {
        CONNECTIONS_MAX = 64,
        OUTSTANDING_MAX = 1024,
        BATCH_MAX = 256,
        FRAME_MAX = 2 + 65535,
        RCODES = 16,
        SILENCE_MSEC = 20000,
        PORT = 1688,
        TTL = 3600,
};

#define TARGET "kms.bench.example"
#define SERVICE "_vlmcs._tcp"

typedef enum Phase { LOOK, UPDATE, READ, _PHASE_MAX } Phase;

/* What a domain goes through: the types asked for, the ops of the update. */
typedef struct Course {
        const char *name;
        bool look_soa; /* of the zone, in place of the record name */
        ldns_rr_type ask[_PHASE_MAX][2];
        PlanOpKind ops[4];
        size_t n_ops;
        size_t first_changed; /* of the ops: from it on they are about what "change" makes of it */
} Course;

static const Course courses[] = {
        {"soa", .look_soa = true, .ask[LOOK] = {LDNS_RR_TYPE_SOA}},
        {"check", .ask[LOOK] = {LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_TXT}},
        {"publish",
         .ask = {[LOOK] = {LDNS_RR_TYPE_SRV}, [READ] = {LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_TXT}},
         .ops = {PLAN_ADD_SRV, PLAN_ADD_CLAIM}, .n_ops = 2, .first_changed = 2},
        {"change",
         .ask = {[LOOK] = {LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_TXT},
                 [READ] = {LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_TXT}},
         .ops = {PLAN_DELETE_SRV, PLAN_DELETE_TXT, PLAN_ADD_SRV, PLAN_ADD_CLAIM}, .n_ops = 4,
         .first_changed = 2},
        /* The SRV of a publisher that changed nothing. */
        {"remove", .ask[LOOK] = {LDNS_RR_TYPE_SRV}, .ops = {PLAN_DELETE_SRV}, .n_ops = 1,
         .first_changed = 1},
        /* Behind "change". */
        {"withdraw",
         .ask = {[LOOK] = {LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_TXT}, [READ] = {LDNS_RR_TYPE_SRV}},
         .ops = {PLAN_DELETE_SRV, PLAN_DELETE_TXT}, .n_ops = 2},
};

typedef struct Request {
        Message *message;
        size_t group;
} Request;

/* Domains that share an update; its requests stand in a row, phase by phase. */
typedef struct Group {
        size_t first;
        size_t n[_PHASE_MAX];
        size_t left; /* answers to wait for in this phase */
        Phase phase;
} Group;

typedef struct Connection {
        int fd;
        uint8_t *out, in[2 * FRAME_MAX];
        size_t out_size, out_capacity, in_size, load;
        size_t outstanding[OUTSTANDING_MAX]; /* indices of requests */
} Connection;

static const Course *course;
static TsigContext *tsig;
static size_t n_requests, n_groups, max_batch, max_outstanding, n_connections;
static Request *requests;
static Group *groups;
static size_t *ready, ready_first, ready_end; /* requests whose time has come */
static size_t next_group, outstanding, done, n_found, rcodes[RCODES];
static Connection *connections;

/* --- before the clock runs -------------------------------------------------------------------- */

static Name name_of(const char *text) {
        Name name;

        if (name_from_text(text, &name) < 0)
                errx(2, "%s is no name", text);
        return name;
}

static void add_request(Message *message, size_t group) {
        Signature signature;

        if ((n_requests & (n_requests - 1)) == 0 &&
            !(requests = realloc(requests, (n_requests ? 2 * n_requests : 1) * sizeof(*requests))))
                err(2, "realloc");
        message->bytes[0] = (uint8_t)(n_requests >> 8);
        message->bytes[1] = (uint8_t)n_requests;
        if (tsig_sign(tsig, message, (uint64_t)time(NULL), &signature) < 0)
                errx(2, "cannot sign");
        message = realloc(message, sizeof(*message) + message->size) ?: message;
        requests[n_requests++] = (Request){message, group};
}

static void add_queries(Group *group, Phase phase, const Name *record) {
        for (size_t i = 0; i < ELEMENTSOF(course->ask[phase]) && course->ask[phase][i]; i++) {
                Message *message;

                if (message_new_query(record, course->ask[phase][i], false, &message) < 0)
                        errx(2, "cannot make a query");
                add_request(message, (size_t)(group - groups));
                group->n[phase]++;
        }
}

static Plan *make_plan(void) {
        static uint8_t rdata[CLAIM_RDATA_MAX];
        static Txt txt = {.rdata = rdata, .is_claim = true};
        Plan *plan = calloc(1, sizeof(*plan) + course->n_ops * sizeof(plan->ops[0]));

        if (!plan)
                err(2, "calloc");
        for (; plan->n_ops < course->n_ops; plan->n_ops++) {
                const unsigned version = plan->n_ops >= course->first_changed;
                PlanOp *op = &plan->ops[plan->n_ops];
                const Srv srv = {version, 0, PORT, TTL, name_of(TARGET)};
                const Claim claim = {
                        .host = srv.target, .port = PORT, .ttl = TTL, .since_sec = 1 + version};

                op->kind = course->ops[plan->n_ops];
                op->ttl = op->kind == PLAN_ADD_SRV || op->kind == PLAN_ADD_CLAIM ? TTL : 0;
                if (op->kind == PLAN_DELETE_TXT) {
                        txt.size = (uint16_t)claim_to_rdata(&claim, rdata);
                        op->txt = &txt;
                } else if (op->kind == PLAN_ADD_CLAIM) {
                        op->claim = claim;
                } else {
                        op->srv = srv;
                }
        }
        return plan;
}

static void add_group(const char *zone_text, const Name *records, size_t n) {
        static Plan *plan;
        UpdatePart parts[BATCH_MAX];
        Message *message;
        Group *group;
        Name zone;

        if (n == 0)
                return;
        zone = name_of(zone_text);
        if ((n_groups & (n_groups - 1)) == 0 &&
            !(groups = realloc(groups, (n_groups ? 2 * n_groups : 1) * sizeof(*groups))))
                err(2, "realloc");
        group = &groups[n_groups++];
        *group = (Group){.first = n_requests};
        plan = plan ?: make_plan();
        for (size_t i = 0; i < n; i++) {
                parts[i] = (UpdatePart){&records[i], plan};
                add_queries(group, LOOK, course->look_soa ? &zone : &records[i]);
        }
        if (course->n_ops > 0) {
                if (message_new_update(&zone, parts, n, &message) < 0)
                        errx(2, "cannot make an update of %zu names", n);
                add_request(message, n_groups - 1);
                group->n[UPDATE] = 1;
        }
        for (size_t i = 0; i < n; i++)
                add_queries(group, READ, &records[i]);
}

static void prepare(FILE *input) {
        char domain[512], zone[512], record[1024], last[512] = "";
        Name records[BATCH_MAX];
        size_t n = 0;

        while (fscanf(input, "%511s %511s", domain, zone) == 2) {
                if (n == max_batch || strcmp(zone, last) != 0) {
                        add_group(last, records, n);
                        n = 0;
                        strcpy(last, zone);
                }
                snprintf(record, sizeof(record), SERVICE ".%s", domain);
                records[n++] = name_of(record);
        }
        add_group(last, records, n);
        ready = calloc(n_requests + 1, sizeof(*ready));
        if (!ready || n_requests == 0)
                errx(2, "no domains");
}

/* --- requests --------------------------------------------------------------------------------- */

static void group_enter(Group *group, Phase phase) {
        size_t first = group->first;

        while (phase < _PHASE_MAX && group->n[phase] == 0)
                phase++;
        group->phase = phase;
        if (phase == _PHASE_MAX)
                return;
        for (Phase before = 0; before < phase; before++)
                first += group->n[before];
        group->left = group->n[phase];
        for (size_t i = 0; i < group->left; i++)
                ready[ready_end++] = first + i;
}

static void connection_put(Connection *connection, size_t index) {
        const Message *message = requests[index].message;
        const uint8_t size[2] = {(uint8_t)(message->size >> 8), (uint8_t)message->size};
        const size_t needed = connection->out_size + 2 + message->size;

        if (needed > connection->out_capacity) {
                connection->out_capacity = 2 * needed;
                connection->out = realloc(connection->out, connection->out_capacity);
                if (!connection->out)
                        err(2, "realloc");
        }
        memcpy(connection->out + connection->out_size, size, 2);
        memcpy(connection->out + connection->out_size + 2, message->bytes, message->size);
        connection->out_size = needed;
        connection->outstanding[connection->load++] = index;
        outstanding++;
}

static void give_out(void) {
        while (outstanding < max_outstanding) {
                Connection *best = &connections[0];

                if (ready_first == ready_end) {
                        if (next_group == n_groups)
                                return;
                        group_enter(&groups[next_group++], LOOK);
                        continue;
                }
                for (size_t i = 1; i < n_connections; i++)
                        if (connections[i].load < best->load)
                                best = &connections[i];
                connection_put(best, ready[ready_first++]);
        }
}

static void connection_take(Connection *connection, const uint8_t *answer, size_t size) {
        for (size_t i = 0; i < connection->load && size >= 12; i++) {
                const size_t index = connection->outstanding[i];
                Group *group = &groups[requests[index].group];

                if (memcmp(requests[index].message->bytes, answer, 2) != 0)
                        continue;
                memmove(&connection->outstanding[i], &connection->outstanding[i + 1],
                        (--connection->load - i) * sizeof(connection->outstanding[0]));
                outstanding--;
                done++;
                rcodes[answer[3] & 15]++;
                n_found += group->phase != UPDATE && (answer[6] || answer[7]);
                if (--group->left == 0)
                        group_enter(group, group->phase + 1);
                return;
        }
        errx(1, "an answer to nothing");
}

/* --- connections ------------------------------------------------------------------------------ */

static void connection_flush(Connection *connection, int epoll) {
        ssize_t n = connection->out_size ? send(connection->fd, connection->out,
                                                connection->out_size, MSG_NOSIGNAL | MSG_DONTWAIT)
                                         : 0;
        struct epoll_event event = {EPOLLIN, {.ptr = connection}};

        if (n < 0 && errno != EAGAIN)
                err(1, "send");
        if (n > 0) {
                connection->out_size -= (size_t)n;
                memmove(connection->out, connection->out + n, connection->out_size);
        }
        if (connection->out_size > 0) {
                event.events |= EPOLLOUT;
                (void)epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
        }
}

static void connection_read(Connection *connection, int epoll) {
        struct epoll_event event = {EPOLLIN, {.ptr = connection}};
        ssize_t n = recv(connection->fd, connection->in + connection->in_size,
                         sizeof(connection->in) - connection->in_size, MSG_DONTWAIT);
        size_t at = 0, size;

        if (n < 0 && errno == EAGAIN)
                n = 0;
        else if (n <= 0)
                errx(1, "the server closed a connection");
        connection->in_size += (size_t)n;
        while (connection->in_size - at >= 2 &&
               (size = (size_t)connection->in[at] << 8 | connection->in[at + 1]) <=
                       connection->in_size - at - 2) {
                connection_take(connection, connection->in + at + 2, size);
                at += 2 + size;
        }
        connection->in_size -= at;
        memmove(connection->in, connection->in + at, connection->in_size);
        (void)epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void connection_open(Connection *connection, const struct sockaddr_in *server, int epoll) {
        struct epoll_event event = {EPOLLIN, {.ptr = connection}};
        const int one = 1;

        connection->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connection->fd < 0 ||
            connect(connection->fd, (const struct sockaddr *)server, sizeof(*server)) < 0)
                err(1, "connect");
        (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
                err(2, "epoll_ctl");
}

static void run(const struct sockaddr_in *server) {
        int epoll = epoll_create1(0);

        connections = calloc(n_connections, sizeof(*connections));
        if (epoll < 0 || !connections)
                err(2, "cannot start");
        for (size_t i = 0; i < n_connections; i++)
                connection_open(&connections[i], server, epoll);
        while (done < n_requests) {
                struct epoll_event events[CONNECTIONS_MAX];
                int n;

                give_out();
                for (size_t i = 0; i < n_connections; i++)
                        connection_flush(&connections[i], epoll);
                n = epoll_wait(epoll, events, CONNECTIONS_MAX, SILENCE_MSEC);
                if (n <= 0)
                        errx(1, "the server is silent: %zu of %zu", done, n_requests);
                for (int i = 0; i < n; i++)
                        connection_read(events[i].data.ptr, epoll);
        }
}

/* --- all -------------------------------------------------------------------------------------- */

static double seconds(clockid_t clock) {
        struct timespec now;

        (void)clock_gettime(clock, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t number(const char *text, size_t max) {
        size_t n = strtoul(text, NULL, 10);

        if (n < 1 || n > max)
                errx(2, "%s is not from 1 to %zu", text, max);
        return n;
}

static void read_arguments(char **argv, struct sockaddr_in *ret_server) {
        TsigKey key;
        TsigKeyError error;

        *ret_server = (struct sockaddr_in){.sin_family = AF_INET,
                                           .sin_port = htons((uint16_t)number(argv[2], 65535))};
        if (inet_pton(AF_INET, argv[1], &ret_server->sin_addr) != 1)
                errx(2, "%s is no address", argv[1]);
        if (tsig_key_parse(argv[3], strlen(argv[3]), &key, &error) < 0 ||
            tsig_context_new(&key, &tsig) < 0)
                errx(2, "the key is wrong");
        for (size_t i = 0; i < ELEMENTSOF(courses); i++)
                course = strcmp(argv[4], courses[i].name) == 0 ? &courses[i] : course;
        if (!course)
                errx(2, "%s is no course", argv[4]);
        n_connections = number(argv[5], CONNECTIONS_MAX);
        max_outstanding = number(argv[6], OUTSTANDING_MAX);
        max_batch = number(argv[7], BATCH_MAX);
}

int main(int argc, char **argv) {
        struct sockaddr_in server;
        double begin, cpu;

        if (argc != 8)
                errx(2, "usage: %s ADDRESS PORT KEY COURSE CONNECTIONS OUTSTANDING BATCH <domains",
                     argv[0]);
        read_arguments(argv, &server);
        prepare(stdin);
        begin = seconds(CLOCK_MONOTONIC);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        run(&server);
        printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"requests\": %zu, \"found\": %zu, \"rcodes\": "
               "[",
               seconds(CLOCK_MONOTONIC) - begin, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, done,
               n_found);
        for (size_t i = 0; i < RCODES; i++)
                printf("%s%zu", i ? ", " : "", rcodes[i]);
        printf("]}\n");
        return 0;
}
