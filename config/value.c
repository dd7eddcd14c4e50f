/*
 * One value's text -> the value. Nothing here knows keys, files or lines.
 *
 * Times and booleans are read as systemd.time(7) and systemd.syntax(7) describe them, without
 * months and years, whose length is anybody's guess. Names: ASCII ones are checked here and keep
 * their case; all others go through libidn2 (IDNA2008, nontransitional, RFC 5891) and are then
 * checked the same way. Limits of labels and names: RFC 1035 2.3.4. Realms and principals (RFC 4120
 * 6.1, 6.2) are taken in the forms that are in use, those of domains.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/value.h"
#include "lib/claim.h"
#include "lib/util.h"

int value_read_bool(const char *text, bool *ret_value) {
        static const char *const words[] = {"no", "yes", "false", "true", "0", "1", "off", "on"};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcasecmp(text, words[i]) == 0) {
                        *ret_value = i % 2 == 1;
                        return 0;
                }
        return -EINVAL;
}

/* Reads leading digits; *text moves behind them. */
static int digits_read(const char **text, uint64_t *ret_value) {
        uint64_t value = 0;
        const char *c = *text;

        if (!isdigit((unsigned char)*c))
                return -EINVAL;
        for (; isdigit((unsigned char)*c); c++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, *c - '0', &value))
                        return -ERANGE;
        *text = c;
        *ret_value = value;
        return 0;
}

int value_read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value) {
        uint64_t value;

        int r = digits_read(&text, &value);
        if (r < 0)
                return r;
        if (*text != '\0')
                return -EINVAL;
        if (value < min || value > max)
                return -ERANGE;
        *ret_value = value;
        return 0;
}

static const struct {
        const char *name;
        uint64_t usec;
} UNITS[] = {
        {"d", USEC_PER_DAY},
        {"h", USEC_PER_HOUR},
        {"min", USEC_PER_MINUTE},
        {"s", USEC_PER_SEC},
        {"ms", USEC_PER_MSEC},
        {"us", 1},
        {"usec", 1},
        {"msec", USEC_PER_MSEC},
        {"sec", USEC_PER_SEC},
        {"second", USEC_PER_SEC},
        {"seconds", USEC_PER_SEC},
        {"m", USEC_PER_MINUTE},
        {"minute", USEC_PER_MINUTE},
        {"minutes", USEC_PER_MINUTE},
        {"hr", USEC_PER_HOUR},
        {"hour", USEC_PER_HOUR},
        {"hours", USEC_PER_HOUR},
        {"day", USEC_PER_DAY},
        {"days", USEC_PER_DAY},
        {"w", 7 * USEC_PER_DAY},
        {"week", 7 * USEC_PER_DAY},
        {"weeks", 7 * USEC_PER_DAY},
};

enum {
        UNITS_PRINTED = 6, /* the first ones, largest first */
};

/* 0: no such unit. */
static uint64_t unit_find(const char *name, size_t length) {
        for (size_t i = 0; i < ELEMENTSOF(UNITS); i++)
                if (strlen(UNITS[i].name) == length && strncmp(UNITS[i].name, name, length) == 0)
                        return UNITS[i].usec;
        return 0;
}

/* One number with its unit, as 1.5h; *text moves behind it and the blanks that follow. */
static int part_read(const char **text, bool only, uint64_t *ret_usec) {
        const char *fraction = NULL;
        uint64_t usec;

        int r = digits_read(text, &usec);
        if (r < 0)
                return r;
        if (**text == '.') {
                fraction = ++*text;
                *text += strspn(*text, "0123456789");
                if (*text == fraction)
                        return -EINVAL;
        }
        *text += strspn(*text, " \t");
        size_t length = strcspn(*text, " \t.0123456789");
        /* Without a unit seconds are meant, but only where the number stands alone. */
        uint64_t unit = length > 0 ? unit_find(*text, length) : only ? USEC_PER_SEC : 0;
        *text += length;
        if (unit == 0 || (length == 0 && **text != '\0'))
                return -EINVAL;
        if (__builtin_mul_overflow(usec, unit, &usec))
                return -ERANGE;
        for (; fraction && isdigit((unsigned char)*fraction); fraction++) {
                unit /= 10;
                if (__builtin_add_overflow(usec, unit * (uint64_t)(*fraction - '0'), &usec))
                        return -ERANGE;
        }
        *text += strspn(*text, " \t");
        *ret_usec = usec;
        return 0;
}

