"""Two publishers that want different things of what they share: one TTL in an RRset, the numbers of one
host that both publish. They agree without a word, and then stop writing. O5, O12."""
import time

from support.client import Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import apart

BOTH = ("named", "knot")
KMS1, KMS2 = Srv(), Srv("kms2.contoso.com")
TRIES = 20
DOMAINS = [f"site{number}.contoso.com" for number in range(TRIES)]
NUMBERS_OF_OTHER = "priority and weight that publisher [0-9a-f]{32} was given later"


def through(gate, check_interval="7d"):
    return {"Server": gate.address, "Timeout": "8s", "CheckInterval": check_interval, "MaxOutstanding": 100}


def next_second():
    """since= has whole seconds: who is set in the next one is later."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now, "time stands still")


# TTL.

@scenario(servers=BOTH, cases={"long-first": ("1h", "10min"), "short-first": ("10min", "1h")})
def two_ttls_become_one(test, first_ttl, second_ttl):
    """The lowest, and then nobody writes on and on."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Service={"TTL": first_ttl})
    name.wait({first: KMS1._replace(ttl=3600 if first_ttl == "1h" else 600)})
    second = test.publisher(name.server, "kms2", Service={"TTL": second_ttl})
    held = name.wait({first: KMS1._replace(ttl=600), second: KMS2._replace(ttl=600)})
    test.equal(held.claim_of(first.publisher_id).ttl + held.claim_of(second.publisher_id).ttl, 4200, "what both ask for")
    test.write_nothing(first, second)
    test.equal((first.proxy.counts["update"], second.proxy.counts["update"]), (1, 1), "updates of each")
    for daemon, configured in ((first, first_ttl), (second, second_ttl)):
        test.equal(len(daemon.said("TTL 600 instead of the configured 3600")), 1 if configured == "1h" else 0,
                   f"lines of {daemon.log_path.name} about the TTL")


@scenario(servers=BOTH)
def ttl_is_ones_own_again_when_the_other_leaves(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Service={"TTL": "10min"}, Ownership={"OnStop": "withdraw"})
    name.wait({first: KMS1._replace(ttl=600)})
    second = test.publisher(name.server, "kms2")
    name.wait({first: KMS1._replace(ttl=600), second: KMS2._replace(ttl=600)})
    first.terminate()
    name.wait({second: KMS2})
    test.write_nothing(second)


# Numbers.

