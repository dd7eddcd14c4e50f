/* Turns the end of a pass into an Outcome. A state that stays as it was is not news: a check that
   found all in order, or a failure with the same cause as the last one, is a line for
   LogLevel=debug alone. */

#include "daemon/news.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/ownership.h"
#include "lib/explain.h"
#include "lib/message.h"

enum {
        TARGETS_MAX = 8, /* more than these help nobody, and lib/explain cuts them */
        TARGETS_TEXT_MAX = TARGETS_MAX * (NAME_TEXT_MAX + 24),
        WANTED_TEXT_MAX = 3 * SRV_TEXT_MAX + 64,
        DETAIL_MAX = 2 * EXPLAIN_TEXT_MAX + NAME_TEXT_MAX + WANTED_TEXT_MAX + 600,
};

/* FNV-1a: only to notice that a text differs from the last one; never 0. */
uint32_t news_hash(const char *text) {
        uint32_t hash = 2166136261;

        for (; *text; text++)
                hash = (hash ^ (uint8_t)*text) * 16777619;
        return hash ? hash : 1;
}

const char *news_server(const NewsSource *source) {
        size_t i = source->publication->state == PUBLICATION_FAILED ||
                                   source->publication->state == PUBLICATION_DENIED
                           ? source->publication->trouble.server
                           : source->publication->server;

        return source->zone && i < zone_n_servers(source->zone)
                       ? server_name(zone_server(source->zone, i))
                       : "";
}

LogFields news_fields(const NewsSource *source, const char *server, char zone[NAME_TEXT_MAX]) {
        return (LogFields){
                .domain = source->domain,
                .record = source->record,
                .zone = source->zone ? name_to_text(zone_apex(source->zone), zone) : "",
                .server = server,
                .state = publication_state_to_string(source->publication->state),
        };
}

/* "kms1.corp.test 1688 0 0; ...": the SRVs at the name, as samba-tool takes them. */
static void write_targets(const NewsSource *source, char text[static TARGETS_TEXT_MAX]) {
        const Observation *seen = source->observation;
        size_t length = 0;

        text[0] = '\0';
        for (size_t i = 0; seen && i < seen->n_srv && i < TARGETS_MAX; i++) {
                const Srv *srv = &seen->srv[i];
                char target[NAME_TEXT_MAX];

                length +=
                        (size_t)snprintf(text + length, TARGETS_TEXT_MAX - length, "%s%s %u %u %u",
                                         i > 0 ? "; " : "", name_to_text(&srv->target, target),
                                         srv->port, srv->priority, srv->weight);
        }
}

/* A claim's words between blanks, as samba-tool takes a TXT; false: they cannot be written so. */
static bool write_words(const Txt *txt, char *text, size_t size) {
        size_t length = 0;

        for (size_t at = 0; at < txt->size; at += 1 + txt->rdata[at]) {
                const size_t n = txt->rdata[at];

                if (at + 1 + n > txt->size || length + n + 2 > size)
                        return false;
                if (at > 0)
                        text[length++] = ' ';
                for (size_t i = 0; i < n; i++) {
                        const char c = (char)txt->rdata[at + 1 + i];

                        if (!isgraph((unsigned char)c) || strchr(";\\'\"", c))
                                return false;
                        text[length++] = c;
                }
        }
        text[length] = '\0';
        return true;
}

static void write_claims(const NewsSource *source, char text[static TARGETS_TEXT_MAX]) {
        const Observation *seen = source->observation;
        size_t length = 0;
        char words[TARGETS_TEXT_MAX];

        text[0] = '\0';
        for (size_t i = 0; seen && i < seen->n_txt; i++) {
                if (!seen->txt[i].is_claim || !write_words(&seen->txt[i], words, sizeof(words)) ||
                    length + strlen(words) + 3 > TARGETS_TEXT_MAX)
                        continue;
                length += (size_t)snprintf(text + length, TARGETS_TEXT_MAX - length, "%s%s",
                                           length > 0 ? "; " : "", words);
        }
}

