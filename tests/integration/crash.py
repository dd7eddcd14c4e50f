"""Rule O13: kill -9 at any point loses nothing. The daemon is killed again and again, with another
configuration each time; now and then it may work in peace, and then every zone must hold to the
record what is wanted and what was there before, no more and no less, and the state nothing else.

All choices come from the seed, which stands in the scenario's name; only the timing is the machine's.
"""
import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import threading
import time
from dataclasses import dataclass

from support import wire
from support.client import Srv, receive_message, send_message
from support.daemon import PUBLISHED
from support.scenario import KEY, scenario
from support.trap import Life, TrapProxy
from support.waiting import Failure, wait_until
from support.zone import Zone

SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
SEEDS = range(1, 5 if SOAK else 3)
KILLS = 500 if SOAK else 30
KILLS_IN_A_ROW = 8
PROXY = "127.0.0.5"
ZONES = ("contoso.com", "emea.contoso.com", "adsecurity.org", "fabrikam.com", "lab.fabrikam.com")
DOMAINS = tuple(prefix + zone for zone in ZONES for prefix in ("", "site1.", "site2."))
HOME = "contoso.com"
SERVICES = ("_vlmcs._tcp", "_kms._tcp")
TARGETS = ("kms1.contoso.com", "kms2.contoso.com", "KMS2.Contoso.com", "kms1.fabrikam.com")
PORTS = (1688, 1689)
OTHER_PORT = 1700  # of foreign records; with a target of ours
# Knot takes up to 1 s for an update that comes while its zone is busy.
TIMES = {"Timeout": "1200ms", "CheckInterval": "1s", "RetryMin": "100ms", "RetryMax": "500ms"}


def zone_of(name):
    return max((zone for zone in ZONES if wire.is_within(name, zone)), key=len)


# What is configured.

@dataclass(frozen=True)
class Wish:
    """A configuration, as keywords for Daemon.configure(), and what it wants: record name -> Srv."""
    config: dict
    wanted: dict

    def rows(self):
        """What the state holds when all is done: (record, target, port, confirmed)."""
        return {(name, srv.target.lower(), srv.port, 1) for name, srv in self.wanted.items()}

    def __repr__(self):
        return f"{len(self.wanted)} of {self.config['Service']} {self.config['Publish']} {self.config['Update']}"


def draw_wish(rng, keys):
    service, port, ttl = rng.choice(SERVICES), rng.choice(PORTS), rng.choice((300, 600, 3600))
    srv = Srv(rng.choice(TARGETS), port, rng.choice((0, 0, 10)), rng.choice((0, 5)), ttl)
    share = rng.choice((0, 0.2, 0.5, 0.5, 0.9))
    numbers = {domain: rng.choice(((), (), (7,), (7, 70))) for domain in DOMAINS if rng.random() < share}
    home = rng.choice(("auto", "no", "yes"))
    publishing = rng.random() > 0.15
    wanted = {domain: srv._replace(**dict(zip(("priority", "weight"), given))) for domain, given in numbers.items()}
    if home == "yes" or (home == "auto" and not wanted):
        wanted.setdefault(HOME, srv)
    return Wish({"domains": [", ".join(map(str, (domain, *given))) for domain, given in numbers.items()],
                 "Service": {"Name": service, "Target": srv.target, "Port": port, "Priority": srv.priority,
                             "Weight": srv.weight, "TTL": ttl},
                 "Publish": {"DnsPublishing": "yes" if publishing else "no", "IncludeHomeDomain": home,
                             "Resolver": "127.0.0.1"},
                 "Update": {**TIMES, "KeyFile": rng.choice(keys), "MaxOutstanding": rng.choice((1, 4, 32)),
                            "Server": rng.choice((None, PROXY))},
                 "Ownership": {"OnStop": "keep"}},
                {f"{service}.{domain}": srv for domain, srv in wanted.items()} if publishing else {})


def draw_wishes(rng, keys):
    """Returns a function that gives a new one or, as often, one of the last few: what was wanted before
    and is not now will be again."""
    wishes = [draw_wish(rng, keys) for _ in range(3)]

    def draw():
        if rng.random() < 0.5:
            wishes[rng.randrange(len(wishes))] = draw_wish(rng, keys)
        return rng.choice(wishes)
    return draw


# What is there.

def foreign_records(rng):
    """zone -> (owner, ttl, type, rdata) of what is not ours: other targets, other ports, other types."""
    records = {zone: [] for zone in ZONES}
    for name in (f"{service}.{domain}" for service in SERVICES for domain in DOMAINS):
        ttl = rng.choice((77, 600, 3600))
        few = [("SRV", f"1 2 {rng.choice(PORTS)} kms9.contoso.com."),
               ("SRV", f"0 0 {OTHER_PORT} {rng.choice(TARGETS)}."), ("TXT", '"a note"'), ("TXT", '"another"')]
        records[zone_of(name)] += [(name.removesuffix(f".{zone_of(name)}"), ttl, type_, text)
                                   for type_, text in few if rng.random() < 0.2]
    return {zone: tuple(found) for zone, found in records.items()}


