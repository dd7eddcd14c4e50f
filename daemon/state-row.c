/* Rows of state.db: bounds, sums, columns.
 *
 * What is read is checked as if someone else had written it: bounded lengths, no NUL inside a text,
 * no control character (these texts go to the journal), names that are names. What would not pass
 * is never written. The sum is the beginning of the SHA-256 of all fields: it finds the changed
 * bytes that SQLite's own check cannot see. Former formats had fewer fields, of which their sums
 * are.
 */
#include "daemon/state-row.h"

#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/sha.h>
#include <string.h>

#include "config/value.h"
#include "daemon/state-format.h"
#include "lib/endpoint.h"
#include "lib/name.h"

enum {
        TEXT_NAME_MAX = 255,
        TEXT_SERVERS_MAX = 8192,
        ROW_TEXT_MAX = 4 * TEXT_NAME_MAX + TEXT_SERVERS_MAX + ENDPOINT_TEXT_MAX + 2 * PATH_MAX +
                       VALUE_PRINCIPAL_MAX + VALUE_REALM_MAX + 128,
};

/* The numbers are the file's: they may get more, but never change. */
_Static_assert(SECURITY_NONE == 0 && SECURITY_TSIG == 1 && SECURITY_GSS == 2,
               "state.db depends on it");

/* The columns, in the order of STATE_ROW_SQL. */
enum {
        COLUMN_RECORD,
        COLUMN_TARGET,
        COLUMN_PORT,
        COLUMN_DOMAIN,
        COLUMN_ZONE,
        COLUMN_SERVERS,
        COLUMN_PRIMARY,
        COLUMN_ZONE_GIVEN,
        COLUMN_SECURITY,
        COLUMN_KEY_FILE,
        COLUMN_DERIVED,
        COLUMN_CONFIRMED,
        COLUMN_CLAIMED,
        COLUMN_PRIORITY,
        COLUMN_WEIGHT,
        COLUMN_SINCE,
        COLUMN_KEYTAB,
        COLUMN_PRINCIPAL,
        COLUMN_REALM,
        COLUMN_SUM,
};

/* And of STATE_HOLD_SQL. */
enum {
        HOLD_RECORD,
        HOLD_FINGERPRINT,
        HOLD_SUM,
};

static bool text_is_printable(const char *text, size_t max, bool ascii) {
        size_t n = 0;

        if (!text)
                return false;
        for (; n <= max && text[n]; n++) {
                unsigned char c = (unsigned char)text[n];
                if (c < 0x20 || c == 0x7f || (ascii && c > 0x7f))
                        return false;
        }
        return n <= max;
}

/* Without the final dot, else one name would have two keys; the root alone is a dot. */
static bool name_is_valid(const char *text) {
        Name name;

        if (!text_is_printable(text, TEXT_NAME_MAX, true) || name_from_text(text, &name) < 0)
                return false;
        size_t length = strlen(text);
        return length == 1 || text[length - 1] != '.';
}

bool state_key_valid(const StateRow *row) {
        return name_is_valid(row->record) && name_is_valid(row->target);
}

bool state_hold_valid(const char *record) {
        return name_is_valid(record);
}

bool state_row_valid(const StateRow *row) {
        return state_key_valid(row) && name_is_valid(row->domain) && name_is_valid(row->zone) &&
               text_is_printable(row->servers, TEXT_SERVERS_MAX, true) &&
               text_is_printable(row->primary, ENDPOINT_TEXT_MAX, true) &&
               text_is_printable(row->key_file, PATH_MAX - 1, false) &&
               text_is_printable(row->keytab, PATH_MAX - 1, false) &&
               text_is_printable(row->principal, VALUE_PRINCIPAL_MAX, true) &&
               text_is_printable(row->realm, VALUE_REALM_MAX, true) &&
               row->security < _SECURITY_MAX && row->since_sec <= INT64_MAX;
}

