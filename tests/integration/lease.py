"""Leases: what a publisher that is gone for good left behind is reclaimed, by exactly one, and never from
one that lives. Clocks are set, not waited for. O8."""
import re
import time

from support.claims import Claim
from support.client import Srv
from support.clock import Clock
from support.daemon import PUBLISHED
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone, apart

BOTH = ("named", "knot")
KMS1, KMS2, KMS3 = Srv(), Srv("kms2.contoso.com"), Srv("kms3.contoso.com")
MINUTE, HOUR = 60, 3600
LEASE = {"Lease": "1min"}
RECLAIM = {"ReclaimExpired": "yes"}
RECLAIMED = "removed what a publisher left whose lease had run out.*kms1.contoso.com"
TRIES = 20
DOMAINS = [f"site{number}.contoso.com" for number in range(TRIES)]


def with_clock(test, daemon, wall=0):
    """Starts it with clocks of its own: daemon.clock."""
    daemon.clock = Clock(test, daemon, wall=wall)
    daemon.start()
    return daemon


def publisher(test, server, host, ownership, wall=0, **config):
    return with_clock(test, test.publisher(server, host, start=False, Ownership=ownership, **config), wall)


def left_behind(until, lease=MINUTE, host="kms1.contoso.com"):
    return Claim("0123456789abcdef0123456789abcdef", host, since=1700000000, until=until, lease=lease)


def zone_with(claim, **options):
    """A zone with what a publisher left that is no more."""
    return Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", Srv(claim.host).rdata()),
                                ("_vlmcs._tcp", 3600, "TXT", claim.rdata())), **options)


@scenario(servers=BOTH)
def record_of_a_killed_publisher_is_reclaimed(test):
    """Its clocks and ours agree, and TSIG holds: no further than its fudge."""
    name = test.record_name(test.primary())
    first = publisher(test, name.server, "kms1", LEASE)
    second = publisher(test, name.server, "kms2", {**LEASE, **RECLAIM})
    before = name.wait({first: KMS1, second: KMS2})
    for daemon in (first, second):
        test.equal(before.claim_of(daemon.publisher_id).lease, MINUTE, "the lease in its claim")
    test.wait_looks(second, checks=1)
    first.kill()
    second.clock.ahead(9 * MINUTE, wall=2 * MINUTE)
    test.wait_looks(second)
    name.wait({first: KMS1, second: KMS2})
    second.clock.ahead(2 * MINUTE, wall=0)
    after = name.wait({second: KMS2})
    second.wait_about("contoso.com", RECLAIMED)
    test.equal({octets for octets in after.octets if octets[0] == "SRV"},
               {octets for octets in before.of("kms2.contoso.com") if octets[0] == "SRV"}, "its own SRV")
    first.start()
    name.wait({first: KMS1, second: KMS2})
    test.equal(len(second.said(RECLAIMED)), 1, "times that it says so")


def domains_told(daemon):
    """More than three are told in one line with their number."""
    counts = [re.match(r"(\d+) domains ", line) for line in daemon.said(RECLAIMED)]
    return sum(int(count[1]) if count else 1 for count in counts)


@scenario(servers=BOTH)
def exactly_one_of_two_reclaims(test):
    """Both have seen it dead, and then their updates come at once. Each name is a try."""
    server = test.primary(zones=apart(DOMAINS))
    gate = test.gate(server, is_closed=False)
    through = {"Server": gate.address, "Timeout": "8s", "MaxOutstanding": 100}
    first = test.daemon(domains=DOMAINS, Ownership={"Lease": "4s"}, Update=through)
    first.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    first.kill()
    hosts = {with_clock(test, test.daemon(start=False, domains=DOMAINS, Ownership=RECLAIM, Update=through,
                                          Service={"Target": srv.target})): srv for srv in (KMS2, KMS3)}
    for daemon in hosts:
        daemon.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    names = [test.record_name(server, domain) for domain in DOMAINS]
    for name in names:
        name.wait({first: KMS1, **hosts})
    last = max(name.read().claim_of(first.publisher_id).until for name in names)
    wait_until(lambda: int(time.time()) > last, "its lease does not end")
    gate.is_closed = True
    gate.rcodes.clear()
    for daemon in hosts:
        daemon.clock.ahead(11 * MINUTE, wall=0)
    gate.wait_held(2 * TRIES)
    gate.open(seed=1)
    for name in names:
        name.wait(hosts)
    wait_until(lambda: gate.rcodes.total() >= 2 * TRIES, "not all are answered")
    test.equal((gate.rcodes["NOERROR"], gate.rcodes["NXRRSET"]), (TRIES, TRIES), "updates done and refused")
    looks = gate.counts["SRV"]
    wait_until(lambda: gate.counts["SRV"] >= looks + 4 * TRIES, "they do not look again")
    wait_until(lambda: sum(map(domains_told, hosts)) >= TRIES, "they do not say so")
    test.equal(sum(map(domains_told, hosts)), TRIES, "domains of which they say so")


