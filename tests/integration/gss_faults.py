"""Wrong answers of a server that takes tickets, and what neither named nor Samba does: never a crash, never
"published" without proof, nothing signed is sent twice, and right again as soon as the server is. Rules E3,
E4, E6; C60-C70."""
import re

from support import faults, tsig, wire
from support.client import OURS
from support.daemon import PUBLISHED
from support.gss import BADALG, BADMODE, BADNAME
from support.scenario import scenario
from support.scripted import random_octets
from support.waiting import wait_until
from support.zone import Zone

SCRIPTED = ("scripted",)
SERVER = r"127\.0\.0\.1|ns1"
NO_CONTEXT = "TKEY|Kerberos|GSS|context|token"
NO_ANSWER = "answer|message|clos|trust|TKEY"
# SPNEGO's word that it goes on, without a token for the mechanism.
INCOMPLETE = bytes.fromhex("a1073005a0030a0101")

# Each: (fault, words of the log line that must come).
NO_NEGOTIATION = {
    "badkey": (faults.tkey_error(tsig.BADKEY), "BADKEY"),
    "badsig": (faults.tkey_error(tsig.BADSIG), "BADSIG|TKEY"),
    "badtime": (faults.tkey_error(tsig.BADTIME), "BADTIME|clock"),
    "badmode": (faults.tkey_error(BADMODE), "BADMODE"),
    "badname": (faults.tkey_error(BADNAME), "BADNAME"),
    "badalg": (faults.tkey_error(BADALG), "BADALG"),
    "error-unknown": (faults.tkey_error(65535), "65535|TKEY"),
    "notimp": (faults.rcode("NOTIMP"), "NOTIMP"),
    "formerr": (faults.rcode("FORMERR"), "FORMERR"),
    "refused": (faults.rcode("REFUSED"), "REFUSED"),
    "servfail": (faults.rcode("SERVFAIL"), "SERVFAIL"),
    "notauth": (faults.rcode("NOTAUTH"), "NOTAUTH"),
    "refused-with-tkey": (faults.tkey_returned("REFUSED"), "REFUSED"),
    "none": (faults.rcode("NOERROR"), NO_CONTEXT),
    "two": (faults.tkey(times=2), NO_ANSWER),
    "other-name": (faults.tkey(name="00000000000000000000000000000000"), NO_CONTEXT),
    "other-algorithm": (faults.tkey(algorithm="gss.microsoft.com"), NO_CONTEXT),
    "other-mode": (faults.tkey(mode=2), NO_CONTEXT),
    "deletion": (faults.tkey(mode=5), NO_CONTEXT),
    "no-token": (faults.tkey(token=b""), NO_CONTEXT),
    "one-octet": (faults.tkey(token=b"\x60"), NO_CONTEXT),
    "garbage-token": (faults.tkey(token=random_octets(200)), NO_CONTEXT),
    "large-token": (faults.tkey(token=random_octets(48 * 1024)), NO_CONTEXT),
    "too-large-token": (faults.tkey(token=random_octets(65000)), NO_CONTEXT),
    "token-beyond-its-record": (faults.tkey(size=65535), NO_ANSWER),
    "token-ends-early": (faults.tkey(size=3), NO_ANSWER),
    "other-data": (faults.tkey(change=lambda tkey: setattr(tkey, "token", tkey.token + b"\xff\xff")), NO_ANSWER),
    "cut-token": (faults.tkey(change=lambda tkey: setattr(tkey, "token", tkey.token[:-3])), NO_CONTEXT),
    "old-token": (faults.tkey_old_token(), f"{SERVER}.* (prove|token)"),
    "our-token": (faults.tkey_returned(), NO_CONTEXT),
    "skew": (faults.tkey_krb_error(37), "clock"),
    "modified": (faults.tkey_krb_error(41), NO_CONTEXT),
    "client-revoked": (faults.tkey_krb_error(18), f"{SERVER}.* (prove|token)"),
    "incomplete": (faults.tkey(token=INCOMPLETE, is_signed=False), NO_CONTEXT),
    "wrong-id": (faults.altered(lambda message: setattr(message, "id", message.id ^ 1), done=False), NO_ANSWER),
    "not-a-reply": (faults.altered(lambda message: setattr(message, "flags", 0), done=False), NO_ANSWER),
    "tc": (faults.altered(lambda message: setattr(message, "flags", message.flags | wire.TC), done=False), NO_ANSWER),
    "truncated": (faults.truncated(60), NO_ANSWER),
    "header-only": (faults.header_only(), NO_ANSWER),
    "empty": (faults.empty(), NO_ANSWER),
    "garbage": (faults.garbage(), NO_ANSWER),
    "long-garbage": (faults.garbage(size=60000), NO_ANSWER),
    "silence": (faults.silence(), "answer"),
    "done-then-silence": (faults.done_then_silence(), "answer"),
    "close-before": (faults.close_before(), "clos"),
    "close-within": (faults.close_within(), "clos"),
}
# The server's token proves itself; of what is said around it little matters.
NEGOTIATED = {
    "unsigned": faults.tkey(is_signed=False), "wrong-mac": faults.tkey(mac=random_octets(28)),
    "additional": faults.tkey(section="additional"), "lifetime-0": faults.tkey(lifetime=0),
    "lifetime-huge": faults.tkey(lifetime=0x7FFFFFFF), "lifetime-gone": faults.tkey(lifetime=-3600),
    "close-after": faults.close_after(), "close-later": faults.close_later(),
}
NOT_DONE = {
    "close-before": (faults.close_before(), "clos"),
    "silence": (faults.silence(), "answer"),
    "garbage": (faults.garbage(), "answer|message"),
    "header-only": (faults.header_only(), "answer|message"),
    "badkey": (faults.badkey(), "key|context|BADKEY"),
    "badsig": (faults.badsig(), "BADSIG|key|context"),
    "badtime": (faults.badtime(), "clock"),
    "notauth-signed": (faults.rcode("NOTAUTH"), "NOTAUTH"),
    "notauth-unsigned": (faults.rcode("NOTAUTH", signed=False), "NOTAUTH|policy|denied|context"),
    "refused-signed": (faults.rcode("REFUSED"), "REFUSED"),
    "refused-unsigned": (faults.rcode("REFUSED", signed=False), "REFUSED"),
    "servfail-signed": (faults.rcode("SERVFAIL"), "SERVFAIL"),
    "servfail-unsigned": (faults.rcode("SERVFAIL", signed=False), "SERVFAIL|sign"),
    "notimp": (faults.rcode("NOTIMP"), "NOTIMP"),
    "formerr": (faults.rcode("FORMERR"), "FORMERR"),
    "nxrrset": (faults.rcode("NXRRSET"), None),
    "noerror-unsigned": (faults.rcode("NOERROR", signed=False), "sign"),
    "lie": (faults.lie(), "NOERROR|hold|not there"),
    "echo-refused": (faults.echo("REFUSED"), "REFUSED"),
    "echo-servfail": (faults.echo("SERVFAIL"), "SERVFAIL"),
    "echo-noerror": (faults.echo("NOERROR"), None),
    "echo-nxrrset": (faults.echo("NXRRSET"), None),
}
# Words only where the answer is to be called what it is.
DONE = {
    "done-then-close": (faults.done_then_close(), None),
    "close-within": (faults.close_within(), None),
    "done-then-silence": (faults.done_then_silence(), "answer"),
    "truncated": (faults.truncated(), "message"),
    "wrong-id": (faults.wrong_id(), "id"),
    "unsigned": (faults.unsigned(), "not signed"),
    "bad-mac": (faults.bad_mac(), "signature"),
    "mac-of-another": (faults.mac_of_another(), "signature"),
    "mac-without-request": (faults.mac_without_request(), "signature"),
    "samba-mac-forged": (faults.samba_mac(forged=True), "signature"),
    "wrong-key-name": (faults.wrong_key_name(), "another key"),
    "wrong-algorithm": (faults.wrong_algorithm(), "algorithm"),
    "echo-noerror": (faults.echo("NOERROR", done=True), None),
    "echo-refused": (faults.echo("REFUSED", done=True), None),
    "echo-servfail": (faults.echo("SERVFAIL", done=True), None),
}


