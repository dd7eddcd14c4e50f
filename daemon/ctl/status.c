/* srvpubctl status: a table, with what went wrong below the line that it concerns; of one domain
   all that is known; or JSON. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ctl/commands.h"
#include "daemon/ctl/json.h"
#include "daemon/ctl/publication.h"
#include "daemon/ctl/table.h"
#include "daemon/ctl/words.h"

enum {
        COLUMN_DOMAIN,
        COLUMN_RECORD,
        COLUMN_STATE,
        COLUMN_SINCE,
        COLUMN_SERVER,
        COLUMN_NEXT,
        _COLUMN_MAX,
};

enum {
        STATES_MAX = 16, /* more than there are */
};

static const TableColumn COLUMNS[_COLUMN_MAX] = {
        [COLUMN_DOMAIN] = {"DOMAIN", 40}, [COLUMN_RECORD] = {"RECORD", 52},
        [COLUMN_STATE] = {"STATE", 20},   [COLUMN_SINCE] = {"SINCE", 20},
        [COLUMN_SERVER] = {"SERVER", 40}, [COLUMN_NEXT] = {"NEXT", 30},
};

static bool is_coloured(void) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(STDOUT_FILENO) && !(no_color && no_color[0]) &&
               !(term && strcmp(term, "dumb") == 0);
}

/* --- the table -------------------------------------------------------------------------------- */

typedef struct Cells {
        const char *cells[_COLUMN_MAX];
        const char *colours[_COLUMN_MAX];
        char since[WORDS_MAX], next[WORDS_MAX];
} Cells;

static void fill_cells(const CtlPublication *p, uint64_t now, bool is_colour, Cells *ret) {
        *ret = (Cells){
                .cells = {[COLUMN_DOMAIN] = p->domain,
                          [COLUMN_RECORD] = p->record,
                          [COLUMN_STATE] = p->state,
                          [COLUMN_SERVER] = p->server[0] ? p->server : "-"},
                .colours = {[COLUMN_STATE] = is_colour ? words_colour(p->state) : NULL},
        };
        ret->cells[COLUMN_SINCE] = words_ago(p->since_usec, now, ret->since);
        ret->cells[COLUMN_NEXT] = words_next(p->next, p->next_usec, now, ret->next);
}

typedef struct StateCount {
        const char *state;
        size_t n;
} StateCount;

/* In the order in which they first occur; returns how many states there are. */
static size_t count_states(const CtlPublicationList *list, StateCount counts[static STATES_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++) {
                const char *state = list->publications[i].state;
                size_t j = 0;

                while (j < n && strcmp(counts[j].state, state) != 0)
                        j++;
                if (j == STATES_MAX)
                        continue;
                if (j == n)
                        counts[n++] = (StateCount){state, 0};
                counts[j].n++;
        }
        return n;
}

static void print_summary(const CtlPublicationList *list) {
        StateCount counts[STATES_MAX];
        size_t n = count_states(list, counts);

        (void)printf("%zu domain%s", list->n, list->n == 1 ? "" : "s");
        for (size_t i = 0; i < n; i++)
                (void)printf("%s %zu %s", i == 0 ? ":" : ",", counts[i].n, counts[i].state);
        (void)putchar('\n');
}

static void print_table(const CtlPublicationList *list) {
        bool is_colour = is_coloured();
        uint64_t now = ctl_now_usec(CLOCK_REALTIME);
        Cells row;
        Table table;

        table_init(&table, COLUMNS, _COLUMN_MAX);
        for (size_t i = 0; i < list->n; i++) {
                fill_cells(&list->publications[i], now, false, &row);
                table_measure(&table, row.cells);
        }
        if (list->n > 0)
                table_print_head(&table, stdout);
        for (size_t i = 0; i < list->n; i++) {
                const CtlPublication *p = &list->publications[i];

                fill_cells(p, now, is_colour, &row);
                table_print_row(&table, stdout, row.cells, row.colours);
                if (p->held)
                        (void)printf("    withdrawn by command, until srvpubctl publish %s\n",
                                     p->domain);
                if (p->error[0])
                        (void)printf("    %s\n", p->error);
        }
        if (list->n > 0)
                (void)putchar('\n');
        print_summary(list);
}