@scenario(servers=("named",), cases={
    "nobody-reclaims": ({}, left_behind(1700000000)),
    "no-lease": (RECLAIM, left_behind(None, None)),
    "lease-runs": (RECLAIM, left_behind(int(time.time()) + 2 * HOUR)),
    "lease-is-longer": (RECLAIM, left_behind(1700000000, lease=HOUR))})
def record_is_not_reclaimed(test, ownership, claim):
    name = test.record_name(test.primary(zones=[zone_with(claim)]))
    daemon = publisher(test, name.server, "kms2", ownership)
    daemon.clock.ahead(0)
    expected = {"srvs": [KMS1], "claims": [claim]}
    name.wait({daemon: KMS2}, **expected)
    test.wait_looks(daemon)
    daemon.clock.ahead(30 * MINUTE, wall=0)
    test.write_nothing(daemon)
    name.stays({daemon: KMS2}, seconds=0.1, **expected)


@scenario(servers=("named",))
def watch_begins_anew_with_each_start(test):
    claim = left_behind(1700000000)
    name = test.record_name(test.primary(zones=[zone_with(claim)]))
    daemon = publisher(test, name.server, "kms2", RECLAIM)
    name.wait({daemon: KMS2}, srvs=[KMS1], claims=[claim])
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.clock.ahead(9 * MINUTE, wall=0)
    test.write_nothing(daemon)
    daemon.restart()
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.clock.ahead(9 * MINUTE, wall=0)
    test.write_nothing(daemon)
    daemon.clock.ahead(2 * MINUTE, wall=0)
    name.wait({daemon: KMS2})


@scenario(servers=BOTH)
def record_that_a_living_publisher_claims_too_stays(test):
    """Of a host that two publish only the dead one's claim goes."""
    claim = left_behind(1700000000)
    name = test.record_name(test.primary(zones=[zone_with(claim)]))
    living = test.publisher(name.server, "kms1")
    before = name.wait({living: KMS1}, claims=[claim])
    daemon = publisher(test, name.server, "kms2", RECLAIM)
    name.wait({living: KMS1, daemon: KMS2}, claims=[claim])
    test.wait_looks(daemon)
    daemon.clock.ahead(11 * MINUTE, wall=0)
    after = name.wait({living: KMS1, daemon: KMS2})
    test.check(after.of("kms1.contoso.com") < before.octets, "what stays is as it was")
    test.write_nothing(living, daemon)


@scenario(servers=BOTH)
def claim_of_ones_former_self_runs_out(test):
    """What a lost state left is reclaimed like another's; the SRV is still wanted, and stays to the octet."""
    claim = left_behind(1700000000)
    name = test.record_name(test.primary(zones=[zone_with(claim)]))
    daemon = publisher(test, name.server, "kms1", RECLAIM)
    before = name.wait({daemon: KMS1}, claims=[claim])
    test.wait_looks(daemon, checks=1)
    daemon.clock.ahead(11 * MINUTE, wall=0)
    after = name.wait({daemon: KMS1})
    test.check(after.octets < before.octets and len(after.octets) == 2, f"only the claim goes: {after}")
    test.write_nothing(daemon, checks=1)


@scenario(servers=("named",), cases={"an-hour-behind": (-HOUR,), "an-hour-ahead": (HOUR,)})
def publisher_that_lives_is_never_reclaimed(test, wall):
    """Whatever its clock shows: it renews its claim at half of its lease, and who watches sees that."""
    name = test.record_name(test.primary(zones=[Zone("contoso.com", update=("any",))]))
    first = publisher(test, name.server, "kms1", {"Lease": "20min"}, wall=wall, key=None)
    second = publisher(test, name.server, "kms2", {"Lease": "20min", **RECLAIM}, key=None)
    before = name.wait({first: KMS1, second: KMS2})
    test.wait_looks(second)
    for _ in range(3):
        untils = {daemon: name.read().claim_of(daemon.publisher_id).until for daemon in (first, second)}
        for daemon in (first, second):
            daemon.clock.ahead(11 * MINUTE)
        for daemon, until in untils.items():
            wait_until(lambda daemon=daemon, until=until: name.read().claim_of(daemon.publisher_id).until > until,
                       f"{daemon.log_path.name} does not renew its lease")
        test.wait_looks(second, checks=1)
    after = name.wait({first: KMS1, second: KMS2})
    test.equal({octets for octets in after.octets if octets[0] == "SRV"},
               {octets for octets in before.octets if octets[0] == "SRV"}, "SRVs")
    test.equal(second.said("lease had run out"), [], "what it reclaims")
    first.kill()
    # By now it has to be gone by both: until= by the wall clock, and a lease without a renewal.
    second.clock.ahead(21 * MINUTE)
    if wall > 0:
        test.wait_looks(second)
        name.wait({first: KMS1, second: KMS2})
        second.clock.ahead(HOUR)
    name.wait({second: KMS2})


