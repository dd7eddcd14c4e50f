/* From a keytab to a context with a name server, in words for whoever administers one of them.

   Causes quote the Kerberos library where it knows more than the kind of fault: names of files,
   principals and realms. Cures name the tools of Samba, Windows and MIT. Of TKEY errors (RFC 2930
   2.6, 3645 4.1) they say what makes BIND and Samba send them: BADKEY, to any token that they
   cannot use, the server's own keytab or clock. */
#include "lib/explain-gss.h"

#include <string.h>

#include "lib/explain-text.h"

static const char *account_of(const ExplainContext *c) {
        return c->account[0] ? c->account : "this machine's account";
}

static const char *keytab_of(const ExplainContext *c) {
        return c->keytab[0] ? c->keytab : "Keytab=";
}

static const char *server_of(const ExplainContext *c) {
        return c->server[0] ? c->server : "the name server";
}

static const char *realm_of(const ExplainContext *c) {
        const char *at = strrchr(c->account, '@');

        return at && at[1] ? at + 1 : "REALM";
}

static void add_keytab_word(Text *text, const ExplainContext *c) {
        text_add_word(text, keytab_of(c), strlen(keytab_of(c)));
}

/* What stands before the @. */
static void add_account_word(Text *text, const ExplainContext *c) {
        const char *account = c->account[0] ? c->account : "ACCOUNT", *at = strrchr(account, '@');

        text_add_word(text, account, at ? (size_t)(at - account) : strlen(account));
}

static void add_export(Text *cure, const ExplainContext *c) {
        text_add(cure, ": on a Samba domain controller samba-tool domain exportkeytab FILE "
                       "--principal=");
        add_account_word(cure, c);
        text_add(cure, ", on a Windows one ktpass (for service accounts: it sets the password), "
                       "on a machine that is joined adcli update or net ads keytab create, for an "
                       "MIT realm kadmin ktadd");
}

static void add_cause(Text *cause, GssFault fault, const ExplainContext *c) {
        const char *account = account_of(c), *keytab = keytab_of(c), *server = server_of(c);

        switch (fault) {
        case GSS_FAULT_NO_KEYTAB:
                text_add(cause, "there is no keytab %s", keytab);
                break;
        case GSS_FAULT_KEYTAB_UNREADABLE:
                text_add(cause, "the keytab %s cannot be read", keytab);
                break;
        case GSS_FAULT_KEYTAB_MALFORMED:
                text_add(cause, "%s is no keytab", keytab);
                break;
        case GSS_FAULT_NO_PRINCIPAL:
                text_add(cause, "the key of %s is not in the keytab %s", account, keytab);
                break;
        case GSS_FAULT_NO_REALM:
                text_add(cause, "no KDC is known for %s", account);
                break;
        case GSS_FAULT_KDC_UNREACHABLE:
                text_add(cause, "no KDC answers for %s", account);
                break;
        case GSS_FAULT_CLOCK_SKEW:
                text_add(cause, "the clocks of the KDC and of this machine are too far apart");
                break;
        case GSS_FAULT_PREAUTH_FAILED:
                text_add(cause, "the KDC has another key for %s than the keytab %s", account,
                         keytab);
                break;
        case GSS_FAULT_CLIENT_UNKNOWN:
                text_add(cause, "the KDC does not know %s", account);
                break;
        case GSS_FAULT_CLIENT_LOCKED:
                text_add(cause, "the KDC says that %s is disabled, locked or expired", account);
                break;
        case GSS_FAULT_SERVER_UNKNOWN:
                text_add(cause, "the KDC has no DNS/ service for %s", server);
                break;
        case GSS_FAULT_EXPIRED:
                text_add(cause, "the ticket of %s has expired", account);
                break;
        case GSS_FAULT_SERVER_TOKEN:
                text_add(cause, "%s cannot prove who it is", server);
                break;
        case GSS_FAULT_FLAGS:
                text_add(cause, "%s offers no context that proves both sides and detects replays",
                         server);
                return;
        case GSS_FAULT_NONE:
        case GSS_FAULT_OTHER:
        case _GSS_FAULT_MAX:
                text_add(cause, "Kerberos fails for %s at %s", account, server);
                break;
        }
        if (c->detail[0])
                text_add(cause, ": %s", c->detail);
}