static void explain(const NewsSource *source, const char *server, const char *zone,
                    Explanation *ret) {
        const Trouble *trouble = &source->publication->trouble;
        const Access *access = source->access;
        const char *key = access->auth ? auth_description(access->auth) : "";
        const char *key_name = strrchr(key, ' ');
        const Session *session =
                source->zone ? zone_known_session(source->zone, trouble->server) : NULL;
        char targets[TARGETS_TEXT_MAX], claims[TARGETS_TEXT_MAX];

        write_targets(source, targets);
        write_claims(source, claims);
        explain_trouble(trouble,
                        &(ExplainContext){
                                .record = source->record,
                                .zone = zone,
                                .server = server,
                                .key = key,
                                .key_name = key_name ? key_name + 1 : key,
                                .detail = source->detail ? source->detail
                                          : session      ? session_text(session)
                                                         : "",
                                .account = session ? ticket_account(session_ticket(session))
                                           : access->principal ? access->principal
                                                               : "",
                                .keytab = access->keytab ? access->keytab : "",
                                .targets = targets,
                                .claims = claims,
                                .security = access->security,
                                .timeout_usec = access->timeout_usec,
                        },
                        ret);
}

/* " Next try in 8.0 s.", "... in 15 min."; "" with --once. */
static const char *next_try_text(const NewsSource *source, uint64_t now_usec,
                                 char text[static 64]) {
        double seconds = (double)(source->publication->due_usec - now_usec) / (double)USEC_PER_SEC;

        if (source->once)
                text[0] = '\0';
        else if (seconds < 100)
                (void)snprintf(text, 64, " Next try in %.*f s.", seconds < 10 ? 1 : 0, seconds);
        else
                (void)snprintf(text, 64, " Next try in %.0f min.", seconds / 60);
        return text;
}

char *news_trouble_text(const NewsSource *source) {
        const char *server = source->server ? source->server : news_server(source);
        char zone[NAME_TEXT_MAX], *text;
        const LogFields fields = news_fields(source, server, zone);
        Explanation words;

        explain(source, server, fields.zone, &words);
        words.cure[0] = (char)toupper((unsigned char)words.cure[0]);
        if (asprintf(&text, "%s. %s", words.cause, words.cure) < 0)
                return NULL;
        return text;
}

static void tell_trouble(News *news, const NewsSource *source, Summary *summary,
                         uint64_t now_usec) {
        const Publication *p = source->publication;
        const char *server = source->server ? source->server : news_server(source);
        char zone[NAME_TEXT_MAX], rcode[32], next_try[64], detail[DETAIL_MAX];
        LogFields fields = news_fields(source, server, zone);
        Explanation words;
        uint32_t hash;

        explain(source, server, fields.zone, &words);
        words.cure[0] = (char)toupper((unsigned char)words.cure[0]);
        /* The cause without domain, times or counts: told again it would be the same sentence. */
        hash = news_hash(words.cause);
        fields.rcode = explain_rcode(&p->trouble, rcode);
        if (hash == news->told) {
                if (log_wants(LOG_KIND_DEBUG))
                        log_event(LOG_KIND_DEBUG, &fields, "%s: again: %s.%s", source->domain,
                                  words.cause, next_try_text(source, now_usec, next_try));
                return;
        }
        news->told = hash;
        (void)snprintf(detail, sizeof(detail), "%s: %s. %s.%s",
                       p->state == PUBLICATION_PUBLISHED               ? "not refreshed"
                       : p->withdraw                                   ? "withdrawal failed"
                       : p->state == PUBLICATION_DENIED                ? "denied"
                       : source->state_before == PUBLICATION_PUBLISHED ? "check failed"
                                                                       : "failed",
                       words.cause, words.cure, next_try_text(source, now_usec, next_try));
        summary_add(summary, &(Outcome){.kind = p->state == PUBLICATION_DENIED ? LOG_KIND_DENIED
                                                                               : LOG_KIND_FAILED,
                                        .fields = fields,
                                        .cause = words.cause,
                                        .detail = detail,
                                        .cure = words.cure});
}

static const char *what_was_done(const NewsSource *source) {
        bool repaired = source->state_before == PUBLICATION_PUBLISHED;

        switch (source->publication->wrote) {
        case PLAN_IN_ORDER:
                return "it was there already";
        case PLAN_PUBLISH:
                return repaired ? "it was missing" : "added";
        case PLAN_CHANGE:
                if (!(source->publication->plan_traits & PLAN_TRAIT_ADDS_SRV))
                        return "only its claim was written";
                return repaired ? "somebody had changed it" : "changed";
        case PLAN_WITHDRAW:
                return "an old one removed";
        case PLAN_STANDBY:
        case _PLAN_VERDICT_MAX:
                break;
        }
        return "";
}

