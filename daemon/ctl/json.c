/* What is not known is null, times are UTC in the form of RFC 3339. */

#include "daemon/ctl/json.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/ctl/words.h"

static json_t *text_or_null(const char *text) {
        return text[0] ? json_string(text) : json_null();
}

static json_t *number_or_null(uint32_t number) {
        return number ? json_integer(number) : json_null();
}

static json_t *time_or_null(uint64_t usec) {
        char text[WORDS_MAX];

        return usec ? json_string(words_time_json(usec, text)) : json_null();
}

static json_t *strings(char **list) {
        json_t *array = json_array();

        for (char **string = list; array && string && *string; string++)
                (void)json_array_append_new(array, json_string(*string));
        return array;
}

json_t *json_of_publication(const CtlPublication *p) {
        return json_pack("{ss ss so ss ss sb so so so ss so so so si so}", "domain", p->domain,
                         "record", p->record, "srv", strings(p->srv), "state", p->state, "mode",
                         p->mode, "held", p->held, "since", time_or_null(p->since_usec), "zone",
                         text_or_null(p->zone), "server", text_or_null(p->server), "next", p->next,
                         "next_time", time_or_null(p->next_usec), "error", text_or_null(p->error),
                         "ttl", number_or_null(p->ttl), "foreign", (int)p->n_foreign, "notes",
                         strings(p->notes));
}

int json_print(json_t *json, bool is_first, bool is_only) {
        int r;

        if (!json)
                return -ENOMEM;
        if (!is_only)
                (void)fputs(is_first ? "\n" : ",\n", stdout);
        r = json_dumpf(json, stdout, is_only ? JSON_INDENT(2) : 0);
        if (is_only)
                (void)fputc('\n', stdout);
        json_decref(json);
        return r < 0 ? -EIO : 0;
}
