/* One TCP connection to a server: requests pipelined on it, answers matched by id in any order,
 * an idle one kept for a while (rule E1, RFC 7766 6.2).
 *
 * It ends as a whole. An exchange whose time is over, an answer to nothing that was asked, the
 * peer's close: the connection goes, and each exchange still on it learns why. One exception: a
 * connection that was kept idle may have been closed by the peer at the moment of sending. If it
 * ends without an octet since then, its queries go back to be sent once more; updates never do.
 */
#include "daemon/connection.h"

#include <errno.h>

#include "daemon/random.h"
#include "daemon/stream.h"
#include "lib/util.h"

#define ACCURACY_USEC (10 * USEC_PER_MSEC)

enum {
        DNS_HEADER_SIZE = 12,
};

struct Connection {
        Stream *stream;
        const ConnectionEvents *events;
        void *userdata;
        sd_event *event;
        uint64_t idle_usec;
        uint64_t idle_until_usec;
        sd_event_source *timer; /* for the first deadline, or the idle close; may come too early */
        uint64_t armed_usec;
        ExchangeList outstanding;
        unsigned load; /* exchanges outstanding */
        bool was_kept;
        uint64_t received_when_kept;
        ReplyFault fault; /* why the peer's octets were refused */
};

void exchange_fail(Exchange *exchange, ReplyKind kind, ReplyFault fault, int error) {
        if (exchange->owner)
                exchange->events->on_failure(exchange->owner, kind, fault, error);
}

Exchange *exchange_free(Exchange *exchange) {
        if (!exchange)
                return NULL;
        free(exchange);
        return NULL;
}

bool connection_is_open(const Connection *connection) {
        return stream_is_open(connection->stream);
}

unsigned connection_load(const Connection *connection) {
        return connection->load;
}

bool connection_carries_lane(const Connection *connection, const void *lane) {
        Exchange *exchange;

        if (!lane)
                return false;
        TAILQ_FOREACH(exchange, &connection->outstanding, link) {
                /* cppcheck-suppress uninitvar; it does not see through TAILQ_FOREACH */
                if (exchange->terms.lane == lane)
                        return true;
        }
        return false;
}

void connection_flush(Connection *connection) {
        (void)stream_flush(connection->stream);
        if (connection->load > 0)
                stream_acknowledge(connection->stream);
}

bool connection_is_doubtful(const Connection *connection) {
        return connection->was_kept &&
               stream_received(connection->stream) == connection->received_when_kept;
}

