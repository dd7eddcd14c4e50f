/* Values as an operator writes them: booleans, numbers, times, names of DNS and of Kerberos. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
        VALUE_ERROR_MAX = 400,
        VALUE_USEC_TEXT_MAX = 32,
        VALUE_NAME_MAX = 253, /* characters of a name without its final dot */
        VALUE_REALM_MAX = 255,
        VALUE_PRINCIPAL_MAX = 511,
};

/* 1 yes true on, 0 no false off, without case, as in systemd. -EINVAL. */
int value_read_bool(const char *text, bool *ret_value);

/* Decimal digits and nothing else. -EINVAL; -ERANGE outside min..max. */
int value_read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* A time as in systemd: 5s, 1h 30min, 250ms, 1.5d; a bare number is seconds. -EINVAL; -ERANGE. */
int value_read_usec(const char *text, uint64_t *ret_usec);

/* The same form back, in the largest unit that divides it: "15min". Returns buffer. */
const char *value_format_usec(uint64_t usec, char buffer[static VALUE_USEC_TEXT_MAX]);

/* A domain name: letters, digits, hyphen and underscore in labels of 1..63 octets, VALUE_NAME_MAX
   in all; Unicode becomes A-labels (IDNA2008); a final dot is dropped. The name is the caller's.
   -EINVAL with a sentence in error; -ENOMEM. */
int value_read_name(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]);

/* A name that can be an SRV target: as above, two labels at least, CLAIM_HOST_MAX characters at
   most, and no address. */
int value_read_host(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]);

/* A service: two labels that start with an underscore, _vlmcs._tcp (RFC 2782). */
int value_read_service(const char *text, char **ret_name, char error[static VALUE_ERROR_MAX]);

/* A Kerberos realm: letters, digits, hyphens, and dots between them; case kept. */
int value_read_realm(const char *text, char **ret_realm, char error[static VALUE_ERROR_MAX]);

/* A Kerberos principal, name[/instance][@REALM], of printable ASCII without what Kerberos would
   take for an escape, and without quotes, which nobody means to be part of it. */
int value_read_principal(const char *text, char **ret_principal,
                         char error[static VALUE_ERROR_MAX]);
