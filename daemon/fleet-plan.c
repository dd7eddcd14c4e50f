/* Plans that are asked for: each is made by a driver of its own, a copy that only looks. */

#include <errno.h>
#include <string.h>

#include "daemon/fleet-self.h"
#include "lib/message.h"
#include "lib/plan-text.h"
#include "lib/util.h"

#define LOOK_PACE_USEC (20 * USEC_PER_MSEC)

enum {
        LOOKS_MAX = 64, /* at once: everybody may ask */
};

typedef struct FleetLook {
        struct FleetLook *next;
        DriverContext context;
        Driver *driver;
        Fleet *fleet;
        FleetPlanHandler handler; /* NULL: called */
        void *userdata;
} FleetLook;

static void answer(FleetLook *look, const FleetPlan *plan) {
        FleetPlanHandler handler = TAKE_PTR(look->handler);

        if (handler)
                handler(plan, look->userdata);
}

static void answer_failure(FleetLook *look, const char *text) {
        answer(look, &(FleetPlan){
                             .domain = driver_domain(look->driver),
                             .record = driver_record(look->driver),
                             .zone = "",
                             .server = "",
                             .verdict = "",
                             .text = text,
                             .script = "",
                     });
}

static void on_planned(const NewsSource *source, const Server *server, void *userdata) {
        FleetLook *look = userdata;
        const bool takes_over = source->plan->notes & PLAN_NOTE_TAKES_OVER;
        _cleanup_(freep) char *text = NULL, *script = NULL;
        char zone[NAME_TEXT_MAX];

        if (plan_to_text(source->plan, source->observation, source->id, &text) < 0 ||
            news_plan_script(source, server, &script) < 0) {
                answer_failure(look, strerror(ENOMEM));
                return;
        }
        answer(look, &(FleetPlan){
                             .well = true,
                             .domain = source->domain,
                             .record = source->record,
                             .zone = name_to_text(zone_apex(source->zone), zone),
                             .server = server_name(server),
                             .verdict = takes_over ? "take over"
                                                   : plan_verdict_to_string(source->plan->verdict),
                             .text = text,
                             .script = script ? script : "",
                             .takes_over = takes_over,
                     });
}

static void on_ended(Driver *driver, void *userdata) {
        FleetLook *look = userdata;
        DriverView view;

        driver_view(driver, &view);
        answer_failure(look, view.trouble); /* unless it was planned */
        driver_park(driver);
        fleet_bury_later(look->fleet);
}

void fleet_forget_looks(Fleet *fleet, bool all) {
        for (FleetLook **link = &fleet->looks, *look; (look = *link);) {
                if (look->handler && !all) {
                        link = &look->next;
                        continue;
                }
                *link = look->next;
                answer_failure(look, "srvpubd is stopping");
                (void)driver_free(look->driver);
                free(look);
        }
}

int fleet_plan(Fleet *fleet, Driver *driver, const Srv *from, FleetPlanHandler handler,
               void *userdata) {
        const uint64_t now_usec = schedule_now_usec(fleet->schedule);
        FleetLook *look;
        size_t n = 0;
        int r;

        for (look = fleet->looks; look; look = look->next)
                n++;
        if (n >= LOOKS_MAX)
                return -EBUSY;
        look = calloc(1, sizeof(*look));
        if (!look)
                return -ENOMEM;
        *look = (FleetLook){
                .context = fleet->context,
                .fleet = fleet,
                .handler = handler,
                .userdata = userdata,
        };
        look->context.summary = NULL;
        look->context.once = true;
        look->context.on_planned = on_planned;
        look->context.on_ended = on_ended;
        look->context.userdata = look;
        /* Everybody may ask: what it costs the servers is bounded too. */
        if (fleet->next_look_usec < now_usec)
                fleet->next_look_usec = now_usec;
        r = driver_copy(driver, &look->context, from, fleet->next_look_usec, &look->driver);
        if (r < 0) {
                free(look);
                return r;
        }
        fleet->next_look_usec += LOOK_PACE_USEC;
        look->next = fleet->looks;
        fleet->looks = look;
        return 0;
}
