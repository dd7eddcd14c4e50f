"""Names of one zone travel in one message (E9), and are one another's no more than that: what one of
them meets holds up no other, whose a record is counts as it does alone, and a kill between two messages
loses nothing."""
import contextlib
import signal
import sqlite3
import threading
from collections import Counter

from support import claims
from support.client import Srv, record_name
from support.scenario import KEY, scenario
from support.trap import Life, TrapProxy
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "knot")
KMS1, KMS2 = Srv(), Srv("kms2.contoso.com")
BY_HAND = Srv("kms9.contoso.com", 1688, 5, 5, 600)
BAITS = ["bait0.contoso.com", "bait1.contoso.com"]
SITES = [f"site{number}.contoso.com" for number in range(12)]
ODD = SITES[7]
HUNDRED = [f"site{number}.contoso.com" for number in range(100)]
# One pass, whatever comes of it.
ONCE = {"Timeout": "8s", "CheckInterval": "7d", "RetryMin": "1h", "RetryMax": "1h", "MaxOutstanding": 100}
ALONE = {"Mode": "exclusive"}


def names_of(update):
    """The domains that a message is for."""
    return {rr.name.removeprefix("_vlmcs._tcp.") for rr in update.authority}


def rows_of(daemon):
    """How many records the state knows, published or meant to be."""
    uri = f"file:{daemon.state_directory}/state.db?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as db:
        return db.execute("SELECT count(*) FROM offer").fetchone()[0]


def gathered(test, server, domains=tuple(SITES), zone=None, **config):
    """A daemon that has its two messages with the baits held at the gate, and behind them all domains as
    one that waits. Returns it and the gate."""
    gate = test.gate(server)
    daemon = test.daemon(domains=BAITS[:1], Update={"Server": gate.address, "Zone": zone, **ONCE}, **config)
    gate.wait_held(1)
    daemon.reload(domains=BAITS)
    gate.wait_held(2)
    daemon.reload(domains=[*BAITS, *domains])
    wait_until(lambda: rows_of(daemon) == len(BAITS) + len(domains), "not all have been looked at")
    # What is durable is told to the loop a moment later, and before this.
    n_ready = daemon.told.count("READY=1")
    daemon.reload()
    wait_until(lambda: daemon.told.count("READY=1") > n_ready, "no reload")
    return daemon, gate


def messages_with(gate, domain):
    return [names for names in map(names_of, gate.updates) if domain in names]


def wait_told(daemon, words):
    wait_until(lambda: any(line.startswith(words) for line in daemon.told),
               lambda: f"it does not tell systemd {words!r}, but {daemon.told[-3:]}", 15)


def others_came_alone(test, gate, odd_comes=2):
    """All gathered in one message; then each in one of its own."""
    test.equal(messages_with(gate, SITES[0])[0], set(SITES), "the message that was refused")
    for domain in SITES:
        found = [len(names) for names in messages_with(gate, domain)]
        test.equal(found, [len(SITES), 1] if domain != ODD else [len(SITES)] + [1] * (odd_comes - 1),
                   f"sizes of the messages that {domain} was in")


# One of them fails.

@scenario(servers=BOTH)
def refused_name_holds_up_no_other(test):
    grants = tuple((KEY.name, record_name(domain), ("SRV", "TXT")) for domain in [*BAITS, *SITES] if domain != ODD)
    server = test.primary(zones=[Zone("contoso.com", grants=grants)])
    daemon, gate = gathered(test, server, Ownership={"Claims": "yes"})
    gate.open(seed=1)
    daemon.wait_about(ODD, "denied", "REFUSED|policy")
    wait_told(daemon, f"STATUS=published {len(SITES) + 1}/{len(SITES) + 2}")
    others_came_alone(test, gate)
    for domain in SITES:
        test.record_name(server, domain).wait({daemon: KMS1} if domain != ODD else {}, timeout=0)
        test.equal(len(daemon.said_about(domain, "denied|failed")), int(domain == ODD), f"complaints about {domain}")


@scenario(servers=BOTH)
def conflicting_name_holds_up_no_other(test):
    """Somebody takes a name between the look and the message."""
    server = test.primary(zones=[Zone("contoso.com")])
    daemon, gate = gathered(test, server, Ownership=ALONE)
    test.nsupdate(server, f"update add {record_name(ODD)} {BY_HAND.ttl} SRV {BY_HAND.rdata()}")
    gate.open(seed=1)
    daemon.wait_about(ODD, "standby")
    wait_told(daemon, f"STATUS=published {len(SITES) + 1}/{len(SITES) + 2}, 1 standby")
    others_came_alone(test, gate)
    for domain in SITES:
        offers, srvs = ({daemon: KMS1}, ()) if domain != ODD else ({}, [BY_HAND])
        test.record_name(server, domain).wait(offers, srvs=srvs, timeout=0)
    test.equal(gate.rcodes["YXRRSET"], 2, "conflicts: the message, and the name alone")


