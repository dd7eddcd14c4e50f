"""Mode=exclusive: one publisher at a name, first come, first served; the others stand by, and one of
them takes over when the name is free. O6."""
import os
import re

from support.client import Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone, apart

BOTH = ("named", "knot")
SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
ROUNDS = 10 if SOAK else 1
TRIES = 50  # a round: as many names as two daemons want at once
KMS1, KMS2, KMS3, KMS4 = (Srv(f"kms{number}.contoso.com") for number in range(1, 5))
BY_HAND = Srv("kms9.contoso.com", 1688, 5, 5, 600)
ALONE = {"Mode": "exclusive"}
RECORD = "_vlmcs._tcp.contoso.com."


def standing(number):
    """What a daemon tells systemd when it holds so many of TRIES names and stands by for the others."""
    return f"STATUS=published {number}/{TRIES}" + (f", {TRIES - number} standby: " if number < TRIES else "")


def says(daemon, words):
    return any(line.startswith(words) for line in daemon.told)


def holder_and_standby(test, **config):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership={**ALONE, "OnStop": "withdraw"}, **config)
    name.wait({first: KMS1})
    second = test.publisher(name.server, "kms2", Ownership=ALONE, **config)
    second.wait_about("contoso.com", f"standby: kms1.contoso.com:1688 holds .*publisher {first.publisher_id}")
    return first, second, name


@scenario(servers=BOTH, timeout=300 if SOAK else 60, cases={f"round={number}": (number,) for number in range(ROUNDS)})
def exactly_one_of_two_publishes(test, number):
    """Each name is a try: both have seen it free, and then their updates come at once."""
    domains = [f"site{number}.contoso.com" for number in range(TRIES)]
    server = test.primary(zones=apart(domains))
    gate = test.gate(server)
    daemons = [test.daemon(domains=domains, Service={"Target": srv.target}, Ownership=ALONE, Update={
        "Server": gate.address, "Timeout": "8s", "CheckInterval": "7d", "MaxOutstanding": 100}) for srv in (KMS1, KMS2)]
    gate.wait_held(2 * TRIES)
    test.equal(set(gate.held_names().values()), {2}, "updates for each name")
    gate.open(seed=number)
    wait_until(lambda: gate.rcodes["NOERROR"] + gate.rcodes["YXRRSET"] == 2 * TRIES, lambda: f"answers: {gate.rcodes}")
    names = [test.record_name(server, domain) for domain in domains]
    held = [sum(name.is_as(name.read(), {daemon: srv}) for name in names) for daemon, srv in zip(daemons, (KMS1, KMS2))]
    test.equal(sum(held), TRIES, f"names that one of them has, {held}")
    for daemon, count in zip(daemons, held):
        wait_until(lambda daemon=daemon, count=count: says(daemon, standing(count)),
                   lambda daemon=daemon, count=count: f"it does not tell systemd {standing(count)}, but {daemon.told[-3:]}")
    test.equal((gate.rcodes["NOERROR"], gate.rcodes["YXRRSET"]), (TRIES, TRIES), "updates done and refused")
    test.check(min(held) > 0, f"it was no race: {held}")


@scenario(servers=BOTH)
def exactly_one_of_three_publishes(test):
    """As it comes, without a proxy."""
    name = test.record_name(test.primary())
    hosts = {test.daemon(start=False, Service={"Target": srv.target}, Ownership=ALONE): srv for srv in (KMS1, KMS2, KMS3)}
    for daemon in hosts:
        daemon.start()
    for daemon in hosts:
        daemon.wait_about("contoso.com", f"standby|{PUBLISHED}")
    test.equal(len([daemon for daemon in hosts if daemon.said_about("contoso.com", PUBLISHED)]), 1, "publishers")
    holder = next(daemon for daemon in hosts if daemon.said_about("contoso.com", PUBLISHED))
    name.stays({holder: hosts[holder]})


