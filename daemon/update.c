/* Batches of updates (rule E9). What neighbours want written in one turn of the loop goes into one
   message; while BATCHES_MAX are outstanding for a zone at a server, further ones gather in the
   next.

       open --end of the turn, or another one's answer--> sent --answer--> each part is told
                                                             '--refused--> each part alone

   A message is done as a whole or not at all (RFC 2136 3.4). So what one part meets (its name is
   denied, its set has changed, its name is outside the zone) says nothing of the others: each is
   sent again alone, in the same pass. What is about the message as a whole, its key, its
   connection, its time, or about the server and what it is there for, is every part's own.

   Alone from the start: what is signed with GSS (Samba with BIND9_DLZ wants one owner name a
   message), what follows a loss, which it may have been the reason of, and what the server has not
   just been seen to speak for. */

#include "daemon/update.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/exchange.h"
#include "lib/util.h"

enum {
        PARTS_MAX = 100,
        BATCHES_MAX = 2, /* outstanding, of a zone at a server */
        TOLD_MAX = 16,   /* of a batch in a turn: the server is not to run dry meanwhile */
};

struct Update {
        TAILQ_ENTRY(Update) link;
        struct Batch *batch; /* NULL: it is being told */
        const char *record;
        const Plan *plan;
        UpdateHandler handler;
        void *userdata;
};

typedef TAILQ_HEAD(UpdateList, Update) UpdateList;

typedef struct Batch {
        struct Batch *next; /* the zone's */
        Zone *zone;
        Server *server;
        Auth *auth;
        uint64_t timeout_usec;
        bool is_alone;
        bool observed_here, is_again;
        bool is_telling;
        bool is_walked;   /* by who ends it behind the walk */
        bool is_answered; /* then with reply, else with error */
        Reply reply;      /* without its packet */
        int error;
        ServerCall turn;
        Transaction *transaction; /* NULL: not sent */
        size_t n_parts;
        size_t n_sent; /* as many parts has the message */
        UpdateList parts;
} Batch;

static int batch_send(Batch *batch);

/* --- parts ------------------------------------------------------------------------------------ */

static void batch_append(Batch *batch, Update *update) {
        update->batch = batch;
        TAILQ_INSERT_TAIL(&batch->parts, update, link);
        batch->n_parts++;
}

