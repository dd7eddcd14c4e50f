"""Security=gss-tsig: what every way of signing can do, done with tickets, on both kinds of server."""
import re
import threading

from support import client, wire
from support.accounts import complaints, controlled, kms, publisher
from support.client import Srv, record_name
from support.clock import Clock
from support.daemon import PUBLISHED, WITHDRAWN
from support.gate import Gate
from support.proxy import kind_of
from support.samba import DONE
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "samba")
LEAVES = {"OnStop": "withdraw"}


def add(server, srv):
    return f"update add {record_name(server.domain)}. {srv.ttl} SRV {srv.rdata()}"


def drop(server, type_="SRV"):
    return f"update delete {record_name(server.domain)}. {type_}"


@scenario(servers=BOTH)
def record_is_published_checked_and_withdrawn(test):
    """One context for all of it; only updates are signed."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Ownership=LEAVES)
    name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    test.equal(daemon.proxy.counts["update"], 1, "updates")
    test.write_nothing(daemon)
    test.nsupdate(server, drop(server), ticket=server.kdc.ticket("kms1$"), expect=DONE)
    name.wait({daemon: kms(server)})
    daemon.reload(Service={"Priority": 3})
    name.wait({daemon: kms(server, priority=3)})
    daemon.terminate()
    name.wait({}, timeout=0)
    daemon.wait_about(server.domain, WITHDRAWN)
    test.equal(daemon.proxy.contexts, 1, "contexts")
    test.equal(daemon.proxy.signed(), {"update", "TKEY-delete"}, "what is signed")
    test.equal(complaints(daemon), [], "complaints")


@scenario(servers=BOTH)
def digest_without_a_length_is_said_once(test):
    """Samba 4.17 signs so; named as the RFC says."""
    server = test.secured()
    daemon = publisher(test, server)
    name = test.record_name(server, server.domain)
    name.wait({daemon: kms(server)})
    for priority in (1, 2):
        daemon.reload(Service={"Priority": priority})
        name.wait({daemon: kms(server, priority=priority)})
    test.equal([answer.rcode_name for answer in answers(daemon)], 3 * ["NOERROR"], "answers to updates")
    test.equal(len(daemon.said("signs its answers as Samba")), 1 if test.scenario.server == "samba" else 0,
               "times that it says so")


@scenario(servers=BOTH)
def one_pass_publishes_and_withdraws(test):
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, start=False, Update={"Timeout": "1s"})
    test.check(re.search(f"{server.domain}: published", daemon.once().stderr), "it does not say that it is published")
    name.wait({daemon: kms(server)}, timeout=0)
    daemon.configure(Publish={"DnsPublishing": "no"})
    daemon.once()
    name.wait({}, timeout=0)
    test.equal(daemon.proxy.contexts, 2, "contexts, one for each pass")
    server.kdc.change_password("kms1$")
    daemon.configure(Publish={})
    done = daemon.once(expect=1)
    test.check(re.search("(?i)key|password", done.stdout + done.stderr), f"it says nothing of the key: {done.stderr}")
    name.wait({}, timeout=0)


@scenario(servers=BOTH)
def dry_run_needs_no_ticket(test):
    """Queries are not signed: the plan is shown also where no ticket can be had."""
    server = test.secured()
    daemon = publisher(test, server, start=False)
    server.kdc.change_password("kms1$")
    done = daemon.dry_run()
    test.check(f"SRV 0 0 1688 kms1.{server.domain}." in done.stdout, f"no plan: {done.stdout}")
    test.equal(daemon.proxy.contexts, 0, "contexts")
    test.srv_stays(server, server.domain, [], seconds=0.1)


@scenario(servers=BOTH)
def script_of_a_dry_run_is_right(test):
    """An administrator runs it with a ticket."""
    server = test.secured()
    daemon = publisher(test, server, start=False)
    script = daemon.dry_run().stdout.splitlines()
    answer = client.nsupdate(script, ticket=server.kdc.ticket("kms1$"))
    test.check(answer in DONE, f"nsupdate's answer: {answer}")
    test.wait_srv(server, server.domain, [kms(server)])


@scenario(servers=BOTH)
def commands_are_signed_too(test):
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = controlled(test, server)
    name.wait({daemon: kms(server)})
    daemon.ctl.run("withdraw", server.domain)
    name.wait({}, timeout=0)
    daemon.ctl.run("publish", server.domain)
    name.wait({daemon: kms(server)}, timeout=0)
    test.equal(daemon.proxy.contexts, 1, "contexts")


@scenario(servers=BOTH)
def what_is_made_by_hand_stays(test):
    """SRVs without a claim, and TXTs that are none, to the octet."""
    server = test.secured()
    by_hand = Srv(f"kms9.{server.domain}", 1688, 5, 5, 600)
    note = f'update add {record_name(server.domain)}. 600 TXT "a note"'
    test.nsupdate(server, add(server, by_hand), ticket=server.kdc.ticket("kms1$"), expect=DONE)
    test.nsupdate(server, note, ticket=server.kdc.ticket("kms1$"), expect=DONE)
    name = test.record_name(server, server.domain)
    before = name.read().octets
    daemon = publisher(test, server, Ownership=LEAVES)
    after = name.wait({daemon: kms(server, ttl=600)}, srvs=[by_hand], txts=['"a note"'])
    test.check(before < after.octets, f"of what was made by hand there is gone or changed {before - after.octets}")
    daemon.reload(Service={"Priority": 5})
    name.wait({daemon: kms(server, ttl=600, priority=5)}, srvs=[by_hand], txts=['"a note"'])
    daemon.terminate()
    test.equal(name.read().octets, before, "what is left")


@scenario(servers=BOTH)
def removed_domain_is_withdrawn_by_the_account_of_then(test):
    """O13: state keeps keytab and principal; the configuration knows nothing of them any more."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Update={"Timeout": "1s"})
    name.wait({daemon: kms(server)})
    daemon.kill()
    daemon.configure(keytab=None, key=None, domains=["contoso.com"], Update={"Principal": None, "Timeout": "1s"})
    daemon.start()
    name.wait({})
    daemon.wait_about(server.domain, WITHDRAWN)


