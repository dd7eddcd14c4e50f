/* See support_fleet.h. */
#include "tests/unit/support_fleet.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/util.h"
#include "tests/unit/support_primary.h"

FleetWorld fleet_world;

static FleetWorld *const w = &fleet_world;

void fleet_world_open(void) {
        log_init(LOG_EMERG); /* nothing */
        *w = (FleetWorld){.srv = "", .txt = "", .srv_after = "", .txt_after = ""};
        scratch_init(&w->scratch);
        w->state = scratch_open(&w->scratch);
        ck_assert_int_eq(worker_new(w->scratch.event, 1, &w->worker), 0);
        ck_assert_int_eq(hosts_new(w->scratch.event, w->worker, &w->hosts), 0);
        w->zones = (ZoneTable){.hosts = w->hosts};
        w->listener = peer_socket(SOCK_STREAM, CONNECTIONS_MAX, &w->address);
        w->box = config_box_new();
}

void fleet_world_close(void) {
        fleet_world_stop();
        for (size_t i = 0; i < w->n_fds; i++)
                close(w->fds[i]);
        close(w->listener);
        config_box_free(w->box);
        w->hosts = hosts_free(w->hosts);
        w->worker = worker_free(w->worker);
        w->state = state_close(w->state);
        scratch_done(&w->scratch);
        ck_assert_ptr_null(w->zones.root);
}

/* --- the fleet -------------------------------------------------------------------------------- */

static void on_durable(int error, const char *text, void *userdata) {
        ck_assert_msg(error == 0, "%s", text);
        (*(int *)userdata)++;
}

/* The rest is here. */
static void remember(const char *service, StateRow row) {
        char record[300], server[32];
        int n = 0;

        (void)snprintf(record, sizeof(record), "%s.%s", service, row.domain);
        (void)snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(w->address.sin_port));
        row.record = record;
        row.port = 1688;
        row.zone = "contoso.com";
        row.servers = server;
        row.primary = "";
        row.zone_given = true;
        row.key_file = "";
        row.confirmed = true;
        ck_assert_int_eq(state_put(w->state, &row, on_durable, &n, &(StateWrite *){0}), 0);
        peer_wait(w->scratch.event, &n, 1);
}

void fleet_world_remember(const char *service, const char *domain, const char *target,
                          bool derived) {
        remember(service, (StateRow){.domain = domain,
                                     .target = target,
                                     .derived = derived,
                                     .security = SECURITY_NONE,
                                     .keytab = "",
                                     .principal = "",
                                     .realm = ""});
}

void fleet_world_remember_gss(const char *domain, const char *keytab, const char *principal,
                              const char *realm) {
        remember("_vlmcs._tcp", (StateRow){.domain = domain,
                                           .target = "kms1.contoso.com",
                                           .security = SECURITY_GSS,
                                           .keytab = keytab,
                                           .principal = principal,
                                           .realm = realm});
}

static void on_changed(void *userdata) {
        w->n_changed++;
}

static void on_ended(const Driver *driver, void *userdata) {
        w->n_ended++;
}

static void on_applied(int error, void *userdata) {
        ck_assert_int_eq(error, 0);
        w->n_applied++;
}

static void on_done(bool all_well, void *userdata) {
        w->n_done++;
}

void fleet_world_begin(const char *list, const char *service, const char *sections) {
        _cleanup_(freep) char *text = NULL;
        char lines[1000];
        size_t n = 0;

        for (const char *c = list; *c; c++)
                n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s%c",
                                      *c == ' ' ? "\n   " : "", *c);
        ck_assert_int_ge(asprintf(&text,
                                  "[Service]\n%s\n%s\n"
                                  "[Publish]\nDnsDomainPublishList=%s\n"
                                  "[Update]\nServer=127.0.0.1:%u\nZone=contoso.com\n"
                                  "Security=none\n%s\n",
                                  w->fqdn ? "" : "Target=kms1.contoso.com", service ? service : "",
                                  lines, ntohs(w->address.sin_port), sections ? sections : ""),
                         0);
        config_box_read(w->box, text);
        ck_assert_msg(w->box->result == 0, "%s", w->box->text);
        ck_assert_int_eq(fleet_apply(w->fleet, w->box->config,
                                     w->fqdn ? w->fqdn : w->box->config->target, w->fqdn),
                         0);
}

