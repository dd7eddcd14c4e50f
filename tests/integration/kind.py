"""Kind to servers (E8), seen from their side: what is outstanding follows how a server fares, who is slow slows
only itself, the dead are asked seldom, and who comes back is not run over."""
import os
import re
import socket
import threading
import time

from support import faults, wire
from support.scenario import scenario
from support.scripted import ScriptedServer
from support.waiting import holds_for, wait_until
from support.zone import Zone, apart

SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
MANY = 10000 if SOAK else 2000
LIMIT = 16
CONNECTIONS = 8
DEAD = "127.0.0.9"
PAUSE = 0.5  # between two attempts at a dead server
PATIENT = {"Timeout": "30s", "CheckInterval": "7d", "MaxOutstanding": LIMIT}
OFTEN = {"CheckInterval": "7d", "RetryMin": "200ms", "RetryMax": "1s"}
SYN_SENT, ESTABLISHED = "02", "01"


def sites(number):
    return [f"site{n}.contoso.com" for n in range(number)]


class Watched(ScriptedServer):
    """history: of each request over TCP how things stood when it came: how many had been answered before, how many
    were outstanding with it, how many connections there had been. It serves each connection serially, as named does:
    what comes there after an update of the stalled zone waits until that is awake. With a delay it reads at once and
    answers some seconds later, as if it were some way off."""

    def __init__(self, test, zones, address="127.0.0.1", stalled=None, delay=0):
        super().__init__(test, zones=zones, addresses=[address])
        self.history = []
        self.stalled, self.n_stalled, self.awake = stalled, 0, threading.Event()
        test.servers.append(self)
        if delay:
            self.hold()
            threading.Thread(target=self._answer_later, args=(delay,), daemon=True).start()
        self.start()

    def _account(self, exchange):
        super()._account(exchange)
        if not exchange.over_udp:
            self.history.append((self.counts["tcp"] - self.outstanding, self.outstanding, self.counts["connection"]))

    def _serve(self, data, send, over_udp):
        request = wire.Message.parse(data)

        def send_when_awake(answer):
            if request.opcode == wire.UPDATE and request.question[0][0].rstrip(".") == self.stalled:
                self.n_stalled += 1
                self.awake.wait()
            send(answer)

        super()._serve(data, send_when_awake, over_udp)

    def let_go(self, number=None):
        """Answers the first of those that it holds, or all; it goes on holding what comes."""
        with self.lock:
            held, self.held = self.held[:number], self.held[number:] if number else []
        for send in held:
            send()

    def _answer_later(self, delay):
        while True:
            time.sleep(delay)
            self.let_go()

    def forget(self):
        """What it holds will not be answered any more."""
        with self.lock:
            self.outstanding -= len(self.held)
            self.held = []

    def n_published(self):
        with self.lock:
            return sum(rr.type == "SRV" for zone in self.primary.zones for rr in zone.rrs)

    def wait_published(self, number, timeout=10.0):
        wait_until(lambda: self.n_published() >= number,
                   lambda: f"{self.n_published()} of {number} are published", timeout)


def told(daemon, words):
    """The last number that it has told systemd before these words."""
    return next((int(count[1]) for line in reversed(daemon.told)
                 if (count := re.search(rf"STATUS=.*?(\d+)(?:/\d+)? {words}", line))), 0)


# How much is outstanding.

def closes(server):
    server.forget()
    server.drop_connections()


def is_silent(server):
    wait_until(lambda: not server.connections, "the silent server is not given up")
    server.forget()


def fails(server):
    server.always("query", None)
    server.let_go()


