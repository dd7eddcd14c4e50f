/* The specification that plans are held against; each function is one rule read aloud. */
#include "tests/unit/support_ownership.h"

#include <string.h>

/* Who claims: one offer may be claimed by all three. */
typedef enum Claimant {
        NOBODY = 0,
        WE = 1 << 0,
        OTHERS = 1 << 1, /* who stay */
        GOING = 1 << 2,  /* others, dead and to be reclaimed (O8) or taken over from (O9) */
} Claimant;

static const PlanWanted *find_wanted(const Scene *scene, const Srv *srv) {
        for (size_t i = 0; i < scene->input.n_wanted; i++)
                if (srv_same_offer(&scene->wanted[i].srv, srv))
                        return &scene->wanted[i];
        return NULL;
}

static const PlanRemembered *find_remembered(const Scene *scene, const Srv *srv) {
        for (size_t i = 0; i < scene->input.n_remembered; i++)
                if (srv_same_offer(&scene->remembered[i].srv, srv))
                        return &scene->remembered[i];
        return NULL;
}

/* Our id, on what we neither want nor remember. */
static bool is_stray(const Scene *scene, const Txt *txt) {
        const Srv offer = claim_offer(&txt->claim);

        return txt->is_claim && publisher_id_equal(&txt->claim.id, &scene->id) &&
               !find_wanted(scene, &offer) && !find_remembered(scene, &offer);
}

static Claimant claimant(const Ownership *o, const Txt *txt) {
        const PlanInput *input = &o->scene->input;

        if (!txt->is_claim)
                return NOBODY;
        if (publisher_id_equal(&txt->claim.id, &o->scene->id) &&
            !(input->leave_strays && is_stray(o->scene, txt)))
                return WE;
        if (o->from && claim_covers(&txt->claim, o->from))
                return GOING;
        return txt->dead && input->reclaim && input->n_wanted > 0 ? GOING : OTHERS;
}

bool ownership_is_mine(const Ownership *o, const Txt *txt) {
        return claimant(o, txt) == WE;
}

static unsigned claimants(const Ownership *o, const Srv *srv) {
        unsigned who = NOBODY;

        for (size_t i = 0; i < o->scene->n_txt; i++)
                if (o->scene->seen[i].is_claim && claim_covers(&o->scene->seen[i].claim, srv))
                        who |= claimant(o, &o->scene->seen[i]);
        return who;
}

bool ownership_is_ours(const Ownership *o, const Srv *srv) {
        const unsigned who = claimants(o, srv);
        const PlanRemembered *remembered = find_remembered(o->scene, srv);

        if (who != NOBODY)
                return who & WE;
        return find_wanted(o->scene, srv) || (remembered && !remembered->claimed);
}

const PlanWanted *ownership_wanted(const Ownership *o, const Srv *srv) {
        return o->standby ? NULL : find_wanted(o->scene, srv);
}

bool ownership_is_later(const Ownership *o, const PlanWanted *wanted, const Txt *txt) {
        return o->scene->input.claims && ownership_is_mine(o, txt) &&
               claim_covers(&txt->claim, &wanted->srv) && txt->claim.since_sec > wanted->since_sec;
}

bool ownership_decides(const Ownership *o, const PlanWanted *wanted) {
        for (size_t i = 0; i < o->scene->n_txt; i++) {
                const Txt *txt = &o->scene->seen[i];

                if (ownership_is_later(o, wanted, txt))
                        return false;
                if (claimant(o, txt) != OTHERS || !claim_covers(&txt->claim, &wanted->srv))
                        continue;
                if (!o->scene->input.claims || txt->claim.since_sec > wanted->since_sec)
                        return false;
                if (txt->claim.since_sec == wanted->since_sec &&
                    memcmp(&txt->claim.id, &o->scene->id, sizeof(PublisherId)) < 0)
                        return false;
        }
        return true;
}

static bool is_from(const Ownership *o, const Srv *srv) {
        return o->from && srv_same_offer(o->from, srv);
}

/* O13: it stays for now. */
static bool is_kept(const Ownership *o, const Srv *srv) {
        return o->scene->input.keep_remembered && !is_from(o, srv) &&
               find_remembered(o->scene, srv);
}

bool ownership_srv_goes(const Ownership *o, const Srv *srv) {
        const unsigned who = claimants(o, srv);

        if (is_from(o, srv))
                return true;
        if (who & OTHERS)
                return false;
        return ownership_is_ours(o, srv) ? !is_kept(o, srv) : who == GOING;
}

bool ownership_txt_goes(const Ownership *o, const Txt *txt) {
        const Srv offer = claim_offer(&txt->claim);

        return claimant(o, txt) == GOING || (claimant(o, txt) == WE && !is_kept(o, &offer));
}

bool ownership_claim_is_right(const Ownership *o, const PlanWanted *wanted, const Claim *claim) {
        const PlanInput *input = &o->scene->input;
        const uint64_t half = input->lease_sec / 2;

        if (claim->ttl != wanted->srv.ttl || claim->since_sec != wanted->since_sec ||
            claim->lease_sec != input->lease_sec)
                return false;
        if (input->lease_sec == 0)
                return claim->until_sec == 0;
        return claim->until_sec > input->now_sec + half &&
               claim->until_sec <= input->now_sec + input->lease_sec;
}