static void add_keytab_cure(Text *cure, GssFault fault, const ExplainContext *c) {
        if (fault == GSS_FAULT_KEYTAB_UNREADABLE) {
                text_add(cure, "let the user srvpubd read it (chgrp srvpubd ");
                add_keytab_word(cure, c);
                text_add(cure, " && chmod 0640 ");
                add_keytab_word(cure, c);
                text_add(cure,
                         ") and enter the directories above it; the machine's own keytab stays "
                         "root's: hand it over with LoadCredential=, see srvpubd.conf(5)");
                return;
        }
        if (fault == GSS_FAULT_PREAUTH_FAILED)
                text_add(cure, "the password has changed since the keytab was written; export a "
                               "new one");
        else if (fault == GSS_FAULT_NO_PRINCIPAL)
                text_add(cure,
                         "name a principal that it has in Principal=, correct Realm=, or export "
                         "the key");
        else
                text_add(cure, "correct Keytab=, or export one (group srvpubd, mode 0640)");
        add_export(cure, c);
        if (fault == GSS_FAULT_PREAUTH_FAILED)
                text_add(cure, "; before the keytab changes or RetryMax= is over the KDC is not "
                               "asked again, so that the account is not locked");
}

static void add_cure(Text *cure, GssFault fault, const ExplainContext *c) {
        const char *realm = realm_of(c);

        switch (fault) {
        case GSS_FAULT_NO_KEYTAB:
        case GSS_FAULT_KEYTAB_UNREADABLE:
        case GSS_FAULT_KEYTAB_MALFORMED:
        case GSS_FAULT_NO_PRINCIPAL:
        case GSS_FAULT_PREAUTH_FAILED:
                add_keytab_cure(cure, fault, c);
                break;
        case GSS_FAULT_NO_REALM:
                text_add(cure,
                         "name it in krb5.conf: [realms] %s = { kdc = HOST }, or let DNS have "
                         "the SRV record _kerberos._udp.%s; or correct Realm=",
                         realm, realm);
                break;
        case GSS_FAULT_KDC_UNREACHABLE:
                text_add(cure,
                         "check that a domain controller runs and that its port 88, TCP and UDP, "
                         "is open from here; the KDCs are those of krb5.conf, [realms] %s, "
                         "else "
                         "of the DNS SRV record _kerberos._udp.%s",
                         realm, realm);
                break;
        case GSS_FAULT_CLOCK_SKEW:
                text_add(cure, "5 minutes are allowed: correct the wrong clock (timedatectl, "
                               "chronyc tracking); srvpubd sets none");
                break;
        case GSS_FAULT_CLIENT_UNKNOWN:
                text_add(cure, "in Active Directory only the account's own name serves, HOST$ or a "
                               "user, not host/NAME: correct Principal= or Realm=, or create the "
                               "account (adcli join, samba-tool user create)");
                break;
        case GSS_FAULT_CLIENT_LOCKED:
                text_add(cure, "have it enabled in the domain (samba-tool user enable, unlock, "
                               "setexpiry, or Active Directory Users and Computers; MIT: kadmin "
                               "modprinc), and find out what locked it");
                break;
        case GSS_FAULT_SERVER_UNKNOWN:
                text_add(cure, "give Server= the name that the domain controller has in the "
                               "directory, no alias and no address; its names: setspn -L DC, "
                               "or samba-tool spn list 'DC$'; Realm=, if it is of another realm "
                               "than the account");
                break;
        case GSS_FAULT_EXPIRED:
                text_add(cure, "a new one is acquired at the next try; if this comes back, compare "
                               "the clocks (timedatectl, chronyc tracking) and let tickets live "
                               "for some minutes at least");
                break;
        case GSS_FAULT_SERVER_TOKEN:
                text_add(cure,
                         "its own key is not the KDC's, its clock is off, or something else "
                         "answers at its address: BIND: export tkey-gssapi-keytab anew; domain "
                         "controller: check its replication (samba-tool drs showrepl, "
                         "repadmin)");
                break;
        case GSS_FAULT_FLAGS:
                text_add(cure, "update that server, or name another one in Server=");
                break;
        case GSS_FAULT_NONE:
        case GSS_FAULT_OTHER:
        case _GSS_FAULT_MAX:
                text_add(cure,
                         "look into the logs of the KDC and of the name server; kinit -k -t ");
                add_keytab_word(cure, c);
                text_add(cure, " ");
                add_account_word(cure, c);
                text_add(cure, " with KRB5_TRACE=/dev/stderr shows each step");
                break;
        }
}

