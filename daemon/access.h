/* How a domain's zone is reached and updated: one Settings at work, with its key.
   Domains with equal settings share one, also across a reload. */
#pragma once

#include "config/config.h"
#include "config/key-file.h"
#include "daemon/file-identity.h"
#include "lib/publication.h"

typedef struct Access {
        unsigned n_refs;
        struct AccessTable *table;
        struct Access **place; /* the table's, and the next there */
        struct Access *next;
        Endpoint *servers;
        size_t n_servers;
        char *zone; /* Zone=, NULL: discovered */
        Security security;
        char *key_file;
        char *keytab; /* this and the next two: NULL but with SECURITY_GSS */
        char *principal;
        char *realm;
        Mode mode;
        Claims claims;
        uint64_t lease_usec; /* 0: none */
        bool reclaim_expired;
        OnStop on_stop;
        uint64_t timeout_usec;
        unsigned max_outstanding;
        PublicationTimes times;
        Auth *auth;            /* as last loaded; see access_auth() */
        FileIdentity identity; /* of the key file then */
        uint64_t looked_usec;  /* when that was last looked at (CLOCK_MONOTONIC) */
} Access;

enum {
        ACCESS_PLACES = 1024,
};

/* Zero at first. By a hash of the settings, for ten thousand [Domain]s may have their own. */
typedef struct AccessTable {
        size_t n;
        Access *places[ACCESS_PLACES];
} AccessTable;

/* Finds the equal one or makes it. -ENOMEM. */
int access_get(AccessTable *table, const Settings *settings, Access **ret_access);
Access *access_ref(Access *access);
Access *access_unref(Access *access);

/* The authentication to use now; the key file is read again when it has changed. With SECURITY_GSS
   that of queries, which go unsigned: an update is signed by a session with its server
   (daemon/session.h), and looking needs neither ticket nor KDC. Borrowed: valid until the next
   call. Negative errno with a sentence in error. */
int access_auth(Access *access, Auth **ret_auth, char error[static KEY_FILE_ERROR_MAX]);

/* Server= as the state remembers it: blank-separated. malloc'ed; NULL without memory. */
char *access_servers_text(const Access *access);
