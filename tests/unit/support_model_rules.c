/* Each message, at the moment when it is applied: what was there and is no more must have been the
   publisher's to take (O1, O3, O5), be a dead one's (O8), or be named in a takeover (O9); and where
   it wants the name alone it must not hold it beside another (O6). What the message requires or
   names is not looked at, only what it does. */
#include "tests/unit/support_model_rules.h"

#include <stdio.h>
#include <string.h>

#include "lib/util.h"

typedef struct Case {
        const ModelParty *party;
        const ModelRight *right;
        const ModelContents *before, *after;
        const ModelMessage *message;
        char *fault;
} Case;

/* --- facts ------------------------------------------------------------------------------------ */

const Srv *model_party_wants(const ModelParty *party, const Srv *offer) {
        for (size_t i = 0; i < party->n_wanted; i++)
                if (srv_same_offer(&party->wanted[i], offer))
                        return &party->wanted[i];
        return NULL;
}

static const ModelPart *find_part(const ModelParty *party, const Srv *offer) {
        for (size_t i = 0; i < party->n_parts; i++)
                if (srv_same_offer(&party->parts[i].offer, offer))
                        return &party->parts[i];
        return NULL;
}

/* The state's word is not enough where it says that it was published: it has to be true. An intent
   counts, it may have come to something. What was claimed once and is wanted as nobody's now, is
   that before the state says so. */
bool model_party_remembers_bare(const ModelParty *party, const Srv *offer) {
        const ModelPart *part = find_part(party, offer);

        for (size_t i = 0; i < party->n_rows; i++) {
                const ModelRow *row = &party->rows[i];

                if (srv_same_offer(&row->srv, offer))
                        return (!row->claimed || (part && part->as_nobodys)) &&
                               (!row->confirmed || part);
        }
        return false;
}

bool model_contents_has(const ModelContents *contents, const Srv *offer) {
        for (size_t i = 0; i < contents->n_srv; i++)
                if (srv_same_offer(&contents->srv[i].srv, offer))
                        return true;
        return false;
}

static size_t count_claims(const ModelContents *contents, const Srv *offer, const PublisherId *id,
                           bool own) {
        size_t n = 0;

        for (size_t i = 0; i < contents->n_txt; i++) {
                const ModelTxt *txt = &contents->txt[i];

                if (txt->is_claim && claim_covers(&txt->claim, offer))
                        n += own == (id && publisher_id_equal(&txt->claim.id, id));
        }
        return n;
}

size_t model_claims_own(const ModelContents *contents, const Srv *offer, const PublisherId *id) {
        return count_claims(contents, offer, id, true);
}

size_t model_claims_other(const ModelContents *contents, const Srv *offer, const PublisherId *id) {
        return count_claims(contents, offer, id, false);
}

bool model_party_holds(const ModelParty *party, const ModelContents *contents, const Srv *offer) {
        if (model_claims_own(contents, offer, &party->id) > 0)
                return true;
        return model_claims_other(contents, offer, &party->id) == 0 &&
               (model_party_wants(party, offer) || model_party_remembers_bare(party, offer));
}

/* O8. That it was seen unchanged for so long takes at least that it has been there for so long. */
static bool is_dead(const Case *c, const ModelTxt *txt) {
        uint64_t wait_sec = 600;

        if (wait_sec < 2 * (uint64_t)c->party->check_sec)
                wait_sec = 2 * (uint64_t)c->party->check_sec;
        if (wait_sec < txt->claim.lease_sec)
                wait_sec = txt->claim.lease_sec;
        return txt->claim.until_sec > 0 && txt->claim.until_sec < c->party->now_sec &&
               c->right->sent_usec >= txt->since_usec + wait_sec * USEC_PER_SEC;
}

/* Others' claims on the offer that forbid to remove it. */
static size_t n_living_claims(const Case *c, const ModelContents *contents, const Srv *offer) {
        size_t n = 0;

        for (size_t i = 0; i < contents->n_txt; i++) {
                const ModelTxt *txt = &contents->txt[i];

                if (txt->is_claim && claim_covers(&txt->claim, offer) &&
                    !publisher_id_equal(&txt->claim.id, &c->party->id))
                        n += !c->party->reclaim || !is_dead(c, txt);
        }
        return n;
}

static bool is_from(const Case *c, const Srv *offer) {
        return c->party->takes_over && srv_same_offer(&c->party->from, offer);
}

/* --- deletes ---------------------------------------------------------------------------------- */

/* Another record takes its place, or stands there beside it. */
static bool may_replace(const Case *c, const ModelContents *contents, const Srv *srv) {
        if (model_claims_own(contents, srv, &c->party->id) > 0)
                return true;
        if (n_living_claims(c, contents, srv) == 0 && model_party_wants(c->party, srv))
                return true;
        if (model_claims_other(contents, srv, &c->party->id) == 0)
                return model_party_holds(c->party, contents, srv);
        /* O5: who joins with the latest word sets the numbers. */
        return model_party_wants(c->party, srv) &&
               model_claims_own(c->after, srv, &c->party->id) > 0;
}

/* A race for the numbers of an offer harms nobody: the next look settles it. */
static bool may_replace_or_might(const Case *c, const Srv *srv) {
        return may_replace(c, c->before, srv) || may_replace(c, &c->right->seen, srv);
}

