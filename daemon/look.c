/* SRV first; the TXTs only where the name exists, for NXDOMAIN answers both, and where the server
   speaks for the zone. Between the two answers another publisher may write: then claims and SRVs do
   not fit together, and the plan's prerequisites find it out. */

#include "daemon/look.h"

#include <errno.h>

#include "lib/util.h"

struct Look {
        LookHandler handler;
        void *userdata;
        Server *server;
        Auth *auth;
        Name record;
        bool is_urgent;
        bool is_again;
        uint64_t timeout_usec;
        Transaction *transaction;
        ldns_pkt *srv; /* the first answer */
};

Look *look_free(Look *look) {
        if (!look)
                return NULL;
        (void)transaction_free(look->transaction);
        ldns_pkt_free(look->srv);
        (void)auth_unref(look->auth);
        (void)server_unref(look->server);
        free(look);
        return NULL;
}

static void complete(Look *look, Reply *reply) {
        Observation *observation = NULL;
        const ldns_pkt *txt = look->srv ? reply->packet : NULL;
        const ldns_pkt *srv = look->srv ? look->srv : reply->packet;
        int r = 0;

        if (reply->kind == REPLY_DONE)
                r = observation_new(srv, txt, &look->record, &observation);
        /* Half an RR is no observation; the next server is asked. */
        if (r == -EBADMSG) {
                reply->kind = REPLY_GARBAGE;
                reply->fault = FAULT_MALFORMED;
        } else if (r < 0) {
                reply->kind = REPLY_UNREACHABLE;
                reply->error = -r;
        }
        look->handler(reply, observation, look->userdata);
        (void)look_free(look);
}

static int ask(Look *look, ldns_rr_type type);

static void take(Look *look, Reply *reply) {
        const bool is_first = !look->srv;

        if (is_first && reply->kind == REPLY_DONE && reply->rcode == LDNS_RCODE_NOERROR &&
            ldns_pkt_aa(reply->packet)) {
                look->srv = TAKE_PTR(reply->packet);
                int r = ask(look, LDNS_RR_TYPE_TXT);
                if (r == 0)
                        return;
                reply->kind = REPLY_UNREACHABLE;
                reply->error = -r;
        }
        complete(look, reply);
}

static void on_answer(Transaction *transaction, Reply *reply, void *userdata) {
        Look *look = userdata;

        look->transaction = NULL;
        take(look, reply);
}

static int ask(Look *look, ldns_rr_type type) {
        TransactionRequest request = {
                .opcode = LDNS_PACKET_QUERY,
                .type = type,
                .name = look->record,
                .auth = look->auth,
                .is_again = look->is_again,
                .is_urgent = look->is_urgent || look->srv,
                .timeout_usec = look->timeout_usec,
        };
        int r = message_new_query(&look->record, type, false, &request.message);

        if (r < 0)
                return r;
        return transaction_new(look->server, &request, on_answer, look, &look->transaction);
}

int look_new(const LookRequest *request, LookHandler handler, void *userdata, Look **ret_look) {
        Look *look = calloc(1, sizeof(*look));
        int r = 0;

        if (!look)
                return -ENOMEM;
        *look = (Look){
                .handler = handler,
                .userdata = userdata,
                .server = server_ref(request->server),
                .auth = auth_ref(request->auth),
                .record = *request->record,
                .is_urgent = request->is_urgent,
                .is_again = request->is_again,
                .timeout_usec = request->timeout_usec,
        };
        if (!request->first)
                r = ask(look, LDNS_RR_TYPE_SRV);
        if (r < 0) {
                (void)look_free(look);
                return r;
        }
        *ret_look = look;
        if (request->first)
                take(look, request->first);
        return 0;
}