@scenario(servers=BOTH)
def numbers_that_were_set_last_are_in_force(test):
    """Two machines publish one host: no fight, and who is not followed says so once."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Service={"Priority": 1})
    name.wait({first: KMS1._replace(priority=1)})
    next_second()
    second = test.publisher(name.server, "kms1", Service={"Priority": 2})
    name.wait({first: KMS1._replace(priority=2), second: KMS1._replace(priority=2)})
    first.wait_about("contoso.com", NUMBERS_OF_OTHER)
    next_second()
    first.reload(Service={"Priority": 3})
    name.wait({first: KMS1._replace(priority=3), second: KMS1._replace(priority=3)})
    second.wait_about("contoso.com", NUMBERS_OF_OTHER)
    test.write_nothing(first, second)
    for daemon in (first, second):
        test.equal(len(daemon.said(NUMBERS_OF_OTHER)), 1, f"times that {daemon.log_path.name} says so")
    first.restart()
    test.write_nothing(first, second)
    name.stays({first: KMS1._replace(priority=3), second: KMS1._replace(priority=3)}, seconds=0.1)


@scenario(servers=BOTH)
def numbers_set_at_the_same_moment_settle(test):
    """Their first updates come at once: in one second the smaller id decides. Each name is a try."""
    server = test.primary(zones=apart(DOMAINS))
    gate = test.gate(server)
    daemons = [test.daemon(domains=DOMAINS, Service={"Priority": priority}, Update=through(gate, "1s"))
               for priority in (1, 2)]
    gate.wait_held(2 * TRIES)
    gate.open(seed=1)

    def is_settled(held):
        claims = {daemon: held.claim_of(daemon.publisher_id) for daemon in daemons}
        if None in claims.values():
            return False
        last = min(daemons, key=lambda daemon: (-claims[daemon].since, daemon.publisher_id))
        return held.srvs == {KMS1._replace(priority=daemons.index(last) + 1)}

    for domain in DOMAINS:
        name = test.record_name(server, domain)
        wait_until(lambda name=name: is_settled(name.read()), lambda name=name: f"{name.domain} has\n    {name.read()}")
    looks, updates = gate.counts["SRV"], gate.counts["update"]
    wait_until(lambda: gate.counts["SRV"] >= looks + 6 * TRIES, "they do not look")
    test.equal(gate.counts["update"], updates, "updates")


# A host that both publish.

def shared_offer(test, **config):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership={"OnStop": "withdraw"}, **config)
    name.wait({first: KMS1})
    second = test.publisher(name.server, "kms1", Ownership={"OnStop": "withdraw"}, **config)
    name.wait({first: KMS1, second: KMS1})
    return first, second, name


@scenario(servers=BOTH)
def record_goes_with_its_last_claim(test):
    first, second, name = shared_offer(test)
    first.wait_about("contoso.com", f"publisher {second.publisher_id} publishes kms1.contoso.com:1688 too")
    second.wait_about("contoso.com", f"publisher {first.publisher_id} publishes kms1.contoso.com:1688 too")
    first.reload(domains=["adsecurity.org"])
    first.wait_about("contoso.com", "withdrawn from here, but the record stays")
    first.wait_about("contoso.com", WITHDRAWN)
    name.wait({second: KMS1})
    test.write_nothing(second)
    second.terminate()
    name.wait({})


@scenario(servers=BOTH)
def renamed_host_leaves_the_old_name_to_the_other(test):
    first, second, name = shared_offer(test)
    first.reload(Service={"Target": "kms2.contoso.com"})
    name.wait({first: KMS2, second: KMS1})
    test.write_nothing(first, second)
    test.check(first.said_about("contoso.com", PUBLISHED, "kms2"), "it is published under its new name")


@scenario(servers=BOTH)
def both_withdraw_at_the_same_moment(test):
    """Each has seen the other's claim and would leave it the record: neither an orphan nor a loss (O11)."""
    server = test.primary(zones=apart(DOMAINS))
    gate = test.gate(server, is_closed=False)
    daemons = [test.daemon(domains=DOMAINS, Update=through(gate)) for _ in range(2)]
    for domain in DOMAINS:
        test.record_name(server, domain).wait({daemon: KMS1 for daemon in daemons})
    for daemon in daemons:
        daemon.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    gate.is_closed = True
    for daemon in daemons:
        daemon.reload(Publish={"DnsPublishing": "no"})
    gate.wait_held(2 * TRIES)
    gate.open(seed=1)
    for domain in DOMAINS:
        test.record_name(server, domain).wait({})
    test.check(gate.rcodes["NXRRSET"] >= TRIES, f"they met at the server: {gate.rcodes}")


@scenario(servers=BOTH)
def one_joins_while_the_other_withdraws(test):
    server = test.primary(zones=apart(DOMAINS))
    gate = test.gate(server, is_closed=False)
    first = test.daemon(domains=DOMAINS, Update=through(gate))
    first.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    gate.is_closed = True
    first.reload(Publish={"DnsPublishing": "no"})
    second = test.daemon(domains=DOMAINS, Update=through(gate))
    gate.wait_held(2 * TRIES)
    gate.open(seed=1)
    second.wait_notify(f"STATUS=published {TRIES}/{TRIES}")
    first.wait_notify("STATUS=published 0/0")
    for domain in DOMAINS:
        test.record_name(server, domain).wait({second: KMS1}, timeout=0)