void explain_gss(GssFault fault, const ExplainContext *c, Explanation *ret) {
        Text cause, cure;

        text_init(&cause, ret->cause, sizeof(ret->cause));
        text_init(&cure, ret->cure, sizeof(ret->cure));
        add_cause(&cause, fault, c);
        add_cure(&cure, fault, c);
}

#define OTHERWISE "set a KeyFile= with Security=tsig, or name a server of the domain in Server="

/* A TKEY error, or else the RCODE, that has a reason of its own. */
static void add_tkey_cure(Text *cure, const Trouble *trouble) {
        switch (trouble->tkey_error ? trouble->tkey_error : trouble->rcode) {
        case TSIG_BADKEY:
                text_add(cure, "its own keytab is older than the KDC's key or lacks DNS/ with its "
                               "name (BIND: export tkey-gssapi-keytab anew), or its clock is "
                               "wrong; its log says which");
                break;
        case TSIG_BADSIG:
        case TSIG_BADTIME:
                text_add(cure, "compare the clocks of both machines and of the KDC (timedatectl, "
                               "chronyc tracking); the server's log says more");
                break;
        case TKEY_BADNAME:
                text_add(cure, "the next try takes another name for the key; if this comes back, "
                               "something on the way repeats our queries");
                break;
        case TKEY_BADMODE:
        case TKEY_BADALG:
                text_add(cure, "it takes keys of another kind only: " OTHERWISE);
                break;
        case LDNS_RCODE_SERVFAIL:
                text_add(cure, "read that server's log");
                break;
        default:
                text_add(cure, "it does no GSS-TSIG, or has no key for it (BIND: "
                               "tkey-gssapi-keytab in options): " OTHERWISE);
                break;
        }
}

void explain_tkey(const Trouble *trouble, const ExplainContext *c, const char *rcode,
                  Explanation *ret) {
        Text cause, cure;

        text_init(&cause, ret->cause, sizeof(ret->cause));
        text_init(&cure, ret->cure, sizeof(ret->cure));
        switch (trouble->tkey) {
        case TKEY_REFUSED:
                text_add(&cause, "%s refuses to agree on a key with %s (TKEY: %s)", c->server,
                         account_of(c), rcode);
                add_tkey_cure(&cure, trouble);
                break;
        case TKEY_NONE:
                text_add(&cause, "%s answers TKEY with %s and no key", c->server, rcode);
                text_add(&cure, "it does no GSS-TSIG: " OTHERWISE);
                break;
        case TKEY_ANSWERED:
        case TKEY_FOREIGN:
        case TKEY_NOT_ANSWER:
        case TKEY_MALFORMED:
        case _TKEY_VERDICT_MAX:
                text_add(&cause, "%s answers TKEY in a way that makes no context: %s", c->server,
                         tkey_verdict_to_string(trouble->tkey));
                text_add(&cure, "make sure that a name server listens there and that nothing "
                                "between changes what it says; its log may say more");
                break;
        }
}

void explain_lost_context(const ExplainContext *c, const char *rcode, Explanation *ret) {
        Text cause, cure;

        text_init(&cause, ret->cause, sizeof(ret->cause));
        text_init(&cure, ret->cure, sizeof(ret->cure));
        text_add(&cause, "%s does not know the context that it has just made with %s (%s)",
                 c->server, account_of(c), rcode);
        text_add(&cure, "either it restarts again and again, or behind its address are several "
                        "servers (a load balancer): name one of them in Server=");
}
