/* Who may write a name that another account has made?

   In Active Directory (Samba, Windows) each name is an object of the directory, a dnsNode, and
   owned by the account that made it. To others the server sends their request back (REPLY_ECHO);
   Samba behind BIND (BIND9_DLZ) refuses as BIND does for its policy: verified REFUSED. Both need
   the same cures, and they are given as lines for this very node. That they work is measured on
   Samba:

   - An entry in the node's ACL survives the last record. RC SD WD WO WP SW are what BIND9_DLZ asks
     for; WP alone is enough for the internal server.
   - The owner stays when the last record is withdrawn, because the node is only marked as dead. It
     goes with the node, when an administrator deletes all of its records, claims (TXT) too. */
#include "lib/explain-denied.h"

#include <string.h>
#include <strings.h>

#include "lib/explain-text.h"

/* Octets of the record name that stand before the zone; 0: it is the apex. */
static size_t node_size(const ExplainContext *c) {
        size_t record = strlen(c->record), zone = strlen(c->zone);

        if (zone > record || strcasecmp(c->record + record - zone, c->zone) != 0)
                return record;
        return record > zone ? record - zone - 1 : 0;
}

/* Server, zone and node. A server's label is "host (address)", "host:port (address)" or only an
   address. */
static void add_place(Text *text, const ExplainContext *c) {
        size_t size = strcspn(c->server, " ");
        const char *port = memchr(c->server, ':', size);

        if (port && port == memrchr(c->server, ':', size))
                size = (size_t)(port - c->server);
        text_add_word(text, c->server, size);
        text_add(text, " ");
        text_add_word(text, c->zone, strlen(c->zone));
        text_add(text, " ");
        size = node_size(c);
        text_add_word(text, size > 0 ? c->record : "@", size > 0 ? size : 1);
}

/* What stands behind the service, which has two labels; "" if nothing does. */
static const char *find_domain(const char *record) {
        unsigned n_dots = 0;

        for (; *record && n_dots < 2; record++)
                if (*record == '\\' && record[1])
                        record++;
                else if (*record == '.')
                        n_dots++;
        return record;
}

static const char *find_realm(const ExplainContext *c) {
        const char *at = strrchr(c->account, '@');

        return at && at[1] ? at + 1 : c->zone;
}

/* A dnsNode is called as in the zone, with dots and all. The account's realm is taken for the
   domain in whose directory the zone is; there the case of letters is nothing, and people write
   small ones. */
static void add_dn(Text *text, const ExplainContext *c) {
        const char *label = find_realm(c);
        size_t size = node_size(c);

        text_add(text, "DC=");
        text_add_rdn(text, size > 0 ? c->record : "@", size > 0 ? size : 1);
        text_add(text, ",DC=");
        text_add_rdn(text, c->zone, strlen(c->zone));
        text_add(text, ",CN=MicrosoftDNS,DC=DomainDnsZones");
        while (*label) {
                size_t length = strcspn(label, ".");
                text_add(text, ",DC=");
                char *value = text->buffer + text->length;
                text_add_rdn(text, label, length);
                for (; *value; value++)
                        if (*value >= 'A' && *value <= 'Z')
                                *value += 'a' - 'A';
                label += length + (label[length] == '.');
        }
}

/* Octets of the first target. In a name a semicolon has a backslash before it. */
static size_t target_size(const char *targets) {
        size_t i = 0;

        while (targets[i] && (targets[i] != ';' || (i > 0 && targets[i - 1] == '\\')))
                i++;
        return i;
}

/* Octets of those that there is room for. */
static size_t targets_size(const char *targets) {
        size_t size = 0, next = target_size(targets);

        while (next > size && next < EXPLAIN_TARGETS_MAX) {
                size = next;
                if (targets[size] && targets[size + 1])
                        next = size + 2 + target_size(targets + size + 2);
        }
        return size;
}

/* The RDATAs of one type, as many words. */
static void add_rdatas(Text *text, const char *rdatas) {
        const char *at = rdatas, *end = rdatas + targets_size(rdatas);

        while (at < end) {
                size_t size = target_size(at);
                text_add_word(text, at, size);
                at += size + (at + size < end ? 2 : 0);
                if (at < end)
                        text_add(text, ", the same with ");
        }
}