@scenario(servers=BOTH, cases={"shared": ("shared",), "exclusive": ("exclusive",)})
def name_that_is_in_another_zone_holds_up_no_other(test, mode):
    """Zone= says where all are, but one has a zone of its own by now: what is written beside it is never seen, and
    that is told."""
    server = test.primary(zones=[Zone("contoso.com"), Zone(ODD)])
    daemon, gate = gathered(test, server, zone="contoso.com", Ownership={"Mode": mode})
    gate.open(seed=1)
    daemon.wait_about(ODD, "failed", "zone of its own there.*, which Zone= does not say")
    wait_told(daemon, f"STATUS=published {len(SITES) + 1}/{len(SITES) + 2}")
    test.equal(messages_with(gate, SITES[0])[0], set(SITES), "the message that all were in")
    for domain in SITES:
        test.record_name(server, domain).wait({daemon: KMS1} if domain != ODD else {}, timeout=0)


@scenario(servers=BOTH)
def three_that_fail_hold_up_no_other(test):
    """One refused, one taken by somebody else, one in another zone: all in one message, and all others are
    published in the same pass."""
    refused, taken, elsewhere = odd = [SITES[3], ODD, SITES[9]]
    grants = tuple((KEY.name, record_name(domain), ("SRV", "TXT")) for domain in [*BAITS, *SITES] if domain != refused)
    server = test.primary(zones=[Zone("contoso.com", grants=grants), Zone(elsewhere)])
    daemon, gate = gathered(test, server, zone="contoso.com", Ownership={**ALONE, "Claims": "yes"})
    test.nsupdate(server, f"update add {record_name(taken)} {BY_HAND.ttl} SRV {BY_HAND.rdata()}", zone="contoso.com")
    gate.open(seed=1)
    for domain, words in zip(odd, ("denied", "standby", "failed")):
        daemon.wait_about(domain, words)
    wait_told(daemon, f"STATUS=published {len(SITES) - 1}/{len(SITES) + 2}")
    test.equal(messages_with(gate, SITES[0])[0], set(SITES), "the message that all were in")
    for domain in SITES:
        offers, srvs = ({}, [BY_HAND] if domain == taken else ()) if domain in odd else ({daemon: KMS1}, ())
        test.record_name(server, domain).wait(offers, srvs=srvs, timeout=0)


@scenario(servers=BOTH)
def what_was_lost_goes_alone(test):
    """One of them may be what a server falls silent at: the next server gets each by itself."""
    server = test.primary(zones=[Zone("contoso.com")])
    silent, second = test.gate(server), test.proxy("127.0.0.6", server)
    daemon = test.daemon(domains=SITES, Update={**ONCE, "Server": f"{silent.address} {second.address}",
                                                 "Timeout": "2s"})  # Knot may answer 0.9 s late
    wait_told(daemon, f"STATUS=published {len(SITES)}/{len(SITES)}")
    test.check(max(len(names_of(update)) for update in silent.updates) > 1, "some travelled together at first")
    found = sorted(map(names_of, second.updates), key=sorted)
    test.equal(found, [{domain} for domain in sorted(SITES)], "messages then")


@scenario(servers=BOTH)
def what_was_not_sent_is_not_doubted(test):
    """Taken off the list while their message waits, they are gone at once: nothing can arrive any more (O13)."""
    server = test.primary(zones=[Zone("contoso.com")])
    daemon, gate = gathered(test, server)
    daemon.reload(domains=BAITS)
    # Half of the time that a sent one may still take effect, and a good deal less than the baits wait.
    wait_until(lambda: rows_of(daemon) == len(BAITS), lambda: f"{rows_of(daemon)} rows are left", 6)
    test.equal([names_of(update) for update in gate.updates], [{bait} for bait in BAITS], "messages")
    gate.open(seed=1)
    wait_told(daemon, f"STATUS=published {len(BAITS)}/{len(BAITS)}")


# Whose it is.

@scenario(servers=BOTH)
def claims_of_others_stay(test):
    """They join, change their numbers and leave again in messages of many, and take nobody's with them."""
    server = test.primary(zones=[Zone("contoso.com")])
    first = test.daemon(domains=SITES, Update={**ONCE, "Server": server.address})
    wait_told(first, f"STATUS=published {len(SITES)}/{len(SITES)}")
    before = {domain: claims.read(server.address, domain) for domain in SITES}
    second, gate = gathered(test, server, Service={"Target": KMS2.target})
    gate.open(seed=1)
    for domain in SITES:
        test.record_name(server, domain).wait({first: KMS1, second: KMS2})
    test.equal(messages_with(gate, ODD), [set(SITES)], "messages of the second")
    second.reload(Service={"Target": KMS2.target, "Priority": 7})
    for domain in SITES:
        test.record_name(server, domain).wait({first: KMS1, second: KMS2._replace(priority=7)})
    second.reload(Publish={"DnsPublishing": "no"})
    for domain in SITES:
        test.equal(test.record_name(server, domain).wait({first: KMS1}).octets, before[domain].octets,
                   f"what the first has at {domain}")


