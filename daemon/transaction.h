/* One DNS request's whole life on TCP: queue, connect, sign, send, time out, answer.
   It completes exactly once, through one callback. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/server.h"
#include "lib/auth.h"
#include "lib/message.h"
#include "lib/reply.h"

typedef struct Transaction Transaction;

/* Called once, from the loop, never from within transaction_new(). reply is the transaction's:
   take its packet with TAKE_PTR to keep it. The transaction is freed after the call returns. */
typedef void (*TransactionHandler)(Transaction *transaction, Reply *reply, void *userdata);

/* What to send. The message is unsigned, id 0; id, time and signature are set when it is sent, so
   that a wait in the queue ages nothing. */
typedef struct TransactionRequest {
        Message *message; /* taken over, also on failure */
        ldns_pkt_opcode opcode;
        ldns_rr_type type;
        Name name;  /* question or zone: the answer must repeat it, if it repeats anything */
        Auth *auth; /* a reference is taken */
        bool observed_here;
        bool is_urgent;        /* as in ExchangeTerms */
        bool is_again;         /* after its like was lost with a connection */
        uint64_t timeout_usec; /* from the moment it leaves the queue */
} TransactionRequest;

/* Queues the request at the server. 0 or -ENOMEM. What fails here before it is sent (no connection,
   signing, memory) ends as REPLY_UNREACHABLE with the errno in reply->error. */
int transaction_new(Server *server, const TransactionRequest *request, TransactionHandler handler,
                    void *userdata, Transaction **ret_transaction);

/* Whether it may have reached the server. */
bool transaction_is_sent(const Transaction *transaction);

/* Gives it up without a callback. Accepts NULL; not to be called once the handler was. */
Transaction *transaction_free(Transaction *transaction);