void news_tell_no_length(const Server *server) {
        const char *name = server ? server_name(server) : "a name server";

        log_event(
                LOG_KIND_OLD_SAMBA, &(LogFields){.server = name},
                "%s signs its answers as Samba did before 4.19.8, not as RFC 8945 says: accepted. "
                "Nothing is to be done here; a newer Samba mends it",
                name);
}

static void tell_ttl(News *news, const NewsSource *source, const LogFields *fields) {
        const Plan *plan = source->plan;

        if (!plan || !plan->ttl_adopted || news->told_ttl) {
                news->told_ttl = plan && plan->ttl_adopted;
                return;
        }
        news->told_ttl = true;
        log_event(LOG_KIND_TTL_ADOPTED, fields,
                  "%s: TTL %u instead of the configured %u: an RRset has one TTL, and other "
                  "publishers' records at %s have this one",
                  source->domain, plan->ttl, source->wanted->ttl_sec, source->record);
}

/* "0 0 1688 kms1.contoso.com. and 0 0 1688 kms2.contoso.com."; more than three are counted. */
static const char *wanted_text(const Wanted *wanted, char text[static WANTED_TEXT_MAX]) {
        const size_t n = wanted_count(wanted);
        char srv[SRV_TEXT_MAX];
        size_t length = 0;

        for (size_t i = 0; i < n && i < 3; i++) {
                const Srv one = wanted_srv(wanted, i);
                length += (size_t)snprintf(text + length, WANTED_TEXT_MAX - length, "%s%s",
                                           i > 0 ? " and " : "", srv_to_text(&one, srv));
        }
        if (n > 3)
                (void)snprintf(text + length, WANTED_TEXT_MAX - length, " and %zu more", n - 3);
        return text;
}

static void tell_written(const NewsSource *source, const LogFields *fields, Summary *summary) {
        const bool is_repair = source->state_before == PUBLICATION_PUBLISHED;
        const LogKind kind = is_repair ? LOG_KIND_REPAIRED : LOG_KIND_PUBLISHED;
        char srv[WANTED_TEXT_MAX], detail[DETAIL_MAX], cause[300];

        (void)snprintf(cause, sizeof(cause), "at %s", fields->server);
        detail[0] = '\0';
        if (!summary_needs_no_detail(summary, kind, cause))
                (void)snprintf(detail, sizeof(detail), "%s %s SRV %s TTL %u at %s (%s)",
                               is_repair ? "repaired" : "published", source->record,
                               wanted_text(source->wanted, srv),
                               source->plan ? source->plan->ttl : source->wanted->ttl_sec,
                               fields->server, what_was_done(source));
        summary_add(summary,
                    &(Outcome){.kind = kind, .fields = *fields, .cause = cause, .detail = detail});
}

static void tell_published(News *news, const NewsSource *source, Summary *summary) {
        const char *server = news_server(source);
        bool was_published = source->state_before == PUBLICATION_PUBLISHED;
        bool wrote = source->publication->wrote != PLAN_IN_ORDER;
        char zone[NAME_TEXT_MAX];
        const LogFields fields = news_fields(source, server, zone);

        if (!was_published || wrote)
                tell_written(source, &fields, summary);
        else if (log_wants(LOG_KIND_DEBUG))
                log_event(LOG_KIND_DEBUG, &fields, "%s: in order at %s", source->domain, server);
        tell_ttl(news, source, &fields);
}

/* With several hosts some may be gone and others not: true of either. NULL: nothing stays. */
static const char *what_stays(const NewsSource *source) {
        if (source->notes & PLAN_NOTE_STAYS_CLAIMED)
                return "what another publisher claims too stays";
        if (source->notes & PLAN_NOTE_CLAIM_GONE)
                return "what lost its claim stays";
        return NULL;
}

