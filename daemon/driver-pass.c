/* The passes of one publication. The decisions are lib/publication's and lib/plan's; here is only
   the doing: locate, look, remember (daemon/driver-update sends). At most one of these is under way
   at a time. The state's rows are written as rule O13 says: the intent before the update is sent,
   the confirmation after the read-back; a row goes only when its record was seen to be gone. */

#include <errno.h>
#include <string.h>

#include "daemon/driver-self.h"
#include "daemon/locator.h"
#include "daemon/memory.h"
#include "daemon/random.h"
#include "lib/message.h"
#include "lib/util.h"

#define NO_MEMORY_USEC USEC_PER_MINUTE

static void drop_plan(Driver *driver) {
        driver->pass->plan = plan_free(driver->pass->plan);
        driver->pass->observation = observation_free(driver->pass->observation);
}

static void drop_pass(Driver *driver) {
        Pass *pass = driver->pass;

        if (!pass)
                return;
        (void)locator_free(pass->locator);
        (void)look_free(pass->look);
        (void)update_free(pass->update);
        (void)signing_free(pass->signing);
        state_write_forget(pass->write);
        drop_plan(driver);
        free(pass->gone);
        free(TAKE_PTR(driver->pass));
}

void driver_park(Driver *driver) {
        /* An update that was sent cannot be called back: driver_set() has the publication doubt
           it. */
        drop_pass(driver);
        schedule_remove(driver->context->schedule, &driver->entry);
}

static void names_of(const Driver *driver, Name *ret_record, Name *ret_domain) {
        /* Both were checked when the configuration or the state was read. */
        if (name_from_text(driver->record, ret_record) < 0 ||
            name_from_text(driver_domain(driver), ret_domain) < 0)
                *ret_record = *ret_domain = (Name){.length = 1};
}

/* --- state ------------------------------------------------------------------------------------ */

Server *driver_server(const Driver *driver) {
        size_t i = driver->publication.server;

        return driver->zone && i < zone_n_servers(driver->zone) ? zone_server(driver->zone, i)
                                                                : NULL;
}

MemorySource driver_memory(const Driver *driver) {
        return (MemorySource){
                .state = driver->context->state,
                .record = driver->record,
                .domain = driver_domain(driver),
                .access = driver->access,
                .zone = driver->zone,
                .primary = driver_server(driver),
        };
}

static void fail_here(Driver *driver, TroubleKind kind, const char *text);
static void remember(Driver *driver);

static void on_remembered(int error, const char *text, void *userdata) {
        Driver *driver = userdata;
        LedgerItem *item = NULL;

        driver->pass->write = NULL;
        /* Still the same item: driver_set() gives the write up before the wish changes. */
        if (ledger_intend(&driver->ledger, driver_wanted(driver), &item) == 0 && item) {
                item->is_written = false;
                if (!error) {
                        ledger_written(item);
                        remember(driver);
                        return;
                }
        }
        driver_step(driver,
                    &(PublicationEvent){.kind = EVENT_REMEMBERED, .error = error, .detail = text});
}

/* One row after the other, until all are durable. */
static void remember(Driver *driver) {
        const MemorySource source = driver_memory(driver);
        LedgerItem *item;
        int r = ledger_intend(&driver->ledger, driver_wanted(driver), &item);

        if (r == 0 && !item) {
                driver_step(driver, &(PublicationEvent){.kind = EVENT_REMEMBERED});
                return;
        }
        if (r == 0)
                r = memory_write(&source, item, on_remembered, driver, &driver->pass->write);
        if (r == 0)
                item->is_written = true;
        if (r < 0)
                fail_here(driver, TROUBLE_STATE, strerror(-r));
}

/* --- plan ------------------------------------------------------------------------------------- */

static uint64_t now_sec(const Driver *driver) {
        uint64_t usec = 0;

        (void)sd_event_now(driver->context->event, CLOCK_REALTIME, &usec);
        return usec / USEC_PER_SEC;
}

