/* Every end of an exchange in words. A cause says who did what; a cure says what to change and
   where, with the line to write if there is one. Kept apart because many domains share a cause.
   RCODEs: RFC 1035 4.1.1, RFC 2136 2.2; TSIG errors: RFC 8945 3; TKEY errors: RFC 2930 2.6. */

#include "lib/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "lib/explain-denied.h"
#include "lib/explain-gss.h"
#include "lib/util.h"

static const char *const rcode_names[] = {
        "NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE",
};

/* TSIG and TKEY share their numbers, and those below with RCODEs (RFC 6895 2.3). */
static const char *error_name(uint16_t error) {
        if (error < ELEMENTSOF(rcode_names))
                return rcode_names[error];
        switch (error) {
        case TSIG_BADSIG:
                return "BADSIG";
        case TSIG_BADKEY:
                return "BADKEY";
        case TSIG_BADTIME:
                return "BADTIME";
        case TKEY_BADMODE:
                return "BADMODE";
        case TKEY_BADNAME:
                return "BADNAME";
        case TKEY_BADALG:
                return "BADALG";
        case TSIG_BADTRUNC:
                return "BADTRUNC";
        default:
                return "another error";
        }
}

static _printf_(2, 3) void write_text(char text[static EXPLAIN_TEXT_MAX], const char *format, ...) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, EXPLAIN_TEXT_MAX, format, arguments);
        va_end(arguments);
}

static bool has_answer(const Trouble *trouble) {
        switch (trouble->kind) {
        case TROUBLE_REPLY:
                return trouble->reply != REPLY_TIMEOUT && trouble->reply != REPLY_UNREACHABLE &&
                       trouble->reply != REPLY_CLOSED && trouble->fault != FAULT_MALFORMED &&
                       trouble->fault != FAULT_COSTLY;
        case TROUBLE_NOT_AUTHORITATIVE:
        case TROUBLE_WRONG_SERVER:
        case TROUBLE_CONFLICT:
        case TROUBLE_IGNORED:
        case TROUBLE_CNAME:
        case TROUBLE_BAD_TIME:
        case TROUBLE_BAD_KEY:
        case TROUBLE_DENIED:
                return true;
        case TROUBLE_NO_CONTEXT:
                return trouble->gss == GSS_FAULT_NONE &&
                       (trouble->tkey == TKEY_REFUSED || trouble->tkey == TKEY_NONE);
        case TROUBLE_NONE:
        case TROUBLE_NOT_LOCATED:
        case TROUBLE_HERE:
        case TROUBLE_NO_CREDENTIALS:
        case TROUBLE_STATE:
        case _TROUBLE_KIND_MAX:
                break;
        }
        return false;
}

const char *explain_rcode(const Trouble *trouble, char buffer[static 32]) {
        const char *name =
                trouble->rcode < ELEMENTSOF(rcode_names) ? rcode_names[trouble->rcode] : "RCODE";
        uint16_t error =
                trouble->kind == TROUBLE_NO_CONTEXT ? trouble->tkey_error : trouble->tsig_error;

        /* Without an answer rcode is 0, which would read as NOERROR. */
        if (!has_answer(trouble))
                return "";
        if (trouble->rcode >= ELEMENTSOF(rcode_names))
                (void)snprintf(buffer, 32, "%s%u", name, trouble->rcode);
        else if (error)
                (void)snprintf(buffer, 32, "%s/%s", name, error_name(error));
        else
                (void)snprintf(buffer, 32, "%s", name);
        return buffer;
}

