/* One publication at work. The decisions are lib/publication's and lib/plan's; here is only the
   doing: locate, ask, remember, send. At most one of these is under way at a time. The state's rows
   are written as rule O13 says: the intent before the update is sent, the confirmation after the
   read-back; a row goes only when its record was seen to be gone. */

#include "daemon/driver.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "daemon/locator.h"
#include "daemon/memory.h"
#include "daemon/news.h"
#include "daemon/random.h"
#include "daemon/transaction.h"
#include "lib/message.h"
#include "lib/observation.h"
#include "lib/plan.h"
#include "lib/util.h"

struct Driver {
        ScheduleEntry entry;
        const DriverContext *context;
        Publication publication;
        PublicationState state_before; /* of this pass */
        Wanted wanted;
        Access *access;
        Zone *zone;
        unsigned zone_generation; /* of the list that publication.server is an index of */
        Memory memory;
        unsigned mark;
        News news;
        uint16_t domain_at; /* record + domain_at is the domain */
        char *record;

        Locator *locator;
        Transaction *transaction;
        bool updating; /* the transaction is an update */
        StateWrite *write;
        Plan *plan;
};

int driver_new(const DriverContext *context, const char *service, const char *domain,
               Driver **ret_driver) {
        Driver *driver = calloc(1, sizeof(*driver));
        size_t size = strlen(service) + strlen(domain) + 2;

        if (!driver || !(driver->record = malloc(size))) {
                free(driver);
                return -ENOMEM;
        }
        (void)snprintf(driver->record, size, "%s.%s", service, domain);
        driver->domain_at = (uint16_t)(strlen(service) + 1);
        driver->context = context;
        driver->entry.userdata = driver;
        *ret_driver = driver;
        return 0;
}

/* Gives up what is under way. */
static void driver_cancel(Driver *driver) {
        /* An update that was sent cannot be called back: driver_set() has the publication doubt
           it. */
        driver->locator = locator_free(driver->locator);
        driver->transaction = transaction_free(driver->transaction);
        driver->updating = false;
        state_write_forget(TAKE_PTR(driver->write));
        driver->plan = plan_free(driver->plan);
        schedule_remove(driver->context->schedule, &driver->entry);
}

void driver_park(Driver *driver) {
        driver_cancel(driver);
}

Driver *driver_free(Driver *driver) {
        if (!driver)
                return NULL;
        driver_cancel(driver);
        memory_done(&driver->memory);
        wanted_replace(&driver->wanted, &(Wanted){0});
        (void)zone_unref(driver->zone);
        (void)access_unref(driver->access);
        free(driver->record);
        free(driver);
        return NULL;
}

const char *driver_record(const Driver *driver) {
        return driver->record;
}

const char *driver_domain(const Driver *driver) {
        return driver->record + driver->domain_at;
}

const Publication *driver_publication(const Driver *driver) {
        return &driver->publication;
}

const Offer *driver_offer(const Driver *driver) {
        return driver->wanted.offer;
}

Access *driver_access(const Driver *driver) {
        return driver->access;
}

bool driver_has_memory(const Driver *driver) {
        return driver->memory.n > 0;
}

unsigned *driver_mark(Driver *driver) {
        return &driver->mark;
}

int driver_remember(Driver *driver, const StateRow *row) {
        /* An update of a daemon that was killed may still be on its way, even one of before the row
           was confirmed. */
        publication_doubt(&driver->publication, &driver->access->times,
                          schedule_now_usec(driver->context->schedule));
        return memory_load(&driver->memory, row, driver->access, driver->wanted.offer);
}

static void names_of(const Driver *driver, Name *ret_record, Name *ret_domain) {
        /* Both were checked when the configuration or the state was read. */
        if (name_from_text(driver->record, ret_record) < 0 ||
            name_from_text(driver_domain(driver), ret_domain) < 0)
                *ret_record = *ret_domain = (Name){.length = 1};
}

/* --- state ------------------------------------------------------------------------------------ */

static Server *server_now(const Driver *driver) {
        size_t i = driver->publication.server;

        return driver->zone && i < zone_n_servers(driver->zone) ? zone_server(driver->zone, i)
                                                                : NULL;
}