def cases(table):
    return {name: row if isinstance(row, tuple) else (row,) for name, row in table.items()}


def publisher(test, server, principal="kms1$", **config):
    return test.daemon(domains=[server.domain], keytab=server.kdc.keytab(principal), **config)


def stay_unpublished(test, server, daemon):
    test.srv_stays(server, server.domain, [], seconds=1)
    test.check(not daemon.said_about(server.domain, PUBLISHED), "it says published, and is not")


def get_published(test, server, daemon):
    test.wait_srv(server, server.domain, [OURS])
    daemon.wait_about(server.domain, PUBLISHED)


def get_old(server, checks=1):
    """Its context becomes older than RetryMin: another check, after a second."""
    server.wait_count("SRV", server.counts["SRV"] + checks)


def end_well(test, server, daemon):
    """Nothing in all of it that a strict server would not like; keys that it still has are given up."""
    daemon.terminate()
    test.equal(list(server.objections), [], "what the server objects to")
    test.equal(server.malformed, [], "malformed requests")


def asked_for(kdc, service="DNS/"):
    """The service principals for which tickets were asked, as the KDC's log has them."""
    return re.findall(rf"TGS_REQ .* for ({service}\S+)", kdc.log_path.read_text(encoding="utf-8"))


def acquisitions(kdc):
    """How many tickets for tickets were given."""
    return len(re.findall(r"AS_REQ .* ISSUE", kdc.log_path.read_text(encoding="utf-8")))