static int make_plan(Driver *driver) {
        const Access *access = driver->access;
        const Publication *p = &driver->publication;
        const LedgerPolicy policy = {
                .id = state_publisher_id(driver->context->state),
                .mode = access->mode,
                .claims = access->claims != CLAIMS_NO && !p->claims_denied,
                .claims_optional = access->claims == CLAIMS_AUTO,
                .reclaim = access->reclaim_expired,
                .lease_sec = (uint32_t)(access->lease_usec / USEC_PER_SEC),
                .from = driver->from,
                .now_sec = now_sec(driver),
                .now_usec = schedule_now_usec(driver->context->schedule),
        };
        int r = lease_watch(&driver->watch, driver->pass->observation, policy.id,
                            access->times.check_interval_usec, policy.now_sec, policy.now_usec);

        if (r < 0)
                return r;
        r = ledger_plan(&driver->ledger, &driver->publication, driver_wanted(driver),
                        driver->pass->observation, &policy, &driver->pass->plan);
        if (r < 0)
                return r;
        driver->ttl = driver->pass->plan->ttl_seen;
        driver->notes |= (uint8_t)driver->pass->plan->notes;
        if (!driver->pass->gone)
                driver->pass->gone = news_gone_text(driver->pass->plan);
        driver->n_foreign = (uint16_t)(driver->pass->plan->n_foreign < UINT16_MAX
                                               ? driver->pass->plan->n_foreign
                                               : UINT16_MAX);
        return 0;
}

/* --- exchange --------------------------------------------------------------------------------- */

/* Something here (memory, the key file) failed before anything was sent. */
static void fail_here(Driver *driver, TroubleKind kind, const char *text) {
        driver_step(driver, &(PublicationEvent){
                                    .kind = EVENT_NOT_LOCATED, .trouble = kind, .detail = text});
}

/* The zone's servers as they are now: a pass starts with the first of them. */
static void enter_servers(Driver *driver) {
        driver->zone_generation = zone_generation(driver->zone);
        driver->publication.replicates = zone_replicates(driver->zone);
        driver_step(driver,
                    &(PublicationEvent){.kind = EVENT_LOCATED,
                                        .looked = driver->pass->met && driver->pass->met->look,
                                        .n_servers = zone_n_servers(driver->zone),
                                        .n_primaries = zone_n_primaries(driver->zone)});
}

static void tell_observed(Driver *driver, const Reply *reply) {
        const Pass *pass = driver->pass;

        driver_step(driver, &(PublicationEvent){.kind = EVENT_OBSERVED,
                                                .reply = reply,
                                                .plan = pass->plan,
                                                .authoritative = pass->observation &&
                                                                 pass->observation->authoritative});
}

/* What was seen at the server before its zone was asked for is as true as before. */
static void enter_zone(Driver *driver, const Location *location, const Server *before) {
        static const Reply seen = {.kind = REPLY_DONE, .rcode = LDNS_RCODE_NOERROR};

        if (driver->pass->plan && before && driver_server(driver) == before) {
                driver->zone_generation = zone_generation(driver->zone);
                tell_observed(driver, &seen);
                return;
        }
        driver->pass->met = location;
        enter_servers(driver);
        if (driver->pass)
                driver->pass->met = NULL;
}

/* The next search only finds the servers of the zone that is remembered. */
static bool presumes_zone(const Driver *driver) {
        return driver->zone_trust == ZONE_REMEMBERED;
}

static void on_located(Locator *locator, const Location *location, void *userdata) {
        Driver *driver = userdata;
        const Server *before = driver_server(driver);

        driver->pass->locator = NULL;
        (void)zone_unref(driver->zone);
        driver->zone = NULL;
        /* Not before: a search that is given up proves nothing. */
        driver->zone_trust = presumes_zone(driver) ? ZONE_PRESUMED : ZONE_FOUND;
        if (location->zone) {
                driver->zone = zone_ref(location->zone);
                enter_zone(driver, location, before);
                return;
        }
        driver_step(driver, &(PublicationEvent){
                                    .kind = EVENT_NOT_LOCATED,
                                    .reply = location->reply,
                                    .trouble = location->kind,
                                    .detail = location->text,
                                    .place = location->server ? server_name(location->server) : "",
                            });
}