@scenario(servers=BOTH)
def standby_takes_over_when_the_holder_leaves(test):
    first, second, name = holder_and_standby(test)
    test.write_nothing(first, second)
    test.equal(len(second.said("standby")), 1, "times that it says for whom it stands by")
    first.terminate()
    second.proxy.reset()
    name.wait({second: KMS2})
    second.wait_about("contoso.com", PUBLISHED, "added")
    # One may have been under way; then comes the look that finds it free, and the read-back.
    test.check(second.proxy.counts["SRV"] <= 3, f"{second.proxy.counts['SRV']} looks until it has taken over")
    test.equal(second.proxy.counts["update"], 1, "updates")
    first.start()
    first.wait_about("contoso.com", f"standby: kms2.contoso.com:1688 holds .*publisher {second.publisher_id}")
    name.stays({second: KMS2}, seconds=0.1)


@scenario(servers=BOTH)
def exactly_one_of_two_standbys_takes_over(test):
    first, second, name = holder_and_standby(test)
    third = test.publisher(name.server, "kms3", Ownership=ALONE)
    third.wait_about("contoso.com", "standby: kms1.contoso.com:1688 holds")
    first.reload(domains=["adsecurity.org"])
    first.wait_about("contoso.com", WITHDRAWN)
    hosts = {second: KMS2, third: KMS3}
    wait_until(lambda: any(name.is_as(name.read(), {daemon: srv}) for daemon, srv in hosts.items()), "nobody takes over")
    holder = next(daemon for daemon, srv in hosts.items() if name.is_as(name.read(), {daemon: srv}))
    test.write_nothing(second, third)
    name.stays({holder: hosts[holder]}, seconds=0.1)


@scenario(servers=BOTH)
def holder_changes_and_restarts_and_stays_the_holder(test):
    first, second, name = holder_and_standby(test)
    first.reload(Service={"Priority": 5})
    name.wait({first: KMS1._replace(priority=5)})
    first.reload(Service={"Priority": 5, "Target": "kms3.contoso.com"})
    moved = {first: KMS3._replace(priority=5)}
    name.wait(moved)
    second.wait_about("contoso.com", "standby: kms3.contoso.com:1688 holds")
    first.kill()
    test.write_nothing(second)
    first.start()
    test.write_nothing(first, second)
    name.stays(moved, seconds=0.1)
    test.equal(second.proxy.counts["update"], 0, "updates of the standby")