@scenario(servers=BOTH)
def held_names_stay_their_holders(test):
    """O6 in a message of many: of half of the names another is the holder."""
    server = test.primary(zones=[Zone("contoso.com")])
    first = test.daemon(domains=SITES[::2], Ownership=ALONE, Update={**ONCE, "Server": server.address})
    wait_told(first, "STATUS=published 6/6")
    second = test.daemon(domains=SITES, Service={"Target": KMS2.target}, Ownership=ALONE,
                         Update={**ONCE, "Server": server.address})
    wait_told(second, "STATUS=published 6/12, 6 standby")
    for domain in SITES:
        test.record_name(server, domain).wait({first: KMS1} if domain in SITES[::2] else {second: KMS2}, timeout=0)


@scenario(servers=BOTH)
def crossing_messages_leave_one_holder(test):
    """Two want the same names alone, and the message of each is on its way when the other's comes."""
    server = test.primary(zones=[Zone("contoso.com")])
    gate = test.gate(server)
    config = {"domains": HUNDRED[:40], "Ownership": ALONE, "Update": {**ONCE, "Server": gate.address}}
    daemons = [test.daemon(Service={"Target": srv.target}, **config) for srv in (KMS1, KMS2)]
    # More than one of them alone can have on its way.
    wait_until(lambda: len(gate.updates) >= 4 or sum(len(names_of(update)) for update in gate.updates) > 40,
               "they have not sent what they want")
    gate.open(seed=2)
    names = [test.record_name(server, domain) for domain in HUNDRED[:40]]

    def holders():
        held = [name.read() for name in names]
        return [sum(name.is_as(found, {daemon: srv}) for name, found in zip(names, held))
                for daemon, srv in zip(daemons, (KMS1, KMS2))]

    def all_are_right():
        rows = holders()
        return sum(rows) == len(names) and all(
            any(line.startswith(f"STATUS=published {number}/{len(names)}") for line in daemon.told)
            for number, daemon in zip(rows, daemons))

    wait_until(all_are_right, lambda: f"they have {holders()}, and say {[daemon.told[-2:] for daemon in daemons]}", 20)
    test.check(gate.rcodes["YXRRSET"] > 0, f"they met at the server: {gate.rcodes}")


# How many messages.

@scenario(servers=BOTH)
def hundred_names_travel_in_few_messages(test):
    server = test.primary(zones=[Zone("contoso.com")])
    proxy = test.proxy("127.0.0.5", server)
    daemon = test.daemon(domains=HUNDRED, Update={**ONCE, "Server": proxy.address})

    def cost(what):
        sizes = [len(names_of(update)) for update in proxy.updates]
        test.say(f"{what}: {sizes}")
        found = Counter(name for update in proxy.updates for name in names_of(update) if name not in BAITS)
        test.equal(found, Counter(HUNDRED), what)
        test.check(len(sizes) <= 15, f"{what} took {len(sizes)} messages: {sizes}")
        proxy.reset()

    daemon.wait_notify("STATUS=published 100/100", timeout=20)
    cost("first publication")
    daemon.reload(Service={"Priority": 3})
    for domain in HUNDRED:
        test.record_name(server, domain).wait({daemon: KMS1._replace(priority=3)})
    cost("a change of numbers")
    daemon.reload(domains=BAITS[:1])
    for domain in HUNDRED:
        test.record_name(server, domain).wait({})
    cost("withdrawal")


# Killed.

def start_to_be_killed(test, daemon, proxy, **trap):
    is_started = threading.Event()

    def kill():
        is_started.wait()
        daemon.process.signal(signal.SIGKILL)

    life = proxy.life = Life(kill, lambda line: None, **trap)
    daemon.start()
    is_started.set()
    return life


@scenario(servers=BOTH, cases={"sent": (None, 0.0), "lost": (None, None), "late": (None, 0.5), "answered": (0, 0.0)})
def killed_between_messages_it_loses_nothing(test, wait, late):
    """kill -9 with the second message of many; what it may have done is taken away again, and what was not
    done is done."""
    server = test.primary(zones=[Zone("contoso.com", (("_vlmcs._tcp.site5", 600, "SRV", BY_HAND.rdata()),))])
    proxy = TrapProxy("127.0.0.5", server)
    test.servers.append(proxy)
    proxy.start()
    update = {"Server": proxy.address, "Timeout": "1s", "CheckInterval": "1s", "RetryMin": "200ms", "RetryMax": "1s"}
    daemon = test.daemon(start=False, domains=HUNDRED, Update=update)
    for domains in (HUNDRED[:50], HUNDRED[50:], [BAITS[0]]):
        life = start_to_be_killed(test, daemon, proxy, kind="update", number=2, wait=wait, late=late)
        wait_until(lambda life=life: life.was_trapped or not daemon.process.is_running(), "no second message came")
        daemon.process.wait()
        daemon.has_ended = True
        daemon.configure(domains=domains)
    proxy.life = Life(lambda: None, lambda line: None)
    daemon.start()
    wait_until(lambda: proxy.outstanding == 0 and rows_of(daemon) == 1, "it does not come to rest", 20)
    for domain in HUNDRED:
        srvs = [BY_HAND] if domain == "site5.contoso.com" else ()
        test.record_name(server, domain).wait({}, srvs=srvs)
    test.record_name(server, BAITS[0]).wait({daemon: KMS1})
