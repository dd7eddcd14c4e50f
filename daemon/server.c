/* One name server address: a queue of requests, up to 8 connections, a limit of what is
 * outstanding (rules E1, E8).
 *
 * Everything that happens only notes its result and asks for a turn: an event of the loop, behind
 * all that connections have to say at the moment, in which ended requests are told to their owners,
 * at rest, so that an owner may do what it likes, even drop the server; then waiting ones, with
 * what the owners have just asked for, are given to connections. All that goes over one connection
 * in a turn goes in one piece. Where very many have ended they are told in several turns.
 *
 * Connections are opened one by one, and a second only once one stands: a dead server costs one
 * attempt, and after a pause another; all that waits learns of its failure together. One more that
 * cannot be had is no news where others stand: the server limits its clients.
 *
 * A server that does not answer, or SERVFAIL, has less to answer at a time: half for each request
 * that ends so, and one more again for each answer. Where it said nothing at all in the time of
 * two, what waits is not kept waiting for its turn to meet silence.
 */
#include "daemon/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/connection.h"
#include "daemon/exchange.h"
#include "lib/util.h"

#define IDLE_CLOSE_USEC (5 * USEC_PER_SEC)
#define ATTEMPT_PAUSE_USEC (500 * USEC_PER_MSEC)

enum {
        SILENT_MAX = 2,
        TELL_MAX = 256,          /* in a turn: a dead server may fail a hundred thousand */
        OUTSTANDING_MAX = 16384, /* far from where a fresh 16-bit id is hard to find */
};

struct Server {
        unsigned n_refs;
        sd_event *event;
        sd_event_source *turn;
        char *name;
        struct sockaddr_storage address;
        socklen_t address_size;
        unsigned max_outstanding;
        unsigned allowed; /* of them, as the server fares */
        uint64_t n_answers;
        unsigned n_silent;   /* since the last answer: there was none in their whole time */
        ExchangeList urgent; /* before the queue */
        ExchangeList queue;
        ExchangeList ended;
        ServerCallList calls;
        bool is_in_turn;
        unsigned n_turns;       /* wraps */
        sd_event_source *pause; /* until the next attempt; NULL: none */
        size_t n_connections;
        size_t connections_max; /* that can be had */
        Connection *connections[SERVER_CONNECTIONS_MAX];
};

static void server_ask_turn(Server *server) {
        if (!server->is_in_turn)
                (void)sd_event_source_set_enabled(server->turn, SD_EVENT_ONESHOT);
}

static void server_on_open(void *userdata) {
        server_ask_turn(userdata);
}

static void server_adapt(Server *server, const Exchange *exchange) {
        if (!exchange->is_answered)
                server->allowed -= server->allowed / 2;
        else if (server->allowed < server->max_outstanding)
                server->allowed++;
        if (exchange->is_answered)
                server->n_silent = 0;
        else if (exchange->is_late && exchange->n_answers_before == server->n_answers)
                server->n_silent++;
        server->n_answers += exchange->is_answered;
}

static void server_fail_queue(Server *server, ReplyKind kind, int error);

static void server_on_ended(Exchange *exchange, void *userdata) {
        Server *server = userdata;
        const bool is_late = exchange->is_late;

        server_adapt(server, exchange);
        if (exchange->owner) {
                exchange->phase = EXCHANGE_ENDED;
                TAILQ_INSERT_TAIL(&server->ended, exchange, link);
        } else {
                exchange_free(exchange);
        }
        if (is_late && server->n_silent >= SILENT_MAX)
                server_fail_queue(server, REPLY_TIMEOUT, 0);
        server_ask_turn(server);
}

static ExchangeList *queue_of(Server *server, const Exchange *exchange) {
        return exchange->terms.is_urgent ? &server->urgent : &server->queue;
}

static Exchange *server_next(const Server *server) {
        Exchange *exchange = TAILQ_FIRST(&server->urgent);

        return exchange ? exchange : TAILQ_FIRST(&server->queue);
}

static void server_fail_queue(Server *server, ReplyKind kind, int error) {
        Exchange *exchange;

        while ((exchange = server_next(server))) {
                TAILQ_REMOVE(queue_of(server, exchange), exchange, link);
                exchange_fail(exchange, kind, FAULT_NONE, error);
                server_on_ended(exchange, server);
        }
}

static int server_on_pause_end(sd_event_source *source, uint64_t usec, void *userdata) {
        Server *server = userdata;

        server->pause = sd_event_source_disable_unref(server->pause);
        server_ask_turn(server);
        return 0;
}

/* No connection can be had. Without memory for the pause there is none. */
static void server_fail_attempt(Server *server, int error) {
        if (!server->pause)
                (void)sd_event_add_time_relative(server->event, &server->pause, CLOCK_BOOTTIME,
                                                 ATTEMPT_PAUSE_USEC, 0, server_on_pause_end,
                                                 server);
        server_fail_queue(server, REPLY_UNREACHABLE, error);
}