static void update_detach(Update *update) {
        TAILQ_REMOVE(&update->batch->parts, update, link);
        update->batch->n_parts--;
        update->batch = NULL;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void batch_link(Batch *batch) {
        Batch **at = zone_batches(batch->zone);

        while (*at)
                at = &(*at)->next;
        *at = batch;
}

static void batch_unlink(Batch *batch) {
        for (Batch **at = zone_batches(batch->zone); *at; at = &(*at)->next)
                if (*at == batch) {
                        *at = batch->next;
                        return;
                }
}

static bool is_neighbour(const Batch *batch, const Server *server, const Auth *auth) {
        return batch->server == server && batch->auth == auth;
}

static bool is_waiting(const Batch *batch) {
        return !batch->transaction && !batch->is_telling;
}

/* Those that wait for its room are sent when the turn is over. */
static void wake_neighbours(const Batch *batch) {
        for (Batch *other = *zone_batches(batch->zone); other; other = other->next)
                if (is_neighbour(other, batch->server, batch->auth) && is_waiting(other))
                        server_call(other->server, &other->turn);
}

/* Nobody is left who would want to know. */
static void batch_end(Batch *batch) {
        batch_unlink(batch);
        wake_neighbours(batch);
        server_call_off(batch->server, &batch->turn);
        (void)transaction_free(batch->transaction);
        (void)auth_unref(batch->auth);
        (void)server_unref(batch->server);
        (void)zone_unref(batch->zone);
        free(batch);
}

/* What is told may give up others of the batch, or begin new updates. */
static void batch_tell(Batch *batch) {
        Update *update;

        batch->is_telling = batch->is_walked = true;
        for (unsigned n = 0; n < TOLD_MAX && (update = TAILQ_FIRST(&batch->parts)); n++) {
                update_detach(update);
                update->handler(batch->is_answered ? &batch->reply : NULL, batch->error,
                                update->userdata);
                free(update);
        }
        batch->is_walked = false;
        if (TAILQ_EMPTY(&batch->parts))
                batch_end(batch);
        else
                server_call(batch->server, &batch->turn);
}

static bool has_room(const Batch *batch) {
        unsigned n = 0;

        for (const Batch *other = *zone_batches(batch->zone); other; other = other->next)
                n += other->transaction && is_neighbour(other, batch->server, batch->auth);
        return n < BATCHES_MAX;
}

/* Of those that wait for the same room, itself among them. */
static Batch *find_oldest(const Batch *batch) {
        Batch *oldest = *zone_batches(batch->zone);

        while (!is_neighbour(oldest, batch->server, batch->auth) || !is_waiting(oldest))
                oldest = oldest->next;
        return oldest;
}

static void on_turn(void *userdata) {
        Batch *batch = userdata;

        if (batch->is_telling) {
                batch_tell(batch);
                return;
        }
        /* The answer to another one comes back to it. */
        if (!batch->is_alone && !has_room(batch))
                return;
        if (!batch->is_alone && find_oldest(batch) != batch) {
                server_call(batch->server, &batch->turn);
                batch = find_oldest(batch);
                server_call_off(batch->server, &batch->turn);
        }
        int r = batch_send(batch);
        if (r < 0) {
                batch->error = r;
                batch_tell(batch);
        }
}

static int batch_new(const UpdateRequest *request, bool is_alone, Batch **ret_batch) {
        Batch *batch = calloc(1, sizeof(*batch));

        if (!batch)
                return -ENOMEM;
        *batch = (Batch){
                .zone = zone_ref(request->zone),
                .server = server_ref(request->server),
                .auth = auth_ref(request->auth),
                .timeout_usec = request->timeout_usec,
                .is_alone = is_alone,
                .observed_here = request->observed_here,
                .is_again = request->is_again,
                .turn = {.on_turn = on_turn, .userdata = batch},
        };
        TAILQ_INIT(&batch->parts);
        server_call(batch->server, &batch->turn);
        if (!is_alone)
                batch_link(batch);
        *ret_batch = batch;
        return 0;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* So many parts in each; what cannot be sent so either is told. */
static void batch_split(Batch *batch, size_t n_each) {
        const UpdateRequest request = {
                .zone = batch->zone,
                .server = batch->server,
                .auth = batch->auth,
                .observed_here = batch->observed_here,
                .timeout_usec = batch->timeout_usec,
        };
        Update *update;

        batch->is_telling = batch->is_walked = true;
        while (!TAILQ_EMPTY(&batch->parts)) {
                Batch *piece;
                int r = batch_new(&request, true, &piece);

                for (size_t i = 0; i < n_each && (update = TAILQ_FIRST(&batch->parts)); i++) {
                        update_detach(update);
                        if (r == 0) {
                                batch_append(piece, update);
                        } else {
                                update->handler(NULL, r, update->userdata);
                                free(update);
                        }
                }
        }
        batch_end(batch);
}

/* Whether another part may be the reason. A server that takes no updates, or is not this zone's,
   takes none of them. */
static bool is_of_one_part(const Reply *reply) {
        switch (reply->kind) {
        case REPLY_CONFLICT:
        case REPLY_DENIED:
                return true;
        case REPLY_WRONG_SERVER:
                return reply->rcode != LDNS_RCODE_NOTAUTH;
        case REPLY_ELSEWHERE:
                return reply->rcode != LDNS_RCODE_NOTIMPL;
        case REPLY_DONE:
        case REPLY_BAD_KEY:
        case REPLY_BAD_TIME:
        case REPLY_ECHO:
        case REPLY_GARBAGE:
        case REPLY_TIMEOUT:
        case REPLY_UNREACHABLE:
        case REPLY_CLOSED:
        case _REPLY_KIND_MAX:
                break;
        }
        return false;
}

static void on_answered(Transaction *transaction, Reply *reply, void *userdata) {
        Batch *batch = userdata;

        batch->transaction = NULL;
        /* It may have been one that was given up since. */
        if (batch->n_sent > 1 && is_of_one_part(reply)) {
                batch_split(batch, 1);
                return;
        }
        batch->is_telling = batch->is_answered = true;
        batch->reply = *reply;
        batch->reply.packet = NULL;
        server_call(batch->server, &batch->turn);
        wake_neighbours(batch);
}

static int batch_message(const Batch *batch, Message **ret_message) {
        UpdatePart parts[PARTS_MAX];
        _cleanup_(freep) Name *names = malloc(batch->n_parts * sizeof(*names));
        size_t n = 0;
        int r = names ? 0 : -ENOMEM;

        for (const Update *update = TAILQ_FIRST(&batch->parts); r == 0 && update;
             update = TAILQ_NEXT(update, link), n++) {
                r = name_from_text(update->record, &names[n]);
                parts[n] = (UpdatePart){.record = &names[n], .plan = update->plan};
        }
        return r < 0 ? r : message_new_update(zone_apex(batch->zone), parts, n, ret_message);
}

static int batch_send(Batch *batch) {
        TransactionRequest request = {
                .opcode = LDNS_PACKET_UPDATE,
                .type = LDNS_RR_TYPE_SOA,
                .name = *zone_apex(batch->zone),
                .auth = batch->auth,
                .observed_here = batch->observed_here,
                .is_urgent = true,
                .is_again = batch->is_again,
                .timeout_usec = batch->timeout_usec,
        };
        int r = batch_message(batch, &request.message);

        /* One that cannot be built, or all that together are too long. */
        if (r < 0 && r != -ENOMEM && batch->n_parts > 1) {
                batch_split(batch, r == -EMSGSIZE ? (batch->n_parts + 1) / 2 : 1);
                return 0;
        }
        if (r < 0)
                return r;
        batch->n_sent = batch->n_parts;
        return transaction_new(batch->server, &request, on_answered, batch, &batch->transaction);
}

/* --- for one publication ---------------------------------------------------------------------- */

static Batch *find_open(const UpdateRequest *request) {
        for (Batch *batch = *zone_batches(request->zone); batch; batch = batch->next)
                if (is_neighbour(batch, request->server, request->auth) && is_waiting(batch) &&
                    batch->n_parts < PARTS_MAX)
                        return batch;
        return NULL;
}

int update_new(const UpdateRequest *request, UpdateHandler handler, void *userdata,
               Update **ret_update) {
        const bool is_alone = auth_security(request->auth) == SECURITY_GSS || request->is_again ||
                              request->is_alone || !request->observed_here;
        Batch *batch = is_alone ? NULL : find_open(request);
        Update *update = calloc(1, sizeof(*update));
        int r = 0;

        if (!update)
                return -ENOMEM;
        if (!batch)
                r = batch_new(request, is_alone, &batch);
        if (r < 0) {
                free(update);
                return r;
        }
        update->record = request->record;
        update->plan = request->plan;
        update->handler = handler;
        update->userdata = userdata;
        batch_append(batch, update);
        *ret_update = update;
        return 0;
}

bool update_is_sent(const Update *update) {
        const Batch *batch = update->batch;

        return batch->is_answered ||
               (batch->transaction && transaction_is_sent(batch->transaction));
}

Update *update_free(Update *update) {
        if (!update)
                return NULL;
        Batch *batch = update->batch;

        update_detach(update);
        /* What nobody wants any more must not arrive when its doubt is over (O13). */
        if (batch->transaction && !transaction_is_sent(batch->transaction)) {
                batch->transaction = transaction_free(batch->transaction);
                server_call(batch->server, &batch->turn);
        }
        if (batch->n_parts == 0 && !batch->is_walked)
                batch_end(batch);
        free(update);
        return NULL;
}