static MemorySource memory_source(const Driver *driver) {
        return (MemorySource){
                .state = driver->context->state,
                .record = driver->record,
                .domain = driver_domain(driver),
                .access = driver->access,
                .zone = driver->zone,
                .primary = server_now(driver),
        };
}

static void drive(Driver *driver, PublicationEvent *event);

static void on_remembered(int error, const char *text, void *userdata) {
        Driver *driver = userdata;

        driver->write = NULL;
        /* Found: the wish cannot have changed, driver_set() gives the write up before it does. */
        if (!error)
                memory_find(&driver->memory, driver->wanted.offer)->current = true;
        driver->news.detail = text;
        drive(driver, &(PublicationEvent){.kind = EVENT_REMEMBERED, .error = error});
        driver->news.detail = NULL;
}

/* --- plan ------------------------------------------------------------------------------------- */

/* What the state machine has to know of the memory before it sees the plan. */
static void brief_publication(Driver *driver, uint64_t now_usec) {
        Publication *p = &driver->publication;
        const Offer *wanted = driver->wanted.offer;
        const MemoryItem *item = wanted ? memory_find(&driver->memory, wanted) : NULL;

        p->remembered_all = !wanted || (item && item->current && !item->confirmed);
        p->holds_derived = p->forgets = false;
        for (size_t i = 0; i < driver->memory.n; i++) {
                const Offer *offer = driver->memory.items[i].offer;
                if (offer_equal(offer, wanted))
                        continue;
                p->forgets = true;
                /* Another port of the same name is no former name: nobody listens there now. */
                if (wanted && offer->derived && !name_equal(&offer->target, &wanted->target))
                        p->holds_derived = publication_keeps_derived(p, now_usec);
        }
}

static int make_plan(Driver *driver, const Observation *observation) {
        uint64_t now_usec = schedule_now_usec(driver->context->schedule);
        Srv wanted = wanted_srv(&driver->wanted);
        _cleanup_(freep) Srv *remembered = calloc(driver->memory.n + 1, sizeof(*remembered));
        PlanInput input = {
                .wanted = &wanted,
                .n_wanted = driver->wanted.offer != NULL,
                .remembered = remembered,
                .n_remembered = driver->memory.n,
                .observation = observation,
        };

        if (!remembered)
                return -ENOMEM;
        for (size_t i = 0; i < driver->memory.n; i++)
                remembered[i] = offer_srv(driver->memory.items[i].offer);
        brief_publication(driver, now_usec);
        input.keep_remembered = driver->publication.holds_derived;
        input.refresh =
                publication_wants_refresh(&driver->publication, &driver->access->times, now_usec);
        driver->plan = plan_free(driver->plan);
        return plan_new(&input, &driver->plan);
}

/* --- exchange --------------------------------------------------------------------------------- */

/* Something here (memory, the key file) failed before anything was sent. */
static void fail_here(Driver *driver, TroubleKind kind, const char *text) {
        driver->news.detail = text;
        drive(driver, &(PublicationEvent){.kind = EVENT_NOT_LOCATED, .trouble = kind});
        driver->news.detail = NULL;
}

/* The zone's servers as they are now: a pass starts with the first of them. */
static void enter_servers(Driver *driver) {
        driver->zone_generation = zone_generation(driver->zone);
        drive(driver, &(PublicationEvent){.kind = EVENT_LOCATED,
                                          .n_servers = zone_n_servers(driver->zone),
                                          .n_primaries = zone_n_primaries(driver->zone)});
}

static void on_located(Locator *locator, const Location *location, void *userdata) {
        Driver *driver = userdata;

        driver->locator = NULL;
        (void)zone_unref(driver->zone);
        driver->zone = NULL;
        if (location->zone) {
                driver->zone = zone_ref(location->zone);
                enter_servers(driver);
                return;
        }
        driver->news.detail = location->text;
        driver->news.server = location->server ? server_name(location->server) : "";
        drive(driver, &(PublicationEvent){.kind = EVENT_NOT_LOCATED,
                                          .reply = location->reply,
                                          .trouble = location->kind});
        driver->news.detail = driver->news.server = NULL;
}

static void locate(Driver *driver) {
        Name record, domain;
        int r;

        names_of(driver, &record, &domain);
        r = locator_new(driver->context->event, driver->context->zones, &record, &domain,
                        driver->access, on_located, driver, &driver->locator);
        if (r < 0)
                fail_here(driver, TROUBLE_NOT_LOCATED, strerror(-r));
}

