/* How the keys of the table are read: value parsers with the key's limits, and the sentences. */
#pragma once

#include "config/keys.h"

/* Each is a KeyRead; the slot's type is in its name, or: */
int key_read_bool(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]);
int key_read_u16(const ConfigKey *key, const char *text, void *slot,
                 char error[static VALUE_ERROR_MAX]);
int key_read_unsigned(const ConfigKey *key, const char *text, void *slot,
                      char error[static VALUE_ERROR_MAX]);
int key_read_usec(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]);
int key_read_usec_or_infinity(const ConfigKey *key, const char *text, void *slot,
                              char error[static VALUE_ERROR_MAX]);
/* 0 for none, or whole seconds within the limits. */
int key_read_lease(const ConfigKey *key, const char *text, void *slot, /* uint64_t, microseconds */
                   char error[static VALUE_ERROR_MAX]);
int key_read_ttl(const ConfigKey *key, const char *text, void *slot, /* uint32_t, seconds */
                 char error[static VALUE_ERROR_MAX]);
int key_read_word(const ConfigKey *key, const char *text, void *slot, /* int or an enum */
                  char error[static VALUE_ERROR_MAX]);
/* One of the key's words, of which yes and no may be written as any boolean. */
int key_read_bool_or_word(const ConfigKey *key, const char *text, void *slot,
                          char error[static VALUE_ERROR_MAX]);

/* A malloc'ed string, replaced; -EINVAL leaves it. */
int key_read_service(const ConfigKey *key, const char *text, void *slot,
                     char error[static VALUE_ERROR_MAX]);
int key_read_host(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]);
int key_read_name(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]);
int key_read_path(const ConfigKey *key, const char *text, void *slot,
                  char error[static VALUE_ERROR_MAX]);

int key_read_principal(const ConfigKey *key, const char *text, void *slot,
                       char error[static VALUE_ERROR_MAX]);
int key_read_realm(const ConfigKey *key, const char *text, void *slot,
                   char error[static VALUE_ERROR_MAX]);

/* An array of Endpoint, appended to; its count lies at the key's count_offset. */
int key_read_servers(const ConfigKey *key, const char *text, void *slot,
                     char error[static VALUE_ERROR_MAX]);
int key_read_resolvers(const ConfigKey *key, const char *text, void *slot,
                       char error[static VALUE_ERROR_MAX]);
