/* One DNS request's whole life on TCP: what is said, signed when it is sent, and how it ended.
 *
 * The server carries it (daemon/exchange.h); here the message gets its id and signature, the answer
 * is judged by lib/reply, and the one handler is called once. A request that is sent again (a query
 * whose kept connection had gone stale) is signed anew from its unsigned form.
 */
#include "daemon/transaction.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/exchange.h"
#include "lib/util.h"

enum {
        ARCOUNT_OFFSET = 10,
};

struct Transaction {
        Server *server;
        Exchange *exchange; /* until the end was told */
        Message *message;
        size_t unsigned_size;
        uint8_t unsigned_arcount[2];
        Request request;
        Reply reply;
        TransactionHandler handler;
        void *userdata;
};

static int transaction_on_send(void *owner, uint16_t id, const Message **ret_message) {
        Transaction *transaction = owner;
        Message *message = transaction->message;

        /* Maybe for the second time: a signature is of one id and one moment. */
        message->size = transaction->unsigned_size;
        memcpy(message->bytes + ARCOUNT_OFFSET, transaction->unsigned_arcount, 2);
        message->bytes[0] = id >> 8;
        message->bytes[1] = id & 0xff;
        transaction->request.id = id;
        int r = auth_sign(transaction->request.auth, message, time(NULL),
                          &transaction->request.signature);
        if (r < 0)
                return r;
        *ret_message = message;
        return 0;
}

static void transaction_on_failure(void *owner, ReplyKind kind, ReplyFault fault, int error) {
        Transaction *transaction = owner;

        transaction->reply = (Reply){.kind = kind, .fault = fault, .error = error};
}

static void transaction_on_answer(void *owner, const uint8_t *bytes, size_t size) {
        Transaction *transaction = owner;

        int r = reply_read(&transaction->request, bytes, size, time(NULL), &transaction->reply);
        if (r < 0)
                transaction_on_failure(transaction, REPLY_CLOSED, FAULT_NONE, -r);
}

static void transaction_on_complete(void *owner) {
        Transaction *transaction = owner;

        transaction->exchange = NULL;
        transaction->handler(transaction, &transaction->reply, transaction->userdata);
        transaction_free(transaction);
}

int transaction_new(Server *server, const TransactionRequest *request, TransactionHandler handler,
                    void *userdata, Transaction **ret_transaction) {
        static const ExchangeOwner exchange_owner = {
                .on_send = transaction_on_send,
                .on_answer = transaction_on_answer,
                .on_failure = transaction_on_failure,
                .on_complete = transaction_on_complete,
        };
        _cleanup_(freep) Message *message = request->message;
        _cleanup_(freep) Transaction *transaction = calloc(1, sizeof(*transaction));
        if (!transaction)
                return -ENOMEM;
        const ExchangeTerms terms = {
                .timeout_usec = request->timeout_usec,
                .is_query = request->opcode == LDNS_PACKET_QUERY,
                .is_again = request->is_again,
                .is_urgent = request->is_urgent,
                /* An acceptor takes what comes too long after its successors for a replay: Samba
                   after 20 of them, MIT after 64 (RFC 4121 4.2.6.1 leaves the window to it). */
                .lane = auth_security(request->auth) == SECURITY_GSS ? request->auth : NULL,
        };
        int r = server_submit(server, &exchange_owner, transaction, &terms, &transaction->exchange);
        if (r < 0)
                return r;
        transaction->server = server_ref(server);
        transaction->unsigned_size = message->size;
        memcpy(transaction->unsigned_arcount, message->bytes + ARCOUNT_OFFSET, 2);
        transaction->message = TAKE_PTR(message);
        transaction->request = (Request){
                .opcode = request->opcode,
                .type = request->type,
                .name = request->name,
                .auth = auth_ref(request->auth),
                .observed_here = request->observed_here,
        };
        transaction->handler = handler;
        transaction->userdata = userdata;
        *ret_transaction = TAKE_PTR(transaction);
        return 0;
}

bool transaction_is_sent(const Transaction *transaction) {
        const Exchange *exchange = transaction->exchange;

        switch (exchange->phase) {
        case EXCHANGE_QUEUED:
                return false;
        case EXCHANGE_CARRIED:
                return exchange->is_sent;
        case EXCHANGE_ENDED:
                break;
        }
        return true;
}

Transaction *transaction_free(Transaction *transaction) {
        if (!transaction)
                return NULL;
        if (transaction->exchange)
                server_cancel(transaction->server, transaction->exchange);
        reply_done(&transaction->reply);
        auth_unref(transaction->request.auth);
        free(transaction->message);
        server_unref(transaction->server);
        free(transaction);
        return NULL;
}
