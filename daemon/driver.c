/* A driver's life: what is wanted and how, what an operator asks of it, what it shows. Its passes
   are in daemon/driver-pass. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "daemon/driver-self.h"
#include "daemon/memory.h"
#include "lib/util.h"

int driver_new(const DriverContext *context, const char *service, const char *domain,
               Driver **ret_driver) {
        const size_t size = strlen(service) + strlen(domain) + 2;
        Driver *driver = calloc(1, offsetof(Driver, record) + size);

        if (!driver || ledger_reserve(&driver->ledger) < 0) {
                free(driver);
                return -ENOMEM;
        }
        (void)snprintf(driver->record, size, "%s.%s", service, domain);
        driver->domain_at = (uint16_t)(strlen(service) + 1);
        driver->context = context;
        *ret_driver = driver;
        return 0;
}

Driver *driver_free(Driver *driver) {
        if (!driver)
                return NULL;
        driver_park(driver);
        ledger_done(&driver->ledger);
        lease_watch_done(&driver->watch);
        free(driver->from);
        free(driver->trouble);
        wanted_replace(&driver->configured, &(Wanted){0});
        (void)zone_unref(driver->zone);
        (void)access_unref(driver->access);
        free(driver);
        return NULL;
}

TreeNode *driver_node(Driver *driver) {
        return &driver->node;
}

Driver *driver_of_node(const TreeNode *node) {
        return (Driver *)((char *)node - offsetof(Driver, node));
}

const char *driver_name_of_node(const TreeNode *node) {
        return driver_of_node(node)->record;
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

const Wanted *driver_wanted(const Driver *driver) {
        static const Wanted nothing = {0};

        return driver->held ? &nothing : &driver->configured;
}

const Offer *driver_offer(const Driver *driver) {
        return driver_wanted(driver)->offer;
}

Access *driver_access(const Driver *driver) {
        return driver->access;
}

bool driver_has_memory(const Driver *driver) {
        return ledger_knows(&driver->ledger);
}

uint64_t *driver_fingerprint(Driver *driver) {
        return &driver->fingerprint;
}

unsigned *driver_mark(Driver *driver) {
        return &driver->mark;
}

/* With Server= it is all that has to be known for a look: what is in order after a restart costs no
   search. */
static void recall_zone(Driver *driver, const StateRow *row) {
        const Access *access = driver->access;
        Name record, apex;

        if (driver->zone || !access->n_servers || access->zone ||
            access->security == SECURITY_GSS || name_from_text(row->zone, &apex) < 0 ||
            name_from_text(driver->record, &record) < 0 || !name_is_within(&record, &apex))
                return;
        if (zone_get(driver->context->zones, &apex, NULL, driver->access, &driver->zone) == 0)
                driver->zone_trust = ZONE_REMEMBERED;
}

int driver_remember(Driver *driver, const StateRow *row) {
        /* An update of a daemon that was killed may still be on its way, even one of before the row
           was confirmed. */
        publication_doubt(&driver->publication, &driver->access->times,
                          schedule_now_usec(driver->context->schedule));
        recall_zone(driver, row);
        return memory_load(&driver->ledger, row, driver->access, driver_wanted(driver)->offer);
}

void driver_due(ScheduleEntry *entry) {
        driver_step((Driver *)entry, &(PublicationEvent){.kind = EVENT_DUE});
}

void driver_retry(Driver *driver) {
        const Publication *p = &driver->publication;

        if (p->state != PUBLICATION_FAILED && p->state != PUBLICATION_DENIED)
                return;
        driver->news.told = 0;
        driver->is_commanded = true;
        if (!p->in_pass)
                (void)schedule_set(driver->context->schedule, &driver->entry,
                                   schedule_now_usec(driver->context->schedule));
}

void driver_look(Driver *driver) {
        driver->news.told = 0;
        driver->is_commanded = true;
        if (!driver->publication.in_pass)
                (void)schedule_set(driver->context->schedule, &driver->entry,
                                   schedule_now_usec(driver->context->schedule));
}

/* What is wanted, or how, has changed: whatever is under way is given up. */
static void start_over(Driver *driver, bool relocate, uint64_t start_usec) {
        const bool overtakes =
                driver->pass && driver->pass->update && update_is_sent(driver->pass->update);
        /* From the schedule, not from here: a reload may change a hundred thousand. */
        const uint64_t soon_usec = schedule_now_usec(driver->context->schedule) + 1;

        driver_park(driver);
        driver->publication.withdraw = !driver_offer(driver);
        driver->is_commanded = true;
        driver->news = (News){.told_varies = driver->news.told_varies};
        if (!driver_offer(driver))
                free(TAKE_PTR(driver->from));
        driver_step(driver, &(PublicationEvent){.kind = EVENT_CHANGED,
                                                .relocate = relocate,
                                                .overtakes = overtakes,
                                                .start_usec = start_usec > soon_usec ? start_usec
                                                                                     : soon_usec});
}

