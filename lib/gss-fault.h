/* What can be wrong between us, a keytab and the KDC: as data, with the Kerberos library's words.
 */
#pragma once

#include <stdint.h>

#include "lib/util.h"

typedef enum _packed_ GssFault {
        GSS_FAULT_NONE,
        GSS_FAULT_NO_KEYTAB,         /* there is no such file */
        GSS_FAULT_KEYTAB_UNREADABLE, /* no permission, or another error of the file system */
        GSS_FAULT_KEYTAB_MALFORMED,  /* it is no keytab */
        GSS_FAULT_NO_PRINCIPAL,      /* the keytab has no key for the principal */
        GSS_FAULT_NO_REALM,          /* no realm is configured, or no KDC can be found for it */
        GSS_FAULT_KDC_UNREACHABLE,
        GSS_FAULT_CLOCK_SKEW,
        GSS_FAULT_PREAUTH_FAILED, /* the keytab's key is not the account's: changed since (E7) */
        GSS_FAULT_CLIENT_UNKNOWN, /* the KDC has no such account */
        GSS_FAULT_CLIENT_LOCKED,  /* disabled, locked or expired */
        GSS_FAULT_SERVER_UNKNOWN, /* the KDC has no DNS/<server> */
        GSS_FAULT_EXPIRED,        /* the ticket or the context is over: acquire again */
        GSS_FAULT_SERVER_TOKEN, /* the name server's token is no answer to ours, or one too many */
        GSS_FAULT_FLAGS,        /* the context lacks what C60 wants */
        GSS_FAULT_OTHER,        /* see the text */
        _GSS_FAULT_MAX,
} GssFault;

/* text is one printable line for an administrator, cut if it is longer: never a key or a token.
   "" with GSS_FAULT_NONE. */
typedef struct GssError {
        GssFault fault;
        char text[256];
} GssError;

/* A phrase: "the KDC cannot be reached". */
const char *gss_fault_to_string(GssFault fault);

/* For lib/gss and lib/gss-credential: of a krb5_error_code, of a GSS-API status, of our own. To be
   called in the thread where it failed and before another call. A krb5 that could not be made is
   NULL. */
struct _krb5_context;
GssError gss_error_of_krb5(struct _krb5_context *krb5, int32_t code);
GssError gss_error_of_status(uint32_t major, uint32_t minor);
__attribute__((format(printf, 2, 3))) GssError gss_error_new(GssFault fault, const char *text, ...);