static void server_drop(Server *server, Connection *connection) {
        for (size_t i = 0; i < server->n_connections; i++) {
                if (server->connections[i] == connection)
                        server->connections[i] = server->connections[--server->n_connections];
        }
        connection_free(connection);
}

static void server_on_close(Connection *connection, ExchangeList *again, int attempt_error,
                            void *userdata) {
        Server *server = userdata;
        Exchange *exchange;

        server_drop(server, connection);
        /* What goes out again keeps its place before what came later. */
        while ((exchange = TAILQ_LAST(again, ExchangeList))) {
                TAILQ_REMOVE(again, exchange, link);
                TAILQ_INSERT_HEAD(queue_of(server, exchange), exchange, link);
        }
        if (server->n_connections == 0)
                server->connections_max = SERVER_CONNECTIONS_MAX;
        else if (attempt_error != 0)
                server->connections_max = server->n_connections;
        if (attempt_error != 0 && server->n_connections == 0)
                server_fail_attempt(server, attempt_error);
        server_ask_turn(server);
}

static int server_connect(Server *server, Connection **ret_connection) {
        static const ConnectionEvents events = {
                .on_open = server_on_open,
                .on_ended = server_on_ended,
                .on_close = server_on_close,
        };
        int r = connection_new(server->event, (const struct sockaddr *)&server->address,
                               server->address_size, IDLE_CLOSE_USEC, &events, server,
                               ret_connection);
        if (r < 0)
                return r;
        server->connections[server->n_connections++] = *ret_connection;
        return 0;
}

/* What each connection has to carry when there are as many as can be had. */
static unsigned server_share(const Server *server) {
        return (server->allowed + (unsigned)server->connections_max - 1) /
               (unsigned)server->connections_max;
}

/* The connection for an exchange: an unused one, a new one, the least loaded. 0 with NULL: none
   yet, it waits. What is sent again never goes over a connection that may be as stale; where there
   can be no other, one of those that are kept makes room. */
static int server_choose(Server *server, const Exchange *exchange, Connection **ret_connection) {
        Connection *best = NULL, *kept = NULL;
        bool any_attempt = false;

        for (size_t i = 0; i < server->n_connections; i++) {
                Connection *connection = server->connections[i];
                any_attempt |= !connection_is_open(connection);
                if (exchange->terms.is_again && connection_is_doubtful(connection)) {
                        if (connection_load(connection) == 0)
                                kept = connection;
                        continue;
                }
                if (connection_carries_lane(connection, exchange->terms.lane)) {
                        *ret_connection = connection;
                        return 0;
                }
                if (!connection_is_open(connection) && connection_load(connection) > 0)
                        continue;
                if (!best || connection_load(connection) < connection_load(best))
                        best = connection;
        }
        if (!best && !any_attempt && kept && server->n_connections == server->connections_max)
                server_drop(server, kept);
        /* BIND serves one connection serially: where one is busy another one helps, but not
           before it is known that connections can be had. */
        bool may_open = server->n_connections == 0
                                ? !server->pause
                                : !any_attempt && server->n_connections < server->connections_max;
        if (may_open && (!best || connection_load(best) > 0)) {
                int r = server_connect(server, ret_connection);
                if (r >= 0 || !best)
                        return r;
                server->connections_max = server->n_connections;
        }
        /* Nor is one that stands to carry what others may soon: who waits behind a request that
           takes long waits as long. */
        *ret_connection =
                best && any_attempt && connection_load(best) >= server_share(server) ? NULL : best;
        return 0;
}

static unsigned server_outstanding(const Server *server) {
        unsigned n = 0;

        for (size_t i = 0; i < server->n_connections; i++)
                n += connection_load(server->connections[i]);
        return n;
}

static void server_assign(Server *server) {
        Exchange *exchange;

        while ((exchange = server_next(server)) && server_outstanding(server) < server->allowed) {
                Connection *connection = NULL;
                int r = server_choose(server, exchange, &connection);
                if (r < 0)
                        server_fail_attempt(server, -r);
                if (!connection)
                        break;
                TAILQ_REMOVE(queue_of(server, exchange), exchange, link);
                exchange->n_answers_before = server->n_answers;
                connection_carry(connection, exchange);
        }
        for (size_t i = 0; i < server->n_connections; i++)
                connection_flush(server->connections[i]);
}

static void server_tell(Server *server) {
        Exchange *exchange;

        for (unsigned n = 0; n < TELL_MAX && (exchange = TAILQ_FIRST(&server->ended)); n++) {
                TAILQ_REMOVE(&server->ended, exchange, link);
                exchange->events->on_complete(exchange->owner);
                exchange_free(exchange);
        }
}

static void server_make_calls(Server *server) {
        ServerCall *call;

        server->n_turns++;
        while ((call = TAILQ_FIRST(&server->calls)) && call->turn != server->n_turns) {
                server_call_off(server, call);
                call->on_turn(call->userdata);
        }
}

