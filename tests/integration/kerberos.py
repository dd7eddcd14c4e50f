"""The test library's Kerberos: realms, tickets, servers that take them, and how each refuses."""
import datetime
import os
import re
import subprocess

from support import client, faults, samba, tsig, wire
from support.client import Srv, record_name
from support.daemon import Daemon
from support.gss import BADNAME, Tkey
from support.proxy import kind_of
from support.samba import DENIED, DONE, NO_CONTEXT
from support.scenario import scenario
from support.waiting import Failure, wait_until
from support.zone import Zone

BOTH = ("named", "samba")
KDCS = {"mit": (lambda test: test.kdc(),), "samba": (lambda test: test.server("samba"),)}


def srv(server, host):
    return Srv(f"{host}.{server.domain}")


def line(server, host, action="add"):
    record = srv(server, host)
    number = {"add": f"{record.ttl} "}.get(action, "")
    return f"update {action} {record_name(server.domain)}. {number}SRV {record.rdata()}"


def fails(words, function, *arguments, **options):
    """A Failure that says so is what is expected."""
    try:
        function(*arguments, **options)
    except Failure as failure:
        if re.search(words, str(failure)):
            return
        raise
    raise Failure(f"no failure with /{words}/")


def seconds_of(ticket):
    """How long a ticket is good from its beginning on."""
    text = subprocess.run(["klist", ticket], env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}, capture_output=True,
                          text=True, timeout=10, check=True).stdout
    begin, end = (datetime.datetime.strptime(time, "%m/%d/%y %H:%M:%S")
                  for time in re.search(r"(\S+ \S+)  (\S+ \S+)  krbtgt", text).groups())
    return (end - begin).total_seconds()


# Realms and tickets.

@scenario(cases=KDCS)
def keytabs_are_good_until_the_password_changes(test, make):
    kdc = make(test)
    old = kdc.keytab("kms1$")
    kdc.ticket("kms1$", keytab=old)
    kdc.change_password("kms1$")
    fails("reauthentication failed|Password incorrect", kdc.ticket, "kms1$", keytab=old)
    kdc.ticket("kms1$")
    fails("no suitable keys", kdc.ticket, "kms2$", keytab=old)


@scenario(cases=KDCS)
def tickets_live_as_long_as_is_asked(test, make):
    kdc = make(test)
    test.check(598 <= seconds_of(kdc.ticket("kms1$", lifetime=600)) <= 600, "a ticket has another life")


@scenario(cases=KDCS)
def kdc_goes_away_and_comes_back(test, make):
    kdc = make(test)
    keytab = kdc.keytab("kms1$")
    kdc.stop()
    fails("Cannot contact any KDC", kdc.ticket, "kms1$", keytab=keytab)
    kdc.start()
    kdc.ticket("kms1$", keytab=keytab)
    kdc.kill()
    kdc.start()
    kdc.ticket("kms1$", keytab=keytab)


@scenario()
def principals_are_added_and_locked(test):
    kdc = test.kdc(max_life=900)
    kdc.add("kms1$", max_life=30)
    test.equal(seconds_of(kdc.ticket("kms1$")), 30, "seconds of its tickets")
    keytab = kdc.keytab("host/kms1.example.test", "vlmcssvc", "kms1$")
    for principal in ("host/kms1.example.test", "vlmcssvc"):
        test.equal(seconds_of(kdc.ticket(principal, keytab=keytab)), 900, f"seconds of tickets of {principal}")
    kdc.admin("modprinc", "-allow_tix", "vlmcssvc")
    fails("revoked", kdc.ticket, "vlmcssvc", keytab=keytab)
    kdc.admin("delprinc", "-force", "kms1$")
    fails("not found in Kerberos database", kdc.ticket, "kms1$", keytab=keytab)


@scenario(servers=("named",))
def tickets_end(test):
    """As late as clocks may differ: 5 minutes, if krb5.conf does not say less."""
    test.krb5.defaults["clockskew"] = 1
    server = test.secured()
    server.kdc.add("kms1$", max_life=3)
    ticket = server.kdc.ticket("kms1$")
    script = [f"server {server.address}", line(server, "kms1"), "send"]
    test.equal(client.nsupdate(script, ticket=ticket), "NOERROR", "nsupdate's answer at first")
    wait_until(lambda: "expired" in client.nsupdate(script, ticket=ticket), "the ticket is still good", 10, pause=0.2)


