/* See support_desk.h. */
#include "tests/unit/support_desk.h"

#include <check.h>

#include "lib/util.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/support_stderr.h"

Desk desk;

static sd_event *event;
static Worker *worker;
static Hosts *hosts;
static AccessTable accesses;
static ZoneTable zones;
static Summary *summary;

static int n_ready;

static void on_ready(ZoneWaiter *waiter, const char *text) {
        ck_assert_msg(!text, "%s", text);
        n_ready++;
}

static void make_zone(void) {
        Endpoint endpoint;
        Settings settings = {
                .servers = &endpoint,
                .n_servers = 1,
                .timeout_usec = 5 * USEC_PER_SEC,
                .max_outstanding = 1,
        };
        ZoneWaiter waiter = {.on_ready = on_ready};
        Name apex;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(worker_new(event, 1, &worker), 0);
        ck_assert_int_eq(hosts_new(event, worker, &hosts), 0);
        zones = (ZoneTable){.hosts = hosts};
        ck_assert_int_eq(endpoint_from_text("192.0.2.1", &endpoint), 0);
        ck_assert_int_eq(access_get(&accesses, &settings, &desk.access), 0);
        ck_assert_int_eq(name_from_text("contoso.com", &apex), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, NULL, desk.access, &desk.zone), 0);
        n_ready = 0;
        ck_assert_int_eq(zone_prepare(desk.zone, &waiter), 0);
        peer_wait(event, &n_ready, 1);
}

static Offer *offer_make(const char *target) {
        Offer *offer = NULL;
        Name name;

        ck_assert_int_eq(name_from_text(target, &name), 0);
        ck_assert_int_eq(offer_new(&name, 1688, false, &offer), 0);
        return offer;
}

void desk_open(int log_level) {
        desk = (Desk){.now_usec = USEC_PER_HOUR};
        make_zone();
        stderr_catch(log_level);
        ck_assert_int_eq(summary_new(event, true, &summary), 0);
        desk.wanted = (Wanted){
                .offer = offer_make("kms1"), .priority = 10, .weight = 20, .ttl_sec = 3600};
        desk.source = (NewsSource){
                .record = "_vlmcs._tcp.contoso.com",
                .domain = "contoso.com",
                .publication = &desk.publication,
                .state_before = PUBLICATION_LOCATING,
                .id = &desk.scene.id,
                .gone = "",
                .access = desk.access,
                .zone = desk.zone,
                .wanted = &desk.wanted,
        };
        scene_init(&desk.scene);
}

void desk_gather(void) {
        summary = summary_free(summary);
        ck_assert_int_eq(summary_new(event, false, &summary), 0);
}

const char *desk_end(void) {
        summary = summary_free(summary);
        return stderr_told();
}

void desk_close(void) {
        summary = summary_free(summary);
        desk.plan = plan_free(desk.plan);
        wanted_replace(&desk.wanted, &(Wanted){0});
        desk.zone = zone_unref(desk.zone);
        desk.access = access_unref(desk.access);
        hosts = hosts_free(hosts);
        worker = worker_free(worker);
        event = sd_event_unref(event);
        stderr_release();
}

void desk_add_hosts(size_t n) {
        ck_assert_int_eq(host_list_new(n, &desk.wanted.hosts), 0);
        for (size_t i = 0; i < n; i++) {
                const char name[] = {'h', (char)('1' + i), '\0'};
                desk.wanted.hosts->hosts[desk.wanted.hosts->n++].offer = offer_make(name);
        }
}

/* The driver's part: what was found goes with the end of the pass, then the next one begins. */
static const char *tell(PublicationState state) {
        desk.publication.state = state;
        desk.publication.due_usec = desk.now_usec + 8 * USEC_PER_SEC;
        (void)stderr_told();
        news_tell(&desk.news, &desk.source, summary, desk.now_usec);
        desk.source.state_before = state;
        return stderr_told();
}

const char *desk_tell(PublicationState state, const char *scene) {
        desk.plan = plan_free(desk.plan);
        scene_init(&desk.scene);
        scene_read(&desk.scene, scene);
        desk.plan = scene_plan(&desk.scene);
        desk.source.plan = desk.plan;
        desk.source.observation = &desk.scene.observation;
        desk.source.notes = desk.plan->notes;
        desk.publication.trouble = (Trouble){0};
        return tell(state);
}

const char *desk_tell_trouble(PublicationState state, const Trouble *trouble) {
        desk.plan = plan_free(desk.plan);
        desk.source.plan = NULL;
        desk.source.observation = NULL;
        desk.source.notes = 0;
        desk.publication.trouble = *trouble;
        return tell(state);
}
