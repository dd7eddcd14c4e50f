/* The claim of a publisher as TXT RDATA (O4): character-strings KEY=VALUE (RFC 1035 3.3.14), keys
   without case and unknown ones skipped, as in RFC 6763 6.4, so that later versions may add to it.

   Whoever may write to the zone may write anything here, and an admin's own TXT may stand at the
   name too. So a claim is taken as a whole or not at all: one key that is known but wrong makes it
   a foreign TXT, which nobody touches. Numbers are decimal digits within bounds; times end at
   2^63-1 seconds, where time_t and SQLite do. Rows of one table say which keys there are.

   host= is in presentation form, with its case. Of the 255 octets of a character-string that
   leaves CLAIM_HOST_MAX, enough for every name but the longest ones, or ones with many escapes. */
#include "lib/claim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

enum {
        STRING_MAX = 255, /* octets of a character-string */
};

typedef enum Key {
        KEY_SRVPUB,
        KEY_ID,
        KEY_HOST,
        KEY_PORT,
        KEY_TTL,
        KEY_SINCE,
        KEY_UNTIL,
        KEY_LEASE,
        _KEY_MAX,
} Key;

typedef struct KeyRule {
        const char *name;
        bool optional;
        uint64_t min, max; /* of a number; max 0: it is none */
} KeyRule;

static const KeyRule rules[_KEY_MAX] = {
        [KEY_SRVPUB] = {"srvpub", .min = 1, .max = 1},
        [KEY_ID] = {"id"},
        [KEY_HOST] = {"host"},
        [KEY_PORT] = {"port", .min = 1, .max = UINT16_MAX},
        [KEY_TTL] = {"ttl", .min = 1, .max = INT32_MAX},
        [KEY_SINCE] = {"since", .max = INT64_MAX},
        [KEY_UNTIL] = {"until", .optional = true, .min = 1, .max = INT64_MAX},
        [KEY_LEASE] = {"lease", .optional = true, .min = 1, .max = UINT32_MAX},
};

bool publisher_id_equal(const PublisherId *a, const PublisherId *b) {
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *publisher_id_to_text(const PublisherId *id, char buffer[static PUBLISHER_ID_TEXT_MAX]) {
        static const char digits[] = "0123456789abcdef";
        char *at = buffer;

        for (size_t i = 0; i < sizeof(id->bytes); i++) {
                *at++ = digits[id->bytes[i] >> 4];
                *at++ = digits[id->bytes[i] & 15];
        }
        *at = '\0';
        return buffer;
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -EINVAL;
}

int publisher_id_from_text(const char *text, PublisherId *ret_id) {
        PublisherId id;

        if (strlen(text) != PUBLISHER_ID_TEXT_MAX - 1)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(id.bytes); i++) {
                const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                id.bytes[i] = high << 4 | low;
        }
        *ret_id = id;
        return 0;
}

bool claim_covers(const Claim *claim, const Srv *srv) {
        return claim->port == srv->port && name_equal(&claim->host, &srv->target);
}

static int read_number(const char *text, const KeyRule *rule, uint64_t *ret_number) {
        uint64_t number = 0;

        if (!*text)
                return -EINVAL;
        for (; *text; text++) {
                if (*text < '0' || *text > '9' || __builtin_mul_overflow(number, 10, &number) ||
                    __builtin_add_overflow(number, *text - '0', &number))
                        return -EINVAL;
        }
        if (number < rule->min || number > rule->max)
                return -EINVAL;
        *ret_number = number;
        return 0;
}

static int read_value(Key key, const char *value, Claim *claim) {
        uint64_t number = 0;
        int r = 0;

        if (rules[key].max > 0)
                r = read_number(value, &rules[key], &number);
        if (r < 0)
                return r;

        switch (key) {
        case KEY_SRVPUB:
                return 0;
        case KEY_ID:
                return publisher_id_from_text(value, &claim->id);
        case KEY_HOST:
                return name_from_text(value, &claim->host);
        case KEY_PORT:
                claim->port = number;
                return 0;
        case KEY_TTL:
                claim->ttl = number;
                return 0;
        case KEY_SINCE:
                claim->since_sec = number;
                return 0;
        case KEY_UNTIL:
                claim->until_sec = number;
                return 0;
        case KEY_LEASE:
                claim->lease_sec = number;
                return 0;
        case _KEY_MAX:
                break;
        }
        return -EINVAL;
}