static void tell_withdrawn(const NewsSource *source, Summary *summary) {
        const char *server = news_server(source), *stays = what_stays(source);
        char zone[NAME_TEXT_MAX], detail[DETAIL_MAX], cause[400];
        bool wrote = source->publication->wrote != PLAN_IN_ORDER;

        (void)snprintf(cause, sizeof(cause), "at %s%s%s", server, stays ? "; " : "",
                       stays ? stays : "");
        (void)snprintf(detail, sizeof(detail), "withdrawn %s SRV at %s (%s)", source->record,
                       server,
                       stays   ? stays
                       : wrote ? "removed"
                               : "it was not there");
        summary_add(summary, &(Outcome){.kind = LOG_KIND_WITHDRAWN,
                                        .fields = news_fields(source, server, zone),
                                        .cause = cause,
                                        .detail = detail});
}

void news_tell(News *news, const NewsSource *source, Summary *summary, uint64_t now_usec) {
        ownership_tell(news, source, summary);
        switch (source->publication->state) {
        case PUBLICATION_PUBLISHED:
                news->told_looked = 0;
                tell_published(news, source, summary);
                if (source->publication->trouble.kind == TROUBLE_NONE)
                        news->told = 0;
                else
                        tell_trouble(news, source, summary, now_usec);
                break;
        case PUBLICATION_STANDBY:
                news->told = 0;
                ownership_tell_standby(news, source, summary);
                break;
        case PUBLICATION_OBSERVED:
                news->told = 0;
                ownership_tell_observed(news, source, summary);
                break;
        case PUBLICATION_WITHDRAWN:
                news->told = 0;
                tell_withdrawn(source, summary);
                break;
        case PUBLICATION_DENIED:
        case PUBLICATION_FAILED:
                tell_trouble(news, source, summary, now_usec);
                break;
        case PUBLICATION_LOCATING:
        case PUBLICATION_PUBLISHING:
        case PUBLICATION_WITHDRAWING:
        case _PUBLICATION_STATE_MAX:
                break;
        }
}

/* "192.0.2.1" or "192.0.2.1 5353": the form of nsupdate's server line. */
static void nsupdate_server(const Server *server, char text[static ENDPOINT_TEXT_MAX]) {
        Endpoint endpoint;

        server_endpoint(server, &endpoint);
        if (endpoint.port == 53)
                (void)snprintf(text, ENDPOINT_TEXT_MAX, "%s", endpoint.host);
        else
                (void)snprintf(text, ENDPOINT_TEXT_MAX, "%s %u", endpoint.host, endpoint.port);
}

int news_plan_script(const NewsSource *source, const Server *server, char **ret_script) {
        char address[ENDPOINT_TEXT_MAX];
        Name record;
        const UpdatePart part = {.record = &record, .plan = source->plan};
        int r = name_from_text(source->record, &record);

        *ret_script = NULL;
        if (r < 0 || source->plan->n_ops == 0)
                return r;
        nsupdate_server(server, address);
        return message_update_script(address, zone_apex(source->zone), &part, 1, ret_script);
}

static bool is_drawn(const PublisherId *id) {
        return !publisher_id_equal(id, &(PublisherId){0});
}

void news_print_plan(const NewsSource *source, const Server *server) {
        _cleanup_(freep) char *script = NULL;

        int r = news_plan_script(source, server, &script);

        if (r < 0) {
                (void)printf("; %s at %s: the update cannot be shown: %s\n", source->record,
                             server_name(server), strerror(-r));
                return;
        }
        if (script)
                (void)printf("; %s at %s\n%s%s", source->record, server_name(server),
                             is_drawn(source->id) ? "" : "; the id is drawn at the first start\n",
                             script);
        else
                (void)printf("; %s: in order at %s, nothing to do\n", source->record,
                             server_name(server));
}

char *news_gone_text(const Plan *plan) {
        char *text = NULL, srv[SRV_TEXT_MAX];
        size_t size;
        FILE *stream;

        if (!(plan->notes & (PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER)))
                return NULL;
        stream = open_memstream(&text, &size);
        if (!stream)
                return NULL;
        for (size_t i = 0; i < plan->n_ops; i++)
                if (plan->ops[i].kind == PLAN_DELETE_SRV)
                        fprintf(stream, "%sSRV %s", ftell(stream) > 0 ? ", " : "",
                                srv_to_text(&plan->ops[i].srv, srv));
        if (ftell(stream) == 0)
                fputs("claims only", stream);
        if (fclose(stream) != 0)
                free(TAKE_PTR(text));
        return text;
}
