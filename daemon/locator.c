/* Zone discovery, one record name at a time (rule E2, C31):

       Zone= and Server=   nothing to ask, but the MNAME for GSS-TSIG with an address
       Zone=               SOA of Zone= at the resolvers, for the MNAME
       Server=             hosts -> SRV at the first of them that answers: the SOA comes with "there
                           is none" (E5), and is asked for where there is one
       neither             SOA at the resolvers

   then the zone finds its servers, once for all that wait for it. */

#include "daemon/locator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/transaction.h"
#include "lib/discovery.h"
#include "lib/message.h"
#include "lib/util.h"

struct Locator {
        ZoneTable *table;
        LocatorHandler handler;
        void *userdata;
        Access *access;
        Name domain;
        Name name;     /* whose SOA is asked for */
        bool is_known; /* it is the apex, as far as is known */
        ldns_rr_type type;

        HostSearch *search;
        Lookup *lookup;
        Transaction *transaction;
        size_t n_servers, server;
        Server *servers[HOST_SERVERS_MAX];
        Reply look; /* to the SRV query, with its packet; else without */

        Zone *zone;
        bool waiting;
        ZoneWaiter waiter;
};

Locator *locator_free(Locator *locator) {
        if (!locator)
                return NULL;
        if (locator->waiting)
                zone_forget(locator->zone, &locator->waiter);
        (void)host_search_free(locator->search);
        (void)lookup_free(locator->lookup);
        (void)transaction_free(locator->transaction);
        for (size_t i = 0; i < locator->n_servers; i++)
                (void)server_unref(locator->servers[i]);
        reply_done(&locator->look);
        (void)zone_unref(locator->zone);
        (void)access_unref(locator->access);
        free(locator);
        return NULL;
}

static void complete(Locator *locator, const Location *location) {
        locator->handler(locator, location, locator->userdata);
        (void)locator_free(locator);
}

static void fail(Locator *locator, TroubleKind kind, const char *text) {
        complete(locator, &(Location){.kind = kind, .text = text});
}

static void succeed(Locator *locator) {
        complete(locator, &(Location){.zone = locator->zone,
                                      .server = locator->servers[locator->server],
                                      .look = locator->look.packet ? &locator->look : NULL});
}

static void on_zone_ready(ZoneWaiter *waiter, const char *text) {
        Locator *locator = (Locator *)((char *)waiter - offsetof(Locator, waiter));

        locator->waiting = false;
        if (text)
                fail(locator, TROUBLE_NOT_LOCATED, text);
        else
                succeed(locator);
}

static void ask(Locator *locator);

static void enter_zone(Locator *locator, const Name *apex, const Name *mname) {
        int r = zone_get(locator->table, apex, mname, locator->access, &locator->zone);

        if (r == 0 && zone_is_ready(locator->zone)) {
                succeed(locator);
                return;
        }
        if (r == 0) {
                locator->waiter.on_ready = on_zone_ready;
                locator->waiting = true;
                r = zone_prepare(locator->zone, &locator->waiter);
        }
        if (r < 0) {
                locator->waiting = false;
                fail(locator, TROUBLE_NOT_LOCATED, strerror(-r));
        }
}

static void on_answer(Locator *locator, const ldns_pkt *answer) {
        char text[NAME_TEXT_MAX + 128];
        Discovery discovery;
        Name parent;

        discovery_read(answer, &locator->name, &locator->domain, &discovery);
        /* Zone= is the operator's word for the apex: another SOA on the way up disproves it. */
        if (discovery.step == DISCOVERY_FOUND &&
            (!locator->access->zone || name_equal(&discovery.apex, &locator->name))) {
                enter_zone(locator, &discovery.apex, &discovery.mname);
                return;
        }
        if (discovery.step == DISCOVERY_DROP_LABEL && !locator->access->zone &&
            name_parent(&locator->name, &parent) && name_labels(&parent) > 0) {
                locator->name = parent;
                ask(locator);
                return;
        }
        if (locator->access->zone)
                (void)snprintf(text, sizeof(text), "Zone=%s is not the apex of a zone",
                               locator->access->zone);
        else
                (void)snprintf(text, sizeof(text),
                               "no zone was found: no SOA at the name or above");
        fail(locator, TROUBLE_NOT_LOCATED, text);
}

static void on_lookup(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                      void *userdata) {
        Locator *locator = userdata;
        char words[512];

        locator->lookup = NULL;
        if (!error) {
                on_answer(locator, answer);
                return;
        }
        (void)snprintf(words, sizeof(words), "no resolver finds its zone: %s", text);
        fail(locator, TROUBLE_NOT_LOCATED, words);
}