int value_read_usec(const char *text, uint64_t *ret_usec) {
        uint64_t sum = 0, part;
        bool first = true;

        if (strcmp(text, "infinity") == 0) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        do {
                int r = part_read(&text, first, &part);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, part, &sum) || sum == USEC_INFINITY)
                        return -ERANGE;
                first = false;
        } while (*text != '\0');
        *ret_usec = sum;
        return 0;
}

const char *value_format_usec(uint64_t usec, char buffer[static VALUE_USEC_TEXT_MAX]) {
        size_t i = 0;

        if (usec == USEC_INFINITY) {
                snprintf(buffer, VALUE_USEC_TEXT_MAX, "infinity");
                return buffer;
        }
        while (i + 1 < UNITS_PRINTED && (usec == 0 || usec % UNITS[i].usec != 0))
                i++;
        snprintf(buffer, VALUE_USEC_TEXT_MAX, "%llu%s", (unsigned long long)(usec / UNITS[i].usec),
                 UNITS[i].name);
        return buffer;
}

static bool is_address(const char *text) {
        uint8_t address[16];

        return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static int label_check(const char *label, size_t length, char error[static VALUE_ERROR_MAX]) {
        for (size_t i = 0; i < length; i++)
                if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_') {
                        snprintf(error, VALUE_ERROR_MAX,
                                 "\"%c\" in a name; letters, digits, hyphens and underscores are "
                                 "allowed, with dots between labels",
                                 label[i]);
                        return -EINVAL;
                }
        if (length == 0)
                snprintf(error, VALUE_ERROR_MAX,
                         "a name with an empty label; labels have 1 to 63 octets, with one dot "
                         "between two");
        else if (length > 63)
                snprintf(error, VALUE_ERROR_MAX, "a label of %zu octets; 1 to 63 are allowed",
                         length);
        return length == 0 || length > 63 ? -EINVAL : 0;
}

/* ASCII only; the final dot is gone already. */
static int name_check(const char *name, char error[static VALUE_ERROR_MAX]) {
        if (*name == '\0') {
                snprintf(error, VALUE_ERROR_MAX, "the name is missing; such as contoso.com");
                return -EINVAL;
        }
        for (const char *label = name;; label++) {
                size_t length = strcspn(label, ".");
                int r = label_check(label, length, error);
                if (r < 0)
                        return r;
                label += length;
                if (*label == '\0')
                        break;
        }
        if (strlen(name) > VALUE_NAME_MAX) {
                snprintf(error, VALUE_ERROR_MAX, "a name of %zu octets; at most %d", strlen(name),
                         VALUE_NAME_MAX);
                return -EINVAL;
        }
        return 0;
}

static bool is_ascii(const char *text) {
        for (; *text; text++)
                if ((unsigned char)*text >= 0x80)
                        return false;
        return true;
}

/* Unicode to A-labels, ASCII as it is. */
static int name_to_ascii(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]) {
        char *name, *converted;

        if (is_ascii(text)) {
                name = strdup(text);
        } else {
                int r = idn2_to_ascii_8z(text, &converted, IDN2_NONTRANSITIONAL);
                if (r == IDN2_MALLOC)
                        return -ENOMEM;
                if (r != IDN2_OK) {
                        snprintf(error, VALUE_ERROR_MAX, "no internationalized name: %s",
                                 idn2_strerror(r));
                        return -EINVAL;
                }
                name = strdup(converted);
                idn2_free(converted);
        }
        if (!name)
                return -ENOMEM;
        *ret_name = name;
        return 0;
}

int value_read_name(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]) {
        _cleanup_(freep) char *name = NULL;

        int r = name_to_ascii(text, &name, error);
        if (r < 0)
                return r;
        size_t length = strlen(name);
        if (length > 0 && name[length - 1] == '.')
                name[--length] = '\0';
        if (is_address(name)) {
                snprintf(error, VALUE_ERROR_MAX, "an address; a name is needed");
                return -EINVAL;
        }
        r = name_check(name, error);
        if (r < 0)
                return r;
        *ret_name = TAKE_PTR(name);
        return 0;
}