/* Cuts the text of a character-string at its first "=". One without is a key without a value. */
static Key split(char *text, const char **ret_value) {
        char *equals = strchr(text, '=');
        Key key = 0;

        if (equals)
                *equals = '\0';
        while (key < _KEY_MAX && strcasecmp(rules[key].name, text) != 0)
                key++;
        *ret_value = equals ? equals + 1 : "";
        return key;
}

static int read_string(const uint8_t *string, size_t length, Claim *claim, unsigned *seen) {
        char text[STRING_MAX + 1] = {};
        const char *value;

        memcpy(text, string, length);
        const Key key = split(text, &value);
        if (key != KEY_SRVPUB && !(*seen & 1 << KEY_SRVPUB))
                return -EINVAL;
        if (key == _KEY_MAX)
                return 0;
        /* A NUL would hide what is behind it. */
        if (*seen & 1 << key || memchr(string, '\0', length))
                return -EINVAL;
        *seen |= 1 << key;
        return read_value(key, value, claim);
}

int claim_from_rdata(const uint8_t *rdata, size_t size, Claim *ret_claim) {
        Claim claim = {};
        unsigned seen = 0;

        for (size_t at = 0; at < size; at += 1 + rdata[at]) {
                if (rdata[at] > size - at - 1)
                        return -EINVAL;
                int r = read_string(rdata + at + 1, rdata[at], &claim, &seen);
                if (r < 0)
                        return r;
        }
        for (Key key = 0; key < _KEY_MAX; key++)
                if (!rules[key].optional && !(seen & 1 << key))
                        return -EINVAL;
        *ret_claim = claim;
        return 0;
}

static uint8_t *put_text(uint8_t *at, Key key, const char *value) {
        const size_t name_size = strlen(rules[key].name), value_size = strlen(value);

        *at++ = (uint8_t)(name_size + 1 + value_size);
        at = mempcpy(at, rules[key].name, name_size);
        *at++ = '=';
        return mempcpy(at, value, value_size);
}

static uint8_t *put_number(uint8_t *at, Key key, uint64_t number) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, number);
        return put_text(at, key, text);
}

/* What would not be read back as a claim is not written either. */
static bool is_in_bounds(Key key, uint64_t number) {
        return (rules[key].optional && number == 0) ||
               (number >= rules[key].min && number <= rules[key].max);
}

size_t claim_to_rdata(const Claim *claim, uint8_t rdata[static CLAIM_RDATA_MAX]) {
        char host[NAME_TEXT_MAX], id[PUBLISHER_ID_TEXT_MAX];
        uint8_t *at = rdata;

        if (strlen(name_to_text(&claim->host, host)) > CLAIM_HOST_MAX ||
            !is_in_bounds(KEY_PORT, claim->port) || !is_in_bounds(KEY_TTL, claim->ttl) ||
            !is_in_bounds(KEY_SINCE, claim->since_sec) ||
            !is_in_bounds(KEY_UNTIL, claim->until_sec))
                return 0;
        at = put_number(at, KEY_SRVPUB, 1);
        at = put_text(at, KEY_ID, publisher_id_to_text(&claim->id, id));
        at = put_text(at, KEY_HOST, host);
        at = put_number(at, KEY_PORT, claim->port);
        at = put_number(at, KEY_TTL, claim->ttl);
        at = put_number(at, KEY_SINCE, claim->since_sec);
        if (claim->until_sec > 0)
                at = put_number(at, KEY_UNTIL, claim->until_sec);
        if (claim->lease_sec > 0)
                at = put_number(at, KEY_LEASE, claim->lease_sec);
        return at - rdata;
}
