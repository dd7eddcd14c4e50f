/* One look at a record name: SRV, then TXT, from one server (rule E5). It completes exactly once.
 */
#pragma once

#include "daemon/transaction.h"
#include "lib/observation.h"

typedef struct Look Look;

typedef struct LookRequest {
        Server *server;
        Auth *auth; /* a reference is taken */
        const Name *record;
        bool is_urgent; /* this and the next: as in TransactionRequest */
        bool is_again;
        Reply *first; /* the answer to the SRV query, where it has come already: its packet is
                         taken; else NULL */
        uint64_t timeout_usec; /* of each query */
} LookRequest;

/* Called once, with `first` maybe from within look_new(): *ret_look was written by then.
   observation (the handler's) comes with REPLY_DONE, and only then; the reply is that of the last
   query. The look is freed after the call returns. */
typedef void (*LookHandler)(const Reply *reply, Observation *observation, void *userdata);

/* 0 or -ENOMEM. */
int look_new(const LookRequest *request, LookHandler handler, void *userdata, Look **ret_look);

/* Gives it up without a callback. Accepts NULL; not to be called once the handler was. */
Look *look_free(Look *look);
