/* The words of a script, one table for writing and reading them. A line is an event and its
   arguments; two lines say how the history began:

       seed 17
       server samba srv-only
       policy A exclusive auto reclaim=1 lease=1200 check=300 refresh=0
       want A 3600 configured h0:1688:0:10 H1:1688:0:0
       start A
       go A 5
       run 300
       take-over A h1:1688

   Offers are HOST:PORT, with PRIORITY:WEIGHT where they are to be published; h0 is
   kms0.example.test, H0 the same in capitals. */
#include "tests/unit/support_model_history.h"

#include <inttypes.h>
#include <string.h>

#include "lib/util.h"

/* The word, and what follows it: p publisher, n number, m how often (once, if it does not say), o
   offer, s offer with numbers, w wish, c configuration. */
static const struct {
        const char *word;
        const char *arguments;
} forms[_MODEL_EVENT_MAX] = {
        [MODEL_GO] = {"go", "pm"},
        [MODEL_TIMEOUT] = {"timeout", "p"},
        [MODEL_CLOSE] = {"close", "p"},
        [MODEL_UNREACHABLE] = {"unreachable", "p"},
        [MODEL_SERVFAIL] = {"servfail", "p"},
        [MODEL_ECHO] = {"echo", "p"},
        [MODEL_ARRIVE] = {"arrive", "p"},
        [MODEL_START] = {"start", "p"},
        [MODEL_CRASH] = {"crash", "p"},
        [MODEL_CRASH_UNSYNCED] = {"crash-unsynced", "p"},
        [MODEL_AMNESIA] = {"amnesia", "p"},
        [MODEL_REBORN] = {"reborn", "p"},
        [MODEL_TWIN] = {"twin", "pn"},
        [MODEL_DISK_FULL] = {"disk-full", "p"},
        [MODEL_DISK_WELL] = {"disk-well", "p"},
        [MODEL_CLOCK] = {"clock", "pn"},
        [MODEL_WANT] = {"want", "pw"},
        [MODEL_POLICY] = {"policy", "pc"},
        [MODEL_TAKE_OVER] = {"take-over", "po"},
        [MODEL_TIME] = {"time", "n"},
        [MODEL_RUN] = {"run", "n"},
        [MODEL_ADD_SRV] = {"add-srv", "sn"},
        [MODEL_DELETE_SRV] = {"delete-srv", "o"},
        [MODEL_DELETE_SRVS] = {"delete-srvs", ""},
        [MODEL_DELETE_TXTS] = {"delete-txts", ""},
        [MODEL_DELETE_CLAIM] = {"delete-claim", "o"},
        [MODEL_ADD_TXT] = {"add-txt", "n"},
        [MODEL_ADD_CLAIM] = {"add-claim", "on"},
        [MODEL_SET_TTL] = {"set-ttl", "n"},
};

static const char *const mode_words[_MODE_MAX] = {
        [MODE_SHARED] = "shared", [MODE_EXCLUSIVE] = "exclusive", [MODE_OBSERVE] = "observe"};
static const char *const claims_words[_CLAIMS_MAX] = {
        [CLAIMS_AUTO] = "auto", [CLAIMS_YES] = "yes", [CLAIMS_NO] = "no"};