static int64_t text_sum(const char *text, int length) {
        unsigned char hash[SHA256_DIGEST_LENGTH];
        uint64_t sum;

        SHA256((const unsigned char *)text, (size_t)length, hash);
        memcpy(&sum, hash, sizeof(sum));
        return (int64_t)be64toh(sum);
}

static char *append_text(char *at, const char *text) {
        at = stpcpy(at, text);
        *at++ = '\n';
        return at;
}

static char *append_number(char *at, uint64_t number) {
        char digits[20], *digit = digits;

        do
                *digit++ = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        while (digit > digits)
                *at++ = *--digit;
        *at++ = '\n';
        return at;
}

/* No text has a control character in it (state_row_valid()): newlines keep the fields apart. Each
   row that is written or read comes here: printf() would take as long as all else about a row. */
static int64_t row_sum(const StateRow *row, unsigned format) {
        char text[ROW_TEXT_MAX], *at = text;

        at = append_text(at, row->record);
        at = append_text(at, row->target);
        at = append_number(at, row->port);
        at = append_text(at, row->domain);
        at = append_text(at, row->zone);
        at = append_text(at, row->servers);
        at = append_text(at, row->primary);
        at = append_number(at, row->zone_given);
        at = append_number(at, row->security);
        at = append_text(at, row->key_file);
        at = append_number(at, row->derived);
        at = append_number(at, row->confirmed);
        if (format > 1) {
                at = append_number(at, row->claimed);
                at = append_number(at, row->priority);
                at = append_number(at, row->weight);
                at = append_number(at, row->since_sec);
        }
        if (format > 2) {
                at = append_text(at, row->keytab);
                at = append_text(at, row->principal);
                at = append_text(at, row->realm);
        }
        return text_sum(text, (int)(at - text) - 1); /* no newline behind the last */
}

static int64_t hold_sum(const char *record, uint64_t fingerprint) {
        char text[TEXT_NAME_MAX + 32];

        return text_sum(text, snprintf(text, sizeof(text), "%s\n%016" PRIx64, record, fingerprint));
}

static const char *column_text(sqlite3_stmt *statement, int column) {
        const char *text = (const char *)sqlite3_column_text(statement, column);

        if (!text || strlen(text) != (size_t)sqlite3_column_bytes(statement, column))
                return NULL;
        return text;
}

/* max + 1 for what is out of range. */
static unsigned column_number(sqlite3_stmt *statement, int column, unsigned max) {
        int64_t number = sqlite3_column_int64(statement, column);

        return number < 0 || number > max ? max + 1 : (unsigned)number;
}

bool state_row_read(sqlite3_stmt *statement, unsigned format, StateRow *ret_row, int64_t *ret_sum) {
        unsigned port = column_number(statement, COLUMN_PORT, UINT16_MAX),
                 zone_given = column_number(statement, COLUMN_ZONE_GIVEN, 1),
                 security = column_number(statement, COLUMN_SECURITY, _SECURITY_MAX - 1),
                 derived = column_number(statement, COLUMN_DERIVED, 1),
                 confirmed = column_number(statement, COLUMN_CONFIRMED, 1),
                 claimed = column_number(statement, COLUMN_CLAIMED, 1),
                 priority = column_number(statement, COLUMN_PRIORITY, UINT16_MAX),
                 weight = column_number(statement, COLUMN_WEIGHT, UINT16_MAX);
        StateRow row = {
                .record = column_text(statement, COLUMN_RECORD),
                .target = column_text(statement, COLUMN_TARGET),
                .port = (uint16_t)port,
                .domain = column_text(statement, COLUMN_DOMAIN),
                .zone = column_text(statement, COLUMN_ZONE),
                .servers = column_text(statement, COLUMN_SERVERS),
                .primary = column_text(statement, COLUMN_PRIMARY),
                .zone_given = zone_given,
                .security = security,
                .key_file = column_text(statement, COLUMN_KEY_FILE),
                .derived = derived,
                .confirmed = confirmed,
                .claimed = claimed,
                .priority = (uint16_t)priority,
                .weight = (uint16_t)weight,
                .since_sec = (uint64_t)sqlite3_column_int64(statement, COLUMN_SINCE),
                .keytab = column_text(statement, COLUMN_KEYTAB),
                .principal = column_text(statement, COLUMN_PRINCIPAL),
                .realm = column_text(statement, COLUMN_REALM),
        };
        int64_t sum = sqlite3_column_int64(statement, COLUMN_SUM);

        if (port > UINT16_MAX || zone_given > 1 || derived > 1 || confirmed > 1 || claimed > 1 ||
            priority > UINT16_MAX || weight > UINT16_MAX || !state_row_valid(&row) ||
            sum != row_sum(&row, format))
                return false;
        *ret_row = row;
        *ret_sum = sum;
        return true;
}