@scenario()
def nothing_of_the_machine_is_used(test):
    """Whoever is started has the scenario's krb5.conf, and keeps what it keeps beside it."""
    kdc = test.kdc()
    subprocess.run(["kinit", "-k", "-t", kdc.keytab("kms1$"), "kms1$"], timeout=10, check=True)
    test.check((test.directory / "krb5cc").exists(), "the tickets are not where they should be")
    program = test.path("program")
    program.write_text(f'#!/bin/sh\n[ "$KRB5_CONFIG" = {test.krb5.path} ] && grep -q "^Keytab=/some$" "$2" '
                       '&& ! grep -qE "^(KeyFile|Security)=" "$2"\n')
    program.chmod(0o755)
    Daemon(test, program, keytab="/some").run()


# Updates by ticket.

@scenario(servers=(*BOTH, "scripted"))
def ticket_signs_updates(test):
    server = test.secured()
    gate = test.gate(server, is_closed=False)
    ticket = server.kdc.ticket("kms1$")
    test.nsupdate(gate, line(server, "kms1"), ticket=ticket, expect=DONE)
    test.wait_srv(server, server.domain, [srv(server, "kms1")])
    test.equal((gate.counts["TKEY"], gate.counts["update"]), (1, 1), "counts")
    test.nsupdate(server, line(server, "kms1", "delete"), ticket=ticket, expect=DONE)
    test.wait_srv(server, server.domain, [])
    test.nsupdate(server, line(server, "kms1"), key=None, expect="REFUSED")
    fails("No credentials were supplied", test.nsupdate, server, line(server, "kms1"), ticket="FILE:/none")


POLICIES = {  # who may do it under the rule, and who may not: principal and target
    "krb5-subdomain": ("krb5-subdomain {record}", ("host/kms1.{domain}", "kms2"), ("kms1$", "kms1")),
    "krb5-self-rhs": ("krb5-subdomain-self-rhs {record}", ("host/kms1.{domain}", "kms1"),
                      ("host/kms1.{domain}", "kms2")),
    "ms-self-rhs": ("ms-subdomain-self-rhs {record}", ("kms1$", "kms1"), ("kms1$", "kms2")),
    "principal": ("name {record}", ("vlmcssvc", "kms1"), ("kms1$", "kms1"))}


@scenario(servers=("named",), cases=POLICIES)
def policy_of_named_is_obeyed(test, rule, may, may_not):
    kdc = test.kdc()
    words = {"domain": "example.test", "record": f"{record_name('example.test')}. SRV"}
    identity = f'"vlmcssvc@{kdc.realm}"' if rule.startswith("name") else kdc.realm
    zone = Zone("example.test", policy=(f"grant {identity} {rule.format(**words)}",))
    server = test.primary(zones=[zone], kdc=kdc)
    for (principal, host), expect in ((may, "NOERROR"), (may_not, "REFUSED")):
        ticket = kdc.ticket(principal.format(**words))
        test.nsupdate(server, line(server, host), ticket=ticket, expect=expect)
    ticket = kdc.ticket(may[0].format(**words))
    test.nsupdate(server, f'update add {record_name(server.domain)}. 60 TXT "note"', ticket=ticket, expect="REFUSED")
    test.wait_srv(server, server.domain, [srv(server, may[1])])


@scenario(servers=("named",))
def keytab_of_named_may_be_stale(test):
    """The KDC's key for the service is newer; the client cannot know."""
    server = test.secured()
    server.kdc.change_password(f"DNS/ns1.{server.domain}")
    ticket = server.kdc.ticket("kms1$")
    fails("TKEY is unacceptable", test.nsupdate, server, line(server, "kms1"), ticket=ticket)