def as_row(rr):
    """since= of a claim is the daemon's to choose."""
    return rr.name.lower(), rr.type, rr.ttl, re.sub(r'"since=\d+"', '"since="', rr.text().lower())


def transferred(address, zone):
    """A whole zone by AXFR, but for its SOA: (name, type, ttl, rdata) without case."""
    found, n_soa = set(), 0
    with socket.create_connection((address, 53), timeout=5) as sock:
        send_message(sock, wire.Message(1, question=[(zone, "AXFR", wire.IN)]).wire())
        while n_soa < 2:
            answer = wire.Message.parse(receive_message(sock))
            if answer.rcode or not answer.answer:
                raise Failure(f"AXFR of {zone}: {answer.rcode_name}")
            n_soa += sum(rr.type == "SOA" for rr in answer.answer)
            found |= {as_row(rr) for rr in answer.answer if rr.type != "SOA"}
    return found


def expected(zone, wish, publisher):
    """What a zone holds when all is done: what it had at first, and what is wanted in it with its claim
    (each with the TTL of the foreign records of its type beside it, O12)."""
    rows = {as_row(wire.RR.from_text(owner, ttl, type_, text, zone.name))
            for owner, ttl, type_, text in zone.all_records if type_ != "SOA"}
    foreign = {(name, type_): ttl for name, type_, ttl, _ in rows}
    wanted = [(name, srv) for name, srv in wish.wanted.items() if zone_of(name) == zone.name]
    return rows | {(name, "SRV", foreign.get((name, "SRV"), srv.ttl), srv.rdata().lower()) for name, srv in wanted} | {
        (name, "TXT", foreign.get((name, "TXT"), srv.ttl), claim(srv, publisher)) for name, srv in wanted}


def without_claim_ttls(rows):
    """The TTL of a TXT RRset that holds nothing but claims matters to nobody, and is never a reason to
    write: what comes late may leave its own."""
    foreign = {name for name, type_, _, text in rows if type_ == "TXT" and not text.startswith('"srvpub=1"')}
    return {(name, type_, None if type_ == "TXT" and name not in foreign else ttl, text)
            for name, type_, ttl, text in rows}


def claim(srv, publisher):
    words = ("srvpub=1", f"id={publisher}", f"host={srv.target.lower()}", f"port={srv.port}", f"ttl={srv.ttl}", "since=")
    return " ".join(f'"{word}"' for word in words)


# The daemon.

@dataclass(frozen=True)
class Round:
    """What happens to it in one life."""
    wish: Wish
    change: Wish  # by SIGHUP in the middle; None: none
    change_after: float
    end_after: float
    trap: dict  # for Life
    sanitized: bool
    once: bool


def draw_round(rng, draw):
    sanitized = rng.random() < 0.2
    slow = 4 if sanitized else 1
    wish, change = draw(), draw() if rng.random() < 0.35 else None
    trap = {"lag": rng.choice((0, 0, 0.002, 0.01)), "late": rng.choice((0, None, rng.uniform(0, 0.55)))}
    end_after = rng.uniform(0, 0.15) * slow
    if rng.random() < 0.6:
        end_after = 0.4 * slow
        trap |= {"kind": rng.choice(("update", "update", "SRV")), "number": rng.choice((1, 2, rng.randrange(1, 12))),
                 "wait": rng.choice((None, 0, rng.uniform(0, 0.006)))}
    return Round(wish, change, rng.uniform(0, 0.1) * slow, end_after, trap, sanitized, rng.random() < 0.1)