bool state_hold_read(sqlite3_stmt *statement, const char **ret_record, uint64_t *ret_fingerprint,
                     int64_t *ret_sum) {
        const char *record = column_text(statement, HOLD_RECORD);
        uint64_t fingerprint = (uint64_t)sqlite3_column_int64(statement, HOLD_FINGERPRINT);
        int64_t sum = sqlite3_column_int64(statement, HOLD_SUM);

        if (!state_hold_valid(record) || sum != hold_sum(record, fingerprint))
                return false;
        *ret_record = record;
        *ret_fingerprint = fingerprint;
        *ret_sum = sum;
        return true;
}

/* Parameters are counted from 1. */
static void bind_text(sqlite3_stmt *statement, int column, const char *text) {
        sqlite3_bind_text(statement, column + 1, text, -1, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *statement, int column, int64_t number) {
        sqlite3_bind_int64(statement, column + 1, number);
}

void state_row_bind_key(sqlite3_stmt *statement, const StateRow *row) {
        bind_text(statement, COLUMN_RECORD, row->record);
        bind_text(statement, COLUMN_TARGET, row->target);
        bind_number(statement, COLUMN_PORT, row->port);
}

int64_t state_row_bind(sqlite3_stmt *statement, const StateRow *row) {
        int64_t sum = row_sum(row, STATE_FORMAT);

        state_row_bind_key(statement, row);
        bind_text(statement, COLUMN_DOMAIN, row->domain);
        bind_text(statement, COLUMN_ZONE, row->zone);
        bind_text(statement, COLUMN_SERVERS, row->servers);
        bind_text(statement, COLUMN_PRIMARY, row->primary);
        bind_number(statement, COLUMN_ZONE_GIVEN, row->zone_given);
        bind_number(statement, COLUMN_SECURITY, row->security);
        bind_text(statement, COLUMN_KEY_FILE, row->key_file);
        bind_number(statement, COLUMN_DERIVED, row->derived);
        bind_number(statement, COLUMN_CONFIRMED, row->confirmed);
        bind_number(statement, COLUMN_CLAIMED, row->claimed);
        bind_number(statement, COLUMN_PRIORITY, row->priority);
        bind_number(statement, COLUMN_WEIGHT, row->weight);
        bind_number(statement, COLUMN_SINCE, (int64_t)row->since_sec);
        bind_text(statement, COLUMN_KEYTAB, row->keytab);
        bind_text(statement, COLUMN_PRINCIPAL, row->principal);
        bind_text(statement, COLUMN_REALM, row->realm);
        bind_number(statement, COLUMN_SUM, sum);
        return sum;
}

void state_hold_bind_key(sqlite3_stmt *statement, const char *record) {
        bind_text(statement, HOLD_RECORD, record);
}

int64_t state_hold_bind(sqlite3_stmt *statement, const char *record, uint64_t fingerprint) {
        int64_t sum = hold_sum(record, fingerprint);

        state_hold_bind_key(statement, record);
        bind_number(statement, HOLD_FINGERPRINT, (int64_t)fingerprint);
        bind_number(statement, HOLD_SUM, sum);
        return sum;
}
