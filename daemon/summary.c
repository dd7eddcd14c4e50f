/* Groups of outcomes with one kind and one cause.

   A group opens with its first outcome and speaks at the end of a short window: up to three
   domains each in their own line, more in one line with a count. Good news is then forgotten. Bad
   news repeats itself while a server is down: once more than three domains have been told, the next
   lines come only after 10 s, 1 min, 10 min, and only if further domains were hit. Ten minutes
   without any close the group; good news from the same server makes it speak promptly again. */

#include "daemon/summary.h"

#include <errno.h>
#include <string.h>

enum {
        SINGLES_MAX = 3,
        GROUPS_MAX = 256,
};

#define WINDOW_ACCURACY_USEC (10 * USEC_PER_MSEC)
#define QUIET_USEC (10 * USEC_PER_MINUTE)

static const uint64_t windows_usec[] = {
        150 * USEC_PER_MSEC,
        10 * USEC_PER_SEC,
        1 * USEC_PER_MINUTE,
        10 * USEC_PER_MINUTE,
};

/* One outcome held back: all its strings in one block. */
typedef struct Held {
        Outcome outcome;
        char *text[9];
} Held;

typedef struct Group {
        struct Group *next;
        Summary *summary;
        sd_event_source *timer;
        LogKind kind;
        char *cause;
        char *server;
        unsigned window;    /* index of the next one's length */
        size_t n;           /* since the last line */
        size_t told;        /* before that */
        uint64_t told_usec; /* when; CLOCK_MONOTONIC */
        Held held[SINGLES_MAX];
} Group;

struct Summary {
        sd_event *event;
        bool immediate;
        size_t n_groups;
        Group *groups;
};

static void held_done(Held *held) {
        for (size_t i = 0; i < ELEMENTSOF(held->text); i++)
                free(held->text[i]);
        *held = (Held){0};
}

static bool held_init(Held *held, const Outcome *outcome) {
        const char *from[ELEMENTSOF(held->text)] = {
                outcome->fields.domain, outcome->fields.record, outcome->fields.zone,
                outcome->fields.server, outcome->fields.rcode,  outcome->fields.state,
                outcome->cause,         outcome->detail,        outcome->cure,
        };

        for (size_t i = 0; i < ELEMENTSOF(from); i++) {
                held->text[i] = strdup(from[i] ? from[i] : "");
                if (!held->text[i]) {
                        held_done(held);
                        return false;
                }
        }
        held->outcome = (Outcome){
                .kind = outcome->kind,
                .fields = {held->text[0], held->text[1], held->text[2], held->text[3],
                           held->text[4], held->text[5]},
                .cause = held->text[6],
                .detail = held->text[7],
                .cure = held->text[8],
        };
        return true;
}

static Group *group_free(Group *group) {
        if (!group)
                return NULL;
        for (size_t i = 0; i < SINGLES_MAX; i++)
                held_done(&group->held[i]);
        (void)sd_event_source_disable_unref(group->timer);
        free(group->cause);
        free(group->server);
        free(group);
        return NULL;
}

static void tell_one(const Outcome *outcome) {
        log_event(outcome->kind, &outcome->fields, "%s: %s", outcome->fields.domain,
                  outcome->detail);
}

static const char *kind_words(LogKind kind) {
        if (kind == LOG_KIND_FAILED)
                return "failed";
        if (kind == LOG_KIND_DENIED)
                return "denied";
        if (kind == LOG_KIND_WITHDRAWN)
                return "withdrawn";
        if (kind == LOG_KIND_REPAIRED)
                return "repaired";
        if (kind == LOG_KIND_STANDBY)
                return "in standby";
        if (kind == LOG_KIND_OBSERVED)
                return "observed";
        if (kind == LOG_KIND_OWNERSHIP)
                return "affected";
        if (kind == LOG_KIND_CONTESTED)
                return "contested";
        if (kind == LOG_KIND_TAKEN)
                return "cleared of others' records";
        return "published";
}

static void tell_count(const Group *group) {
        const Outcome *first = &group->held[0].outcome;
        LogFields fields = first->fields;

        fields.domain = fields.record = NULL;
        log_event(group->kind, &fields, "%zu %sdomains (%s, %s, %s, ...) %s: %s%s%s", group->n,
                  group->told ? "more " : "", first->fields.domain,
                  group->held[1].outcome.fields.domain, group->held[2].outcome.fields.domain,
                  kind_words(group->kind), group->cause, first->cure[0] ? ". " : "", first->cure);
}

static void group_tell(Group *group) {
        if (group->n > SINGLES_MAX)
                tell_count(group);
        else
                for (size_t i = 0; i < group->n; i++)
                        tell_one(&group->held[i].outcome);
        for (size_t i = 0; i < SINGLES_MAX; i++)
                held_done(&group->held[i]);
        group->told += group->n;
        group->n = 0;
}

static void summary_remove(Summary *summary, Group *group) {
        for (Group **at = &summary->groups; *at; at = &(*at)->next)
                if (*at == group) {
                        *at = group->next;
                        summary->n_groups--;
                        break;
                }
        (void)group_free(group);
}

