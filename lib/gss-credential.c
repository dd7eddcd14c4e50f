/* A ticket-granting ticket from a keytab, in a MEMORY cache of its own.

   libkrb5 asks the KDC, and GSS-API gets the finished cache. gss_acquire_cred_from() with a client
   keytab would be shorter; but such a credential goes back to the KDC by itself inside
   gss_init_sec_context() whenever its ticket is half over, and with a key that the KDC no longer
   takes each of those is a failed logon: Active Directory locks the account (E7). Here whoever
   acquires knows when and why.

   A krb5_context is one thread's at a time: the credential's serves whoever makes it, then whoever
   frees it. */
#include "lib/gss-credential.h"

#include <errno.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

enum {
        SHORT_HOST_MAX = 15, /* of a computer account's name in Active Directory */
        CANDIDATES_MAX = 3,
};

struct GssCredential {
        atomic_uint n_refs;
        krb5_context krb5;
        krb5_ccache cache;
        gss_cred_id_t handle;
        uint32_t lifetime_sec;
        char *principal;
};

DEFINE_CLEANUP(GssCredential, gss_credential_unref)

static inline void contextp(krb5_context *krb5) {
        if (*krb5)
                krb5_free_context(*krb5);
}

/* What is looked for in a keytab, best first, and what was found. */
typedef struct Search {
        char *names[CANDIDATES_MAX];
        size_t n_names;  /* those better than what was found */
        char *realm;     /* NULL: any */
        char *found;     /* libkrb5's */
        char holds[128]; /* principals of the keytab, for the error */
        char last[128];  /* of them, the last */
} Search;

static void search_done(Search *search) {
        for (size_t i = 0; i < CANDIDATES_MAX; i++)
                free(search->names[i]);
        free(search->realm);
}

static int search_add(Search *search, const char *service, int size, const char *text,
                      const char *end) {
        if (asprintf(&search->names[search->n_names], "%s%.*s%s", service, size, text, end) < 0) {
                search->names[search->n_names] = NULL;
                return -ENOMEM;
        }
        search->n_names++;
        return 0;
}

static int search_init(Search *search, const char *principal, const char *fqdn, const char *realm) {
        const char *at = principal ? strrchr(principal, '@') : NULL;
        int r;

        realm = at ? at + 1 : realm;
        if (realm && !(search->realm = strdup(realm)))
                return -ENOMEM;
        if (principal)
                return search_add(search, "", at ? at - principal : INT32_MAX, principal, "");

        int host_size = strcspn(fqdn, ".");
        r = search_add(search, "", host_size, fqdn, "$");
        if (r == 0 && host_size > SHORT_HOST_MAX)
                r = search_add(search, "", SHORT_HOST_MAX, fqdn, "$");
        return r < 0 ? r : search_add(search, "host/", INT32_MAX, fqdn, "");
}

/* The keys of one principal stand together. */
static void search_note(Search *search, const char *full) {
        size_t used = strlen(search->holds);

        if (strncmp(search->last, full, sizeof(search->last) - 1) == 0)
                return;
        snprintf(search->last, sizeof(search->last), "%s", full);
        snprintf(search->holds + used, sizeof(search->holds) - used, "%s%s", used > 0 ? ", " : "",
                 full);
}

/* Such a name must not reach a terminal, and nobody has one. */
static bool has_controls(const char *text) {
        for (; *text; text++)
                if ((uint8_t)*text < ' ' || *text == 0x7f)
                        return true;
        return false;
}

static krb5_error_code search_look_at(Search *search, krb5_context krb5, krb5_principal entry) {
        char *name = NULL, *full = NULL;

        krb5_error_code code =
                krb5_unparse_name_flags(krb5, entry, KRB5_PRINCIPAL_UNPARSE_NO_REALM, &name);
        if (code == 0)
                code = krb5_unparse_name(krb5, entry, &full);
        if (code == 0 && !has_controls(full)) {
                search_note(search, full);
                const char *realm = strrchr(full, '@') + 1;
                bool in_realm = !search->realm || strcasecmp(search->realm, realm) == 0;
                for (size_t i = 0; in_realm && i < search->n_names; i++)
                        if (strcasecmp(search->names[i], name) == 0) {
                                krb5_free_unparsed_name(krb5, search->found);
                                search->found = TAKE_PTR(full);
                                search->n_names = i;
                        }
        }
        krb5_free_unparsed_name(krb5, name);
        krb5_free_unparsed_name(krb5, full);
        return code;
}

static krb5_error_code open_keytab(krb5_context krb5, const char *path, krb5_keytab *ret_keytab) {
        _cleanup_(freep) char *name = NULL;

        if (asprintf(&name, "FILE:%s", path) < 0) {
                name = NULL;
                return ENOMEM;
        }
        return krb5_kt_resolve(krb5, name, ret_keytab);
}

static krb5_error_code search_keytab(Search *search, krb5_context krb5, const char *path) {
        krb5_keytab keytab;
        krb5_kt_cursor cursor;
        krb5_keytab_entry entry;

        krb5_error_code code = open_keytab(krb5, path, &keytab);
        if (code != 0)
                return code;
        code = krb5_kt_start_seq_get(krb5, keytab, &cursor);
        if (code == 0) {
                while ((code = krb5_kt_next_entry(krb5, keytab, &entry, &cursor)) == 0) {
                        code = search_look_at(search, krb5, entry.principal);
                        krb5_free_keytab_entry_contents(krb5, &entry); /* wipes the key */
                        if (code != 0)
                                break;
                }
                krb5_kt_end_seq_get(krb5, keytab, &cursor);
        }
        krb5_kt_close(krb5, keytab);
        return code == KRB5_KT_END ? 0 : code;
}