static void locate(Driver *driver) {
        Name record, domain;
        int r;

        names_of(driver, &record, &domain);
        const LocatorRequest request = {
                .record = &record,
                .domain = &domain,
                .apex = presumes_zone(driver) ? zone_apex(driver->zone) : NULL,
                .is_seen = driver->pass->plan != NULL,
                .access = driver->access,
        };
        r = locator_new(driver->context->zones, &request, on_located, driver,
                        &driver->pass->locator);
        if (r < 0)
                fail_here(driver, TROUBLE_HERE, strerror(-r));
}

static void on_observed(const Reply *reply, Observation *observation, void *userdata) {
        Driver *driver = userdata;
        int r = 0;

        driver->pass->look = NULL;
        drop_plan(driver);
        if (observation) {
                driver->pass->observation = observation;
                r = make_plan(driver);
        }
        if (r < 0) {
                fail_here(driver, TROUBLE_HERE, strerror(-r));
                return;
        }
        if (driver->zone_trust == ZONE_PRESUMED && driver->pass->plan &&
            driver->pass->plan->n_ops > 0) {
                locate(driver);
                return;
        }
        tell_observed(driver, reply);
}

void driver_fail_exchange(Driver *driver, int r) {
        if (r == -EMSGSIZE)
                fail_here(driver, TROUBLE_HERE,
                          "the records at the name are too many for one update (remove those "
                          "that nobody needs)");
        else if (r == -EINVAL)
                fail_here(driver, TROUBLE_HERE,
                          "the record's name is outside the zone, or a host's name too long for a "
                          "claim (Claims=no does without)");
        else
                fail_here(driver, TROUBLE_HERE, strerror(-r));
}

Server *driver_present_server(Driver *driver) {
        Server *server = driver_server(driver);

        /* Another publication's trouble made the zone look again: what was observed there is void.
         */
        if (driver->zone && driver->zone_generation != zone_generation(driver->zone)) {
                enter_servers(driver);
                return NULL;
        }
        if (!server)
                fail_here(driver, TROUBLE_NOT_LOCATED, "the zone has no name server any more");
        return server;
}

Auth *driver_present_auth(Driver *driver) {
        char error[KEY_FILE_ERROR_MAX] = "";
        Auth *auth = NULL;
        int r = access_auth(driver->access, &auth, error);

        if (r < 0)
                fail_here(driver, TROUBLE_NO_CREDENTIALS, error[0] ? error : strerror(-r));
        return r < 0 ? NULL : auth;
}

static void observe(Driver *driver) {
        const Publication *p = &driver->publication;
        Server *server = driver_present_server(driver);
        Auth *auth = server ? driver_present_auth(driver) : NULL;
        Name record, domain;
        int r;

        if (!auth)
                return;
        names_of(driver, &record, &domain);
        const LookRequest request = {
                .first = driver->pass->met && driver->pass->met->server == server
                                 ? driver->pass->met->look
                                 : NULL,
                .server = server,
                .auth = auth,
                .record = &record,
                .is_urgent = p->reading_back || p->echoed || p->conflicts > 0 || p->closed > 0,
                .is_again = p->closed > 0,
                .timeout_usec = driver->access->timeout_usec,
        };
        r = look_new(&request, on_observed, driver, &driver->pass->look);
        if (r < 0)
                driver_fail_exchange(driver, r);
}

/* --- the pass --------------------------------------------------------------------------------- */

static NewsSource news_source(const Driver *driver) {
        return (NewsSource){
                .record = driver->record,
                .domain = driver_domain(driver),
                .publication = &driver->publication,
                .state_before = driver->pass->state_before,
                .plan = driver->pass->plan,
                .observation = driver->pass->observation,
                .id = state_publisher_id(driver->context->state),
                .notes = driver->notes,
                .gone = driver->pass->gone ? driver->pass->gone : "",
                .access = driver->access,
                .zone = driver->zone,
                .wanted = driver_wanted(driver),
                .once = driver->context->once,
        };
}