static bool is_bad_news(LogKind kind) {
        return kind == LOG_KIND_FAILED || kind == LOG_KIND_DENIED;
}

static void group_arm(Group *group, uint64_t usec) {
        (void)sd_event_source_set_time_relative(group->timer, usec);
        (void)sd_event_source_set_enabled(group->timer, SD_EVENT_ONESHOT);
}

static int on_window(sd_event_source *source, uint64_t usec, void *userdata) {
        Group *group = userdata;

        /* The quiet time passed, or it was good news: the group has nothing to wait for. */
        if (group->n == 0 || !is_bad_news(group->kind)) {
                group_tell(group);
                summary_remove(group->summary, group);
                return 0;
        }
        group_tell(group);
        (void)sd_event_now(group->summary->event, CLOCK_MONOTONIC, &group->told_usec);
        if (group->told > SINGLES_MAX && group->window + 1 < ELEMENTSOF(windows_usec))
                group->window++;
        group_arm(group, QUIET_USEC);
        return 0;
}

static Group *group_new(Summary *summary, const Outcome *outcome) {
        Group *group = calloc(1, sizeof(*group));

        if (!group)
                return NULL;
        group->summary = summary;
        group->kind = outcome->kind;
        group->cause = strdup(outcome->cause);
        group->server = strdup(outcome->fields.server ? outcome->fields.server : "");
        if (!group->cause || !group->server ||
            sd_event_add_time_relative(summary->event, &group->timer, CLOCK_MONOTONIC,
                                       windows_usec[0], WINDOW_ACCURACY_USEC, on_window, group) < 0)
                return group_free(group);
        group->next = summary->groups;
        summary->groups = group;
        summary->n_groups++;
        return group;
}

/* A group that has nothing to say makes room. */
static bool summary_has_room(Summary *summary) {
        for (Group *group = summary->groups; summary->n_groups >= GROUPS_MAX && group;
             group = group->next)
                if (group->n == 0) {
                        summary_remove(summary, group);
                        break;
                }
        return summary->n_groups < GROUPS_MAX;
}

static Group *summary_find(const Summary *summary, LogKind kind, const char *cause) {
        Group *group = summary->immediate ? NULL : summary->groups;

        while (group && (group->kind != kind || strcmp(group->cause, cause) != 0))
                group = group->next;
        return group;
}

/* NULL: it is told at once. */
static Group *summary_get(Summary *summary, const Outcome *outcome) {
        Group *group = summary_find(summary, outcome->kind, outcome->cause);

        if (group || summary->immediate || !summary_has_room(summary))
                return group;
        return group_new(summary, outcome);
}

/* The server works again: should it fail once more, that is news. */
static void summary_recover(Summary *summary, const char *server) {
        for (Group *group = summary->groups; group && server; group = group->next)
                if (group->kind == LOG_KIND_FAILED && strcmp(group->server, server) == 0) {
                        group->window = 0;
                        group->told = 0;
                }
}

/* The end of the window that the group's first unsaid outcome opens. */
static void group_open_window(Group *group) {
        uint64_t now_usec = 0, since_usec;

        (void)sd_event_now(group->summary->event, CLOCK_MONOTONIC, &now_usec);
        since_usec = group->window > 0 ? now_usec - group->told_usec : 0;
        group_arm(group, windows_usec[group->window] > since_usec
                                 ? windows_usec[group->window] - since_usec
                                 : windows_usec[0]);
}

/* One domain may fail several times in a window, by reloads or commands: it counts once. */
static bool group_holds(const Group *group, const char *domain) {
        for (size_t i = 0; i < group->n && i < SINGLES_MAX; i++)
                if (domain && strcmp(group->held[i].outcome.fields.domain, domain) == 0)
                        return true;
        return false;
}

int summary_new(sd_event *event, bool immediate, Summary **ret_summary) {
        Summary *summary = calloc(1, sizeof(*summary));

        if (!summary)
                return -ENOMEM;
        summary->event = sd_event_ref(event);
        summary->immediate = immediate;
        *ret_summary = summary;
        return 0;
}

Summary *summary_free(Summary *summary) {
        if (!summary)
                return NULL;
        while (summary->groups) {
                group_tell(summary->groups);
                summary_remove(summary, summary->groups);
        }
        (void)sd_event_unref(summary->event);
        free(summary);
        return NULL;
}

bool summary_needs_no_detail(const Summary *summary, LogKind kind, const char *cause) {
        const Group *group = summary_find(summary, kind, cause);

        return !log_wants(kind) || (group && group->n >= SINGLES_MAX);
}

void summary_add(Summary *summary, const Outcome *outcome) {
        Group *group;

        if (!log_wants(outcome->kind))
                return;
        if (!is_bad_news(outcome->kind))
                summary_recover(summary, outcome->fields.server);
        group = summary_get(summary, outcome);
        if (!group) {
                tell_one(outcome);
                return;
        }
        if (is_bad_news(outcome->kind) && group_holds(group, outcome->fields.domain))
                return;
        if (group->n == 0 && group->told_usec > 0)
                group_open_window(group);
        if (group->n < SINGLES_MAX && !held_init(&group->held[group->n], outcome)) {
                tell_one(outcome);
                return;
        }
        group->n++;
}