/* What we share and leave is the other's. */
static bool is_held_by_us(const Ownership *o, const Srv *srv) {
        if (!ownership_is_ours(o, srv))
                return false;
        return find_wanted(o->scene, srv) || is_kept(o, srv) || ownership_srv_goes(o, srv);
}

static const Srv *find_holder(const Ownership *o) {
        for (size_t i = 0; i < o->scene->n_srv; i++) {
                const Srv *srv = &o->scene->srv[i];

                if (!is_held_by_us(o, srv) && !is_from(o, srv) && claimants(o, srv) != GOING)
                        return srv;
        }
        return NULL;
}

/* O6: from another that holds the name beside it nothing is taken over. */
static void judge_standby(Ownership *o) {
        const Scene *scene = o->scene;
        bool held = false;

        for (size_t i = 0; i < scene->n_srv; i++) {
                o->n_ours += ownership_is_ours(o, &scene->srv[i]);
                held |= is_held_by_us(o, &scene->srv[i]);
        }
        o->holder = find_holder(o);
        o->standby = scene->input.mode == MODE_EXCLUSIVE && scene->input.n_wanted > 0 &&
                     o->holder && !held;
        if (!o->standby)
                return;
        o->from = NULL;
        o->holder = find_holder(o);
}

static uint32_t lower(uint32_t a, uint32_t b) {
        return a < b ? a : b;
}

/* O12 */
static void judge_ttl(Ownership *o) {
        const Scene *scene = o->scene;
        uint32_t unclaimed = UINT32_MAX, claimed = UINT32_MAX, foreign = UINT32_MAX,
                 any = UINT32_MAX;

        for (size_t i = 0; i < scene->n_srv; i++) {
                const Srv *srv = &scene->srv[i];

                any = lower(any, srv->ttl);
                if (ownership_is_ours(o, srv))
                        continue;
                foreign = lower(foreign, srv->ttl);
                if (claimants(o, srv) == NOBODY && !ownership_srv_goes(o, srv))
                        unclaimed = lower(unclaimed, srv->ttl);
        }
        for (size_t i = 0; i < scene->n_txt; i++)
                if (claimant(o, &scene->seen[i]) == OTHERS)
                        claimed = lower(claimed, scene->seen[i].claim.ttl);
        for (size_t i = 0; i < scene->input.n_wanted; i++)
                claimed = lower(claimed, scene->wanted[i].srv.ttl);

        if (unclaimed != UINT32_MAX)
                o->ttl = unclaimed;
        else if (scene->input.n_wanted > 0)
                o->ttl = claimed;
        else if (scene->n_srv > 0)
                o->ttl = foreign != UINT32_MAX ? foreign : any;
}

static unsigned note_srv(const Ownership *o, const Srv *srv) {
        const PlanRemembered *remembered = find_remembered(o->scene, srv);
        const PlanWanted *wanted = ownership_wanted(o, srv);
        const unsigned who = claimants(o, srv);

        if (wanted && !ownership_decides(o, wanted) && !srv_equal(&wanted->srv, srv))
                return PLAN_NOTE_NUMBERS_OF_OTHER;
        if (find_wanted(o->scene, srv))
                return 0;
        if (is_from(o, srv))
                return PLAN_NOTE_TAKES_OVER;
        if (who == NOBODY && remembered && remembered->claimed)
                return PLAN_NOTE_CLAIM_GONE;
        if (!(who & OTHERS) || !(who & WE || remembered))
                return 0;
        return who & WE && is_kept(o, srv) ? 0 : PLAN_NOTE_STAYS_CLAIMED;
}

static void judge_notes(Ownership *o) {
        const Scene *scene = o->scene;

        for (size_t i = 0; i < scene->n_srv; i++)
                o->notes |= note_srv(o, &scene->srv[i]);
        for (size_t i = 0; i < scene->n_txt; i++) {
                const Txt *txt = &scene->seen[i];

                if (is_stray(scene, txt) && ownership_txt_goes(o, txt))
                        o->removes_strays = true;
                else if (is_stray(scene, txt))
                        o->notes |= PLAN_NOTE_STRAYS;
                if (claimant(o, txt) == GOING)
                        o->notes |= o->from && claim_covers(&txt->claim, o->from)
                                            ? PLAN_NOTE_TAKES_OVER
                                            : PLAN_NOTE_RECLAIMS;
        }
        for (size_t i = 0; !o->standby && i < scene->input.n_wanted; i++)
                if (claimants(o, &scene->wanted[i].srv) & OTHERS)
                        o->notes |= PLAN_NOTE_ALSO_CLAIMED;
        if (scene->input.mode == MODE_EXCLUSIVE && scene->input.n_wanted > 0 && o->holder &&
            !o->standby)
                o->notes |= PLAN_NOTE_FOREIGN_BESIDE;
}

void ownership_judge(const Scene *scene, Ownership *ret_ownership) {
        *ret_ownership = (Ownership){
                .scene = scene,
                .from = scene->has_from ? &scene->from : NULL,
        };
        judge_standby(ret_ownership);
        judge_ttl(ret_ownership);
        judge_notes(ret_ownership);
}
