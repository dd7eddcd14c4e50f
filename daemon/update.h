/* One publication's update on its way: alone, or with those of its neighbours in the same zone in
   one message (rule E9). */
#pragma once

#include "daemon/transaction.h"
#include "daemon/zone.h"
#include "lib/plan.h"

typedef struct Update Update;

/* Called once, from the loop, never from within update_new(). The reply has no packet. error: the
   update could not be built (-EINVAL, -EMSGSIZE, see message_new_update(), -ENOMEM) and nothing was
   sent; then reply is NULL. The update is freed after the call returns. */
typedef void (*UpdateHandler)(const Reply *reply, int error, void *userdata);

typedef struct UpdateRequest {
        Zone *zone; /* references are taken of this and the next two */
        Server *server;
        Auth *auth;
        const char *record; /* this and the plan: borrowed until the end */
        const Plan *plan;
        bool observed_here; /* this and the next: as in TransactionRequest */
        bool is_again;
        bool is_alone; /* not to be in one message with others */
        uint64_t timeout_usec;
} UpdateRequest;

/* 0 or -ENOMEM. */
int update_new(const UpdateRequest *request, UpdateHandler handler, void *userdata,
               Update **ret_update);

/* Whether it may have reached the server, and has no answer. Not to be called from its handler. */
bool update_is_sent(const Update *update);

/* Gives it up without a callback; what was sent cannot be called back. Accepts NULL. */
Update *update_free(Update *update);