/* Nothing else has its turn meanwhile. */
void fleet_world_apply(const char *list, const char *service, const char *sections) {
        const int n = w->n_applied + 1;

        fleet_world_begin(list, service, sections);
        while (w->n_applied < n)
                ck_assert_int_ge(sd_event_run(w->scratch.event, USEC_PER_SEC), 0);
}

/* A turn of the fleet comes before any pass begins. */
size_t fleet_world_end(void) {
        const int n = w->n_done;

        fleet_stop(w->fleet);
        for (unsigned i = 0; i < 3 && w->n_done == n; i++)
                ck_assert_int_ge(sd_event_run(w->scratch.event, USEC_PER_MSEC), 0);
        return fleet_n_pending(w->fleet);
}

void fleet_world_make(void) {
        const FleetOptions options = {
                .event = w->scratch.event,
                .zones = &w->zones,
                .state = w->state,
                .on_changed = on_changed,
                .on_ended = on_ended,
                .on_applied = on_applied,
                .on_done = on_done,
        };

        ck_assert_int_eq(fleet_new(&options, &w->fleet), 0);
}

void fleet_world_start(const char *list, const char *service, const char *sections) {
        fleet_world_make();
        fleet_world_apply(list, service, sections);
}

void fleet_world_stop(void) {
        w->fleet = fleet_free(w->fleet);
}

static int print_row(const StateRow *row, void *userdata) {
        fprintf(userdata, "%s %s\n", row->record, row->target);
        return 0;
}

const char *fleet_world_rows(void) {
        static char text[UPDATES_TEXT_MAX];
        FILE *out = fmemopen(text, sizeof(text), "w");
        int r, n = 0;

        ck_assert_ptr_nonnull(out);
        ck_assert_int_eq(
                state_remove(w->state, "none", "none", 1, on_durable, &n, &(StateWrite *){0}), 0);
        peer_wait(w->scratch.event, &n, 1);
        text[0] = '\0';
        while ((r = state_each(w->state, SIZE_MAX, print_row, out)) == -EBUSY)
                ck_assert_int_ge(sd_event_run(w->scratch.event, USEC_PER_SEC), 0);
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(fclose(out), 0);
        return text;
}

Driver *fleet_world_find(const char *domain) {
        Driver *driver = fleet_find(w->fleet, domain);

        ck_assert_msg(driver != NULL, "%s", domain);
        return driver;
}

/* --- the primary ------------------------------------------------------------------------------ */

static void note_update(const PeerMessage *request) {
        _cleanup_(freep) char *text = primary_update_text(request);

        w->n_updates++;
        ck_assert_uint_lt(strlen(w->updates) + strlen(text), sizeof(w->updates));
        (void)strcat(w->updates, text);
        if (w->update_rcode != LDNS_RCODE_NOERROR)
                return;
        w->srv = w->srv_after;
        w->txt = w->txt_after;
}

static void answer(int fd, const PeerMessage *request) {
        if (primary_asked_opcode(request) == LDNS_PACKET_UPDATE) {
                note_update(request);
                primary_answer(fd, request, &(PrimaryAnswer){.rcode = w->update_rcode});
                return;
        }
        w->n_queries++;
        primary_answer(
                fd, request,
                &(PrimaryAnswer){
                        .rcode = w->query_rcode,
                        .rrs = primary_asked_type(request) == LDNS_RR_TYPE_SRV ? w->srv : w->txt,
                });
}

void fleet_world_settle(void) {
        static PeerMessage request;
        bool busy = true;
        int fd;

        while (busy) {
                busy = false;
                while ((fd = peer_try_accept(w->scratch.event, w->listener)) >= 0) {
                        ck_assert_uint_lt(w->n_fds, CONNECTIONS_MAX);
                        w->fds[w->n_fds++] = fd;
                }
                for (size_t i = 0; i < w->n_fds; i++)
                        while (peer_try_receive(w->scratch.event, w->fds[i], &request)) {
                                answer(w->fds[i], &request);
                                busy = true;
                        }
        }
}

void fleet_world_wait(const int *count, int n) {
        for (unsigned i = 0; *count < n; i++) {
                ck_assert_msg(i < 20000, "waited in vain: %d of %d", *count, n);
                ck_assert_int_ge(sd_event_run(w->scratch.event, USEC_PER_MSEC), 0);
                fleet_world_settle();
        }
}
