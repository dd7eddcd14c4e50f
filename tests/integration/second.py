"""A second host and a third, each published by a daemon of its own: it joins, changes and leaves, and
touches what it claims and nothing else. O1-O4."""
import time

from support.claims import Claim, words_to_rdata
from support.client import Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario
from support.zone import Zone, apart

BOTH = ("named", "knot")
KMS1, KMS2, KMS3, KMS4 = (Srv(f"kms{number}.contoso.com") for number in range(1, 5))
TRIES = 20

# Made by hand, all of it: what no daemon may touch.
BY_HAND = Srv("kms9.contoso.com", 1688, 5, 5, 600)
CLAIMED = Srv("kms8.contoso.com", 1688, 1, 1, 600)
STRANGER = Claim("0123456789abcdef0123456789abcdef", "kms8.contoso.com", ttl=7200, since=1700000000)
WITHOUT_SRV = STRANGER._replace(host="kms7.contoso.com")
NO_CLAIMS = (
    '"a note"', '"srvpub=1"',
    STRANGER.rdata().replace("srvpub=1", "srvpub=2"),
    STRANGER._replace(id="0123", host="kms1.contoso.com").rdata(),
    STRANGER._replace(host="kms1.contoso.com", port=70000).rdata(),
    words_to_rdata("srvpub=1", f"id={STRANGER.id}", "host=kms1.contoso.com", "port=1688", "ttl=60"),
    words_to_rdata("srvpub=1", f"id={STRANGER.id}", "host=kms2.contoso.com", "port=1688", "since=1"),
    words_to_rdata("srvpub=1", *2 * [f"id={STRANGER.id}"], "host=kms1.contoso.com", "port=1688", "ttl=60", "since=1"),
)
FOREIGN = {"srvs": (BY_HAND, CLAIMED), "txts": NO_CLAIMS, "claims": (STRANGER, WITHOUT_SRV)}


def zone_by_hand(**options):
    txts = [*NO_CLAIMS, STRANGER.rdata(), WITHOUT_SRV.rdata()]
    return Zone("contoso.com", tuple([("_vlmcs._tcp", 600, "SRV", srv.rdata()) for srv in (BY_HAND, CLAIMED)]
                                     + [("_vlmcs._tcp", 1200, "TXT", txt) for txt in txts]), **options)