@scenario(servers=BOTH)
def refresh_is_a_plain_add_of_what_is_there(test):
    """Active Directory's scavenging spares what is renewed (E8)."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, start=False)
    clock = Clock(test, daemon)
    daemon.start()
    before = name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    daemon.proxy.reset()
    for number in range(1, 3):
        test.write_nothing(daemon)
        clock.ahead(25 * 3600, wall=0)  # the default is a day
        wait_until(lambda number=number: daemon.proxy.counts["update"] == number, "it renews nothing")
    for message in list(daemon.proxy.updates):
        renewed = {(rr.type, rr.cls) for rr in message.authority}
        test.equal(renewed, {("SRV", wire.IN), ("TXT", wire.IN)}, "what is renewed")
    wait_until(lambda: len(answers(daemon)) == 2, "no answer")
    test.equal({answer.rcode_name for answer in answers(daemon)}, {"NOERROR"}, "answers")
    test.equal(name.read(), before, "the record")


def answers(daemon):
    """Those to its updates."""
    return [answer for answer in list(daemon.proxy.answers) if answer.opcode == wire.UPDATE]


# Zones that several servers may each be the primary of, as domain controllers are.

def replicated(test, mode, named_servers, check_interval):
    """Returns a record name and its daemon on a clock of its own; the first server is behind its proxy."""
    kdc = test.kdc()
    policy = (f"grant {kdc.realm} ms-subdomain {record_name('example.test')}. SRV TXT",)
    zone = Zone("example.test", policy=policy, nameservers={"ns1": "127.0.0.6", "ns2": "127.0.0.2"})
    server = test.server("named", zones=[zone], addresses=["127.0.0.1", "127.0.0.2"], kdc=kdc)
    daemon = publisher(test, server, start=False, Ownership={"Mode": mode},
                       Update={"Server": named_servers, "CheckInterval": check_interval})
    clock = Clock(test, daemon)
    daemon.start()
    name = test.record_name(server, server.domain)
    name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    return name, daemon, clock


@scenario(cases={"none": (None, 1), "one": ("127.0.0.6", 0), "two": ("127.0.0.6 127.0.0.2", 1)})
def exclusive_is_sure_at_one_server_alone(test, named_servers, expected):
    """O6. It is said once."""
    name, daemon, _ = replicated(test, "exclusive", named_servers, "1s")
    test.write_nothing(daemon)
    test.equal(len(daemon.said_about(name.domain, "exclusive", "Server=")), expected, "times that it warns")


@scenario()
def what_replication_drops_is_there_again(test):
    """Where two wrote at two servers, the word of one is kept: it looks again 1, 5 and 15 minutes later, at
    twice that the latest."""
    name, daemon, clock = replicated(test, "shared", "127.0.0.6", "7d")
    ticket = name.server.kdc.ticket("kms1$")
    for minutes in (2, 8, 20):
        looks = daemon.proxy.counts["SRV"]
        clock.ahead(60 * minutes + 2, wall=0)
        daemon.reload()  # wakes it up: its timer is set by the kernel's clock
        wait_until(lambda looks=looks: daemon.proxy.counts["SRV"] > looks, "it does not look again")
    test.equal((daemon.proxy.counts["SRV"], daemon.proxy.counts["update"]), (5, 1), "looks and updates")
    daemon.reload(Service={"Weight": 1})
    name.wait({daemon: kms(name.server, weight=1)})
    for _ in range(2):
        test.nsupdate(name.server, drop(name.server), drop(name.server, "TXT"), ticket=ticket)
        clock.ahead(122, wall=0)
        daemon.reload(Service={"Weight": 1})
        name.wait({daemon: kms(name.server, weight=1)})


# Servers that are sick, and one that denies.

class SickServer(Gate):
    """Before a server that is well: it answers SERVFAIL, in its own words, to requests of a kind."""

    def __init__(self, address, upstream, kind):
        super().__init__(address, upstream)
        self.kind = kind
        self.refused = 0

    def _holds(self, data, answer):
        if kind_of(data) != self.kind:
            return False
        request = wire.Message.parse(data)
        reply = wire.Message(request.id, request.opcode, wire.rcode("SERVFAIL"), wire.QR, list(request.question))
        self.refused += 1
        threading.Thread(target=answer, args=(reply.wire(),), daemon=True).start()
        return True


@scenario(servers=BOTH, cases={"update": ("update",), "TKEY": ("TKEY",)})
def sick_server_is_no_denial(test, kind):
    """E3: another server is tried; Samba's SERVFAIL for "no permission" is an echo, this is none."""
    server = test.secured()
    sick = SickServer("127.0.0.5", server, kind)
    test.servers.append(sick)
    sick.start()
    daemon = publisher(test, server, start=False)
    daemon.configure(Update={"Server": f"{sick.address} {daemon.proxy.address}"})
    daemon.start()
    test.record_name(server, server.domain).wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    test.check(sick.refused >= 1, "the sick one was not asked")
    test.check(not daemon.said("denied"), "it speaks of a denial")


