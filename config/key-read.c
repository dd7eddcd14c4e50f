/*
 * From a value parser and the limits in the table to a value, or to a sentence that says what is
 * wrong and what is allowed. The sentence goes behind "FILE:LINE: Key=value: ".
 *
 * Enumerations are read as int: a C enum without negative values has its size and alignment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/array.h"
#include "config/key-read.h"

enum {
        ENDPOINTS_MAX = 16, /* as many as a zone's servers are tried */
};

int key_read_bool(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        int r = value_read_bool(text, slot);

        if (r < 0)
                snprintf(error, VALUE_ERROR_MAX, "neither yes nor no; those two are allowed");
        return r;
}

static int number_read(const ConfigKey *key, const char *text, uint64_t *ret_value,
                       char error[static VALUE_ERROR_MAX]) {
        if (value_read_number(text, key->min, key->max, ret_value) == 0)
                return 0;
        snprintf(error, VALUE_ERROR_MAX, "not a whole number from %llu to %llu",
                 (unsigned long long)key->min, (unsigned long long)key->max);
        return -EINVAL;
}

int key_read_u16(const ConfigKey *key, const char *text, void *slot,
                 char error[static VALUE_ERROR_MAX]) {
        uint64_t value;

        int r = number_read(key, text, &value, error);
        if (r == 0)
                *(uint16_t *)slot = (uint16_t)value;
        return r;
}

int key_read_unsigned(const ConfigKey *key, const char *text, void *slot,
                      char error[static VALUE_ERROR_MAX]) {
        uint64_t value;

        int r = number_read(key, text, &value, error);
        if (r == 0)
                *(unsigned *)slot = (unsigned)value;
        return r;
}

/* besides: what is allowed outside the limits, USEC_INFINITY or 0; else any value within them. */
static int usec_read(const ConfigKey *key, const char *text, uint64_t besides, uint64_t *ret_usec,
                     char error[static VALUE_ERROR_MAX]) {
        char min[VALUE_USEC_TEXT_MAX], max[VALUE_USEC_TEXT_MAX];
        uint64_t usec;

        int r = value_read_usec(text, &usec);
        if (r == 0 && ((usec >= key->min && usec <= key->max) || usec == besides)) {
                *ret_usec = usec;
                return 0;
        }
        value_format_usec(key->min, min);
        value_format_usec(key->max, max);
        snprintf(error, VALUE_ERROR_MAX, "%s; %s to %s%s is allowed",
                 r == -EINVAL
                         ? "not a time: write numbers with ms, s, min, h or d, such as 1h 30min"
                         : "out of range",
                 min, max,
                 besides == USEC_INFINITY ? " or infinity"
                 : besides == 0           ? ", or 0 for none,"
                                          : "");
        return -EINVAL;
}

int key_read_usec(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        return usec_read(key, text, key->min, slot, error);
}

int key_read_usec_or_infinity(const ConfigKey *key, const char *text, void *slot,
                              char error[static VALUE_ERROR_MAX]) {
        return usec_read(key, text, USEC_INFINITY, slot, error);
}

static int whole_seconds_read(const ConfigKey *key, const char *text, uint64_t besides,
                              uint64_t *ret_usec, char error[static VALUE_ERROR_MAX]) {
        uint64_t usec;

        int r = usec_read(key, text, besides, &usec, error);
        if (r < 0)
                return r;
        if (usec % USEC_PER_SEC != 0) {
                snprintf(error, VALUE_ERROR_MAX, "%s= is in whole seconds", key->name);
                return -EINVAL;
        }
        *ret_usec = usec;
        return 0;
}

int key_read_lease(const ConfigKey *key, const char *text, void *slot,
                   char error[static VALUE_ERROR_MAX]) {
        return whole_seconds_read(key, text, 0, slot, error);
}

int key_read_ttl(const ConfigKey *key, const char *text, void *slot,
                 char error[static VALUE_ERROR_MAX]) {
        uint64_t usec;

        int r = whole_seconds_read(key, text, key->min, &usec, error);
        if (r == 0)
                *(uint32_t *)slot = (uint32_t)(usec / USEC_PER_SEC);
        return r;
}