@scenario(cases={"closes": (closes, "30s"), "is-silent": (is_silent, "3s"), "fails": (fails, "30s")})
def outstanding_follows_how_the_server_fares(test, ends, timeout):
    """Half for each request that ends badly, of all down to one; one more for each that is answered, up to the
    limit."""
    server = Watched(test, [Zone("contoso.com")])
    if ends is fails:
        server.always("query", faults.rcode("SERVFAIL"))
    server.hold()
    test.primary(kind="scripted", zones=[Zone("contoso.com")], address="127.0.0.3", keys=())
    test.daemon(domains=sites(200), key=None, Publish={"Resolver": "127.0.0.3"},
                Update={**PATIENT, **OFTEN, "Server": server.address, "Zone": "contoso.com", "Timeout": timeout})

    def is_outstanding(number):
        wait_until(lambda: server.outstanding == number,
                   lambda: f"{server.outstanding} are outstanding, expected {number}")
        holds_for(lambda: server.outstanding == number, lambda: f"{server.outstanding} in place of {number}", 0.05)

    is_outstanding(LIMIT)
    test.equal(server.peak_outstanding, LIMIT, "the most that were outstanding")
    ends(server)
    server.reset()
    for number in range(1, LIMIT + 4):
        is_outstanding(min(number, LIMIT))
        server.let_go(1)
    test.equal(server.peak_outstanding, LIMIT, "the most that were outstanding")


# Who is slow.

