/* Sentences about other publishers. Each names the domain, what is so, what it means, and where
   something can be done about it the command that does it. */

#include "daemon/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/plan-text.h"
#include "lib/util.h"

enum {
        DETAIL_MAX = NAME_TEXT_MAX + SRV_TEXT_MAX + 800,
};

/* The first claim of another publisher on something that we want. */
static const Claim *find_other(const NewsSource *source) {
        for (size_t i = 0; source->observation && i < source->observation->n_txt; i++) {
                const Txt *txt = &source->observation->txt[i];

                if (!txt->is_claim || publisher_id_equal(&txt->claim.id, source->id))
                        continue;
                for (size_t j = 0; j < wanted_count(source->wanted); j++) {
                        const Srv srv = wanted_srv(source->wanted, j);
                        if (claim_covers(&txt->claim, &srv))
                                return &txt->claim;
                }
        }
        return NULL;
}

static void tell_other(const NewsSource *source, const LogFields *fields, unsigned note) {
        const Claim *claim = find_other(source);
        char id[PUBLISHER_ID_TEXT_MAX], host[NAME_TEXT_MAX];

        if (!claim)
                return;
        (void)publisher_id_to_text(&claim->id, id);
        (void)name_to_text(&claim->host, host);
        if (note == PLAN_NOTE_ALSO_CLAIMED)
                log_event(
                        LOG_KIND_OWNERSHIP, fields,
                        "%s: publisher %s publishes %s:%u too; the record stays until the last of "
                        "its publishers withdraws it. If that was a former installation of this "
                        "one: srvpubctl takeover %s --from %s",
                        source->domain, id, host, claim->port, source->domain, host);
        else
                log_event(LOG_KIND_OWNERSHIP, fields,
                          "%s: %s:%u has the priority and weight that publisher %s was given later "
                          "than this one; those configured here are not used. Configure both "
                          "alike, or change them here",
                          source->domain, host, claim->port, id);
}

static void tell_note(const NewsSource *source, const LogFields *fields, unsigned note) {
        switch (note) {
        case PLAN_NOTE_NUMBERS_OF_OTHER:
        case PLAN_NOTE_ALSO_CLAIMED:
                tell_other(source, fields, note);
                break;
        case PLAN_NOTE_CLAIM_GONE:
                log_event(LOG_KIND_CONTESTED, fields,
                          "%s: a record that was published from here at %s lost its claim; it is "
                          "not ours any more and stays. If nobody wants it: srvpubctl takeover %s "
                          "--from its target, or remove it by hand",
                          source->domain, source->record, source->domain);
                break;
        case PLAN_NOTE_FOREIGN_BESIDE:
                log_event(LOG_KIND_CONTESTED, fields,
                          "%s: Mode=exclusive, but %s has records of others beside ours; they "
                          "stay, and so do ours. srvpubctl plan %s shows them",
                          source->domain, source->record, source->domain);
                break;
        case PLAN_NOTE_STAYS_CLAIMED:
                log_event(LOG_KIND_OWNERSHIP, fields,
                          "%s: withdrawn from here, but the record stays at %s: another publisher "
                          "claims it too",
                          source->domain, source->record);
                break;
        case PLAN_NOTE_RECLAIMS:
                log_event(LOG_KIND_TAKEN, fields,
                          "%s: removed what a publisher left whose lease had run out: %s",
                          source->domain, source->gone);
                break;
        case PLAN_NOTE_TAKES_OVER:
                log_event(LOG_KIND_TAKEN, fields, "%s: taken over: %s", source->domain,
                          source->gone);
                break;
        case PLAN_NOTE_STRAYS:
                log_event(
                        LOG_KIND_CONTESTED, fields,
                        "%s: claims with this publisher's own id come back at %s after they were "
                        "removed: another machine runs with a copy of this state directory and "
                        "the same machine id. They are left alone. Give the copy a machine id of "
                        "its own (remove /etc/machine-id there, run systemd-machine-id-setup) and "
                        "restart srvpubd on it",
                        source->domain, source->record);
                break;
        default:
                break;
        }
}

void ownership_tell(News *news, const NewsSource *source) {
        const Publication *p = source->publication;
        unsigned notes = source->notes;
        char zone[NAME_TEXT_MAX];
        const LogFields fields = news_fields(source, news_server(source), zone);

        if (p->trouble.kind != TROUBLE_NONE)
                return;
        if (p->wrote == PLAN_IN_ORDER)
                notes &= ~(unsigned)(PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER);
        for (unsigned note = 1; note <= PLAN_NOTE_STRAYS; note <<= 1)
                if (notes & note & ~(unsigned)news->told_notes)
                        tell_note(source, &fields, note);
        news->told_notes =
                (uint8_t)(source->notes & ~(unsigned)(PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER));
        if (p->claims_denied && !news->told_claims_denied)
                log_event(LOG_KIND_OWNERSHIP, &fields,
                          "%s: the policy of %s allows the SRV but no TXT beside it: published "
                          "without a claim, and told from others' records by target and port alone",
                          source->domain, fields.server);
        news->told_claims_denied = p->claims_denied;
}

static bool is_news(News *news, const char *text) {
        const uint32_t hash = news_hash(text);
        const bool differs = hash != news->told_looked;

        news->told_looked = hash;
        return differs;
}

void ownership_tell_standby(News *news, const NewsSource *source, Summary *summary) {
        const Plan *plan = source->plan;
        char zone[NAME_TEXT_MAX], host[NAME_TEXT_MAX], id[PUBLISHER_ID_TEXT_MAX];
        char claimant[80] = "no publisher claims it", detail[DETAIL_MAX];
        const char *server = news_server(source);

        if (!plan || !plan->holder)
                return;
        (void)name_to_text(&plan->holder->target, host);
        if (plan->holder_claim)
                (void)snprintf(claimant, sizeof(claimant), "publisher %s",
                               publisher_id_to_text(&plan->holder_claim->id, id));
        (void)snprintf(detail, sizeof(detail),
                       "standby: %s:%u holds %s at %s (%s); it is taken over when it is free", host,
                       plan->holder->port, source->record, server, claimant);
        if (!is_news(news, detail))
                return;
        summary_add(summary, &(Outcome){.kind = LOG_KIND_STANDBY,
                                        .fields = news_fields(source, server, zone),
                                        .cause = claimant,
                                        .detail = detail});
}

void ownership_tell_observed(News *news, const NewsSource *source, Summary *summary) {
        _cleanup_(freep) char *line = NULL;
        char zone[NAME_TEXT_MAX], detail[DETAIL_MAX];
        const char *server = news_server(source);

        if (!source->plan || plan_to_line(source->plan, &line) < 0)
                return;
        (void)snprintf(detail, sizeof(detail), "observed %s at %s: %s; %zu record%s of others",
                       source->record, server, line, source->plan->n_foreign,
                       source->plan->n_foreign == 1 ? "" : "s");
        if (!is_news(news, detail))
                return;
        summary_add(summary, &(Outcome){.kind = LOG_KIND_OBSERVED,
                                        .fields = news_fields(source, server, zone),
                                        .cause = line,
                                        .detail = detail});
}