static void add_targets(Text *text, const ExplainContext *c) {
        text_add(text, " SRV %s", targets_size(c->targets) ? "" : "'TARGET PORT PRIORITY WEIGHT'");
        add_rdatas(text, c->targets);
        if (targets_size(c->claims) > 0) {
                text_add(text, ", and with TXT ");
                add_rdatas(text, c->claims);
        }
}

static void add_group(Text *text, const ExplainContext *c) {
        text_add(text,
                 "1. put the accounts of all hosts into one group and let it write this name: "
                 "on a Samba domain controller samba-tool dsacl set --objectdn='");
        add_dn(text, c);
        text_add(text,
                 "' --sddl='(A;;RCSDWDWOWPSW;;;SID)', where SID is the group's objectSid, which "
                 "samba-tool group show GROUP --attributes=objectSid prints (DC=ForestDnsZones if "
                 "the zone is the whole forest's); on Windows DNS Manager, View > Advanced, the "
                 "record's properties, Security: the group with Full control, or dsacls DN /G "
                 "DOMAIN\\GROUP:GA");
}

/* The three cures, what first, what is safest. */
static void add_owner_cures(Text *text, const ExplainContext *c) {
        int size = (int)targets_size(c->targets);

        if (size > 0)
                text_add(text, "now at %s: %.*s%s (port, priority, weight). Either ", c->record,
                         size, c->targets, c->targets[size] ? " and more" : "");
        else
                text_add(text,
                         "make sure that the zone takes secure dynamic updates; then either ");
        add_group(text, c);
        text_add(text, "; or 2. use the keytab of one service account on all hosts (Keytab=, "
                       "Principal=), and delete the name once as in 3; or 3. if the other host is "
                       "gone for good, "
                       "delete all records of the name once, TXT too, and srvpubd creates it: "
                       "samba-tool dns delete -U Administrator ");
        add_place(text, c);
        add_targets(text, c);
        text_add(text, "%s; samba-tool dns query -U Administrator ",
                 size > 0 ? "" : " (if there is none, add one before)");
        add_place(text, c);
        text_add(text, " ALL shows what is left; or in DNS Manager. srvpubd finds "
                       "it at the next try, with a new ticket; at once: srvpubctl publish ");
        text_add_word(text, find_domain(c->record), strlen(find_domain(c->record)));
}

/* The narrowest rule of BIND's that fits the form of the account. */
static void add_policy(Text *text, const ExplainContext *c) {
        const char *account = c->account[0] ? c->account : "ACCOUNT@REALM";
        bool is_host = strncmp(account, "host/", 5) == 0, is_machine = strstr(account, "$@");

        if (is_host || is_machine)
                text_add(text,
                         "grant %s %s-subdomain-self-rhs %s. SRV; (where Target= is another "
                         "machine than the account's: ",
                         find_realm(c), is_host ? "krb5" : "ms", c->record);
        text_add(text, "grant \"%s\" name %s. SRV TXT;%s", account, c->record,
                 is_host || is_machine ? ")" : "");
}

void explain_denied_account(const Trouble *trouble, const ExplainContext *c, const char *rcode,
                            Explanation *ret) {
        const char *account = c->account[0] ? c->account : "this machine's account";
        Text cause, cure;

        text_init(&cause, ret->cause, sizeof(ret->cause));
        text_init(&cure, ret->cure, sizeof(ret->cure));
        if (trouble->reply == REPLY_ECHO) {
                text_add(&cause,
                         "%s refuses updates by %s (%s): the name belongs to another account",
                         c->server, account, rcode);
                add_owner_cures(&cure, c);
                return;
        }
        text_add(&cause, "%s knows %s but its policy refuses the update (%s)", c->server, account,
                 rcode);
        text_add(&cure, "on BIND allow it in the zone's update-policy: ");
        add_policy(&cure, c);
        text_add(
                &cure,
                " - or the zone is frozen (rndc thaw %s) or only a secondary there. Where the zone "
                "is in Active Directory (BIND9_DLZ) the name belongs to another account: ",
                c->zone);
        add_owner_cures(&cure, c);
}
