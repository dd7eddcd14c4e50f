"""What ownership costs the servers: the messages of each publisher for each thing that it does. No timer
runs here, so nothing is counted that does not belong to it."""
from collections import Counter

from support.bus import Bus, Ctl
from support.claims import Claim
from support.client import Srv
from support.clock import Clock
from support.daemon import PUBLISHED
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

KMS1, KMS2 = Srv(), Srv("kms2.contoso.com")
SELDOM = {"CheckInterval": "7d", "Timeout": "5s"}
DAY = 24 * 3600
LOOK = {"SRV": 1, "TXT": 1}
LOOK_AT_NOTHING = {"SRV": 1}  # NXDOMAIN answers both, and its SOA is that of the zone
FIND = {"SOA": 1}
WRITE = {"update": 1}
NOTHING = {}


def together(*parts):
    return {kind: n for kind in ("SOA", "SRV", "TXT", "update") if (n := sum(part.get(kind, 0) for part in parts))}


def cost(test, daemon, expected, what):
    """The counts since the last call, without those of the target's addresses."""
    found = together(daemon.proxy.counts)
    daemon.proxy.reset()
    test.say(f"{what}: {', '.join(f'{n} {kind}' for kind, n in found.items()) or 'nothing'}")
    test.equal(found, expected, what)


def seldom(test, server, host="kms1", start=True, **config):
    """A publisher that looks only when it has to."""
    daemon = test.publisher(server, host, start=False, **config)
    daemon.configure(Update={**SELDOM, "Server": daemon.proxy.address})
    if start:
        daemon.start()
        daemon.wait_about("contoso.com", PUBLISHED)
    return daemon


@scenario(servers=("named", "knot"))
def each_step_costs_what_it_must(test):
    name = test.record_name(test.primary())
    first = seldom(test, name.server)
    cost(test, first, together(LOOK_AT_NOTHING, WRITE, LOOK), "first publication")
    first.terminate()
    first.start()
    first.wait_about("contoso.com", PUBLISHED, "already")
    cost(test, first, LOOK, "unchanged check")
    for priority, search, what in ((3, FIND, "a first change after a restart"), (0, NOTHING, "a further one")):
        mark = first.mark()
        first.reload(Service={"Priority": priority})
        first.wait_about("contoso.com", PUBLISHED, after=mark)
        cost(test, first, together(search, LOOK, WRITE, LOOK), what)
    second = seldom(test, name.server, "kms2", Ownership={"OnStop": "withdraw"})
    name.wait({first: KMS1, second: KMS2})
    cost(test, second, together(FIND, LOOK, WRITE, LOOK), "joining another")
    mark = second.mark()
    second.reload(Service={"Priority": 5})
    second.wait_about("contoso.com", PUBLISHED, after=mark)
    cost(test, second, together(LOOK, WRITE, LOOK), "a change of numbers")
    mark = second.mark()
    second.reload(Service={"Priority": 5, "Target": "kms3.contoso.com"})
    second.wait_about("contoso.com", PUBLISHED, after=mark)
    cost(test, second, together(LOOK, WRITE, LOOK), "a new target")
    second.terminate()
    cost(test, second, together(LOOK, WRITE, LOOK), "leaving")
    cost(test, first, NOTHING, "what the other one needed for all that")
    name.wait({first: KMS1})


@scenario(servers=("named", "knot"))
def takeover_costs_one_update(test):
    name = test.record_name(test.primary())
    first = seldom(test, name.server)
    first.kill()
    second = seldom(test, name.server, "kms2", start=False, Ownership={"Mode": "exclusive"})
    bus = Bus(test).start()
    second.environment.update(bus.environment)
    second.start()
    second.wait_about("contoso.com", "standby")
    cost(test, second, together(FIND, LOOK), "standing by")
    Ctl(test, bus).run("takeover", "contoso.com", "--from", "kms1.contoso.com", "--yes")
    cost(test, second, together(FIND, LOOK, LOOK, WRITE, LOOK), "a takeover, shown before it is done")
    name.wait({second: KMS2}, timeout=0)