@scenario(servers=("named",))
def wall_clock_that_jumps_reclaims_nothing(test):
    name = test.record_name(test.primary(zones=[Zone("contoso.com", update=("any",))]))
    first = test.publisher(name.server, "kms1", Ownership={"Lease": "1h"}, key=None)
    second = publisher(test, name.server, "kms2", RECLAIM, key=None)
    before = name.wait({first: KMS1, second: KMS2})
    second.clock.ahead(0, wall=24 * HOUR)
    test.write_nothing(second)
    test.equal(name.read().octets, before.octets, "what is there")


@scenario(servers=BOTH)
def lease_is_renewed_at_half(test):
    """until= moves, and nothing else; nobody is told."""
    name = test.record_name(test.primary())
    daemon = publisher(test, name.server, "kms1", {"Lease": "6min"})
    before = name.wait({daemon: KMS1})
    claim = before.claim_of(daemon.publisher_id)
    test.check(abs(claim.until - time.time() - 6 * MINUTE) < 10 and claim.lease == 6 * MINUTE, f"the claim: {claim}")
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    daemon.clock.ahead(2 * MINUTE)
    test.write_nothing(daemon)
    daemon.clock.ahead(MINUTE + 20)
    wait_until(lambda: name.read().claim_of(daemon.publisher_id) != claim, "it does not renew its lease")
    test.equal(daemon.proxy.counts["update"], 2, "updates")
    after = name.wait({daemon: KMS1}, timeout=0)
    renewed = after.claim_of(daemon.publisher_id)
    test.equal(renewed._replace(until=0), claim._replace(until=0), "the claim, but for until=")
    test.check(0 <= renewed.until - claim.until - 200 < 15, f"until= moves from {claim.until} to {renewed.until}")
    test.equal({octets for octets in after.octets if octets[0] == "SRV"},
               {octets for octets in before.octets if octets[0] == "SRV"}, "the SRV")
    test.write_nothing(daemon)
    # Where the clock jumped over a query that was on its way, that one is late.
    late = "did not answer within 1 s|it was there already"
    test.equal([line for line in daemon.said(".", after=mark) if not re.search(late, line)], [], "what it says")


# Mode=exclusive.

@scenario(servers=BOTH)
def standby_takes_over_from_a_dead_holder(test):
    name = test.record_name(test.primary())
    alone = {**LEASE, **RECLAIM, "Mode": "exclusive"}
    first = publisher(test, name.server, "kms1", alone)
    name.wait({first: KMS1})
    second = publisher(test, name.server, "kms2", alone)
    second.wait_about("contoso.com", "standby: kms1.contoso.com:1688 holds")
    first.kill()
    second.clock.ahead(9 * MINUTE, wall=2 * MINUTE)
    test.write_nothing(second)
    name.stays({first: KMS1}, seconds=0.1)
    second.clock.ahead(2 * MINUTE, wall=0)
    name.wait({second: KMS2})
    second.wait_about("contoso.com", RECLAIMED)
    second.wait_about("contoso.com", PUBLISHED)
    first.start()
    first.wait_about("contoso.com", "standby: kms2.contoso.com:1688 holds")
    name.stays({second: KMS2}, seconds=0.1)


@scenario(servers=BOTH)
def exactly_one_of_two_standbys_takes_over(test):
    """Each name is a try: the holder of all is dead, and both standbys come at once."""
    claim = left_behind(1700000000)
    records = tuple(("_vlmcs._tcp", 3600, type_, rdata)
                    for type_, rdata in (("SRV", KMS1.rdata()), ("TXT", claim.rdata())))
    server = test.primary(zones=[Zone(domain, records) for domain in DOMAINS])
    gate = test.gate(server)
    update = {"Server": gate.address, "Timeout": "8s", "MaxOutstanding": 100}
    daemons = [with_clock(test, test.daemon(start=False, domains=DOMAINS, Ownership={**RECLAIM, "Mode": "exclusive"},
                                            Update=update, Service={"Target": srv.target})) for srv in (KMS2, KMS3)]
    for daemon in daemons:
        wait_until(lambda daemon=daemon: any(f"{TRIES} standby" in line for line in daemon.told), "they do not stand by")
        daemon.clock.ahead(11 * MINUTE, wall=0)
    gate.wait_held(2 * TRIES)
    gate.open(seed=1)
    names = [test.record_name(server, domain) for domain in DOMAINS]
    for name in names:
        wait_until(lambda name=name: any(name.is_as(name.read(), {daemon: srv})
                                         for daemon, srv in zip(daemons, (KMS2, KMS3))),
                   lambda name=name: f"{name.domain} has\n    {name.read()}")
    wait_until(lambda: gate.rcodes.total() >= 2 * TRIES, "not all are answered")
    test.equal((gate.rcodes["NOERROR"], gate.rcodes["NXRRSET"]), (TRIES, TRIES), "updates done and refused")