static void settle(Driver *driver) {
        MemorySource source = driver_memory(driver);
        const LedgerStore store = memory_store(&source);

        ledger_settle(&driver->ledger, &driver->publication, driver_wanted(driver),
                      driver->pass->observation, state_publisher_id(driver->context->state),
                      &store);
}

static bool ended_well(PublicationState state) {
        return state == PUBLICATION_PUBLISHED || state == PUBLICATION_WITHDRAWN ||
               state == PUBLICATION_STANDBY;
}

static void finish_pass(Driver *driver, const PublicationEvent *event) {
        Publication *p = &driver->publication;
        NewsSource source = news_source(driver);

        source.detail = event->detail;
        source.server = event->place;
        free(TAKE_PTR(driver->trouble));
        if (p->trouble.kind != TROUBLE_NONE) {
                driver->trouble = news_trouble_text(&source);
                /* The next pass locates anew, and must not be given the same servers from
                   memory. */
                if (driver->zone)
                        zone_doubt(driver->zone);
        }
        if (ended_well(p->state))
                settle(driver);
        if (driver->context->summary)
                news_tell(&driver->news, &source, driver->context->summary,
                          schedule_now_usec(driver->context->schedule));
        free(TAKE_PTR(driver->from));
        drop_pass(driver);
        driver->is_commanded = false;
        (void)schedule_set(driver->context->schedule, &driver->entry, p->due_usec);
        driver->context->on_ended(driver, driver->context->userdata);
}

/* Only to plan: it ends where something would be written. */
static bool ends_planned(Driver *driver, const PublicationEvent *event) {
        const DriverContext *context = driver->context;

        if (!context->on_planned || event->kind != EVENT_OBSERVED ||
            event->reply->kind != REPLY_DONE || !event->authoritative)
                return false;
        const NewsSource source = news_source(driver);
        context->on_planned(&source, driver_server(driver), context->userdata);
        driver->publication.in_pass = false;
        driver->publication.state = PUBLICATION_OBSERVED;
        drop_pass(driver);
        schedule_remove(context->schedule, &driver->entry);
        context->on_ended(driver, context->userdata);
        return true;
}

/* Returns whether there is one now. What a former wish came to is no past of this one: it ends as
   published, not as repaired. */
static bool begin_pass(Driver *driver, EventKind kind, uint64_t now_usec) {
        if (!(driver->pass = calloc(1, sizeof(*driver->pass)))) {
                (void)schedule_set(driver->context->schedule, &driver->entry,
                                   now_usec + NO_MEMORY_USEC);
                return false;
        }
        driver->pass->state_before =
                kind == EVENT_CHANGED ? PUBLICATION_PUBLISHING : driver->publication.state;
        driver->pass->begun_usec = now_usec;
        driver->notes = 0;
        return true;
}

void driver_step(Driver *driver, PublicationEvent *event) {
        Publication *p = &driver->publication;
        uint64_t now_usec = schedule_now_usec(driver->context->schedule);
        PublicationStep step;

        if (!driver->pass && !begin_pass(driver, event->kind, now_usec))
                return;
        if (ends_planned(driver, event))
                return;
        event->random = random_u32();
        step = publication_step(p, &driver->access->times, event, now_usec);
        if (step.ended) {
                finish_pass(driver, event);
                return;
        }
        if (step.renewal != RENEW_NOTHING && driver->pass->signing)
                signing_renew(driver->pass->signing, step.renewal);
        switch (step.action) {
        case ACTION_WAIT:
                if (!p->in_pass)
                        drop_pass(driver);
                (void)schedule_set(driver->context->schedule, &driver->entry, p->due_usec);
                break;
        case ACTION_LOCATE:
                locate(driver);
                break;
        case ACTION_OBSERVE:
                observe(driver);
                break;
        case ACTION_REMEMBER:
                remember(driver);
                break;
        case ACTION_UPDATE:
                driver_update(driver);
                break;
        case _PUBLICATION_ACTION_MAX:
                break;
        }
}