Srv model_offer_srv(const ModelOffer *offer, uint32_t ttl) {
        static Name names[2 * MODEL_UPPER];
        Name *name = &names[offer->host % ELEMENTSOF(names)];
        Srv srv = {
                .priority = offer->priority,
                .weight = offer->weight,
                .port = offer->port,
                .ttl = ttl,
        };
        char text[64];

        if (name->length == 0) {
                (void)snprintf(text, sizeof(text),
                               offer->host < MODEL_UPPER ? "kms%u.example.test"
                                                         : "KMS%u.Example.Test",
                               offer->host % MODEL_UPPER);
                if (name_from_text(text, name) < 0)
                        abort();
        }
        srv.target = *name;
        return srv;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void print_offer(FILE *file, const ModelOffer *offer, bool numbers) {
        fprintf(file, " %c%u:%u", offer->host < MODEL_UPPER ? 'h' : 'H', offer->host % MODEL_UPPER,
                offer->port);
        if (numbers)
                fprintf(file, ":%u:%u", offer->priority, offer->weight);
}

static void print_argument(FILE *file, char argument, const ModelEvent *event) {
        switch (argument) {
        case 'p':
                fprintf(file, " %c", 'A' + event->who);
                break;
        case 'n':
                fprintf(file, " %" PRId64, event->number);
                break;
        case 'm':
                if (event->number > 1)
                        fprintf(file, " %" PRId64, event->number);
                break;
        case 'o':
        case 's':
                print_offer(file, &event->offer, argument == 's');
                break;
        case 'w':
                fprintf(file, " %u %s", event->ttl, event->derived ? "derived" : "configured");
                for (size_t i = 0; i < event->n_offers; i++)
                        print_offer(file, &event->offers[i], true);
                break;
        default:
                fprintf(file, " %s %s reclaim=%d lease=%u check=%u refresh=%u",
                        mode_words[event->mode], claims_words[event->claims], event->reclaim,
                        event->lease_sec, event->check_sec, event->refresh_sec);
        }
}

void model_event_print(FILE *file, const ModelEvent *event) {
        fputs(forms[event->kind].word, file);
        for (const char *a = forms[event->kind].arguments; *a; a++)
                print_argument(file, *a, event);
        fputc('\n', file);
}

void model_history_print(FILE *file, const ModelHistory *history) {
        fprintf(file, "seed %" PRIu64 "\nserver %s%s\nnames %zu\n", history->seed,
                model_kinds[history->kind].name, history->srv_only ? " srv-only" : "",
                history->n_names);
        for (size_t i = 0; i < history->n_events;) {
                ModelEvent event = history->events[i++];

                for (; event.kind == MODEL_GO && i < history->n_events &&
                       history->events[i].kind == MODEL_GO && history->events[i].who == event.who;
                     i++)
                        event.number += history->events[i].number;
                model_event_print(file, &event);
        }
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_offer(const char *text, bool numbers, ModelOffer *ret_offer) {
        unsigned host, port, priority = 0, weight = 0;
        char letter;
        int n = sscanf(text, "%c%u:%u:%u:%u", &letter, &host, &port, &priority, &weight);

        if (n != (numbers ? 5 : 3) || (letter != 'h' && letter != 'H') || host >= MODEL_UPPER)
                return false;
        *ret_offer = (ModelOffer){
                .host = (uint8_t)(letter == 'H' ? host + MODEL_UPPER : host),
                .port = (uint16_t)port,
                .priority = (uint16_t)priority,
                .weight = (uint16_t)weight,
        };
        return true;
}

static bool read_wish(char **rest, ModelEvent *event) {
        const char *ttl = strtok_r(NULL, " \n", rest), *kind = strtok_r(NULL, " \n", rest), *offer;

        if (!ttl || !kind)
                return false;
        event->ttl = (uint32_t)strtoul(ttl, NULL, 10);
        event->derived = strcmp(kind, "derived") == 0;
        while ((offer = strtok_r(NULL, " \n", rest)))
                if (event->n_offers == MODEL_WANTED_MAX ||
                    !read_offer(offer, true, &event->offers[event->n_offers++]))
                        return false;
        return true;
}

static int find_word(const char *const words[], size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        return (int)i;
        return -1;
}

static bool read_policy(char **rest, ModelEvent *event) {
        char mode[16], claims[16];
        int reclaim, m, c;

        if (!*rest ||
            sscanf(*rest, "%15s %15s reclaim=%d lease=%u check=%u refresh=%u", mode, claims,
                   &reclaim, &event->lease_sec, &event->check_sec, &event->refresh_sec) != 6)
                return false;
        m = find_word(mode_words, ELEMENTSOF(mode_words), mode);
        c = find_word(claims_words, ELEMENTSOF(claims_words), claims);
        if (m < 0 || c < 0)
                return false;
        event->mode = (Mode)m;
        event->claims = (Claims)c;
        event->reclaim = reclaim != 0;
        return true;
}

static bool read_argument(char argument, char **rest, ModelEvent *event) {
        const char *word;

        if (argument == 'w')
                return read_wish(rest, event);
        if (argument == 'c')
                return read_policy(rest, event);
        word = strtok_r(NULL, " \n", rest);
        if (argument == 'm')
                event->number = word ? strtoll(word, NULL, 10) : 1;
        if (!word)
                return argument == 'm';
        if (argument == 'n')
                event->number = strtoll(word, NULL, 10);
        if (argument == 'o' || argument == 's')
                return read_offer(word, argument == 's', &event->offer);
        if (argument == 'p')
                event->who = (uint8_t)(word[0] - 'A');
        return event->who < MODEL_PUBLISHERS_MAX;
}

static bool read_event(const char *word, char **rest, ModelHistory *history) {
        ModelEvent event = {0};

        while (event.kind < _MODEL_EVENT_MAX && strcmp(forms[event.kind].word, word) != 0)
                event.kind++;
        if (event.kind == _MODEL_EVENT_MAX || history->n_events == MODEL_EVENTS_MAX)
                return false;
        for (const char *a = forms[event.kind].arguments; *a; a++)
                if (!read_argument(*a, rest, &event))
                        return false;
        history->events[history->n_events++] = event;
        return true;
}

static bool read_line(char *line, ModelHistory *history) {
        char *rest = NULL, *word = strtok_r(line, " \n", &rest), *argument;

        if (!word || word[0] == '#')
                return true;
        if (strcmp(word, "seed") != 0 && strcmp(word, "server") != 0 && strcmp(word, "names") != 0)
                return read_event(word, &rest, history);
        argument = strtok_r(NULL, " \n", &rest);
        if (!argument)
                return false;
        if (strcmp(word, "seed") == 0) {
                history->seed = strtoull(argument, NULL, 10);
                return true;
        }
        if (strcmp(word, "names") == 0) {
                history->n_names = strtoull(argument, NULL, 10);
                return history->n_names >= 1 && history->n_names <= MODEL_NAMES_MAX;
        }
        history->kind = 0;
        while (history->kind < model_n_kinds &&
               strcmp(model_kinds[history->kind].name, argument) != 0)
                history->kind++;
        argument = strtok_r(NULL, " \n", &rest);
        history->srv_only = argument && strcmp(argument, "srv-only") == 0;
        return history->kind < model_n_kinds;
}

unsigned model_history_parse(FILE *file, ModelHistory *ret_history) {
        char line[512];
        unsigned number = 0;

        *ret_history = (ModelHistory){.seed = 1, .n_names = 1};
        while (fgets(line, sizeof(line), file)) {
                number++;
                if (!read_line(line, ret_history))
                        return number;
        }
        return 0;
}
