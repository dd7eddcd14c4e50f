/* Sentences about other publishers: what is so, what it means, and where something can be done
   about it the command that does it. A cause names no domain, so that what many domains share is
   told in one line. */

#include "daemon/ownership.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/plan-text.h"
#include "lib/util.h"

enum {
        CAUSE_MAX = NAME_TEXT_MAX + 200,
        CURE_MAX = NAME_TEXT_MAX + 300,
        DETAIL_MAX = 4096, /* of a line of the log */
};

#define AFTER_ALL "the record stays until the last of its publishers withdraws it"
#define ID_OF_ITS_OWN \
        "a machine id of its own (remove /etc/machine-id there, run systemd-machine-id-setup)"

static _printf_(6, 7) void tell(const NewsSource *source, Summary *summary, LogKind kind,
                                const char *cause, const char *cure, const char *format, ...) {
        char zone[NAME_TEXT_MAX], detail[DETAIL_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(detail, sizeof(detail), format, arguments);
        va_end(arguments);
        summary_add(summary, &(Outcome){.kind = kind,
                                        .fields = news_fields(source, news_server(source), zone),
                                        .cause = cause,
                                        .detail = detail,
                                        .cure = cure});
}

/* --- claims on what we want ------------------------------------------------------------------- */

static bool is_own(const NewsSource *source, const Claim *claim) {
        return publisher_id_equal(&claim->id, source->id);
}

/* The i-th TXT's claim, if it speaks for the offer. */
static const Claim *claim_on(const NewsSource *source, size_t i, const Srv *offer) {
        const Txt *txt = &source->observation->txt[i];

        if (!txt->is_claim || !claim_covers(&txt->claim, offer) ||
            (txt->dead && source->access->reclaim_expired))
                return NULL;
        return &txt->claim;
}

static const Claim *find_other(const NewsSource *source, const Srv *offer) {
        for (size_t i = 0; i < source->observation->n_txt; i++) {
                const Claim *claim = claim_on(source, i, offer);

                if (claim && !is_own(source, claim))
                        return claim;
        }
        return NULL;
}

/* O5: the later word, in one second that of the smaller id. Who writes no claims has none. */
static bool outranks(const Claim *a, const Claim *b) {
        return a->since_sec > b->since_sec ||
               (a->since_sec == b->since_sec && memcmp(&a->id, &b->id, sizeof(a->id)) < 0);
}

static const Claim *find_decider(const NewsSource *source, const Srv *offer) {
        const bool claims =
                source->access->claims != CLAIMS_NO && !source->publication->claims_denied;
        const Claim *decider = NULL;

        for (size_t i = 0; i < source->observation->n_txt; i++) {
                const Claim *claim = claim_on(source, i, offer);

                if (claim && (claims || !is_own(source, claim)) &&
                    (!decider || outranks(claim, decider)))
                        decider = claim;
        }
        return decider;
}

static bool has_other_numbers(const NewsSource *source, const Srv *wanted) {
        for (size_t i = 0; i < source->observation->n_srv; i++)
                if (srv_same_offer(wanted, &source->observation->srv[i]) &&
                    !srv_equal(wanted, &source->observation->srv[i]))
                        return true;
        return false;
}

static void tell_numbers(const NewsSource *source, Summary *summary, const Srv *wanted) {
        const Claim *claim =
                has_other_numbers(source, wanted) ? find_decider(source, wanted) : NULL;
        char id[PUBLISHER_ID_TEXT_MAX], host[NAME_TEXT_MAX], cause[CAUSE_MAX];
        const char *cure;

        if (!claim)
                return;
        (void)name_to_text(&claim->host, host);
        if (is_own(source, claim)) {
                cure = "Configure both alike, or change them here; and give that "
                       "machine " ID_OF_ITS_OWN;
                (void)snprintf(cause, sizeof(cause),
                               "%s:%u has the priority and weight that another machine with this "
                               "publisher's id was given later than this one; those configured "
                               "here are not used",
                               host, claim->port);
        } else {
                cure = "Configure both alike, or change them here";
                (void)snprintf(cause, sizeof(cause),
                               "%s:%u has the priority and weight that publisher %s was given "
                               "later than this one; those configured here are not used",
                               host, claim->port, publisher_id_to_text(&claim->id, id));
        }
        tell(source, summary, is_own(source, claim) ? LOG_KIND_CONTESTED : LOG_KIND_OWNERSHIP,
             cause, cure, "%s. %s", cause, cure);
}

/* The port that srvpubctl takeover takes for meant is that of the target. */
static const char *port_option(const NewsSource *source, const Claim *claim,
                               char option[static 16]) {
        option[0] = '\0';
        if (claim->port != source->wanted->offer->port)
                (void)snprintf(option, 16, " --port %u", claim->port);
        return option;
}

static void tell_also_claimed(const NewsSource *source, Summary *summary, const Srv *wanted) {
        const Claim *claim = find_other(source, wanted);
        char id[PUBLISHER_ID_TEXT_MAX], host[NAME_TEXT_MAX], option[16];
        char cause[CAUSE_MAX], cure[CURE_MAX];

        if (!claim)
                return;
        (void)name_to_text(&claim->host, host);
        (void)port_option(source, claim, option);
        (void)snprintf(cause, sizeof(cause), "publisher %s publishes %s:%u too",
                       publisher_id_to_text(&claim->id, id), host, claim->port);
        (void)snprintf(cure, sizeof(cure),
                       "If that was a former installation of this one: srvpubctl takeover DOMAIN "
                       "--from %s%s",
                       host, option);
        tell(source, summary, LOG_KIND_OWNERSHIP, cause, cure,
             "%s; " AFTER_ALL ". If that was a former installation of this one: srvpubctl takeover "
             "%s --from %s%s",
             cause, source->domain, host, option);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void tell_offers(const NewsSource *source, Summary *summary, PlanNote note) {
        for (size_t i = 0; source->observation && i < wanted_count(source->wanted); i++) {
                const Srv wanted = wanted_srv(source->wanted, i);

                if (note == PLAN_NOTE_NUMBERS_OF_OTHER)
                        tell_numbers(source, summary, &wanted);
                else
                        tell_also_claimed(source, summary, &wanted);
        }
}

static void tell_removed(const NewsSource *source, Summary *summary, const char *why) {
        _cleanup_(freep) char *cause = NULL;

        if (asprintf(&cause, "%s: %s", why, source->gone) < 0)
                cause = NULL;
        tell(source, summary, LOG_KIND_TAKEN, cause ? cause : why, NULL, "%s: %s", why,
             source->gone);
}

static void tell_note(const NewsSource *source, Summary *summary, PlanNote note) {
        switch (note) {
        case PLAN_NOTE_NUMBERS_OF_OTHER:
        case PLAN_NOTE_ALSO_CLAIMED:
                tell_offers(source, summary, note);
                break;
        case PLAN_NOTE_CLAIM_GONE:
                tell(source, summary, LOG_KIND_CONTESTED,
                     "a record that was published from here lost its claim; it is not ours any "
                     "more and stays",
                     "If nobody wants it: srvpubctl takeover DOMAIN --from its target, or remove "
                     "it by hand",
                     "a record that was published from here at %s lost its claim; it is not ours "
                     "any more and stays. If nobody wants it: srvpubctl takeover %s --from its "
                     "target, or remove it by hand",
                     source->record, source->domain);
                break;
        case PLAN_NOTE_FOREIGN_BESIDE:
                tell(source, summary, LOG_KIND_CONTESTED,
                     "Mode=exclusive, but records of others are beside ours; they stay, and so do "
                     "ours",
                     "srvpubctl plan shows them",
                     "Mode=exclusive, but %s has records of others beside ours; they stay, and so "
                     "do ours. srvpubctl plan %s shows them",
                     source->record, source->domain);
                break;
        case PLAN_NOTE_STAYS_CLAIMED:
                tell(source, summary, LOG_KIND_OWNERSHIP,
                     "withdrawn from here, but the record stays: another publisher claims it too",
                     NULL,
                     "withdrawn from here, but the record stays at %s: another publisher claims it "
                     "too",
                     source->record);
                break;
        case PLAN_NOTE_RECLAIMS:
                tell_removed(source, summary,
                             "removed what a publisher left whose lease had run out");
                break;
        case PLAN_NOTE_TAKES_OVER:
                tell_removed(source, summary, "taken over");
                break;
        case PLAN_NOTE_STRAYS:
                tell(source, summary, LOG_KIND_CONTESTED,
                     "claims with this publisher's own id come back after they were removed: "
                     "another machine runs with a copy of this state directory and the same "
                     "machine id. They are left alone",
                     "Give the copy " ID_OF_ITS_OWN " and restart srvpubd on it",
                     "claims with this publisher's own id come back at %s after they were removed: "
                     "another machine runs with a copy of this state directory and the same "
                     "machine id. They are left alone. Give the copy " ID_OF_ITS_OWN
                     " and restart srvpubd on it",
                     source->record);
                break;
        }
}

static void tell_claims_denied(const NewsSource *source, Summary *summary) {
        const char *server = news_server(source);
        char cause[CAUSE_MAX];

        (void)snprintf(
                cause, sizeof(cause),
                "the policy of %.255s allows the SRV but no TXT beside it: published without "
                "a claim, and told from others' records by target and port alone",
                server);
        tell(source, summary, LOG_KIND_OWNERSHIP, cause, NULL, "%s", cause);
}

/* O6: what "no SRV RRset" at one primary says is no word of the others. */
static void tell_varies(News *news, const NewsSource *source, Summary *summary) {
        static const char cause[] =
                "Mode=exclusive is sure only where all publishers write to one and the same "
                "server, "
                "and this zone has several that may each be a primary (as in Active Directory)";
        static const char cure[] = "Give all of them the same Server=, with one name";
        const bool varies = source->access->mode == MODE_EXCLUSIVE && source->zone &&
                            zone_primary_varies(source->zone);

        if (varies && !news->told_varies)
                tell(source, summary, LOG_KIND_CONTESTED, cause, cure, "%s. %s", cause, cure);
        /* While the zone is looked for again nothing is known of it. */
        news->told_varies |= varies;
}

void ownership_tell(News *news, const NewsSource *source, Summary *summary) {
        const Publication *p = source->publication;
        unsigned notes = source->notes;

        if (p->state == PUBLICATION_FAILED || p->state == PUBLICATION_DENIED)
                return;
        if (p->wrote == PLAN_IN_ORDER)
                notes &= ~(unsigned)(PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER);
        for (unsigned note = 1; note <= PLAN_NOTE_STRAYS; note <<= 1)
                if (notes & note & ~(unsigned)news->told_notes)
                        tell_note(source, summary, (PlanNote)note);
        news->told_notes =
                (uint8_t)(source->notes & ~(unsigned)(PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER));
        if (p->claims_denied && !news->told_claims_denied)
                tell_claims_denied(source, summary);
        news->told_claims_denied = p->claims_denied;
        tell_varies(news, source, summary);
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
