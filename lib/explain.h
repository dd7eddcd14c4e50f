/* Trouble in words: the cause, and what a sysadmin can do about it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/auth.h"
#include "lib/publication.h"

enum {
        /* One target whose every octet is escaped, or three of 253 characters. */
        EXPLAIN_TARGETS_MAX = 1072,
        /* The longest: 2200 characters of ours; ten names (record, zone, server, realm) of 253,
           some twice; the realm as a DN; two accounts (host/NAME@REALM); the targets, and the same
           as words of a shell, where a quote and a letter are five characters. */
        EXPLAIN_TEXT_MAX = 10 * 1024,
};

/* What the words are about; strings are never NULL. */
typedef struct ExplainContext {
        const char *record; /* record name */
        const char *zone;   /* apex, "" not known */
        const char *server; /* as messages name it */
        const char *key;    /* auth_description(), "" without */
        const char *key_name;
        const char *detail; /* the locator's, the state's or the Kerberos library's own sentence, ""
                               none */
        const char *account; /* with GSS-TSIG: name@REALM, "" not known (yet) */
        const char *keytab;  /* with GSS-TSIG: its path, else "" */
        /* Of the SRVs of others that were seen at the record name: "kms1.corp.test 1688 0 0", as
           samba-tool takes them, separated by "; "; "" none. Beyond EXPLAIN_TARGETS_MAX they are
           left out. */
        const char *targets;
        const char *claims; /* of the claims there, as targets: "srvpub=1 id=... host=..." */
        Security security;
        uint64_t timeout_usec;
} ExplainContext;

/* cause names no domain, so that equal causes of many domains are equal texts; cure may. */
typedef struct Explanation {
        char cause[EXPLAIN_TEXT_MAX];
        char cure[EXPLAIN_TEXT_MAX];
} Explanation;

void explain_trouble(const Trouble *trouble, const ExplainContext *context,
                     Explanation *ret_explanation);

/* "REFUSED", "NOTAUTH/BADKEY", "" when no answer came: for SRVPUBD_RCODE=. */
const char *explain_rcode(const Trouble *trouble, char buffer[static 32]);