static void explain_elsewhere(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char buffer[32];

        write_text(ret->cause, "%s answered %s", c->server, explain_rcode(trouble, buffer));
        switch ((int)trouble->rcode) {
        case LDNS_RCODE_SERVFAIL:
                write_text(ret->cure,
                           "the zone is not loaded there, or its journal or disk fails: read that "
                           "server's log");
                break;
        case LDNS_RCODE_NOTIMPL:
                write_text(ret->cure, "that server takes no dynamic updates: enable them, or name "
                                      "the zone's primary in Server=");
                break;
        case LDNS_RCODE_FORMERR:
                write_text(ret->cure, "something on the way changes or does not understand DNS "
                                      "messages: a firewall's inspection, or a very old server");
                break;
        case LDNS_RCODE_REFUSED:
                write_text(ret->cure, "it is only a secondary of the zone: the primary has to be "
                                      "reachable, or named in Server=");
                break;
        default:
                write_text(ret->cure, "read that server's log");
                break;
        }
}

static void explain_garbage(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        write_text(ret->cause, "%s gave an answer that cannot be trusted: %s", c->server,
                   reply_fault_to_string(trouble->fault));
        switch (trouble->fault) {
        case FAULT_UNSIGNED:
        case FAULT_BAD_MAC:
        case FAULT_WRONG_KEY:
        case FAULT_WRONG_ALGORITHM:
        case FAULT_BAD_TSIG:
                /* With GSS-TSIG no administrator sets algorithm or secret. */
                if (c->security == SECURITY_GSS)
                        write_text(ret->cure,
                                   "make sure that Server= is the name server itself, one and not "
                                   "several behind one address, and that nothing between changes "
                                   "what it says");
                else
                        write_text(ret->cure,
                                   "make sure that Server= is the name server itself and that it "
                                   "has %s with the same algorithm and secret",
                                   c->key);
                break;
        case FAULT_COSTLY:
                write_text(ret->cure, "look what stands at the name, and remove the TXT records "
                                      "that nobody needs");
                break;
        case FAULT_NONE:
        case FAULT_MALFORMED:
        case FAULT_NOT_A_REPLY:
        case FAULT_WRONG_ID:
        case FAULT_WRONG_OPCODE:
        case FAULT_WRONG_QUESTION:
        case FAULT_TRUNCATED:
        case FAULT_SERVER_TIME:
        case _REPLY_FAULT_MAX:
                write_text(ret->cure, "make sure that a DNS server listens there and that nothing "
                                      "between changes what it says");
                break;
        }
}

/* In the answer to a query; after an update what is there decides (E6.2). */
static void explain_echo(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char buffer[32];

        write_text(ret->cause, "%s answered %s and sent our own signature back", c->server,
                   explain_rcode(trouble, buffer));
        write_text(ret->cure,
                   "Samba and Windows do so: they take no TSIG key but Kerberos (Keytab=), or do "
                   "not know %s; name a server in Server= that has it",
                   c->key);
}

static void explain_reply(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        switch (trouble->reply) {
        case REPLY_TIMEOUT:
                write_text(ret->cause, "%s did not answer within %.3g s", c->server,
                           (double)c->timeout_usec / (double)USEC_PER_SEC);
                write_text(ret->cure, "check that the name server runs and that its TCP port is "
                                      "open from here");
                return;
        case REPLY_UNREACHABLE:
                write_text(ret->cause, "%s cannot be reached: %s", c->server,
                           strerror(trouble->error < 0 ? -trouble->error : trouble->error));
                write_text(ret->cure, "check that the name server runs, listens on TCP and is "
                                      "routed from here");
                return;
        case REPLY_CLOSED:
                write_text(ret->cause, "%s closed the connection without an answer", c->server);
                write_text(ret->cure, "read that server's log: it may limit TCP clients or forbid "
                                      "this address");
                return;
        case REPLY_GARBAGE:
                explain_garbage(trouble, c, ret);
                return;
        case REPLY_ECHO:
                if (trouble->updating)
                        break;
                explain_echo(trouble, c, ret);
                return;
        case REPLY_DONE:
        case REPLY_CONFLICT:
        case REPLY_DENIED:
        case REPLY_WRONG_SERVER:
        case REPLY_BAD_KEY:
        case REPLY_BAD_TIME:
        case REPLY_ELSEWHERE:
        case _REPLY_KIND_MAX:
                break;
        }
        explain_elsewhere(trouble, c, ret);
}