def two(test, **config):
    """Two publishers beside each other. Returns them and their record name."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", **config)
    name.wait({first: KMS1})
    second = test.publisher(name.server, "kms2", **config)
    name.wait({first: KMS1, second: KMS2})
    return first, second, name


@scenario(servers=BOTH)
def second_host_joins(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1")
    before = name.wait({first: KMS1})
    second = test.publisher(name.server, "kms2", Service={"Priority": 10, "Weight": 20})
    after = name.wait({first: KMS1, second: KMS2._replace(priority=10, weight=20)})
    test.equal(after.of("kms1.contoso.com"), before.octets, "the first one's records")
    test.check(first.publisher_id != second.publisher_id, "they are two publishers")
    test.write_nothing(first, second)
    test.equal((first.proxy.counts["update"], second.proxy.counts["update"]), (1, 1), "updates of each")


@scenario(servers=BOTH, cases={
    "on-stop": (lambda daemon: daemon.terminate(),),
    "off-the-list": (lambda daemon: daemon.reload(domains=["adsecurity.org"]),),
    "switched-off": (lambda daemon: daemon.reload(Publish={"DnsPublishing": "no"}),),
    "while-down": (lambda daemon: (daemon.kill(), daemon.configure(domains=["adsecurity.org"]), daemon.start()),)})
def host_leaves(test, leave):
    first, second, name = two(test, Ownership={"OnStop": "withdraw"})
    before = name.read()
    leave(second)
    after = name.wait({first: KMS1})
    test.equal(after.octets, before.of("kms1.contoso.com"), "what stays")
    test.write_nothing(first)
    if not second.has_ended:
        second.wait_about("contoso.com", WITHDRAWN)


@scenario(servers=BOTH)
def host_changes_its_numbers(test):
    first, second, name = two(test)
    before = name.read()
    second.reload(Service={"Priority": 7, "Weight": 8})
    after = name.wait({first: KMS1, second: KMS2._replace(priority=7, weight=8)})
    test.equal(after.of("kms1.contoso.com"), before.of("kms1.contoso.com"), "the first one's records")
    since = [held.claim_of(second.publisher_id).since for held in (before, after)]
    test.check(since[0] <= since[1] <= time.time() + 1, f"since when they are so: {since}")
    test.equal(after.claim_of(first.publisher_id), before.claim_of(first.publisher_id), "the first one's claim")
    test.write_nothing(first, second)


@scenario(servers=BOTH, cases={"stopped": (lambda daemon: daemon.terminate(),),
                               "killed": (lambda daemon: daemon.kill(),)})
def both_are_restarted_at_the_same_time(test, end):
    first, second, name = two(test)
    before = name.read()
    for daemon in (first, second):
        daemon.wait_about("contoso.com", PUBLISHED)
    for step in (end, lambda daemon: daemon.start()):
        step(first)
        step(second)
    for daemon in (first, second):
        daemon.wait_about("contoso.com", PUBLISHED, "already")
    test.write_nothing(first, second)
    test.equal(name.read().octets, before.octets, "what is there")
    test.equal([daemon.proxy.counts["update"] for daemon in (first, second)], [1, 1], "updates of each")


@scenario(servers=BOTH)
def both_start_at_the_same_moment(test):
    """Each record name is a try: both have seen it empty, and then their updates come at once."""
    domains = [f"site{number}.contoso.com" for number in range(TRIES)]
    server = test.primary(zones=apart(domains))
    gate = test.gate(server)
    daemons = {test.daemon(domains=domains, Service={"Target": srv.target}, Update={
        "Server": gate.address, "Timeout": "8s", "CheckInterval": "7d", "MaxOutstanding": 100}): srv
               for srv in (KMS1, KMS2)}
    gate.wait_held(2 * TRIES)
    test.equal(set(gate.held_names().values()), {2}, "updates for each name")
    gate.open(seed=1)
    for domain in domains:
        test.record_name(server, domain).wait(daemons)
    for daemon in daemons:
        daemon.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    test.equal(gate.rcodes["NOERROR"], 2 * TRIES, "updates that were done at once")


@scenario(servers=BOTH)
def three_come_and_go(test):
    name = test.record_name(test.primary())
    offers = {test.publisher(name.server, f"kms{number}", Ownership={"OnStop": "withdraw"}): srv
              for number, srv in ((1, KMS1), (2, KMS2), (3, KMS3))}
    first, second, third = offers
    before = name.wait(offers)
    second.terminate()
    after = name.wait({first: KMS1, third: KMS3})
    test.equal(after.octets, before.of("kms1.contoso.com", "kms3.contoso.com"), "what stays")
    third.reload(Service={"Port": 1689})
    second.start()
    offers = {first: KMS1, second: KMS2, third: KMS3._replace(port=1689)}
    after = name.wait(offers)
    test.equal(after.of("kms1.contoso.com"), before.of("kms1.contoso.com"), "the first one's records")
    for daemon in offers:
        daemon.terminate()
    name.wait({})


@scenario(servers=BOTH)
def one_daemon_publishes_two_hosts_beside_a_third(test):
    """Windows hosts cannot sign updates: another machine publishes for them."""
    name = test.record_name(test.primary())
    third = test.publisher(name.server, "kms3")
    before = name.wait({third: KMS3})
    office = test.publisher(name.server, "kms1", extra="[Host kms2.contoso.com]\nPriority=10\n")
    test.equal(office.proxy.counts["update"], 0, "updates before it began")
    after = name.wait({office: [KMS1, KMS2._replace(priority=10)], third: KMS3})
    test.equal(office.proxy.counts["update"], 1, "updates for both hosts")
    kept = after.of("kms1.contoso.com")
    office.reload(extra="[Host kms2.contoso.com]\nPriority=11\nWeight=1\n[Host kms4.contoso.com]\n")
    name.wait({office: [KMS1, KMS2._replace(priority=11, weight=1), KMS4], third: KMS3})
    office.reload(extra="[Host kms4.contoso.com]\n")
    after = name.wait({office: [KMS1, KMS4], third: KMS3})
    test.equal((after.of("kms3.contoso.com"), after.of("kms1.contoso.com")), (before.octets, kept), "what was left alone")
    test.write_nothing(office, third)
    office.restart(Publish={"DnsPublishing": "no"})
    test.equal(name.wait({third: KMS3}).octets, before.octets, "what is left in the end")


@scenario(servers=BOTH)
def what_is_made_by_hand_stays(test):
    """Records without a claim, claims of publishers that are no daemons, and TXTs that are no claims:
    through everything that two daemons do, to the octet, TTLs too (O12)."""
    name = test.record_name(test.primary(zones=[zone_by_hand(), Zone("adsecurity.org")]))
    by_hand = name.read().octets
    kms1, kms2 = KMS1._replace(ttl=600), KMS2._replace(ttl=600)
    first, second = (test.publisher(name.server, host, Ownership={"OnStop": "withdraw"}) for host in ("kms1", "kms2"))

    def expect(offers):
        held = name.wait(offers, **FOREIGN)
        test.check(by_hand <= held.octets, f"of what was made by hand there is gone or changed {by_hand - held.octets}")
        test.equal({octets[1] for octets in held.octets if octets[0] == "TXT"}, {1200}, "the TTL of TXTs")

    expect({first: kms1, second: kms2})
    test.write_nothing(first, second)
    second.reload(Service={"Priority": 7})
    expect({first: kms1, second: kms2._replace(priority=7)})
    first.kill()
    first.configure(Service={"Target": "kms3.contoso.com"})
    first.start()
    expect({first: KMS3._replace(ttl=600), second: kms2._replace(priority=7)})
    second.reload(domains=["adsecurity.org"])
    expect({first: KMS3._replace(ttl=600)})
    first.terminate()
    expect({})


# The target's name changes.

def order_of(test, daemon, old, new):
    """The new one is there before the old one goes, or both happen in one message."""
    added = False
    for message in daemon.proxy.updates:
        added |= any(rr.cls == 1 and rr.type == "SRV" and new in rr.text() for rr in message.authority)
        if any(rr.cls == 254 and rr.type == "SRV" and old in rr.text() for rr in message.authority):
            test.check(added, f"{old} goes before {new} is there")
            return
    test.check(False, f"no update removes {old}")


@scenario(servers=BOTH, cases={
    "reload": (lambda daemon, **config: daemon.reload(**config),),
    "restart": (lambda daemon, **config: daemon.restart(**config),),
    "kill": (lambda daemon, **config: (daemon.kill(), daemon.configure(**config), daemon.start()),)})
def renamed_host_moves_with_its_claim(test, change):
    first, second, name = two(test)
    before = name.read()
    first.proxy.reset()
    change(first, Service={"Target": "kms3.contoso.com"})
    after = name.wait({first: KMS3, second: KMS2})
    order_of(test, first, "kms1.contoso.com", "kms3.contoso.com")
    test.equal(after.of("kms2.contoso.com"), before.of("kms2.contoso.com"), "the other's records")
    test.write_nothing(first, second)
