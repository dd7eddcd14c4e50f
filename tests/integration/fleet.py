"""Three daemons at one name live through a random history: changed, stopped, killed, started, each as the
seed says. When it is over, what is there is what they want then, to the claim; nothing made by hand is
touched, and nobody writes any more. O1-O5, O11-O13."""
import os
import random
import time

from support.client import Srv
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
SEEDS = range(1, 9 if SOAK else 2)
STEPS = 120 if SOAK else 20
TARGETS = [f"kms{number}.contoso.com" for number in range(1, 5)]
BY_HAND = (Srv("kms9.contoso.com", 1688, 5, 5, 600), Srv(TARGETS[0], 1700, 1, 1, 600))
NOTE = '"a note"'


def draw_wish(rng, mode):
    """Keywords for Daemon.configure(), the SRVs that they want, and the TTL for their claims."""
    targets = rng.sample(TARGETS, rng.choice((1, 1, 2)))
    srvs = [Srv(target, rng.choice((1688, 1688, 1689)), rng.randrange(3), 0, 600) for target in targets]
    publishing, ttl = rng.random() < 0.75, rng.choice((600, 3600))
    first, *more = srvs
    return {"Service": {"Target": first.target, "Port": first.port, "Priority": first.priority, "TTL": ttl},
            "Publish": {"DnsPublishing": "yes" if publishing else "no"},
            "Ownership": {"Mode": mode, "OnStop": rng.choice(("keep", "withdraw"))},
            "extra": "".join(f"[Host {srv.target}]\nPort={srv.port}\nPriority={srv.priority}\n" for srv in more),
            }, srvs if publishing else [], ttl


class Member:
    """A daemon, and what it wants now."""

    def __init__(self, test, server, rng, mode="shared"):
        self.daemon = test.publisher(server, start=False)
        self.rng, self.mode = rng, mode
        self.change()

    def change(self):
        config, self.srvs, self.ttl = draw_wish(self.rng, self.mode)
        self.daemon.configure(**config)

    def step(self):
        """Something happens to it. Returns what."""
        if self.daemon.has_ended:
            if self.rng.random() < 0.3:
                self.change()
            self.daemon.start()
            return "start"
        what = self.rng.choice(("change", "change", "kill", "terminate"))
        if what == "kill":
            self.daemon.kill()
        elif what == "terminate":
            self.daemon.wait_ready()
            self.daemon.terminate()
        else:
            self.change()
            self.daemon.reload()
        return what

    def rest(self):
        if self.daemon.has_ended:
            self.daemon.start()


def live(test, rng, members, check):
    """Their history; check() after each step. In the end all run."""
    with open(test.path("history.log"), "w", buffering=1, encoding="utf-8") as log:
        for number in range(STEPS):
            member = rng.choice(members)
            log.write(f"{time.time():.2f} {number}: {members.index(member)} {member.step()} {member.srvs}\n")
            time.sleep(rng.choice((0, 0, 0.05, 0.3)))
            check(number)
    for member in members:
        member.rest()


def rest(test, members, is_right, describe_it):
    """It comes to be right, and stays so without a word."""
    wait_until(is_right, describe_it, 30)
    updates = [member.daemon.proxy.counts["update"] for member in members]
    test.wait_looks(*(member.daemon for member in members if member.srvs))
    test.equal([member.daemon.proxy.counts["update"] for member in members], updates, "updates of each")
    test.check(is_right(), "it does not stay so")


def wanted(members, held):
    """The SRVs that all of them together want: the numbers are those of who has set them last (O5)."""
    offers = {}
    for member in members:
        for srv in member.srvs:
            claim = next((claim for claim in held.claims if claim.id == member.daemon.publisher_id
                          and (claim.host, claim.port) == (srv.target, srv.port)), None)
            if not claim:
                return None
            offers.setdefault((srv.target, srv.port), []).append((-claim.since, claim.id, srv))
    return [min(words)[2] for words in offers.values()]


def is_as_wanted(name, members):
    held = name.read()
    srvs = wanted(members, held)
    claims = sorted((member.daemon.publisher_id, srv.target, srv.port, member.ttl) for member in members
                    for srv in member.srvs)
    return (srvs is not None and held.srvs == frozenset([*srvs, *BY_HAND]) and held.txts == {NOTE}
            and sorted((claim.id, claim.host, claim.port, claim.ttl) for claim in held.claims) == claims)


def describe(name, members):
    return "\n    ".join([f"{name.domain} has", str(name.read()), "and there want"] + [
        f"{member.daemon.publisher_id} {srv.rdata()}" for member in members for srv in member.srvs])


@scenario(servers=("named", "knot"), cases={f"seed={seed}": (seed,) for seed in SEEDS}, timeout=400 if SOAK else 90)
def three_daemons_come_to_rest_as_they_want(test, seed):
    rng = random.Random(seed)
    records = [("_vlmcs._tcp", 600, "SRV", srv.rdata()) for srv in BY_HAND] + [("_vlmcs._tcp", 600, "TXT", NOTE)]
    name = test.record_name(test.primary(zones=[Zone("contoso.com", tuple(records))]))
    members = [Member(test, name.server, rng) for _ in range(3)]

    def by_hand_is_there(number):
        held = name.read()
        test.check(held.txts == {NOTE} and held.srvs >= set(BY_HAND), f"step {number}: {held}")

    live(test, rng, members, by_hand_is_there)
    rest(test, members, lambda: is_as_wanted(name, members), lambda: describe(name, members))


@scenario(servers=("named", "knot"), cases={f"seed={seed}": (seed,) for seed in SEEDS}, timeout=400 if SOAK else 90)
def exclusive_ones_never_share(test, seed):
    """At no moment two of them are at the name; in the end one is, with all that it wants."""
    rng = random.Random(seed)
    name = test.record_name(test.primary())
    members = [Member(test, name.server, rng, "exclusive") for _ in range(3)]

    def one_is_there(number):
        held = name.read()
        test.check(len({claim.id for claim in held.claims}) <= 1, f"step {number}: {held}")

    def is_right():
        offers = [(member.daemon, [srv._replace(ttl=member.ttl) for srv in member.srvs]) for member in members]
        held = name.read()
        return any(name.is_as(held, dict([offer])) for offer in offers if offer[1]) or \
            name.is_as(held, {}) and not any(srvs for _, srvs in offers)

    live(test, rng, members, one_is_there)
    rest(test, members, is_right, lambda: describe(name, members))