/* --- one domain ------------------------------------------------------------------------------- */

static void print_field(const char *title, const char *text) {
        if (text[0])
                (void)printf("%12s: %s\n", title, text);
}

static void print_others(const CtlPublication *p) {
        if (p->n_foreign > 0)
                (void)printf("%12s: %u SRV record%s of others\n", "Beside it", p->n_foreign,
                             p->n_foreign == 1 ? "" : "s");
        if (p->ttl > 0)
                (void)printf("%12s: %u s\n", "TTL", p->ttl);
}

static void print_state(const CtlPublication *p, uint64_t now) {
        const char *colour = is_coloured() ? words_colour(p->state) : NULL;
        char since[WORDS_MAX], ago[WORDS_MAX], next[WORDS_MAX];

        (void)printf("%12s: %s%s%s%s", "State", colour ? colour : "", p->state,
                     colour ? "\033[0m" : "", p->held ? ", by command" : "");
        if (p->since_usec > 0)
                (void)printf(" since %s, %s", words_time(p->since_usec, since),
                             words_ago(p->since_usec, now, ago));
        (void)putchar('\n');
        print_field("Next", words_next(p->next, p->next_usec, now, next));
}

static void print_one(const CtlPublication *p) {
        print_field("Domain", p->domain);
        print_field("Record", p->record);
        for (char **srv = p->srv; srv && *srv; srv++)
                print_field(srv == p->srv ? "Wanted" : "", *srv);
        print_state(p, ctl_now_usec(CLOCK_REALTIME));
        print_field("Zone", p->zone);
        print_field("Server", p->server);
        print_field("Mode", p->mode);
        print_others(p);
        for (char **note = p->notes; note && *note; note++)
                print_field("Note", words_note(*note));
        print_field("Trouble", p->error);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_counts(const CtlPublicationList *list) {
        StateCount counts[STATES_MAX];
        size_t n = count_states(list, counts);
        json_t *object = json_object();

        for (size_t i = 0; object && i < n; i++)
                (void)json_object_set_new(object, counts[i].state,
                                          json_integer((json_int_t)counts[i].n));
        return object;
}

/* An element at a time: the list may be long. */
static CtlExit print_json(Client *client, const CtlPublicationList *list) {
        _cleanup_(freep) char *version = NULL, *id = NULL;
        CtlExit status;
        json_t *head;
        int r = 0;

        if ((status = client_get_text(client, "Version", &version)) != CTL_OK ||
            (status = client_get_text(client, "PublisherId", &id)) != CTL_OK)
                return status;
        head = json_pack("{ss ss so}", "version", version, "publisher_id", id, "counts",
                         json_counts(list));
        if (!head)
                return client_complain_of_reply(-ENOMEM);
        (void)putchar('{');
        (void)json_dumpf(head, stdout, JSON_EMBED);
        json_decref(head);
        (void)fputs(", \"publications\": [", stdout);
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = json_print(json_of_publication(&list->publications[i]), i == 0, false);
        (void)fputs("\n]}\n", stdout);
        return r < 0 ? client_complain_of_reply(r) : CTL_OK;
}

CtlExit ctl_status(Client *client, const Arguments *arguments) {
        CtlPublicationList list;
        CtlExit status = publication_list_read(client, arguments->domain, &list);

        if (status == CTL_OK && arguments->domain) {
                if (!arguments->json)
                        print_one(&list.publications[0]);
                else if (json_print(json_of_publication(&list.publications[0]), true, true) < 0)
                        status = client_complain_of_reply(-ENOMEM);
                if (publication_is_in_trouble(&list.publications[0]))
                        status = CTL_FAILED;
        } else if (status == CTL_OK) {
                if (arguments->json)
                        status = print_json(client, &list);
                else
                        print_table(&list);
        }
        publication_list_done(&list);
        return status;
}