int key_read_word(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        int length = snprintf(error, VALUE_ERROR_MAX, "not one of");

        for (size_t i = 0; i <= key->max; i++) {
                if (!key->words[i])
                        continue;
                if (strcmp(text, key->words[i]) == 0) {
                        *(int *)slot = (int)i;
                        return 0;
                }
                length += snprintf(error + length, VALUE_ERROR_MAX - (size_t)length, " %s%s",
                                   key->words[i], i < key->max ? "," : "");
        }
        return -EINVAL;
}

int key_read_bool_or_word(const ConfigKey *key, const char *text, void *slot,
                          char error[static VALUE_ERROR_MAX]) {
        bool yes;

        if (value_read_bool(text, &yes) == 0)
                text = yes ? "yes" : "no";
        return key_read_word(key, text, slot, error);
}

static void text_replace(char **slot, char *text) {
        free(*slot);
        *slot = text;
}

int key_read_service(const ConfigKey *key, const char *text, void *slot,
                     char error[static VALUE_ERROR_MAX]) {
        char *name;

        int r = value_read_service(text, &name, error);
        if (r == 0)
                text_replace(slot, name);
        return r;
}

int key_read_host(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        char *name;

        int r = value_read_host(text, &name, error);
        if (r == 0)
                text_replace(slot, name);
        return r;
}

int key_read_name(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        char *name;

        int r = value_read_name(text, &name, error);
        if (r == 0)
                text_replace(slot, name);
        return r;
}

int key_read_path(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]) {
        if (text[0] != '/' && (strchr(text, '/') || text[0] == '.')) {
                snprintf(error, VALUE_ERROR_MAX,
                         "a relative path; allowed are an absolute one, and "
                         "a name without slash for a credential");
                return -EINVAL;
        }
        char *path = strdup(text);
        if (!path)
                return -ENOMEM;
        text_replace(slot, path);
        return 0;
}

int key_read_principal(const ConfigKey *key, const char *text, void *slot,
                       char error[static VALUE_ERROR_MAX]) {
        char *principal;

        int r = value_read_principal(text, &principal, error);
        if (r == 0)
                text_replace(slot, principal);
        return r;
}

int key_read_realm(const ConfigKey *key, const char *text, void *slot,
                   char error[static VALUE_ERROR_MAX]) {
        char *realm;

        int r = value_read_realm(text, &realm, error);
        if (r == 0)
                text_replace(slot, realm);
        return r;
}

static int endpoint_read(const char *text, bool address, Endpoint *ret_one,
                         char error[static VALUE_ERROR_MAX]) {
        int r = endpoint_from_text(text, ret_one);

        if (r < 0)
                snprintf(error, VALUE_ERROR_MAX,
                         "\"%s\" is no server; %s is allowed, with :PORT "
                         "behind it if it is not 53",
                         text, address ? "an address" : "an address or a host name");
        else if (address && ret_one->family == AF_UNSPEC)
                snprintf(error, VALUE_ERROR_MAX, "\"%s\" is a name; resolvers are given by address",
                         text);
        else
                return 0;
        return -EINVAL;
}

/* Blank-separated, each appended. */
static int endpoints_read(const ConfigKey *key, const char *text, bool address, void *slot,
                          char error[static VALUE_ERROR_MAX]) {
        Endpoint **items = slot;
        /* The count is a member beside the list: the table knows how far from the struct's
           beginning. */
        size_t *n = (size_t *)((char *)slot - key->offset + key->count_offset);
        _cleanup_(freep) char *copy = strdup(text);
        char *rest = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
                Endpoint one;
                int r = endpoint_read(word, address, &one, error);
                if (r < 0)
                        return r;
                if (*n >= ENDPOINTS_MAX) {
                        snprintf(error, VALUE_ERROR_MAX, "too many; at most %d", ENDPOINTS_MAX);
                        return -EINVAL;
                }
                r = array_reserve((void **)items, *n, sizeof(one));
                if (r < 0)
                        return r;
                (*items)[(*n)++] = one;
        }
        return 0;
}

int key_read_servers(const ConfigKey *key, const char *text, void *slot,
                     char error[static VALUE_ERROR_MAX]) {
        return endpoints_read(key, text, false, slot, error);
}

int key_read_resolvers(const ConfigKey *key, const char *text, void *slot,
                       char error[static VALUE_ERROR_MAX]) {
        return endpoints_read(key, text, true, slot, error);
}
