/* A Kerberos ticket from a keytab, in memory alone: no kinit, no file, no environment.

   BLOCKS: the two marked so read files, and the second asks the KDC for as long as libkrb5 tries
   (half a minute for each KDC that does not answer): for a worker thread. The rest only looks.

   Threads: the count is atomic, and a credential never changes once it is made; any number of
   contexts in any threads may use it at once. The last to let go of it frees it and wipes its keys.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/gss-fault.h"

/* BLOCKS on files. The principal to be: *ret_principal, name@REALM as the keytab writes it, the
   caller's (free). It is `principal` (with or without @REALM), or if that is NULL the first of
   HOST$ (and its first 15 characters, as Active Directory cuts it) and host/FQDN, of fqdn, that is
   in the keytab; in `realm`, or if that is NULL in whatever realm is there first. Names are
   compared without case; those with control characters are passed over. 0 or -ENOMEM; 0 with
   *ret_principal NULL says in *ret_error why not. */
int gss_keytab_find(const char *keytab, const char *principal, const char *fqdn, const char *realm,
                    char **ret_principal, GssError *ret_error);

/* Reference counted. */
typedef struct GssCredential GssCredential;

/* BLOCKS. Gets a ticket for a principal (name@REALM) with its key in the keytab. Nothing else ever
   shows that key to a KDC, so that it is the caller who sees to it that a stale keytab does not
   lock the account (E7). To renew a ticket, acquire another and let go of this; contexts that were
   made keep what they have. 0 or -ENOMEM; 0 with *ret_credential NULL says in *ret_error why not.
 */
int gss_credential_acquire(const char *keytab, const char *principal,
                           GssCredential **ret_credential, GssError *ret_error);
GssCredential *gss_credential_ref(GssCredential *credential);
GssCredential *gss_credential_unref(GssCredential *credential);

/* name@REALM, as it was acquired. */
const char *gss_credential_principal(const GssCredential *credential);

/* How long it was good for when it was acquired. */
uint32_t gss_credential_lifetime_sec(const GssCredential *credential);

/* For lib/gss: the credential as GSS-API has it. */
struct gss_cred_id_struct *gss_credential_handle(const GssCredential *credential);