class Victim:
    """The daemon, the server with the proxy before it, and a log of what happened."""

    def __init__(self, test, foreign):
        self.test = test
        self.server = test.primary(zones=[Zone(name, foreign.get(name, ()), nameservers={"ns1": PROXY})
                                          for name in ZONES])
        self.proxy = TrapProxy(PROXY, self.server)
        test.servers.append(self.proxy)
        self.proxy.start()
        self.daemon = test.daemon(start=False)
        sanitized = pathlib.Path(test.program)
        plain = sanitized.parents[1] / sanitized.name
        self.programs = {True: sanitized, False: plain if plain.exists() else sanitized}
        self.wish = None  # the configuration now
        self.n_trapped = self.n_updating = 0
        self.log_file = open(test.path("rounds.log"), "w", buffering=1, encoding="utf-8")

    def log(self, line):
        self.log_file.write(line + "\n")

    def start(self, wish, *options, sanitized=False, **trap):
        self.wish = wish
        self.daemon.configure(**wish.config)
        self.daemon.program = self.programs[sanitized]
        is_started = threading.Event()  # its first message may be faster than we are

        def kill():
            is_started.wait()
            self.daemon.process.signal(signal.SIGKILL)

        life = self.proxy.life = Life(kill, self.log, **trap)
        self.daemon.start(*options)
        is_started.set()
        return life

    def live(self, turn):
        """One life, and its end."""
        begin = time.monotonic()
        life = self.start(turn.wish, *(["--once"] if turn.once else []), sanitized=turn.sanitized, **turn.trap)
        if turn.change and not self.ends_by(begin + turn.change_after) and self.daemon.said("^srvpubd .*started"):
            self.wish = turn.change
            self.daemon.configure(**turn.change.config)
            self.daemon.process.signal(signal.SIGHUP)
        self.ends_by(begin + turn.end_after)
        self.end(life, *((0, 1) if turn.once else ()))
        self.n_trapped += life.was_trapped
        self.n_updating += life.counts["update"] > 0
        self.log(f"    {time.monotonic() - begin:.3f} s, over{' by the trap' if life.was_trapped else ''}: "
                 f"{dict(life.counts)}")

    def ends_by(self, deadline):
        process = self.daemon.process
        while process.is_running() and time.monotonic() < deadline:
            time.sleep(0.001)
        return not process.is_running()

    def end(self, life, *expect):
        """expect: exit codes that are right too."""
        life.end()
        code = self.daemon.process.wait()
        self.daemon.has_ended = True
        self.daemon.check_sanitizers(self.daemon.process.lines)
        self.test.check(code in (-signal.SIGKILL, *expect), f"it ended by itself with {code}")

    def check(self, sanitized=False):
        """It works in peace: all comes to be as the last configuration says."""
        self.log("in peace")
        self.start(self.wish, sanitized=sanitized)
        self.daemon.wait_ready()
        wait_until(lambda: self.proxy.outstanding == 0 and not self.state_mistakes() and not self.zone_mistakes(),
                   lambda: "\n".join(["not all is as it should be", *self.state_mistakes(), *self.zone_mistakes()]), 20)
        self.daemon.terminate()
        self.test.equal(self.ask_state("PRAGMA integrity_check"), {("ok",)}, "the state")
        self.test.equal(list(self.daemon.state_directory.glob("*.bad-*")), [], "a state that was set aside")

    def ask_state(self, sql):
        uri = f"file:{self.daemon.state_directory}/state.db?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as db:
            return set(db.execute(sql))

    def state_mistakes(self):
        found = self.ask_state("SELECT lower(record), lower(target), port, confirmed FROM offer")
        return [f"state: {word}: {row}" for word, rows in (("lacks", self.wish.rows() - found),
                                                           ("still has", found - self.wish.rows()))
                for row in sorted(rows)]

    def zone_mistakes(self):
        mistakes = []
        publisher = (self.daemon.state_directory / "publisher-id").read_text(encoding="ascii").split()[0]
        for zone in self.server.zones:
            found = transferred(self.server.address, zone.name)
            right = expected(zone, self.wish, publisher)
            found, right = without_claim_ttls(found), without_claim_ttls(right)
            mistakes += [f"lost: {row}" for row in sorted(right - found, key=str)]
            mistakes += [f"orphan: {row}" for row in sorted(found - right, key=str)]
        return mistakes


@scenario(servers=("named", "knot"), cases={f"seed={seed}": (seed,) for seed in SEEDS},
          timeout=1500 if SOAK else 150)
def killed_at_any_point_it_loses_nothing(test, seed):
    rng = random.Random(seed)
    victim = Victim(test, foreign_records(rng))
    draw = draw_wishes(rng, [test.key_file(KEY), test.key_file(KEY)])
    for number in range(1, KILLS + 1):
        turn = draw_round(rng, draw)
        victim.log(f"{number}: {turn}")
        try:
            victim.live(turn)
            if number % KILLS_IN_A_ROW == 0 or number == KILLS:
                victim.check(turn.sanitized)
        except Failure as failure:
            raise Failure(f"seed {seed}, kill {number}: {failure}") from failure
    test.check(min(victim.n_trapped, victim.n_updating) >= KILLS / 5,
               f"of {KILLS} kills {victim.n_trapped} were trapped, {victim.n_updating} came after an update")


@scenario(servers=("named", "knot"))
def update_that_comes_late_is_withdrawn_too(test):
    """The killed daemon's update reaches the server when the next one has published the same, and the
    one after that has withdrawn it."""
    victim = Victim(test, {})
    on, off = (Wish({"domains": [HOME], "Publish": {"DnsPublishing": word}, "Update": {**TIMES, "Timeout": "2s"}}, wanted)
               for word, wanted in (("yes", {f"{SERVICES[0]}.{HOME}": Srv()}), ("no", {})))
    life = victim.start(on, kind="update", number=1, late=1.1)
    wait_until(lambda: life.was_trapped, "no update came")
    victim.end(life)
    victim.start(on)
    victim.daemon.wait_about(HOME, PUBLISHED)
    victim.daemon.terminate()
    victim.wish = off
    victim.check()
