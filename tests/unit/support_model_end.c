/* What has to be there in the end: what those that live want (O3, O5, O12) and what was foreign,
   and nothing of those that have gone in order (O13) or have let their leases run out beside one
   that reclaims (O8). That what was foreign is there is not looked at here: no message was let pass
   that takes it. */
#include "tests/unit/support_model_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

typedef struct End {
        const ModelServer *server;
        const ModelContents *contents;
        const ModelParty *parties;
        size_t n_parties;
        uint64_t calm_since_usec;
        char *fault;
} End;

_printf_(2, 3) static bool fails(const End *end, const char *format, ...) {
        va_list list;

        va_start(list, format);
        (void)vsnprintf(end->fault, MODEL_FAULT_MAX, format, list);
        va_end(list);
        return false;
}

static char letter(const ModelParty *party) {
        return (char)('A' + party->index);
}

static bool writes(const ModelParty *party) {
        return party->running && party->mode != MODE_OBSERVE;
}

static bool publishes(const ModelParty *party) {
        return writes(party) && party->state == PUBLICATION_PUBLISHED && party->n_wanted > 0;
}

static bool claims_here(const End *end, const ModelParty *party) {
        return party->claims != CLAIMS_NO && !end->server->srv_only;
}

/* Whose numbers and TTL count at an offer (O5): the latest word, of equal ones the smaller id's. */
static const Claim *winner(const End *end, const Srv *offer) {
        const Claim *best = NULL;

        for (size_t i = 0; i < end->contents->n_txt; i++) {
                const ModelTxt *txt = &end->contents->txt[i];

                if (!txt->is_claim || !claim_covers(&txt->claim, offer))
                        continue;
                if (!best || txt->claim.since_sec > best->since_sec ||
                    (txt->claim.since_sec == best->since_sec &&
                     memcmp(&txt->claim.id, &best->id, sizeof(best->id)) < 0))
                        best = &txt->claim;
        }
        return best;
}

static const ModelParty *party_of(const End *end, const PublisherId *id) {
        for (size_t i = 0; i < end->n_parties; i++)
                if (publisher_id_equal(&end->parties[i].id, id))
                        return &end->parties[i];
        return NULL;
}

static bool is_wanted(const End *end, const Srv *offer) {
        for (size_t i = 0; i < end->n_parties; i++)
                if (publishes(&end->parties[i]) && model_party_wants(&end->parties[i], offer))
                        return true;
        return false;
}

/* --- each publisher --------------------------------------------------------------------------- */

static bool judge_state(const End *end, const ModelParty *party) {
        const PublicationState state = party->state;
        bool ok = state == PUBLICATION_PUBLISHED;

        if (!party->running)
                return true;
        if (party->mode == MODE_OBSERVE)
                ok = state == PUBLICATION_OBSERVED;
        else if (party->mode == MODE_EXCLUSIVE)
                ok = ok || state == PUBLICATION_STANDBY;
        /* Claims=yes and a policy that takes none. */
        if (end->server->srv_only && party->claims == CLAIMS_YES)
                ok = ok || state == PUBLICATION_DENIED;
        return ok || fails(end, "%c ends %s", letter(party), publication_state_to_string(state));
}

/* O3, O5: each wanted offer is there once, with numbers that somebody wants who has the word. */
static bool judge_offer(const End *end, const ModelParty *party, const Srv *wanted) {
        const Claim *claim = winner(end, wanted);
        const ModelParty *decides = claim ? party_of(end, &claim->id) : party;
        const Srv *there = NULL, *numbers;
        char text[SRV_TEXT_MAX];
        size_t n = 0;

        for (size_t i = 0; i < end->contents->n_srv; i++)
                if (srv_same_offer(&end->contents->srv[i].srv, wanted)) {
                        there = &end->contents->srv[i].srv;
                        n++;
                }
        numbers = decides && publishes(decides) ? model_party_wants(decides, wanted) : NULL;
        /* The word of one that is gone stands, and nobody else may touch what it claims. */
        if (n > 0 && (!numbers || (n == 1 && srv_equal(there, numbers))))
                return true;
        return fails(end, "%c wants %s: %zu of it there, or with other numbers", letter(party),
                     srv_to_text(wanted, text), n);
}

/* O4: its claims are those it should have, and no others. */
static bool judge_claims(const End *end, const ModelParty *party) {
        size_t n = 0;

        for (size_t i = 0; i < end->contents->n_txt; i++) {
                const ModelTxt *txt = &end->contents->txt[i];
                const Srv offer = {.target = txt->claim.host, .port = txt->claim.port};

                if (!txt->is_claim || !publisher_id_equal(&txt->claim.id, &party->id))
                        continue;
                n++;
                if (party->left ||
                    (writes(party) && !(publishes(party) && claims_here(end, party) &&
                                        model_party_wants(party, &offer))))
                        return fails(end, "%c has left a claim", letter(party));
                if (publishes(party) &&
                    (party->lease_sec > 0) != (txt->claim.until_sec > party->now_sec))
                        return fails(end, "%c's lease is not what it should be", letter(party));
        }
        if (publishes(party) && claims_here(end, party) && n != party->n_wanted)
                return fails(end, "%c has %zu claims for %zu", letter(party), n, party->n_wanted);
        return true;
}