# TKEY.

@scenario(servers=SCRIPTED, cases=cases(NO_NEGOTIATION))
def tkey_is_answered_wrongly_for_long(test, fault, words):
    """No context, no update; tried again, but at most once a pass, and each time under a new name."""
    server = test.secured()
    server.always("TKEY", fault)
    daemon = publisher(test, server)
    daemon.wait_about(server.domain, words, SERVER)
    stay_unpublished(test, server, daemon)
    test.check(1 <= server.counts["TKEY"] <= 10, f"{server.counts['TKEY']} TKEY queries")
    test.equal((server.counts["update"], server.counts["TKEY-delete"]), (0, 0), "updates, deletions of keys")
    server.always("TKEY", None)
    get_published(test, server, daemon)
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED, cases=cases(NEGOTIATED))
def tkey_is_answered_oddly(test, fault):
    server = test.secured()
    server.always("TKEY", fault)
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    test.equal((server.counts["TKEY"], server.counts["update"]), (1, 1), "TKEY queries and updates")
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED)
def tkey_is_over_soon(test):
    """A key that the server keeps for a second is not taken for another update."""
    server = test.secured()
    server.always("TKEY", faults.tkey(lifetime=1))
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    get_old(server, checks=2)
    daemon.reload(Service={"Priority": 4})
    test.wait_srv(server, server.domain, [OURS._replace(priority=4)])
    test.equal((server.counts["TKEY"], server.counts["update"]), (2, 2), "TKEY queries and updates")
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED)
def server_knows_no_tkey(test):
    """It takes keys, but no tickets: REFUSED, as for any name that it does not know."""
    kdc = test.kdc()
    server = test.primary(zones=[Zone("example.test")])
    daemon = test.daemon(domains=[server.domain], keytab=kdc.keytab("kms1$", "DNS/ns1.example.test"))
    daemon.wait_about(server.domain, SERVER, NO_CONTEXT, "REFUSED")
    stay_unpublished(test, server, daemon)
    test.equal(server.counts["update"], 0, "updates")
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED, cases=cases({name: NO_NEGOTIATION[name][0] for name in (
    "badkey", "notimp", "refused", "none", "garbage-token", "silence", "close-before")}))