@scenario(cases={"few-outstanding": (8,), "some": (32,), "many": (100,)})
def zone_that_stalls_slows_only_itself(test, limit):
    """At most what was sent over its connection before it was seen to stall waits behind it."""
    domains = [f"site{n}.test" for n in range(150)]
    server = Watched(test, apart(domains), stalled=domains[3])
    test.daemon(domains=domains, key=None, Update={**PATIENT, "Server": server.address, "MaxOutstanding": limit})
    behind = -(-limit // CONNECTIONS) - 1
    server.wait_published(len(domains) - behind)
    test.check(server.n_stalled == 1 and not server.awake.is_set(), "the zone does not stall")
    server.awake.set()
    server.wait_published(len(domains))
    test.equal(server.counts["update"], len(domains), "updates")


@scenario()
def slow_server_does_not_hold_up_zones_of_another(test):
    """Thousands of its zones are due before them; none of those gets an answer all the while."""
    slow = Watched(test, [Zone("example.test", address="127.0.0.2")], "127.0.0.2")
    slow.hold()
    server = Watched(test, [Zone("contoso.com")])
    extra = "".join(f"[Domain d{n}.example.test]\nServer={slow.address}\nZone=example.test\n" for n in range(3000))
    test.daemon(domains=[*(f"d{n}.example.test" for n in range(3000)), *sites(50)], key=None, extra=extra,
                Update={**PATIENT, "Server": server.address})
    server.wait_published(50)
    test.equal(slow.outstanding, LIMIT, "what is outstanding at the slow one")
    slow.forget()
    slow.drop_connections()


# Who is dead.

def connections_to(address, *states):
    """Of ours to it those in one of the states, by their own ends. The kernel lists them while they come and go: some
    twice, and old ones beside those that have taken their places."""
    there = socket.inet_aton(address)[::-1].hex().upper() + ":0035"
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii")]
    return {row[1] for row in rows if row[2] == there and row[3] in states}


def at_the_same_time(address):
    """Connections to it that were there, all of them, between two lists."""
    states = (SYN_SENT, ESTABLISHED)
    return connections_to(address, *states) & connections_to(address, *states)


def active_opens():
    rows = [line.split() for line in open("/proc/net/snmp", encoding="ascii") if line.startswith("Tcp:")]
    return int(dict(zip(*rows))["ActiveOpens"])


def closed_port(_):
    return ()


def no_answer_to_syn(_):
    """A full backlog: SYNs are dropped, as by a firewall or a machine that is switched off."""
    listener = socket.create_server((DEAD, 53), backlog=0)
    callers = [socket.socket() for _ in range(4)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex((DEAD, 53))
    wait_until(lambda: connections_to(DEAD, SYN_SENT), "the backlog takes all")
    return (listener, *callers)


def nobody_accepts(_):
    """The kernel takes connections and requests for a process that hangs."""
    return (socket.create_server((DEAD, 53), backlog=500),)


@scenario(cases={
    "closed-port": (closed_port, 1, 1, PAUSE), "no-answer-to-syn": (no_answer_to_syn, 1, 1, PAUSE + 0.3),
    "nobody-accepts": (nobody_accepts, CONNECTIONS, CONNECTIONS, 0.3)})
def dead_server_is_asked_seldom(test, make, at_once, at_first, each):
    """A thousand zones, each tried again once a second at least, are one attempt at a time, and a pause after each.
    at_once: connections; at_first: attempts until all have failed; each: seconds that one takes."""
    domains = [f"site{n}.test" for n in range(1000)]
    sockets = make(test)
    before, standing = active_opens(), at_the_same_time(DEAD)
    daemon = test.daemon(domains=domains, key=None, Update={**OFTEN, "Server": DEAD, "Timeout": "300ms"})
    start = time.monotonic()

    def is_modest():
        now = at_the_same_time(DEAD) - standing
        test.check(len(now) <= at_once, f"{len(now)} connections at once")
        return told(daemon, "failed") == 1000

    wait_until(is_modest, lambda: f"{told(daemon, 'failed')} of 1000 failed")
    begin, first = time.monotonic(), active_opens()
    wait_until(lambda: not is_modest() or time.monotonic() - begin > 4, "time stands still")
    attempts, seconds = active_opens() - first, time.monotonic() - begin
    test.say(f"{first - before} attempts until all had failed, {attempts} in the {seconds:.1f} s after that")
    test.check(first - before <= at_first + (begin - start) / each, f"{first - before} attempts for one look")
    test.check(3 <= attempts <= seconds / each + 1, f"{attempts} attempts in {seconds:.1f} s")
    for sock in sockets:
        sock.close()
    server = Watched(test, apart(domains), DEAD)
    server.wait_published(1000, timeout=20)


@scenario(timeout=300 if SOAK else 60)
def recovery_is_a_ramp(test):
    """All zones of a server that was down come back: one at first, one more for each answer, connections one by
    one; and all are there before long."""
    domains = [f"site{n}.test" for n in range(MANY)]
    daemon = test.daemon(domains=domains, key=None, Update={**OFTEN, "Server": DEAD, "MaxOutstanding": 32})
    wait_until(lambda: told(daemon, "failed") == MANY, lambda: f"{told(daemon, 'failed')} of {MANY} failed", 30)
    server = Watched(test, apart(domains), DEAD, delay=0.01)
    begin = time.monotonic()
    server.wait_published(MANY, timeout=MANY / 100)
    test.say(f"{MANY} zones are back after {time.monotonic() - begin:.1f} s")
    test.equal(server.peak_outstanding, 32, "the most that were outstanding")
    for answered, outstanding, connections in server.history:
        test.check(outstanding <= min(1 + answered, 32), f"{outstanding} outstanding after {answered} answers")
        test.check(connections <= min(1 + answered, CONNECTIONS), f"{connections} connections after {answered} answers")
    wait_until(lambda: f"STATUS=published {MANY}/{MANY}" in daemon.told, "it does not say so", 20)


# Resolvers.

@scenario()
def resolver_is_asked_what_it_must_be(test):
    """Of each zone once for SOA, NS and the name server's addresses, 32 questions at a time; no more for checks;
    when its server is down once for each retry."""
    number = 100
    domains = [f"site{n}.test" for n in range(number)]
    resolver = Watched(test, [Zone(domain, address="127.0.0.2") for domain in domains])
    server = Watched(test, apart(domains), "127.0.0.2")
    resolver.hold()
    daemon = test.daemon(domains=domains, key=None, Update={"Timeout": "5s", "CheckInterval": "1s"})
    wait_until(lambda: len(resolver.held) == 32, lambda: f"{len(resolver.held)} questions are outstanding")
    holds_for(lambda: len(resolver.held) == 32, lambda: f"{len(resolver.held)} questions are outstanding", 0.2)
    resolver.release()
    wait_until(lambda: f"STATUS=published {number}/{number}" in daemon.told, "not all are published")
    for kind, of_target in (("SOA", 0), ("NS", 0), ("A", 2), ("AAAA", 2)):
        test.check(number <= resolver.counts[kind] <= number + of_target, f"{resolver.counts[kind]} questions for {kind}")
    resolver.reset()
    server.reset()
    server.wait_count("SRV", number)
    test.equal(resolver.counts["query"], 0, "questions for checks")
    server.stop()
    resolver.wait_count("SOA", 2 * number)
    with resolver.lock:
        counts = dict(resolver.counts)
    for kind in ("NS", "A", "AAAA"):
        test.check(counts.get(kind, 0) <= counts["SOA"], f"questions: {counts}")
    test.say(f"{counts} for retries of {number} zones")