static int server_on_turn(sd_event_source *source, void *userdata) {
        Server *server = server_ref(userdata);

        server->is_in_turn = true;
        server_tell(server);
        if (TAILQ_EMPTY(&server->ended)) {
                server_make_calls(server);
                server_assign(server);
        }
        server->is_in_turn = false;
        if (!TAILQ_EMPTY(&server->ended) || !TAILQ_EMPTY(&server->calls))
                server_ask_turn(server);
        server_unref(server);
        return 0;
}

int server_new(sd_event *event, const char *name, const struct sockaddr *address,
               socklen_t address_size, unsigned max_outstanding, Server **ret_server) {
        if (address_size > sizeof(struct sockaddr_storage))
                return -EINVAL;
        Server *server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;
        server->n_refs = 1;
        server->event = sd_event_ref(event);
        memcpy(&server->address, address, address_size);
        server->address_size = address_size;
        server->connections_max = SERVER_CONNECTIONS_MAX;
        server_set_limit(server, max_outstanding);
        TAILQ_INIT(&server->urgent);
        TAILQ_INIT(&server->queue);
        TAILQ_INIT(&server->ended);
        TAILQ_INIT(&server->calls);
        server->name = strdup(name);
        int r = server->name ? 0 : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_defer(event, &server->turn, server_on_turn, server);
        if (r >= 0)
                r = sd_event_source_set_priority(server->turn, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r >= 0)
                r = sd_event_source_set_enabled(server->turn, SD_EVENT_OFF);
        if (r < 0) {
                server_unref(server);
                return r;
        }
        *ret_server = server;
        return 0;
}

Server *server_ref(Server *server) {
        server->n_refs++;
        return server;
}

/* Who has a request here holds a reference: at the last one nothing is queued or ended. */
Server *server_unref(Server *server) {
        if (!server || --server->n_refs > 0)
                return NULL;
        for (size_t i = 0; i < server->n_connections; i++)
                connection_free(server->connections[i]);
        sd_event_source_disable_unref(server->turn);
        sd_event_source_disable_unref(server->pause);
        sd_event_unref(server->event);
        free(server->name);
        free(server);
        return NULL;
}

const char *server_name(const Server *server) {
        return server->name;
}

void server_endpoint(const Server *server, Endpoint *ret_endpoint) {
        const struct sockaddr *address = (const struct sockaddr *)&server->address;

        /* The port is at one place in both families. */
        *ret_endpoint = (Endpoint){
                .family = address->sa_family,
                .port = ntohs(((const struct sockaddr_in *)address)->sin_port),
        };
        (void)getnameinfo(address, server->address_size, ret_endpoint->host,
                          sizeof(ret_endpoint->host), NULL, 0, NI_NUMERICHOST);
}

void server_go_by_address(Server *server) {
        char text[ENDPOINT_TEXT_MAX], *name;
        Endpoint endpoint;

        server_endpoint(server, &endpoint);
        name = strdup(endpoint_to_text(&endpoint, text));
        if (!name)
                return;
        free(server->name);
        server->name = name;
}

const struct sockaddr *server_address(const Server *server, socklen_t *ret_size) {
        *ret_size = server->address_size;
        return (const struct sockaddr *)&server->address;
}

void server_set_limit(Server *server, unsigned max_outstanding) {
        server->max_outstanding = max_outstanding < 1                 ? 1
                                  : max_outstanding < OUTSTANDING_MAX ? max_outstanding
                                                                      : OUTSTANDING_MAX;
        if (server->allowed == 0 || server->allowed > server->max_outstanding)
                server->allowed = server->max_outstanding;
}

int server_submit(Server *server, const ExchangeOwner *events, void *owner,
                  const ExchangeTerms *terms, Exchange **ret_exchange) {
        Exchange *exchange = calloc(1, sizeof(*exchange));
        if (!exchange)
                return -ENOMEM;
        exchange->phase = EXCHANGE_QUEUED;
        exchange->events = events;
        exchange->owner = owner;
        exchange->terms = *terms;
        TAILQ_INSERT_TAIL(queue_of(server, exchange), exchange, link);
        server_ask_turn(server);
        *ret_exchange = exchange;
        return 0;
}

void server_call(Server *server, ServerCall *call) {
        if (call->is_asked)
                return;
        call->is_asked = true;
        call->turn = server->n_turns;
        TAILQ_INSERT_TAIL(&server->calls, call, link);
        server_ask_turn(server);
}

void server_call_off(Server *server, ServerCall *call) {
        if (!call->is_asked)
                return;
        call->is_asked = false;
        TAILQ_REMOVE(&server->calls, call, link);
}

void server_cancel(Server *server, Exchange *exchange) {
        switch (exchange->phase) {
        case EXCHANGE_QUEUED:
                TAILQ_REMOVE(queue_of(server, exchange), exchange, link);
                exchange_free(exchange);
                break;
        case EXCHANGE_CARRIED:
                connection_cancel(exchange->connection, exchange);
                server_ask_turn(server);
                break;
        case EXCHANGE_ENDED:
                TAILQ_REMOVE(&server->ended, exchange, link);
                exchange_free(exchange);
                break;
        }
}