static void on_observed(Transaction *transaction, Reply *reply, void *userdata) {
        Driver *driver = userdata;
        PublicationEvent event = {.kind = EVENT_OBSERVED, .reply = reply};
        Observation *observation = NULL;
        Name record, domain;
        int r = 0;

        driver->transaction = NULL;
        if (reply->kind == REPLY_DONE) {
                names_of(driver, &record, &domain);
                r = observation_new(reply->packet, &record, &observation);
                /* Half an SRV is no observation; the next server is asked. */
                if (r == -EBADMSG) {
                        reply->kind = REPLY_GARBAGE;
                        reply->fault = FAULT_MALFORMED;
                } else if (r == 0) {
                        event.authoritative = observation->authoritative;
                        r = make_plan(driver, observation);
                }
                (void)observation_free(observation);
        }
        if (r < 0 && r != -EBADMSG) {
                fail_here(driver, TROUBLE_NOT_LOCATED, strerror(-r));
                return;
        }
        event.plan = driver->plan;
        drive(driver, &event);
}

static void on_answered(Transaction *transaction, Reply *reply, void *userdata) {
        Driver *driver = userdata;

        driver->transaction = NULL;
        driver->updating = false;
        drive(driver, &(PublicationEvent){.kind = EVENT_ANSWERED, .reply = reply});
}

static int make_message(Driver *driver, TransactionRequest *request) {
        Name record, domain;

        names_of(driver, &record, &domain);
        if (request->opcode == LDNS_PACKET_QUERY) {
                request->type = LDNS_RR_TYPE_SRV;
                request->name = record;
                return message_new_query(&record, LDNS_RR_TYPE_SRV, false, &request->message);
        }
        request->type = LDNS_RR_TYPE_SOA;
        request->name = *zone_apex(driver->zone);
        request->observed_here = driver->publication.observed_here;
        return message_new_update(&request->name,
                                  &(UpdatePart){.record = &record, .plan = driver->plan}, 1,
                                  &request->message);
}

static void transact(Driver *driver, ldns_pkt_opcode opcode, TransactionHandler handler) {
        TransactionRequest request = {.opcode = opcode};
        char error[KEY_FILE_ERROR_MAX] = "";
        Server *server = server_now(driver);
        int r;

        /* Another publication's trouble made the zone look again: what was observed there is void.
         */
        if (driver->zone && driver->zone_generation != zone_generation(driver->zone)) {
                enter_servers(driver);
                return;
        }
        if (!server) {
                fail_here(driver, TROUBLE_NOT_LOCATED, "the zone has no name server any more");
                return;
        }
        request.timeout_usec = driver->access->timeout_usec;
        r = access_auth(driver->access, &request.auth, error);
        if (r < 0) {
                fail_here(driver, TROUBLE_NO_CREDENTIALS, error[0] ? error : strerror(-r));
                return;
        }
        r = make_message(driver, &request);
        if (r == 0)
                r = transaction_new(server, &request, handler, driver, &driver->transaction);
        driver->updating = r == 0 && opcode == LDNS_PACKET_UPDATE;
        if (r < 0)
                fail_here(driver, TROUBLE_NOT_LOCATED, strerror(-r));
}

static void remember(Driver *driver) {
        MemorySource source = memory_source(driver);
        int r = memory_intend(&driver->memory, &source, driver->wanted.offer, on_remembered, driver,
                              &driver->write);

        if (r < 0)
                fail_here(driver, TROUBLE_STATE, strerror(-r));
}

/* --- the pass --------------------------------------------------------------------------------- */

static NewsSource news_source(const Driver *driver, Srv *wanted) {
        *wanted = wanted_srv(&driver->wanted);
        return (NewsSource){
                .record = driver->record,
                .domain = driver_domain(driver),
                .publication = &driver->publication,
                .state_before = driver->state_before,
                .plan = driver->plan,
                .access = driver->access,
                .zone = driver->zone,
                .wanted = driver->wanted.offer ? wanted : NULL,
                .once = driver->context->once,
        };
}