@scenario(servers=BOTH)
def server_that_is_sick_alone_is_a_failure(test):
    server = test.secured()
    sick = SickServer("127.0.0.5", server, "update")
    test.servers.append(sick)
    sick.start()
    daemon = controlled(test, server, Update={"Server": sick.address})
    daemon.wait_about(server.domain, "failed", "SERVFAIL")
    daemon.ctl.wait_state(server.domain, "failed")
    sick.kind = ""
    test.record_name(server, server.domain).wait({daemon: kms(server)})


# Policies of named.

SELF = {"ms-self-rhs": ("ms-subdomain-self-rhs", "kms1$", "kms2$"),
        "krb5-self-rhs": ("krb5-subdomain-self-rhs", "host/kms1.example.test", "host/kms2.example.test")}


@scenario(servers=("named",), cases=SELF)
def policy_allows_a_host_its_own_srv_alone(test, rule, *accounts):
    """The best that BIND can give. O10: no claim, which is said once; each host writes its own."""
    kdc = test.kdc()
    policy = (f"grant {kdc.realm} {rule} {record_name('example.test')}. SRV",)
    server = test.primary(zones=[Zone("example.test", policy=policy)], kdc=kdc)
    name = test.record_name(server, server.domain)
    first, second = (publisher(test, server, f"kms{n}", account=account, Ownership=LEAVES)
                     for n, account in enumerate(accounts, 1))
    name.wait({}, srvs=[kms(server), kms(server, 2)])
    for daemon in (first, second):
        daemon.wait_about(server.domain, "the policy of .* allows the SRV but no TXT")
        daemon.wait_about(server.domain, PUBLISHED)
    test.write_nothing(first, second)
    first.reload(Service={"Priority": 4})
    name.wait({}, srvs=[kms(server, priority=4), kms(server, 2)])
    for daemon in (first, second):
        test.equal(len(daemon.said("allows the SRV but no TXT")), 1, "times that it says so")
    first.terminate()
    name.wait({}, srvs=[kms(server, 2)])


@scenario(servers=("named",), cases=SELF)
def policy_denies_a_host_anothers_srv(test, rule, *accounts):
    """A target that is not the account's machine; not hammered, and told."""
    kdc = test.kdc()
    policy = (f"grant {kdc.realm} {rule} {record_name('example.test')}. SRV",)
    server = test.primary(zones=[Zone("example.test", policy=policy)], kdc=kdc)
    daemon = publisher(test, server, "kms1", account=accounts[1], Update={"RetryMax": "1h"})
    daemon.wait_about(server.domain, "denied", "REFUSED", re.escape(accounts[1]))
    tries = daemon.proxy.counts["update"]
    test.srv_stays(server, server.domain, [], seconds=2)
    test.equal(daemon.proxy.counts["update"], tries, "updates, also after it was denied")