static GssError not_found(const Search *search, const char *keytab, const char *best) {
        return gss_error_new(GSS_FAULT_NO_PRINCIPAL, "%s has no key for %s%s%s; it has %s", keytab,
                             best, search->realm ? "@" : "", search->realm ?: "",
                             search->holds[0] ? search->holds : "none at all");
}

int gss_keytab_find(const char *keytab, const char *principal, const char *fqdn, const char *realm,
                    char **ret_principal, GssError *ret_error) {
        _cleanup_(search_done) Search search = {};
        _cleanup_(freep) char *found = NULL;
        _cleanup_(contextp) krb5_context krb5 = NULL;
        GssError error = {};

        int r = search_init(&search, principal, fqdn, realm);
        if (r < 0)
                return r;
        krb5_error_code code = krb5_init_context(&krb5);
        if (code == 0)
                code = search_keytab(&search, krb5, keytab);
        if (search.found && code == 0 && !(found = strdup(search.found)))
                code = ENOMEM;
        if (search.found)
                krb5_free_unparsed_name(krb5, search.found);
        if (code == ENOMEM)
                return -ENOMEM;
        if (code != 0)
                error = gss_error_of_krb5(krb5, code);
        else if (!found)
                error = not_found(&search, keytab, search.names[0]);
        *ret_principal = TAKE_PTR(found);
        *ret_error = error;
        return 0;
}

/* Into a cache of its own, by a name that no other has. */
static krb5_error_code keep_ticket(GssCredential *credential, krb5_principal client,
                                   krb5_creds *ticket) {
        krb5_context krb5 = credential->krb5;
        krb5_ticket_times *times = &ticket->times;

        krb5_error_code code = krb5_cc_new_unique(krb5, "MEMORY", NULL, &credential->cache);
        if (code == 0)
                code = krb5_cc_initialize(krb5, credential->cache, client);
        if (code == 0)
                code = krb5_cc_store_cred(krb5, credential->cache, ticket);
        credential->lifetime_sec = times->endtime - (times->starttime ?: times->authtime);
        return code;
}

static krb5_error_code get_ticket(GssCredential *credential, const char *path) {
        krb5_context krb5 = credential->krb5;
        krb5_principal client = NULL;
        krb5_keytab keytab = NULL;
        krb5_keytab_entry entry;
        krb5_creds ticket = {};

        krb5_error_code code = krb5_parse_name(krb5, credential->principal, &client);
        if (code == 0)
                code = open_keytab(krb5, path, &keytab);
        /* First, because the KDC is asked before the keytab, and its words would hide this. */
        if (code == 0)
                code = krb5_kt_get_entry(krb5, keytab, client, 0, 0, &entry);
        if (code == 0)
                krb5_free_keytab_entry_contents(krb5, &entry); /* wipes the key */
        if (code == 0)
                code = krb5_get_init_creds_keytab(krb5, &ticket, client, keytab, 0, NULL, NULL);
        if (code == 0)
                code = keep_ticket(credential, client, &ticket);
        krb5_free_cred_contents(krb5, &ticket); /* wipes the session key */
        if (keytab)
                krb5_kt_close(krb5, keytab);
        krb5_free_principal(krb5, client);
        return code;
}

int gss_credential_acquire(const char *keytab, const char *principal,
                           GssCredential **ret_credential, GssError *ret_error) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential = calloc(1, sizeof(*credential));
        GssError error = {};
        OM_uint32 major, minor;

        if (!credential)
                return -ENOMEM;
        atomic_init(&credential->n_refs, 1);
        credential->principal = strdup(principal);
        if (!credential->principal)
                return -ENOMEM;
        krb5_error_code code = krb5_init_context(&credential->krb5);
        if (code == 0)
                code = get_ticket(credential, keytab);
        if (code == ENOMEM)
                return -ENOMEM;
        if (code != 0) {
                error = gss_error_of_krb5(credential->krb5, code);
        } else {
                major = gss_krb5_import_cred(&minor, credential->cache, NULL, NULL,
                                             &credential->handle);
                if (GSS_ERROR(major))
                        error = gss_error_of_status(major, minor);
        }
        *ret_credential = error.fault == GSS_FAULT_NONE ? TAKE_PTR(credential) : NULL;
        *ret_error = error;
        return 0;
}

GssCredential *gss_credential_ref(GssCredential *credential) {
        if (credential)
                atomic_fetch_add(&credential->n_refs, 1);
        return credential;
}

GssCredential *gss_credential_unref(GssCredential *credential) {
        OM_uint32 minor;

        if (!credential || atomic_fetch_sub(&credential->n_refs, 1) > 1)
                return NULL;
        gss_release_cred(&minor, &credential->handle);
        if (credential->cache)
                krb5_cc_destroy(credential->krb5, credential->cache); /* wipes its keys */
        if (credential->krb5)
                krb5_free_context(credential->krb5);
        free(credential->principal);
        free(credential);
        return NULL;
}

const char *gss_credential_principal(const GssCredential *credential) {
        return credential->principal;
}

uint32_t gss_credential_lifetime_sec(const GssCredential *credential) {
        return credential->lifetime_sec;
}

gss_cred_id_t gss_credential_handle(const GssCredential *credential) {
        return credential->handle;
}