@scenario(servers=BOTH)
def holder_that_finds_others_beside_it_stays_and_warns(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    before = name.wait({first: KMS1})
    test.nsupdate(name.server, f"update add {RECORD} 3600 SRV {BY_HAND.rdata()}")
    first.wait_about("contoso.com", "warning.*exclusive.*others beside ours")
    test.write_nothing(first)
    after = name.read()
    test.check(before.octets < after.octets and len(after.srvs) == 2, f"both stay: {after}")
    test.equal(len(first.said("others beside ours")), 1, "times that it warns")


@scenario(servers=BOTH)
def record_without_a_claim_holds_the_name_too(test):
    """Made by hand, or by a Windows host: until somebody takes it away."""
    zone = Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", BY_HAND.rdata()),))
    name = test.record_name(test.primary(zones=[zone]))
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    first.wait_about("contoso.com", "standby: kms9.contoso.com:1688 holds .*no publisher claims it")
    test.write_nothing(first)
    name.stays({}, srvs=[BY_HAND._replace(ttl=3600)], seconds=0.1)
    test.nsupdate(name.server, f"update delete {RECORD} SRV {BY_HAND.rdata()}")
    name.wait({first: KMS1})


@scenario(servers=BOTH)
def shared_publisher_joins_an_exclusive_one(test):
    """Who shares minds nobody; who wants to be alone stays and says so, and would not have begun."""
    name = test.record_name(test.primary())
    alone = test.publisher(name.server, "kms1", Ownership=ALONE)
    name.wait({alone: KMS1})
    shares = test.publisher(name.server, "kms2", Ownership={"OnStop": "withdraw"})
    name.wait({alone: KMS1, shares: KMS2})
    alone.wait_about("contoso.com", "exclusive.*others beside ours")
    test.write_nothing(alone, shares)
    alone.restart(Publish={"DnsPublishing": "no"})
    name.wait({shares: KMS2})
    alone.reload(Publish={})
    alone.wait_about("contoso.com", "standby: kms2.contoso.com:1688 holds")
    shares.terminate()
    name.wait({alone: KMS1})


@scenario(servers=BOTH)
def holder_whose_record_is_replaced_by_hand_stands_by(test):
    """And takes its claim along, which stands for nothing now."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    name.wait({first: KMS1})
    test.nsupdate(name.server, f"update delete {RECORD} SRV", f"update add {RECORD} 600 SRV {BY_HAND.rdata()}")
    first.wait_about("contoso.com", "standby: kms9.contoso.com:1688 holds")
    name.wait({}, srvs=[BY_HAND])
    test.write_nothing(first)


@scenario(servers=BOTH)
def holder_of_two_hosts_holds_with_both(test):
    """[Host]: all of one publisher, or nothing; a standby with two hosts takes over with both."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership={**ALONE, "OnStop": "withdraw"}, extra="[Host kms3.contoso.com]\n")
    name.wait({first: [KMS1, KMS3]})
    second = test.publisher(name.server, "kms2", Ownership=ALONE, extra="[Host kms4.contoso.com]\nPriority=1\n")
    second.wait_about("contoso.com", "standby: kms[13].contoso.com:1688 holds")
    first.reload(extra="")
    name.wait({first: KMS1})
    first.terminate()
    name.wait({second: [KMS2, KMS4._replace(priority=1)]})
    test.equal(second.proxy.counts["update"], 1, "updates of the standby")


@scenario(servers=BOTH)
def mode_changes_by_reload(test):
    """Who stands by shares then; who shares and wants to be alone stays; who observes lets all be."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1")
    name.wait({first: KMS1})
    second = test.publisher(name.server, "kms2", Ownership=ALONE)
    second.wait_about("contoso.com", "standby")
    second.reload(Ownership={"Mode": "shared"})
    both = name.wait({first: KMS1, second: KMS2})
    second.reload(Ownership=ALONE)
    second.wait_about("contoso.com", "exclusive.*others beside ours")
    second.reload(Ownership={"Mode": "observe"})
    second.wait_about("contoso.com", "observed", "1 record of others")
    test.write_nothing(first, second, checks=1)
    test.equal(name.read().octets, both.octets, "what is there")
    second.reload(Ownership={"Mode": "shared"}, Service={"Priority": 3})
    name.wait({first: KMS1, second: KMS2._replace(priority=3)})


# Mode=observe.

@scenario(servers=BOTH)
def observer_writes_nothing_and_says_what_it_would(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1")
    before = name.wait({first: KMS1})
    watcher = test.publisher(name.server, "kms2", Ownership={"Mode": "observe"})
    line = watcher.wait_about("contoso.com", "observed", "kms2.contoso.com")
    test.check(re.search(r"add.*kms2\.contoso\.com.*1 record of others", line), line)
    test.write_nothing(watcher)
    test.equal(name.read().octets, before.octets, "what is there")
    test.equal(len(watcher.said("observed")), 1, "times that it says so")
    test.nsupdate(name.server, *(f"update add {RECORD} 3600 SRV {srv.rdata()}" for srv in (KMS2, BY_HAND)))
    watcher.wait_about("contoso.com", "observed", "2 records of others")
    test.equal(watcher.proxy.counts["update"], 0, "updates")
    test.check(watcher.proxy.counts["TXT"] > 0, "it sees claims")
    watcher.terminate()
    name.wait({first: KMS1}, srvs=[KMS2, BY_HAND._replace(ttl=3600)])