/* Where there is an SRV, or an alias, no SOA came along. */
static void on_look(Locator *locator) {
        Discovery discovery;

        discovery_read(locator->look.packet, &locator->name, &locator->domain, &discovery);
        locator->type = LDNS_RR_TYPE_SOA;
        if (discovery.step == DISCOVERY_FOUND)
                enter_zone(locator, &discovery.apex, &discovery.mname);
        else
                ask(locator);
}

static void on_transaction(Transaction *transaction, Reply *reply, void *userdata) {
        Locator *locator = userdata;

        locator->transaction = NULL;
        if (reply->kind == REPLY_DONE && locator->type == LDNS_RR_TYPE_SRV) {
                locator->look = *reply;
                reply->packet = NULL;
                on_look(locator);
        } else if (reply->kind == REPLY_DONE) {
                on_answer(locator, reply->packet);
        } else if (locator->server + 1 < locator->n_servers) {
                reply_done(&locator->look); /* another server's */
                locator->look.packet = NULL;
                locator->server++;
                ask(locator);
        } else {
                complete(locator,
                         &(Location){.reply = reply, .server = locator->servers[locator->server]});
        }
}

static int ask_server(Locator *locator, char error[static KEY_FILE_ERROR_MAX]) {
        TransactionRequest request = {
                .opcode = LDNS_PACKET_QUERY,
                .type = locator->type,
                .name = locator->name,
                .is_urgent = locator->look.packet != NULL,
                .timeout_usec = locator->access->timeout_usec,
        };
        int r;

        r = access_auth(locator->access, &request.auth, error);
        if (r < 0)
                return r;
        r = message_new_query(&locator->name, locator->type, false, &request.message);
        if (r < 0)
                return r;
        return transaction_new(locator->servers[locator->server], &request, on_transaction, locator,
                               &locator->transaction);
}

static void ask(Locator *locator) {
        char error[KEY_FILE_ERROR_MAX] = "out of memory";

        if (locator->n_servers) {
                if (ask_server(locator, error) < 0)
                        fail(locator, TROUBLE_NO_CREDENTIALS, error);
        } else if (resolver_lookup(locator->table->resolver, &locator->name, LDNS_RR_TYPE_SOA,
                                   locator->access->timeout_usec, on_lookup, locator,
                                   &locator->lookup) < 0) {
                fail(locator, TROUBLE_NOT_LOCATED, error);
        }
}

static void on_hosts(HostSearch *search, const HostServer *servers, size_t n, const char *text,
                     void *userdata) {
        Locator *locator = userdata;

        locator->search = NULL;
        for (size_t i = 0; i < n; i++)
                locator->servers[locator->n_servers++] = server_ref(servers[i].server);
        if (n == 0)
                fail(locator, TROUBLE_NOT_LOCATED, text);
        else
                ask(locator);
}

/* A GSS context is with a name: for a server that is given by its address the SOA tells it (C70).
 */
static bool needs_mname(const Access *access) {
        for (size_t i = 0; access->security == SECURITY_GSS && i < access->n_servers; i++)
                if (access->servers[i].family != AF_UNSPEC)
                        return true;
        return false;
}

/* The first step: what it finds at once completes at once. */
static void start(Locator *locator) {
        Access *access = locator->access;

        if (locator->is_known && access->n_servers && !needs_mname(access)) {
                enter_zone(locator, &locator->name, NULL);
        } else if (access->n_servers) {
                if (hosts_search(locator->table->hosts, access->servers, access->n_servers,
                                 access->timeout_usec, access->max_outstanding, on_hosts, locator,
                                 &locator->search) < 0)
                        fail(locator, TROUBLE_NOT_LOCATED, "out of memory");
        } else {
                ask(locator);
        }
}

int locator_new(ZoneTable *table, const LocatorRequest *request, LocatorHandler handler,
                void *userdata, Locator **ret_locator) {
        Access *access = request->access;
        Locator *locator = calloc(1, sizeof(*locator));
        int r = 0;

        if (!locator)
                return -ENOMEM;
        locator->table = table;
        locator->access = access_ref(access);
        locator->handler = handler;
        locator->userdata = userdata;
        locator->domain = *request->domain;
        locator->name = request->apex ? *request->apex : *request->record;
        locator->is_known = request->apex || access->zone;
        locator->type = access->n_servers && !locator->is_known && !request->is_seen
                                ? LDNS_RR_TYPE_SRV
                                : LDNS_RR_TYPE_SOA;
        if (access->zone)
                r = name_from_text(access->zone, &locator->name);
        if (r < 0) {
                (void)locator_free(locator);
                return r;
        }
        *ret_locator = locator;
        start(locator);
        return 0;
}
