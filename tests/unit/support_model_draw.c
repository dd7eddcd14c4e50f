/* Draws a history from a seed. Three things are left out, because no rule could make them end well:
   publishers that do not claim and want one offer with different numbers or TTLs (O1 b: each has
   its operator's word); claims written by hand where a policy lets nobody remove them; and two
   machines with one id and another TTL, lease or time, whose claims say different things for ever.
 */
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_model_history.h"

typedef struct Draw {
        uint64_t state;
        ModelHistory *history;
        size_t n_publishers;
        unsigned flavour; /* how the publishers share: see draw_mode() */
        bool bare;        /* some may not claim */
        bool sharing;     /* one offer may be several publishers' */
        bool leases;
        bool twins;
        bool down[MODEL_PUBLISHERS_MAX];
        ModelEvent want[MODEL_PUBLISHERS_MAX];
        ModelEvent policy[MODEL_PUBLISHERS_MAX];
} Draw;

static uint32_t draw(Draw *d, uint32_t below) {
        d->state ^= d->state >> 12;
        d->state ^= d->state << 25;
        d->state ^= d->state >> 27;
        return (uint32_t)((d->state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

static bool percent(Draw *d, uint32_t chance) {
        return draw(d, 100) < chance;
}

static void add(Draw *d, ModelEvent event) {
        /* Room for those that come at the end. */
        if (d->history->n_events < MODEL_EVENTS_MAX - 2 * MODEL_PUBLISHERS_MAX)
                d->history->events[d->history->n_events++] = event;
}

static void add_plain(Draw *d, ModelEventKind kind, uint8_t who) {
        add(d, (ModelEvent){.kind = kind, .who = who});
}

/* --- configurations --------------------------------------------------------------------------- */

static Mode draw_mode(Draw *d) {
        if (percent(d, 7))
                return MODE_OBSERVE;
        if (d->flavour == 2)
                return percent(d, 50) ? MODE_SHARED : MODE_EXCLUSIVE;
        return d->flavour == 0 ? MODE_SHARED : MODE_EXCLUSIVE;
}

static void draw_policy(Draw *d, uint8_t who) {
        const uint32_t checks[] = {300, 900};
        ModelEvent *policy = &d->policy[who];

        *policy = (ModelEvent){
                .kind = MODEL_POLICY,
                .who = who,
                .mode = draw_mode(d),
                .claims = percent(d, 70) ? CLAIMS_AUTO : CLAIMS_YES,
                .reclaim = d->leases && percent(d, 50),
                .check_sec = checks[draw(d, 2)],
                .refresh_sec = percent(d, 10) ? 7200 : 0,
        };
        if (d->bare && percent(d, 40))
                policy->claims = CLAIMS_NO;
        if (d->leases && percent(d, 60))
                policy->lease_sec = 4 * policy->check_sec + 600 * draw(d, 2);
}

/* Nobody's own hosts overlap; those from 0 on are shared, where they are at all. */
static uint8_t draw_host(Draw *d, uint8_t who) {
        uint8_t host = (uint8_t)(4 + who * 2 + draw(d, 2));

        if (d->sharing && percent(d, 50))
                host = (uint8_t)draw(d, 3);
        return percent(d, 8) ? (uint8_t)(host + MODEL_UPPER) : host;
}

static void draw_numbers(Draw *d, ModelOffer *offer) {
        const bool fixed = d->twins || (d->bare && d->sharing);

        offer->priority = fixed ? offer->host % MODEL_UPPER : (uint16_t)draw(d, 3);
        offer->weight = fixed ? 0 : (uint16_t)draw(d, 3);
}

static uint32_t draw_ttl(Draw *d, uint8_t who) {
        const uint32_t ttls[] = {3600, 300, 7200};

        if (d->twins)
                return d->want[who].ttl;
        return d->bare && d->sharing ? 3600 : ttls[draw(d, 3)];
}

static bool has_offer(const ModelEvent *want, const ModelOffer *offer, size_t but) {
        for (size_t i = 0; i < want->n_offers; i++)
                if (i != but && want->offers[i].port == offer->port &&
                    want->offers[i].host % MODEL_UPPER == offer->host % MODEL_UPPER)
                        return true;
        return false;
}

static void put_offer(Draw *d, uint8_t who, size_t i) {
        ModelEvent *want = &d->want[who];
        ModelOffer offer = {.host = draw_host(d, who), .port = percent(d, 90) ? 1688 : 1689};

        draw_numbers(d, &offer);
        if (has_offer(want, &offer, i))
                return;
        want->offers[i] = offer;
        if (i == want->n_offers)
                want->n_offers++;
}

static void draw_want(Draw *d, uint8_t who) {
        d->want[who] = (ModelEvent){
                .kind = MODEL_WANT,
                .who = who,
                .ttl = draw_ttl(d, who),
                .derived = percent(d, 20),
        };
        put_offer(d, who, 0);
        if (percent(d, 35))
                put_offer(d, who, 1);
}

/* One thing about a wish is another. */
static void edit_want(Draw *d, uint8_t who) {
        ModelEvent *want = &d->want[who];
        const uint32_t what = draw(d, 8);

        if (want->n_offers == 0) {
                draw_want(d, who);
        } else if (what == 0) {
                want->ttl = draw_ttl(d, who);
        } else if (what == 1) {
                draw_numbers(d, &want->offers[draw(d, (uint32_t)want->n_offers)]);
        } else if (what <= 3) {
                put_offer(d, who, draw(d, (uint32_t)want->n_offers));
        } else if (what == 4) {
                if (want->n_offers < MODEL_WANTED_MAX)
                        put_offer(d, who, want->n_offers);
        } else if (what == 5) {
                if (want->n_offers > 1)
                        want->n_offers--;
        } else {
                want->n_offers = 0;
        }
        add(d, *want);
}

/* --- events ----------------------------------------------------------------------------------- */

static uint8_t draw_who(Draw *d) {
        return (uint8_t)draw(d, (uint32_t)d->n_publishers);
}

static ModelOffer draw_any_offer(Draw *d) {
        const ModelEvent *want = &d->want[draw_who(d)];
        ModelOffer offer = {.host = 14, .port = 1688};

        if (want->n_offers > 0 && percent(d, 75))
                offer = want->offers[draw(d, (uint32_t)want->n_offers)];
        offer.priority = (uint16_t)draw(d, 3);
        return offer;
}

static void add_steps(Draw *d, uint8_t who, uint32_t n) {
        while (n-- > 0)
                add(d, (ModelEvent){.kind = MODEL_GO, .who = who, .number = 1});
}

static void draw_steps(Draw *d) {
        add_steps(d, draw_who(d), 1 + draw(d, 6));
}

/* Something fails on the way, or the wish changes; and what was sent may arrive after all. */
static void draw_fault(Draw *d) {
        const ModelEventKind kinds[] = {MODEL_TIMEOUT,     MODEL_TIMEOUT,  MODEL_CLOSE, MODEL_CLOSE,
                                        MODEL_UNREACHABLE, MODEL_SERVFAIL, MODEL_ECHO};
        const uint8_t who = draw_who(d);

        add_steps(d, who, draw(d, 7));
        if (percent(d, 70))
                add_plain(d, kinds[draw(d, ELEMENTSOF(kinds))], who);
        if (percent(d, 40))
                edit_want(d, who);
        add_steps(d, who, draw(d, 7));
        if (percent(d, 60))
                add_plain(d, MODEL_ARRIVE, who);
}

static void draw_time(Draw *d) {
        const int64_t seconds[] = {1, 4, 11, 300, 1000, 4000};

        add(d, (ModelEvent){.kind = percent(d, 50) ? MODEL_RUN : MODEL_TIME,
                            .number = seconds[draw(d, ELEMENTSOF(seconds))]});
}

static void draw_crash(Draw *d) {
        const uint8_t who = draw_who(d);
        const uint32_t what = draw(d, 10);

        if (d->down[who])
                add_plain(d, MODEL_START, who);
        else if (what == 0)
                add_plain(d, MODEL_REBORN, who);
        else if (what <= 2)
                add_plain(d, MODEL_AMNESIA, who);
        else
                add_plain(d, what <= 5 ? MODEL_CRASH_UNSYNCED : MODEL_CRASH, who);
        d->down[who] = !d->down[who];
        if (d->down[who] && percent(d, 40)) {
                add_plain(d, MODEL_START, who);
                d->down[who] = false;
        }
}

static void draw_admin(Draw *d) {
        const ModelEventKind kinds[] = {MODEL_ADD_SRV,     MODEL_ADD_SRV,      MODEL_DELETE_SRV,
                                        MODEL_DELETE_SRVS, MODEL_DELETE_TXTS,  MODEL_DELETE_CLAIM,
                                        MODEL_ADD_TXT,     MODEL_DELETE_CLAIM, MODEL_SET_TTL,
                                        MODEL_ADD_CLAIM};
        ModelEvent event = {
                .kind = kinds[draw(d, ELEMENTSOF(kinds))],
                .offer = draw_any_offer(d),
                .number = draw(d, 2) ? 600 : 3600,
        };

        if (event.kind == MODEL_ADD_CLAIM) {
                event.number = d->leases && percent(d, 60) ? 1200 : 0;
                if (d->history->srv_only)
                        return;
        } else if (event.kind == MODEL_ADD_TXT) {
                event.number = draw(d, 3);
        }
        add(d, event);
}

/* A cloned machine, configured alike and with the same time. */
static void draw_twin(Draw *d, uint8_t who) {
        const uint8_t of = draw_who(d);

        if (of == who)
                return;
        d->twins = true;
        for (size_t i = 0; i < d->want[of].n_offers; i++)
                draw_numbers(d, &d->want[of].offers[i]);
        d->want[who] = d->want[of];
        d->policy[who] = d->policy[of];
        d->want[who].who = d->policy[who].who = who;
        add(d, (ModelEvent){.kind = MODEL_CLOCK, .who = of});
        add(d, (ModelEvent){.kind = MODEL_CLOCK, .who = who});
        add(d, d->want[of]);
        add(d, (ModelEvent){.kind = MODEL_TWIN, .who = who, .number = of});
        add(d, d->policy[who]);
        add(d, d->want[who]);
        if (!d->down[who])
                add_plain(d, MODEL_START, who);
}

/* Another policy; and the daemon may be killed while it follows it, and want something else when it
   is back. */
static void draw_conversion(Draw *d, uint8_t who) {
        draw_policy(d, who);
        add(d, d->policy[who]);
        if (d->down[who] || percent(d, 70))
                return;
        add_steps(d, who, draw(d, 8));
        add_plain(d, percent(d, 50) ? MODEL_CRASH_UNSYNCED : MODEL_CRASH, who);
        edit_want(d, who);
        add_plain(d, MODEL_START, who);
}

static void draw_oddity(Draw *d) {
        const uint8_t who = draw_who(d);
        const uint32_t what = draw(d, 8);

        if (!d->bare && percent(d, 3))
                draw_twin(d, who);
        else if (what <= 2 && !d->twins)
                add(d, (ModelEvent){.kind = MODEL_CLOCK,
                                    .who = who,
                                    .number = (int64_t)draw(d, 7200) - 3600});
        else if (what == 3)
                add_plain(d, percent(d, 50) ? MODEL_DISK_FULL : MODEL_DISK_WELL, who);
        else if (what <= 5)
                add(d,
                    (ModelEvent){.kind = MODEL_TAKE_OVER, .who = who, .offer = draw_any_offer(d)});
        else if (!d->twins)
                draw_conversion(d, who);
}

static void draw_event(Draw *d) {
        const uint32_t what = draw(d, 100);

        if (what < 40)
                draw_steps(d);
        else if (what < 60)
                draw_fault(d);
        else if (what < 73)
                draw_time(d);
        else if (what < 82)
                edit_want(d, draw_who(d));
        else if (what < 88)
                draw_crash(d);
        else if (what < 95)
                draw_admin(d);
        else
                draw_oddity(d);
}

static void draw_setting(Draw *d) {
        const uint32_t flavour = draw(d, 100);

        d->history->kind = (uint8_t)draw(d, (uint32_t)model_n_kinds);
        d->history->srv_only = percent(d, 8);
        d->n_publishers = 2 + draw(d, MODEL_PUBLISHERS_MAX - 1);
        d->flavour = flavour < 45 ? 0 : flavour < 70 ? 1 : 2;
        d->bare = d->history->srv_only || percent(d, 25);
        d->sharing = percent(d, 50);
        d->leases = percent(d, 50);
        for (uint8_t i = 0; i < d->n_publishers; i++) {
                draw_policy(d, i);
                draw_want(d, i);
                add(d, d->policy[i]);
                add(d, d->want[i]);
                d->down[i] = percent(d, 20);
                if (!d->down[i])
                        add_plain(d, MODEL_START, i);
        }
}

void model_history_draw(ModelHistory *history, uint64_t seed) {
        Draw d = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .history = history};

        *history = (ModelHistory){.seed = seed, .n_names = seed % 12 ? 1 : MODEL_NAMES_MAX};
        draw_setting(&d);
        for (uint32_t i = 5 + draw(&d, 25); i > 0; i--)
                draw_event(&d);
        for (uint8_t i = 0; i < d.n_publishers; i++)
                if (d.down[i] && percent(&d, 50))
                        history->events[history->n_events++] =
                                (ModelEvent){.kind = MODEL_START, .who = i};
}