int driver_take_over(Driver *driver, const Srv *from) {
        Srv *copy = malloc(sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        *copy = *from;
        free(driver->from);
        driver->from = copy;
        start_over(driver, false, 0);
        return 0;
}

static void take_access(Driver *driver, Access *access) {
        (void)access_ref(access);
        (void)access_unref(driver->access);
        driver->access = access;
        ledger_outdate(&driver->ledger);
}

int driver_set(Driver *driver, const Wanted *wanted, Access *access, uint64_t start_usec) {
        const bool is_new = !driver->access, relocate = driver->access != access;
        const uint64_t now_usec = schedule_now_usec(driver->context->schedule);
        const bool is_same = driver->held || wanted_equal(&driver->configured, wanted);

        wanted_replace(&driver->configured, wanted);
        if (is_same && !relocate)
                return 0;
        if (relocate)
                take_access(driver, access);
        if (!is_new) {
                start_over(driver, relocate, driver->held ? 0 : start_usec);
                return 0;
        }
        /* From the loop, not from here: what is remembered comes in after this call. */
        publication_init(&driver->publication, !driver_offer(driver), now_usec);
        return schedule_set(driver->context->schedule, &driver->entry,
                            start_usec > now_usec ? start_usec : now_usec);
}

bool driver_is_held(const Driver *driver) {
        return driver->held;
}

bool driver_is_configured(const Driver *driver) {
        return driver->configured.offer != NULL;
}

void driver_hold(Driver *driver, bool held) {
        if (driver->held == held)
                return;
        driver->held = held;
        if (driver->access && driver->configured.offer)
                start_over(driver, false, 0);
}

/* --- beside the pass -------------------------------------------------------------------------- */

int driver_copy(const Driver *driver, const DriverContext *context, const Srv *from,
                uint64_t start_usec, Driver **ret_copy) {
        _cleanup_(freep) char *service = strndup(driver->record, driver->domain_at - 1);
        Driver *copy;
        int r;

        if (!service)
                return -ENOMEM;
        r = driver_new(context, service, driver_domain(driver), &copy);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < driver->ledger.n; i++)
                r = ledger_add(&copy->ledger, &driver->ledger.items[i]);
        if (r == 0)
                r = driver_set(copy, driver_wanted(driver), driver->access, start_usec);
        copy->publication.claims_denied = driver->publication.claims_denied;
        copy->publication.strays_removed = driver->publication.strays_removed;
        copy->publication.refreshed_usec = driver->publication.refreshed_usec;
        if (r == 0)
                r = lease_watch_copy(&driver->watch, &copy->watch);
        if (r == 0 && from && !(copy->from = malloc(sizeof(*from))))
                r = -ENOMEM;
        if (r < 0) {
                (void)driver_free(copy);
                return r;
        }
        if (from)
                *copy->from = *from;
        *ret_copy = copy;
        return 0;
}

int driver_forget(Driver *driver) {
        MemorySource source = driver_memory(driver);
        const LedgerStore store = memory_store(&source);
        int r = 0;

        for (size_t i = 0; i < driver->ledger.n; i++) {
                int error = store.remove(&driver->ledger.items[i], store.userdata);
                if (r == 0)
                        r = error;
        }
        if (r == 0)
                ledger_done(&driver->ledger);
        return r;
}

void driver_view(const Driver *driver, DriverView *ret_view) {
        const Publication *p = &driver->publication;
        const Server *server = driver_server(driver);

        *ret_view = (DriverView){
                .domain = driver_domain(driver),
                .record = driver->record,
                .state = p->state,
                .mode = driver->access->mode,
                .held = driver->held,
                .since_usec = p->since_usec,
                .due_usec = p->in_pass ? USEC_INFINITY : p->due_usec,
                .busy = p->in_pass,
                .server = server ? server_name(server) : "",
                .trouble = driver->trouble ? driver->trouble : "",
                .ttl = driver->ttl,
                .notes = driver->notes,
                .n_foreign = driver->n_foreign,
                .n_srv = wanted_count(driver_wanted(driver)),
        };
        ret_view->zone =
                driver->zone ? name_to_text(zone_apex(driver->zone), ret_view->zone_text) : "";
}

Srv driver_srv(const Driver *driver, size_t i) {
        return wanted_srv(driver_wanted(driver), i);
}