def next_server_is_tried_without_context(test, fault):
    bad = test.secured()
    bad.always("TKEY", fault)
    good = test.primary(zones=[Zone(bad.domain, address="127.0.0.2")], address="127.0.0.2", kdc=bad.kdc)
    daemon = publisher(test, bad, Update={"Server": f"{bad.address} {good.address}"})
    test.wait_srv(good, good.domain, [OURS])
    test.equal(bad.counts["update"], 0, "updates at the bad one")
    end_well(test, good, daemon)


# Updates.

@scenario(servers=SCRIPTED, cases=cases(NOT_DONE))
def update_is_answered_wrongly_for_long(test, fault, words):
    """Never published, no hammering, no second time the same octets; and published when the server is right."""
    server = test.secured()
    server.always("update", fault)
    daemon = publisher(test, server)
    server.wait_count("update", 1)
    stay_unpublished(test, server, daemon)
    test.check(server.counts["update"] <= 25, f"{server.counts['update']} updates in about a second")
    test.check(server.counts["TKEY"] <= 10, f"{server.counts['TKEY']} TKEY queries in a second")
    test.check(acquisitions(server.kdc) <= 10, f"{acquisitions(server.kdc)} tickets in a second")
    if words:
        daemon.wait_about(server.domain, words, SERVER)
    server.always("update", None)
    get_published(test, server, daemon)
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED, cases=cases(DONE))
def update_is_done_but_answered_wrongly(test, fault, words):
    """What the server holds decides (E4): read back, published, and not sent for ever. But the answer counts
    for nothing (E6.5)."""
    server = test.secured()
    server.always("update", fault)
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    test.equal(bool(words), bool(daemon.said_about(server.domain, words or "trust|not answer", SERVER)), "a word of it")
    test.equal(daemon.said("Samba"), [], "lines about old Samba")
    get_old(server, checks=2)
    test.equal((server.counts["update"], server.counts["TKEY"]), (1, 1), "updates and TKEY queries for one record")
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED)
def update_is_answered_by_a_wrong_clock(test):
    server = test.secured()
    server.always("update", faults.server_time())
    daemon = publisher(test, server)
    daemon.wait_about(server.domain, "clock", SERVER)
    test.srv_stays(server, server.domain, [OURS], seconds=0.5)
    server.always("update", None)
    get_published(test, server, daemon)
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED)
def old_samba_is_believed_and_said_once(test):
    """E6.3. Its first answer is enough: nothing is sent again."""
    server = test.secured()
    server.always("update", faults.samba_mac())
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    for priority in (4, 5):
        daemon.reload(Service={"Priority": priority})
        test.wait_srv(server, server.domain, [OURS._replace(priority=priority)])
    test.equal((server.counts["update"], server.counts["TKEY"]), (3, 1), "updates and TKEY queries")
    wait_until(lambda: daemon.said("Samba"), "it says nothing of Samba")
    test.equal(len(daemon.said("Samba")), 1, "lines about Samba")
    end_well(test, server, daemon)


LOSSES = {"lost": (lambda server: server.contexts.lose(),), "restart": (lambda server: server.restart(),),
          "said-to-be": (lambda server: server.script("update", faults.badkey()),)}


@scenario(servers=SCRIPTED, cases=LOSSES)
def context_is_lost(test, lose):
    """C65: NOTAUTH, BADKEY: another context, once, and done."""
    server = test.secured()
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    get_old(server)
    lose(server)
    daemon.reload(Service={"Priority": 4})
    test.wait_srv(server, server.domain, [OURS._replace(priority=4)])
    test.equal((server.counts["TKEY"], server.counts["update"]), (2, 3), "TKEY queries and updates")
    end_well(test, server, daemon)


