/* One kept TCP connection to a server: pipelined exchanges, matched by id (rule E1). */
#pragma once

#include "daemon/exchange.h"

typedef struct ConnectionEvents {
        void (*on_open)(void *userdata);
        /* The exchange has left the connection, its owner knows how it ended. The callee's now. */
        void (*on_ended)(Exchange *exchange, void *userdata);
        /* The last event: the callee frees the connection. again: what has not ended with it:
           queries to be sent once more; all that waited for a connection that never stood.
           attempt_error: why it never did (an errno), 0 if it did. */
        void (*on_close)(Connection *connection, ExchangeList *again, int attempt_error,
                         void *userdata);
} ConnectionEvents;

/* Kept for idle_usec with nothing outstanding. Errors that show at once are returned. */
int connection_new(sd_event *event, const struct sockaddr *address, socklen_t address_size,
                   uint64_t idle_usec, const ConnectionEvents *events, void *userdata,
                   Connection **ret_connection);

/* Closes; what is outstanding is freed without a word to its owners. */
Connection *connection_free(Connection *connection);

bool connection_is_open(const Connection *connection);
unsigned connection_load(const Connection *connection);

/* What connection_carry() has put on it goes out; and where answers are still to come, the peer is
   told which have. */
void connection_flush(Connection *connection);

/* It was kept idle and has not received an octet since: the peer may have closed it meanwhile. */
bool connection_is_doubtful(const Connection *connection);

/* Something of that lane is outstanding on it. */
bool connection_carries_lane(const Connection *connection, const void *lane);

/* Takes an exchange, starts its time, and sends it as soon as the connection stands. */
void connection_carry(Connection *connection, Exchange *exchange);
void connection_cancel(Connection *connection, Exchange *exchange);

/* Tells the owner, if there is one, of an end without an answer. */
void exchange_fail(Exchange *exchange, ReplyKind kind, ReplyFault fault, int error);
Exchange *exchange_free(Exchange *exchange);