static void explain_wrong_server(const Trouble *trouble, const ExplainContext *c,
                                 Explanation *ret) {
        char buffer[32];
        const char *rcode = explain_rcode(trouble, buffer);

        if (trouble->rcode == LDNS_RCODE_REFUSED)
                write_text(ret->cause, "%s does not serve the zone, or refuses to be asked (%s)",
                           c->server, rcode);
        else
                write_text(ret->cause, "%s says that the zone is not its own (%s)", c->server,
                           rcode);
        write_text(ret->cure, "name the primary of %s in Server=, or correct Zone=",
                   c->zone[0] ? c->zone : c->record);
}

static void write_clock(char text[static 32], uint64_t time_sec) {
        time_t seconds = (time_t)time_sec;
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm))
                (void)snprintf(text, 32, "%" PRIu64, time_sec);
}

static void explain_bad_time(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char ours[32], theirs[32];
        uint64_t a = trouble->our_time_sec, b = trouble->server_time_sec;

        write_text(ret->cause, "the clocks of %s and of this machine are too far apart (BADTIME)",
                   c->server);
        if (b == 0) {
                write_text(ret->cure, "it does not say its time: compare both clocks and correct "
                                      "the wrong one (timedatectl, chronyc); srvpubd sets none");
                return;
        }
        write_clock(ours, a);
        write_clock(theirs, b);
        write_text(ret->cure,
                   "it is %s there and %s here, %" PRIu64
                   " s apart, 300 s are allowed: correct the "
                   "wrong clock (timedatectl, chronyc); srvpubd sets none",
                   theirs, ours, a > b ? a - b : b - a);
}

static void explain_bad_key(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char buffer[32];

        if (c->security == SECURITY_GSS) {
                explain_lost_context(c, explain_rcode(trouble, buffer), ret);
        } else if (trouble->tsig_error == TSIG_BADSIG) {
                write_text(ret->cause, "%s has another secret for %s (NOTAUTH/BADSIG)", c->server,
                           c->key);
                write_text(ret->cure,
                           "put the same secret into KeyFile= and into the server's key");
        } else if (trouble->tsig_error && trouble->tsig_error != TSIG_BADKEY) {
                write_text(ret->cause, "%s rejects signatures by %s (NOTAUTH/%s)", c->server,
                           c->key, error_name(trouble->tsig_error));
                write_text(ret->cure, "compare the clocks of both machines and the key's algorithm "
                                      "on both sides; the server's log says more");
        } else if (trouble->tsig_error) {
                write_text(ret->cause, "%s does not know %s (NOTAUTH/BADKEY)", c->server, c->key);
                write_text(ret->cure, "add the key to that server, with the same name and "
                                      "algorithm (on Knot, to the zone's acl too), or correct "
                                      "KeyFile=");
        } else {
                write_text(ret->cause, "%s refuses requests signed with %s (REFUSED, unsigned)",
                           c->server, c->key);
                write_text(ret->cure, "add the key to that server and allow it for the zone, or "
                                      "correct KeyFile=");
        }
}