@scenario(servers=SCRIPTED)
def context_is_never_known(test):
    """One more a pass, and the passes are further and further apart; the ticket is not to blame."""
    server = test.secured()
    daemon = publisher(test, server, Update={"RetryMax": "1h"})
    get_published(test, server, daemon)
    server.always("update", faults.badkey())
    daemon.reload(Service={"Priority": 4})
    daemon.wait_about(server.domain, "context", "BADKEY", SERVER)
    test.srv_stays(server, server.domain, [OURS], seconds=1)
    n_contexts, n_updates = server.counts["TKEY"] - 1, server.counts["update"] - 1
    test.check(1 <= n_contexts <= 5 and n_updates <= 2 * n_contexts + 2, f"{n_contexts} contexts, {n_updates} updates")
    test.equal(acquisitions(server.kdc), 1, "tickets")
    server.always("update", None)
    test.wait_srv(server, server.domain, [OURS._replace(priority=4)])
    end_well(test, server, daemon)


# Words, and at the end: TKEY queries, updates, tickets. A policy may mean the claim, which is tried without.
REFUSALS = {"refused": (faults.rcode("REFUSED"), "REFUSED", (2, 5, 2)),
            "echo-refused": (faults.echo("REFUSED"), "REFUSED", (2, 3, 2))}


@scenario(servers=SCRIPTED, cases=REFUSALS)
def refusal_is_not_hammered(test, fault, words, expected):
    """E7: with an old context one more is tried, from a new ticket; then nothing before RetryMax."""
    server = test.secured()
    daemon = publisher(test, server, Update={"RetryMax": "1h"})
    get_published(test, server, daemon)
    get_old(server)
    server.always("update", fault)
    daemon.reload(Service={"Priority": 4})
    daemon.wait_about(server.domain, words, SERVER)
    for seconds in (0.1, 1):
        test.srv_stays(server, server.domain, [OURS], seconds)
        test.equal((server.counts["TKEY"], server.counts["update"], acquisitions(server.kdc)), expected,
                   "TKEY queries, updates, tickets")
    end_well(test, server, daemon)


# What goes out.

@scenario(servers=SCRIPTED)
def requests_obey_the_protocol(test):
    """C60-C62, C66, C69: TKEY by TCP under random names in lower case; updates alone are signed; keys are given
    up in the end."""
    server = test.secured()
    daemon = publisher(test, server)
    get_published(test, server, daemon)
    daemon.reload(Service={"Priority": 4})
    test.wait_srv(server, server.domain, [OURS._replace(priority=4)])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, server.domain, [])
    updates = server.messages("update")
    test.check(len(updates) >= 3, "an update each")
    for message in updates:
        test.equal([rr.type for rr in message.additional], ["TSIG"], "additional section")
        test.equal(len({rr.name for rr in message.authority}), 1, "owner names in an update")
    end_well(test, server, daemon)
    test.equal((server.counts["TKEY"], server.counts["TKEY-delete"]), (1, 1), "TKEY queries and deletions")
    test.equal(server.contexts.keys, {}, "keys that were not deleted")


NAMES = {"discovered": ({}, "ns1"), "upper-case": ({}, "NS1"), "address": ({"Server": "127.0.0.1"}, "ns1"),
         "address-and-zone": ({"Server": "127.0.0.1", "Zone": "example.test"}, "ns1"),
         "host": ({"Server": "ns1.example.test"}, "ns1"), "host-in-upper-case": ({"Server": "NS1.Example.Test"}, "ns1")}


@scenario(servers=SCRIPTED, cases=NAMES)
def service_is_named_after_the_server(test, update, mname):
    """C70: never after an address."""
    kdc = test.kdc()
    server = test.primary(zones=[Zone("example.test", mname=mname)], kdc=kdc)
    daemon = publisher(test, server, Update=update)
    get_published(test, server, daemon)
    test.equal(set(asked_for(kdc, "")), {f"DNS/ns1.example.test@{kdc.realm}"}, "services asked for")
    end_well(test, server, daemon)