@scenario(servers=("named",))
def realms_do_not_know_each_other(test):
    """Until they trust each other; then the policy is asked."""
    first, second = test.kdc(), test.kdc("OTHER.TEST", address="127.0.0.2")
    rules = (f'grant "kms1$@{first.realm}" name {record_name("other.test")}. SRV',
             f'grant "kms2$@{second.realm}" name {record_name("other.test")}. SRV')
    server = test.primary(zones=[Zone("other.test", policy=rules)], kdc=second)
    test.nsupdate(server, line(server, "kms2"), ticket=second.ticket("kms2$"))
    tickets = [first.ticket(principal) for principal in ("kms1$", "kms2$")]
    fails("krbtgt/OTHER.TEST@EXAMPLE.TEST not found", test.nsupdate, server, "realm OTHER.TEST", line(server, "kms1"),
          ticket=tickets[0])
    first.trust(second)
    test.nsupdate(server, "realm OTHER.TEST", line(server, "kms1"), ticket=tickets[0])
    test.nsupdate(server, "realm OTHER.TEST", line(server, "kms1"), ticket=tickets[1], expect="REFUSED")
    test.wait_srv(server, server.domain, [srv(server, "kms1"), srv(server, "kms2")])


RESTARTS = {"none": (lambda server: None, {"NOERROR"}, ["kms1"]),
            "killed": (lambda server: (server.kill(), server.start()), set(NO_CONTEXT), [])}


@scenario(servers=(*BOTH, "scripted"), cases=RESTARTS)
def context_goes_with_the_server(test, happen, rcodes, hosts):
    """An update is held on its way, and comes when the server may not know what it is signed with."""
    server = test.secured()
    gate = test.gate(server)
    script, ticket = [f"server {gate.address}", line(server, "kms1"), "send"], server.kdc.ticket("kms1$")
    has_ended = test.in_background(lambda: client.nsupdate(script, ticket=ticket))
    gate.wait_held(1)
    happen(server)
    gate.open(seed=1)
    wait_until(has_ended, "nsupdate has not ended")
    test.check(+gate.rcodes and set(+gate.rcodes) <= rcodes, f"answers: {+gate.rcodes}")
    test.wait_srv(server, server.domain, [srv(server, host) for host in hosts])


@scenario()
def domains_stand_beside_each_other(test):
    for number, realm in enumerate(("CORP.TEST", "OTHER.TEST"), 1):
        server = test.server("samba", realm=realm, address=f"127.0.0.{number}")
        test.nsupdate(server, line(server, "kms1"), ticket=server.ticket("kms1$"), expect=DONE)
        test.wait_srv(server, server.domain, [srv(server, "kms1")])
        name = record_name(server.domain)
        test.check("AUTHORITY: 1" in test.dig(server, f"no.{name}", "SOA"), f"the SOA of {server.domain} is not told")


# The scripted server's wrong answers are as wrong as they should be: nsupdate says what it makes of them.

NOTICED = [  # kind, fault, words of nsupdate
    ("TKEY", faults.tkey(is_signed=False), "^NOERROR$"), ("TKEY", faults.tkey(lifetime=0), "^NOERROR$"),
    ("TKEY", faults.tkey_error(tsig.BADKEY), "unacceptable"), ("TKEY", faults.tkey(mode=2), "unacceptable"),
    ("TKEY", faults.tkey(token=b""), "Invalid token"), ("TKEY", faults.tkey(token=b"x" * 65000), "Invalid token"),
    ("TKEY", faults.tkey_old_token(), "integrity check failed"), ("TKEY", faults.tkey_returned(), "Invalid token"),
    ("TKEY", faults.rcode("NOERROR"), "not found"), ("TKEY", faults.rcode("NOTIMP"), "NOTIMP"),
    ("TKEY", faults.tkey(size=65535), "unexpected end of input"),
    ("update", faults.samba_mac(), "verify failure"), ("update", faults.mac_of_another(), "verify failure"),
    ("update", faults.mac_without_request(), "verify failure"), ("update", faults.echo("NOERROR"), "verify failure"),
    ("update", faults.unsigned(), "expected a TSIG"), ("update", faults.rcode("REFUSED"), "^REFUSED$"),
    ("update", faults.badkey(), "^NOTAUTH$")]