static bool judge_party(const End *end, const ModelParty *party) {
        if (!judge_state(end, party) || !judge_claims(end, party))
                return false;
        for (size_t i = 0; publishes(party) && i < party->n_wanted; i++)
                if (!judge_offer(end, party, &party->wanted[i]))
                        return false;
        return true;
}

/* --- what nobody wants ------------------------------------------------------------------------ */

/* O13: without a claim, and by somebody who should have taken it away. */
static bool judge_orphan(const End *end, const ModelSrv *there) {
        char text[SRV_TEXT_MAX];

        if (is_wanted(end, &there->srv) || model_claims_other(end->contents, &there->srv, NULL) > 0)
                return true;
        for (size_t i = 0; i < end->n_parties; i++) {
                const ModelParty *party = &end->parties[i];

                if ((there->published_by & 1 << i) &&
                    (party->left || (writes(party) && party->state != PUBLICATION_DENIED)) &&
                    !model_party_wants(party, &there->srv))
                        return fails(end, "%c has left an orphan: %s", letter(party),
                                     srv_to_text(&there->srv, text));
        }
        return true;
}

/* O8: a lease that ran out long ago is not there beside a reclaimer that could have removed it. */
static bool judge_lease(const End *end, const ModelTxt *txt) {
        if (!txt->is_claim || txt->claim.until_sec == 0 || end->server->srv_only ||
            txt->since_usec > end->calm_since_usec)
                return true;
        for (size_t i = 0; i < end->n_parties; i++) {
                const ModelParty *party = &end->parties[i];

                if (writes(party) && party->reclaim && party->n_wanted > 0 &&
                    !publisher_id_equal(&txt->claim.id, &party->id) &&
                    txt->claim.until_sec + 2 * party->check_sec < party->now_sec)
                        return fails(end, "%c does not reclaim a dead claim", letter(party));
        }
        return true;
}

/* O12, where all speak for themselves and a living one may write. */
static bool judge_ttl(const End *end) {
        uint32_t lowest = UINT32_MAX;
        bool may_write = false;

        for (size_t i = 0; i < end->contents->n_txt; i++)
                if (end->contents->txt[i].is_claim && end->contents->txt[i].claim.ttl < lowest)
                        lowest = end->contents->txt[i].claim.ttl;
        for (size_t i = 0; i < end->contents->n_srv; i++) {
                const Claim *claim = winner(end, &end->contents->srv[i].srv);
                const ModelParty *party = claim ? party_of(end, &claim->id) : NULL;

                if (!claim)
                        return true;
                may_write |= party && publishes(party);
        }
        if (!may_write)
                return true;
        for (size_t i = 0; i < end->contents->n_srv; i++) {
                const Srv *srv = &end->contents->srv[i].srv;
                const ModelParty *party = party_of(end, &winner(end, srv)->id);

                if (srv->ttl != lowest &&
                    (!end->server->kind->ttl_per_rr || (party && publishes(party))))
                        return fails(end, "the TTL is %u and not %u", srv->ttl, lowest);
        }
        return true;
}

/* --- exclusive -------------------------------------------------------------------------------- */

/* O6: the name does not stay free, nor held by nobody who lives, where one wants it alone. */
static bool judge_exclusive(const End *end) {
        bool waits = false;

        for (size_t i = 0; i < end->n_parties; i++)
                waits |= writes(&end->parties[i]) && end->parties[i].state == PUBLICATION_STANDBY;
        if (waits && end->contents->n_srv == 0)
                return fails(end, "nobody takes the name that is free");
        for (size_t i = 0; i < end->n_parties; i++) {
                const ModelParty *party = &end->parties[i];

                if (!writes(party) || party->state != PUBLICATION_STANDBY)
                        continue;
                for (size_t j = 0; j < end->contents->n_srv; j++)
                        if (model_party_holds(party, end->contents, &end->contents->srv[j].srv))
                                return fails(end, "%c stands by for itself", letter(party));
        }
        return true;
}

static bool judge_srvs(const End *end) {
        for (size_t i = 0; i < end->contents->n_srv; i++)
                if (!judge_orphan(end, &end->contents->srv[i]))
                        return false;
        return true;
}

bool model_judge_end(const ModelServer *server, const ModelParty *parties, size_t n_parties,
                     uint64_t calm_since_usec, char fault[static MODEL_FAULT_MAX]) {
        const End end = {server, &server->contents, parties, n_parties, calm_since_usec, fault};

        for (size_t i = 0; i < n_parties; i++)
                if (!judge_party(&end, &parties[i]))
                        return false;
        for (size_t i = 0; i < server->contents.n_txt; i++)
                if (!judge_lease(&end, &server->contents.txt[i]))
                        return false;
        return judge_srvs(&end) && judge_exclusive(&end) && judge_ttl(&end);
}