static void finish_pass(Driver *driver) {
        Publication *p = &driver->publication;
        NewsSource source;
        Srv wanted;

        if (p->state != PUBLICATION_PUBLISHED && p->state != PUBLICATION_WITHDRAWN) {
                /* The next pass locates anew, and must not be given the same servers from
                   memory. */
                if (driver->zone)
                        zone_doubt(driver->zone);
        } else {
                MemorySource memory = memory_source(driver);
                memory_settle(&driver->memory, &memory, driver->wanted.offer, p->keeps);
        }
        source = news_source(driver, &wanted);
        news_tell(&driver->news, &source, driver->context->summary,
                  schedule_now_usec(driver->context->schedule));
        driver->plan = plan_free(driver->plan);
        (void)schedule_set(driver->context->schedule, &driver->entry, p->due_usec);
        driver->context->on_ended(driver, driver->context->userdata);
}

/* --dry-run ends where something would be written. */
static bool ends_dry(Driver *driver, const PublicationEvent *event) {
        Publication *p = &driver->publication;
        NewsSource source;
        Srv wanted;

        if (!driver->context->dry_run || event->kind != EVENT_OBSERVED ||
            event->reply->kind != REPLY_DONE || !event->authoritative)
                return false;
        source = news_source(driver, &wanted);
        news_print_plan(&source, server_now(driver));
        p->in_pass = false;
        p->state = PUBLICATION_OBSERVED;
        driver->context->on_ended(driver, driver->context->userdata);
        return true;
}

static void drive(Driver *driver, PublicationEvent *event) {
        Publication *p = &driver->publication;
        uint64_t now_usec = schedule_now_usec(driver->context->schedule);
        PublicationStep step;

        if (ends_dry(driver, event))
                return;
        /* What a former wish came to is no past of this one: it ends as published, not as
           repaired. */
        if (event->kind == EVENT_CHANGED)
                driver->state_before = PUBLICATION_PUBLISHING;
        else if (!p->in_pass)
                driver->state_before = p->state;
        event->random = random_u32();
        step = publication_step(p, &driver->access->times, event, now_usec);
        if (step.ended) {
                finish_pass(driver);
                return;
        }
        switch (step.action) {
        case ACTION_WAIT:
                (void)schedule_set(driver->context->schedule, &driver->entry, p->due_usec);
                break;
        case ACTION_LOCATE:
                locate(driver);
                break;
        case ACTION_OBSERVE:
                transact(driver, LDNS_PACKET_QUERY, on_observed);
                break;
        case ACTION_REMEMBER:
                remember(driver);
                break;
        case ACTION_UPDATE:
                transact(driver, LDNS_PACKET_UPDATE, on_answered);
                break;
        case _PUBLICATION_ACTION_MAX:
                break;
        }
}

void driver_due(Driver *driver) {
        drive(driver, &(PublicationEvent){.kind = EVENT_DUE});
}

void driver_retry(Driver *driver) {
        const Publication *p = &driver->publication;

        if (p->state != PUBLICATION_FAILED && p->state != PUBLICATION_DENIED)
                return;
        driver->news.told = 0;
        if (!p->in_pass)
                (void)schedule_set(driver->context->schedule, &driver->entry,
                                   schedule_now_usec(driver->context->schedule));
}

int driver_set(Driver *driver, const Wanted *wanted, Access *access) {
        bool is_new = !driver->access, relocate = driver->access != access;
        uint64_t now_usec = schedule_now_usec(driver->context->schedule);
        bool overtakes;

        if (!is_new && !relocate && wanted_equal(&driver->wanted, wanted)) {
                wanted_replace(&driver->wanted, wanted);
                return 0;
        }
        overtakes = driver->updating;
        driver_cancel(driver);
        wanted_replace(&driver->wanted, wanted);
        if (relocate) {
                (void)access_ref(access);
                (void)access_unref(driver->access);
                driver->access = access;
                memory_outdate(&driver->memory);
        }
        if (is_new) {
                /* From the loop, not from here: what is remembered comes in after this call. */
                publication_init(&driver->publication, !wanted->offer, now_usec);
                return schedule_set(driver->context->schedule, &driver->entry,
                                    wanted->start_usec > now_usec ? wanted->start_usec : now_usec);
        }
        driver->publication.withdraw = !wanted->offer;
        driver->news.told = 0;
        drive(driver, &(PublicationEvent){.kind = EVENT_CHANGED,
                                          .relocate = relocate,
                                          .overtakes = overtakes,
                                          .start_usec = wanted->start_usec});
        return 0;
}