static bool may_remove(const Case *c, const Srv *srv) {
        const bool is_own = model_claims_own(c->before, srv, &c->party->id) > 0;
        const bool is_claimed = model_claims_other(c->before, srv, NULL) > 0;

        if (n_living_claims(c, c->before, srv) > 0)
                return false;
        /* In standby even what it wants goes with the dead claim on it. */
        if (model_party_wants(c->party, srv))
                return is_claimed && !is_own && c->party->mode == MODE_EXCLUSIVE;
        if (is_own || is_claimed)
                return true;
        return model_party_remembers_bare(c->party, srv);
}

static bool judge_srv_delete(const Case *c, const Srv *srv) {
        char text[SRV_TEXT_MAX];

        if (is_from(c, srv) ||
            (model_contents_has(c->after, srv) ? may_replace_or_might(c, srv) : may_remove(c, srv)))
                return true;
        (void)snprintf(c->fault, MODEL_FAULT_MAX, "%c deletes an SRV that it may not: %s",
                       'A' + c->party->index, srv_to_text(srv, text));
        return false;
}

static bool judge_txt_delete(const Case *c, const ModelTxt *txt) {
        const char *why = NULL;
        const Srv offer = {.target = txt->claim.host, .port = txt->claim.port};

        if (!txt->is_claim)
                why = "a foreign TXT";
        else if (!publisher_id_equal(&txt->claim.id, &c->party->id) && !is_from(c, &offer) &&
                 !(c->party->reclaim && is_dead(c, txt)))
                why = "another's claim";
        if (!why)
                return true;
        (void)snprintf(c->fault, MODEL_FAULT_MAX, "%c deletes %s", 'A' + c->party->index, why);
        return false;
}

static bool is_still_there(const ModelContents *contents, const ModelTxt *txt) {
        for (size_t i = 0; i < contents->n_txt; i++)
                if (contents->txt[i].size == txt->size &&
                    memcmp(contents->txt[i].rdata, txt->rdata, txt->size) == 0)
                        return true;
        return false;
}

static bool is_srv_still_there(const ModelContents *contents, const Srv *srv) {
        for (size_t i = 0; i < contents->n_srv; i++)
                if (srv_equal(&contents->srv[i].srv, srv))
                        return true;
        return false;
}

/* O1, O2, O5, O8, O9: what was there and is no more. */
static bool judge_deletes(const Case *c) {
        for (size_t i = 0; i < c->before->n_srv; i++)
                if (!is_srv_still_there(c->after, &c->before->srv[i].srv) &&
                    !judge_srv_delete(c, &c->before->srv[i].srv))
                        return false;
        for (size_t i = 0; i < c->before->n_txt; i++)
                if (!is_still_there(c->after, &c->before->txt[i]) &&
                    !judge_txt_delete(c, &c->before->txt[i]))
                        return false;
        return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool holds_any(const Case *c, const ModelContents *contents) {
        for (size_t i = 0; i < contents->n_srv; i++)
                if (model_party_holds(c->party, contents, &contents->srv[i].srv))
                        return true;
        return false;
}

/* O6. A takeover is the operator's word. */
static bool judge_exclusive(const Case *c) {
        if (c->party->mode != MODE_EXCLUSIVE || c->party->takes_over || holds_any(c, c->before) ||
            !holds_any(c, c->after))
                return true;
        for (size_t i = 0; i < c->before->n_srv; i++)
                if (!model_party_holds(c->party, c->after, &c->before->srv[i].srv) &&
                    is_srv_still_there(c->after, &c->before->srv[i].srv)) {
                        (void)snprintf(c->fault, MODEL_FAULT_MAX, "%c becomes a second holder",
                                       'A' + c->party->index);
                        return false;
                }
        return true;
}

/* O8: exactly one of several reclaimers does it. */
static bool judge_reclaim(const Case *c, size_t n_missed) {
        bool reclaims = false;

        for (size_t i = 0; i < c->message->n_ops; i++) {
                const ModelOp *op = &c->message->ops[i];

                reclaims |= op->kind == PLAN_DELETE_TXT && op->txt.is_claim &&
                            !publisher_id_equal(&op->txt.claim.id, &c->party->id);
        }
        if (!reclaims || n_missed == 0 || c->party->takes_over)
                return true;
        (void)snprintf(c->fault, MODEL_FAULT_MAX, "%c reclaims what is not there any more",
                       'A' + c->party->index);
        return false;
}

static bool judge_as_seen(const ModelServer *server, const ModelMessage *message,
                          const ModelRight *right, uint64_t now_usec, char *fault) {
        static ModelContents after;
        size_t missed;

        model_contents_copy(&after, &right->seen);
        model_contents_update(&after, server->kind, message, now_usec, &missed);
        return judge_deletes(&(Case){&right->party, right, &right->seen, &after, message, fault});
}

bool model_judge_message(const ModelServer *server, const ModelContents *before,
                         const ModelMessage *message, const ModelRight *right, uint64_t now_usec,
                         char fault[static MODEL_FAULT_MAX]) {
        static ModelContents after;
        const Case c = {&right->party, right, before, &server->contents, message, fault};
        size_t missed;

        if (server->kind->subset) {
                if (!judge_deletes(&c) && !judge_as_seen(server, message, right, now_usec, fault))
                        return false;
                fault[0] = '\0';
                return true;
        }
        model_contents_copy(&after, before);
        model_contents_update(&after, server->kind, message, now_usec, &missed);
        return judge_deletes(&c) && judge_exclusive(&c) && judge_reclaim(&c, missed);
}