@scenario(servers=("named", "knot"))
def reclaiming_costs_one_update(test):
    claim = Claim("0123456789abcdef0123456789abcdef", since=1700000000, until=1700000060, lease=60)
    records = (("_vlmcs._tcp", 3600, "SRV", KMS1.rdata()), ("_vlmcs._tcp", 3600, "TXT", claim.rdata()))
    name = test.record_name(test.primary(zones=[Zone("contoso.com", records)]))
    daemon = seldom(test, name.server, "kms2", start=False, Ownership={"ReclaimExpired": "yes"})
    clock = Clock(test, daemon)
    daemon.start()
    daemon.wait_about("contoso.com", PUBLISHED)
    name.wait({daemon: KMS2}, srvs=[KMS1], claims=[claim])
    daemon.proxy.reset()
    clock.ahead(15 * DAY, wall=0)
    daemon.reload()  # wakes it up: its timer is set by the kernel's clock
    daemon.wait_about("contoso.com", "removed what a publisher left")
    name.wait({daemon: KMS2}, timeout=0)
    cost(test, daemon, together(LOOK, WRITE, LOOK), "reclaiming")


@scenario(servers=("named", "knot"))
def renewing_a_lease_costs_one_update(test):
    name = test.record_name(test.primary(zones=[Zone("contoso.com", update=("any",))]))
    daemon = seldom(test, name.server, start=False, key=None, Ownership={"Lease": "30d"})
    clock = Clock(test, daemon)
    daemon.start()
    before = name.wait({daemon: KMS1}).claim_of(daemon.publisher_id)
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.proxy.reset()
    clock.ahead(16 * DAY)
    daemon.reload()  # wakes it up
    wait_until(lambda: name.read().claim_of(daemon.publisher_id).until > before.until, "it does not renew")
    daemon.terminate()
    cost(test, daemon, together(LOOK, WRITE), "a renewal")


@scenario(servers=("named", "knot"))
def lost_race_costs_one_refused_update(test):
    server = test.primary()
    gate = test.gate(server)
    update = {**SELDOM, "Server": gate.address}
    daemons = [test.daemon(Service={"Target": srv.target}, Ownership={"Mode": "exclusive"}, Update=update)
               for srv in (KMS1, KMS2)]
    gate.wait_held(2)
    gate.open(seed=1)
    for daemon in daemons:
        daemon.wait_about("contoso.com", f"standby|{PUBLISHED}")
    found = together(gate.counts)
    test.say(f"an exclusive race, both together: {found}")
    wait_until(lambda: gate.rcodes["YXRRSET"] == 1, "nobody lost")
    test.equal(found, together(LOOK_AT_NOTHING, WRITE, LOOK, LOOK_AT_NOTHING, WRITE, LOOK), "both together")


# Name servers by name: they are looked up for all who want them, not for each (E8).

MANY = 300
NAME_SERVERS = {"ns1": "127.0.0.1", "ns2": "127.0.0.1"}
CORP = Zone("corp.test", nameservers=NAME_SERVERS)
HOSTED = [Zone(f"z{number}.test", mname="ns1.corp.test.", nameservers={"ns1.corp.test.": "", "ns2.corp.test.": ""})
          for number in range(MANY // 10)]


@scenario(servers=("named",), cases={
    "given": ([f"site{number}.contoso.com" for number in range(MANY)], [Zone("contoso.com")], "ns1.corp.test"),
    "found": ([zone.name for zone in HOSTED], HOSTED, None)})
def name_servers_are_looked_up_for_all(test, domains, zones, server):
    test.primary(zones=zones)
    resolver = test.server("scripted", zones=[CORP, *zones], addresses=["127.0.0.2"])
    daemon = test.daemon(start=False, domains=domains, Publish={"Resolver": resolver.address},
                         Update={"Server": server, "CheckInterval": "5min", "Timeout": "5s"})
    daemon.once()
    asked = Counter(f"{name} {type_}" for kind in ("A", "AAAA") for message in resolver.messages(kind)
                    for name, type_, _ in message.question if name.startswith("ns"))
    test.say(f"{len(domains)} domains: {dict(asked)}")
    names = ["ns1.corp.test"] if server else ["ns1.corp.test", "ns2.corp.test"]
    test.equal(set(asked), {f"{name} {kind}" for name in names for kind in ("A", "AAAA")}, "what was asked for")
    # More than once only where the pass takes so long that what was found is old.
    test.check(max(asked.values()) <= 4, f"lookups: {dict(asked)}")