static uint64_t now_usec(const Connection *connection) {
        uint64_t usec = 0;

        (void)sd_event_now(connection->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

/* One timer for all that is outstanding: a deadline that is no more costs a look, not a timer that
   is made and taken away for each of thousands of messages. */
static void connection_arm(Connection *connection, uint64_t usec) {
        if (usec >= connection->armed_usec)
                return;
        connection->armed_usec = usec;
        (void)sd_event_source_set_time(connection->timer, usec);
        (void)sd_event_source_set_enabled(connection->timer, SD_EVENT_ONESHOT);
}

static void connection_begin_idle(Connection *connection) {
        connection->was_kept = connection_is_open(connection);
        connection->received_when_kept = stream_received(connection->stream);
        connection->idle_until_usec = now_usec(connection) + connection->idle_usec;
        connection_arm(connection, connection->idle_until_usec);
}

/* Takes the exchange off the connection. */
static void connection_release(Connection *connection, Exchange *exchange) {
        exchange->connection = NULL;
        exchange->is_sent = false;
        TAILQ_REMOVE(&connection->outstanding, exchange, link);
        if (--connection->load == 0)
                connection_begin_idle(connection);
}

static void connection_fail_one(Connection *connection, Exchange *exchange, ReplyKind kind,
                                ReplyFault fault, int error) {
        connection_release(connection, exchange);
        exchange_fail(exchange, kind, fault, error);
        connection->events->on_ended(exchange, connection->userdata);
}

/* The connection is over: ends all that is on it. The caller does not touch it afterwards. */
static void connection_finish(Connection *connection, ReplyKind kind, int error, bool repeat) {
        ExchangeList again = TAILQ_HEAD_INITIALIZER(again);
        /* Only one that never stood says something of the server as a whole. */
        int attempt_error = connection_is_open(connection) ? 0 : error;
        Exchange *exchange;

        while ((exchange = TAILQ_FIRST(&connection->outstanding))) {
                const bool is_repeated = repeat && exchange->owner && exchange->terms.is_query &&
                                         !exchange->terms.is_again;
                if (is_repeated)
                        exchange->terms.is_again = exchange->terms.is_urgent = true;
                if (is_repeated || attempt_error != 0) {
                        connection_release(connection, exchange);
                        exchange->phase = EXCHANGE_QUEUED;
                        TAILQ_INSERT_TAIL(&again, exchange, link);
                } else {
                        connection_fail_one(connection, exchange, kind, connection->fault, error);
                }
        }
        connection->events->on_close(connection, &again, attempt_error, connection->userdata);
}

/* Only this one timed out; the others on its connection are lost with it. */
static void connection_time_out(Connection *connection, Exchange *exchange) {
        if (!connection_is_open(connection)) {
                connection_finish(connection, REPLY_UNREACHABLE, ETIMEDOUT, false);
                return;
        }
        exchange->is_late = true;
        connection_fail_one(connection, exchange, REPLY_TIMEOUT, FAULT_NONE, 0);
        connection_finish(connection, REPLY_CLOSED, 0, false);
}

static Exchange *connection_first_due(const Connection *connection) {
        Exchange *first = TAILQ_FIRST(&connection->outstanding);

        for (Exchange *exchange = first; exchange; exchange = TAILQ_NEXT(exchange, link))
                if (exchange->deadline_usec < first->deadline_usec)
                        first = exchange;
        return first;
}

static int connection_on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Connection *connection = userdata;
        Exchange *first = connection_first_due(connection);
        const uint64_t due_usec = first ? first->deadline_usec : connection->idle_until_usec;

        connection->armed_usec = UINT64_MAX;
        if (due_usec > now_usec(connection))
                connection_arm(connection, due_usec);
        else if (first)
                connection_time_out(connection, first);
        else
                connection_finish(connection, REPLY_CLOSED, 0, false);
        return 0;
}

static Exchange *connection_find(const Connection *connection, uint16_t id) {
        Exchange *exchange;

        TAILQ_FOREACH(exchange, &connection->outstanding, link) {
                /* cppcheck-suppress uninitvar; it does not see through TAILQ_FOREACH */
                if (exchange->is_sent && exchange->id == id)
                        return exchange;
        }
        return NULL;
}

static int connection_draw_id(const Connection *connection, uint16_t *ret_id) {
        uint16_t id;
        int r;

        do {
                r = random_id(&id);
                if (r < 0)
                        return r;
        } while (connection_find(connection, id));
        *ret_id = id;
        return 0;
}

static int exchange_send(Exchange *exchange, Connection *connection) {
        const Message *message;

        int r = connection_draw_id(connection, &exchange->id);
        if (r < 0)
                return r;
        r = exchange->events->on_send(exchange->owner, exchange->id, &message);
        if (r < 0)
                return r;
        r = stream_send(connection->stream, message->bytes, message->size);
        if (r < 0)
                return r;
        exchange->is_sent = true;
        return 0;
}

static void connection_send(Connection *connection, Exchange *exchange) {
        int r = exchange_send(exchange, connection);
        if (r < 0)
                connection_fail_one(connection, exchange, REPLY_UNREACHABLE, FAULT_NONE, -r);
}

static void connection_on_open(void *userdata) {
        Connection *connection = userdata;
        Exchange *next;

        for (Exchange *exchange = TAILQ_FIRST(&connection->outstanding); exchange;
             exchange = next) {
                next = TAILQ_NEXT(exchange, link);
                connection_send(connection, exchange);
        }
        connection->events->on_open(connection->userdata);
}

static int connection_on_message(const uint8_t *bytes, size_t size, void *userdata) {
        Connection *connection = userdata;

        if (size < DNS_HEADER_SIZE) {
                connection->fault = FAULT_MALFORMED;
                return -EBADMSG;
        }
        Exchange *exchange = connection_find(connection, bytes[0] << 8 | bytes[1]);
        if (!exchange) {
                connection->fault = FAULT_WRONG_ID;
                return -EBADMSG;
        }
        connection_release(connection, exchange);
        exchange->is_answered = LDNS_RCODE_WIRE(bytes) != LDNS_RCODE_SERVFAIL;
        if (exchange->owner)
                exchange->events->on_answer(exchange->owner, bytes, size);
        connection->events->on_ended(exchange, connection->userdata);
        return 0;
}

static void connection_on_stream_close(int error, void *userdata) {
        Connection *connection = userdata;

        if (!connection_is_open(connection))
                connection_finish(connection, REPLY_UNREACHABLE, -error, false);
        else if (connection->fault != FAULT_NONE)
                connection_finish(connection, REPLY_GARBAGE, 0, false);
        else
                connection_finish(connection, REPLY_CLOSED, -error,
                                  connection_is_doubtful(connection));
}

int connection_new(sd_event *event, const struct sockaddr *address, socklen_t address_size,
                   uint64_t idle_usec, const ConnectionEvents *events, void *userdata,
                   Connection **ret_connection) {
        static const StreamEvents stream_events = {
                .on_open = connection_on_open,
                .on_message = connection_on_message,
                .on_close = connection_on_stream_close,
        };
        Connection *connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;
        connection->event = event;
        connection->idle_usec = idle_usec;
        connection->events = events;
        connection->userdata = userdata;
        TAILQ_INIT(&connection->outstanding);
        connection->armed_usec = connection->idle_until_usec =
                now_usec(connection) + connection->idle_usec;
        int r = sd_event_add_time(event, &connection->timer, CLOCK_BOOTTIME, connection->armed_usec,
                                  ACCURACY_USEC, connection_on_timer, connection);
        if (r >= 0)
                r = stream_new(event, address, address_size, &stream_events, connection,
                               &connection->stream);
        if (r < 0) {
                connection_free(connection);
                return r;
        }
        *ret_connection = connection;
        return 0;
}

Connection *connection_free(Connection *connection) {
        Exchange *exchange;

        if (!connection)
                return NULL;
        while ((exchange = TAILQ_FIRST(&connection->outstanding))) {
                TAILQ_REMOVE(&connection->outstanding, exchange, link);
                exchange_free(exchange);
        }
        sd_event_source_disable_unref(connection->timer);
        stream_free(connection->stream);
        free(connection);
        return NULL;
}

void connection_carry(Connection *connection, Exchange *exchange) {
        exchange->phase = EXCHANGE_CARRIED;
        exchange->connection = connection;
        exchange->deadline_usec = now_usec(connection) + exchange->terms.timeout_usec;
        TAILQ_INSERT_TAIL(&connection->outstanding, exchange, link);
        connection->load++;
        connection_arm(connection, exchange->deadline_usec);
        if (connection_is_open(connection))
                connection_send(connection, exchange);
}

void connection_cancel(Connection *connection, Exchange *exchange) {
        if (exchange->is_sent) {
                exchange->owner = NULL;
                return;
        }
        connection_release(connection, exchange);
        exchange_free(exchange);
}