@scenario(servers=("scripted",))
def wrong_answers_to_tickets_are_noticed(test):
    server = test.secured()
    ticket = server.kdc.ticket("kms1$")
    script = [f"server {server.address}", f"zone {server.domain}", line(server, "kms1"), "send"]
    for number, (kind, fault, words) in enumerate(NOTICED):
        server.script(kind, fault)
        answer = client.nsupdate(script, ticket=ticket)
        test.check(re.search(words, answer), f"number {number}, {kind}: {answer!r}, expected /{words}/")
    test.equal(client.nsupdate(script, ticket=ticket), "NOERROR", "in the end")


@scenario(servers=("scripted",))
def objections_are_raised(test):
    """To what nsupdate does not do as we want it from srvpubd, and to what is sent twice, which is not done."""
    server = test.secured()
    test.nsupdate(server, line(server, "kms1"), ticket=server.kdc.ticket("kms1$"))
    test.check(len(server.objections) == 1 and "no random name" in server.objections[0], server.objections)
    query, update = (next(data for data in server.requests if kind_of(data) == kind) for kind in ("TKEY", "update"))
    for data, udp, words in ((query, True, "TKEY by UDP.*comes again"), (update, False, "sent before"),
                             (bytes(2) + update[2:], False, "sent before"), (update, True, "by UDP.*sent before")):
        server.objections.clear()
        answer = wire.Message.parse(client.exchange(server.address, data, udp=udp))
        test.check(re.search(words, "; ".join(server.objections)), f"no /{words}/ in {server.objections}")
        tkey = Tkey.find(answer)
        test.equal((answer.rcode_name, tkey and tkey.error),
                   ("NOERROR", BADNAME) if data == query else ("NOTAUTH", None), "RCODE and error of TKEY")


# Who owns a name of Active Directory.

@scenario()
def second_host_is_denied_until_its_group_may(test):
    """Membership is in the ticket: it counts in the next one."""
    server = test.server("samba")
    first, second = (server.ticket(name) for name in samba.COMPUTERS)
    test.nsupdate(server, line(server, "kms1"), ticket=first, expect=DONE)
    test.nsupdate(server, line(server, "kms2"), ticket=second, expect=DENIED)
    test.nsupdate(server, line(server, "kms1", "delete"), ticket=second, expect=DENIED)
    server.grant()
    server.join(*samba.COMPUTERS)
    test.nsupdate(server, line(server, "kms2"), ticket=second, expect=DENIED)
    second = server.ticket("kms2$")
    test.nsupdate(server, line(server, "kms2"), ticket=second, expect=DONE)
    test.wait_srv(server, server.domain, [srv(server, "kms1"), srv(server, "kms2")])
    server.leave("kms2$")
    test.nsupdate(server, line(server, "kms2", "delete"), ticket=server.ticket("kms2$"), expect=DENIED)
    test.wait_srv(server, server.domain, [srv(server, "kms1"), srv(server, "kms2")])


@scenario()
def name_is_its_makers_until_the_administrator_deletes_it(test):
    server = test.server("samba")
    first, second = (server.ticket(name) for name in samba.COMPUTERS)
    for action in ("add", "delete"):
        test.nsupdate(server, line(server, "kms1", action), ticket=first, expect=DONE)
    test.wait_srv(server, server.domain, [])
    test.nsupdate(server, line(server, "kms2"), ticket=second, expect=DENIED)
    test.nsupdate(server, line(server, "kms1"), ticket=first, expect=DONE)
    server.delete_record("SRV", f"kms1.{server.domain} 1688 0 0")
    test.nsupdate(server, line(server, "kms2"), ticket=second, expect=DONE)
    test.wait_srv(server, server.domain, [srv(server, "kms2")])


@scenario()
def name_may_be_made_by_the_administrator(test):
    server = test.server("samba")
    server.add_record("SRV", f"seed.{server.domain} 1688 0 0")
    ticket = server.ticket("vlmcssvc")
    test.nsupdate(server, line(server, "kms1"), ticket=ticket, expect=DENIED)
    server.grant(to="vlmcssvc")
    test.nsupdate(server, line(server, "kms1"), ticket=ticket, expect=DONE)
    server.restart()
    hosts = {record.target for record in client.read_srv(server.address, server.domain)}
    test.equal(hosts, {f"{host}.{server.domain}" for host in ("seed", "kms1")}, "hosts")