int value_read_host(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]) {
        _cleanup_(freep) char *name = NULL;

        int r = value_read_name(text, &name, error);
        if (r < 0)
                return r;
        const char *last = strrchr(name, '.');
        if (!last) {
                snprintf(error, VALUE_ERROR_MAX,
                         "a host name of one label; the full name is needed, such as "
                         "kms1.contoso.com");
                return -EINVAL;
        }
        if (strspn(last + 1, "0123456789") == strlen(last + 1)) {
                snprintf(error, VALUE_ERROR_MAX,
                         "an address or a piece of one; a host name is needed");
                return -EINVAL;
        }
        if (strlen(name) > CLAIM_HOST_MAX) {
                snprintf(error, VALUE_ERROR_MAX,
                         "a host name of %zu octets; at most %d, what a claim can hold",
                         strlen(name), CLAIM_HOST_MAX);
                return -EINVAL;
        }
        *ret_name = TAKE_PTR(name);
        return 0;
}

int value_read_service(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]) {
        _cleanup_(freep) char *name = NULL;

        int r = value_read_name(text, &name, error);
        if (r < 0)
                return r;
        const char *dot = strchr(name, '.');
        if (!dot || strchr(dot + 1, '.') || name[0] != '_' || dot[1] != '_' || dot == name + 1 ||
            dot[2] == '\0') {
                snprintf(error, VALUE_ERROR_MAX,
                         "a service is two labels that each start with an underscore, such as "
                         "_vlmcs._tcp");
                return -EINVAL;
        }
        *ret_name = TAKE_PTR(name);
        return 0;
}

static int text_copy(const char *text, char **ret_text) {
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        *ret_text = copy;
        return 0;
}

static int realm_check(const char *text, char error[static VALUE_ERROR_MAX]) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789.-";
        size_t length = strlen(text);

        if (length == 0 || length > VALUE_REALM_MAX)
                snprintf(error, VALUE_ERROR_MAX, "a realm of %zu octets; 1 to %d are allowed",
                         length, VALUE_REALM_MAX);
        else if (text[strspn(text, allowed)])
                snprintf(error, VALUE_ERROR_MAX,
                         "\"%.80s\" is no realm; letters, digits, dots and hyphens are allowed",
                         text);
        else if (text[0] == '.' || text[length - 1] == '.' || strstr(text, ".."))
                snprintf(error, VALUE_ERROR_MAX,
                         "a dot at an end of the realm, or two in a row; something stands on "
                         "both sides of each");
        else
                return 0;
        return -EINVAL;
}

int value_read_realm(const char *text, char **ret_realm, char error[static VALUE_ERROR_MAX]) {
        int r = realm_check(text, error);

        return r < 0 ? r : text_copy(text, ret_realm);
}

/* The name and the instance. */
static bool components_are_valid(const char *text, size_t length) {
        const char *slash = memchr(text, '/', length);

        for (size_t i = 0; i < length; i++)
                if (text[i] <= ' ' || text[i] > '~' || strchr("\\\"'", text[i]))
                        return false;
        return slash ? slash > text && slash < text + length - 1 &&
                               !memchr(slash + 1, '/', (size_t)(text + length - slash - 1))
                     : length > 0;
}

int value_read_principal(const char *text, char **ret_principal,
                         char error[static VALUE_ERROR_MAX]) {
        size_t length = strlen(text), components = strcspn(text, "@");

        if (length > VALUE_PRINCIPAL_MAX) {
                snprintf(error, VALUE_ERROR_MAX, "a principal of %zu octets; at most %d", length,
                         VALUE_PRINCIPAL_MAX);
                return -EINVAL;
        }
        if (!components_are_valid(text, components)) {
                snprintf(error, VALUE_ERROR_MAX,
                         "no principal; name[/instance][@REALM] is allowed, in ASCII and without "
                         "blanks, quotes and backslashes");
                return -EINVAL;
        }
        int r = text[components] ? realm_check(text + components + 1, error) : 0;
        return r < 0 ? r : text_copy(text, ret_principal);
}