static void explain_denied(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char buffer[32];
        const char *rcode = explain_rcode(trouble, buffer);

        if (!trouble->updating) {
                write_text(ret->cause, "%s refuses to be asked for the record (%s)", c->server,
                           rcode);
                write_text(ret->cure, "allow queries from this machine there (BIND: allow-query; "
                                      "views: match-clients)");
        } else if (c->security == SECURITY_NONE) {
                write_text(ret->cause, "%s refuses unsigned updates (%s)", c->server, rcode);
                write_text(ret->cure,
                           "set KeyFile= to a TSIG key that may update %s, or, in Active "
                           "Directory, Keytab=",
                           c->zone[0] ? c->zone : c->record);
        } else if (c->security == SECURITY_GSS) {
                explain_denied_account(trouble, c, rcode, ret);
        } else {
                write_text(ret->cause, "%s accepts %s but its policy refuses the update (%s)",
                           c->server, c->key, rcode);
                write_text(ret->cure,
                           "allow it - BIND: update-policy { grant %s name %s. SRV TXT; }; - "
                           "Knot: an acl with action update for this key and name; or the zone is "
                           "frozen "
                           "(rndc thaw %s) or only a secondary there",
                           c->key_name, c->record, c->zone);
        }
}

void explain_trouble(const Trouble *trouble, const ExplainContext *c, Explanation *ret) {
        char buffer[32];

        ret->cause[0] = ret->cure[0] = '\0';
        switch (trouble->kind) {
        case TROUBLE_NONE:
        case _TROUBLE_KIND_MAX:
                break;
        case TROUBLE_REPLY:
                explain_reply(trouble, c, ret);
                break;
        case TROUBLE_NOT_AUTHORITATIVE:
                write_text(ret->cause, "%s is not authoritative for the zone", c->server);
                write_text(ret->cure,
                           "name the primary of %s in Server=", c->zone[0] ? c->zone : c->record);
                break;
        case TROUBLE_WRONG_SERVER:
                explain_wrong_server(trouble, c, ret);
                break;
        case TROUBLE_NOT_LOCATED:
                write_text(ret->cause, "%s", c->detail);
                write_text(ret->cure, "check Resolver= or /etc/resolv.conf, or set Server= and "
                                      "Zone= for the domain");
                break;
        case TROUBLE_HERE:
                write_text(ret->cause, "%s", c->detail);
                write_text(ret->cure, "it is tried again");
                break;
        case TROUBLE_NO_CONTEXT:
                if (trouble->gss == GSS_FAULT_NONE)
                        explain_tkey(trouble, c, explain_rcode(trouble, buffer), ret);
                else
                        explain_gss(trouble->gss, c, ret);
                break;
        case TROUBLE_NO_CREDENTIALS:
                if (trouble->gss != GSS_FAULT_NONE) {
                        explain_gss(trouble->gss, c, ret);
                        break;
                }
                write_text(ret->cause, "the key cannot be used: %s", c->detail);
                write_text(ret->cure, "mend the key file; it is read again at the next try");
                break;
        case TROUBLE_CONFLICT:
                write_text(ret->cause, "the record set changed at each try at %s", c->server);
                write_text(ret->cure,
                           "something else writes %s all the time: find it; or the name has a zone "
                           "of its own there by now, which Zone= does not say (dig %s SOA)",
                           c->record, c->record);
                break;
        case TROUBLE_IGNORED:
                write_text(ret->cause, "%s answered NOERROR but does not hold what was sent",
                           c->server);
                write_text(ret->cure,
                           "its policy drops the change silently (BIND: an SRV(n) limit in "
                           "update-policy), something else undoes it at once, or the name has a "
                           "zone of its own there, which Zone= does not say; look at %s there",
                           c->record);
                break;
        case TROUBLE_CNAME:
                write_text(ret->cause, "%s holds an alias (CNAME) at the record name", c->server);
                write_text(ret->cure, "no SRV can stand beside it: remove the CNAME at %s",
                           c->record);
                break;
        case TROUBLE_STATE:
                write_text(ret->cause, "what is published cannot be remembered: %s", c->detail);
                write_text(ret->cure, "nothing is sent before it can: mend the state directory");
                break;
        case TROUBLE_BAD_TIME:
                explain_bad_time(trouble, c, ret);
                break;
        case TROUBLE_BAD_KEY:
                explain_bad_key(trouble, c, ret);
                break;
        case TROUBLE_DENIED:
                explain_denied(trouble, c, ret);
                break;
        }
}
