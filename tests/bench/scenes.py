"""What is measured. A contest lets several publish the same domains, each at a server that has just
been started, one after the other, round by round; other scenes look at srvpubd alone."""
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass

from bench import clients, measuring
from bench.clients import Publisher, Turns, collect_notifications
from bench.servers import KINDS, TARGET, zone_each, zones_of
from support.bus import Bus, Ctl
from support.clock import Clock
from support.process import Process, Program
from support.scenario import KEY
from support.waiting import Failure, wait_until

DELAYED = "127.0.0.5"
ONE_WAY_MSEC = 5
CHECK_AFTER = 8 * 24 * 60 * 60  # seconds: by then every check is due
MORE_AT_ONCE = 128  # than MaxOutstanding= has without being told
TARGET_QUERIES = 2  # its addresses, at a start
TRIES = 5


@dataclass(frozen=True)
class Contest:
    """limits: of those that would take too long, to how many domains they are held."""
    name: str
    server: str
    place: str
    domains: object
    parties: tuple
    limits: dict
    batch: int = 1
    delayed: bool = False
    goes_on: bool = False  # restart, check, change and withdrawal too; with named, which counts what it is sent


class Delay(Program):
    def __init__(self, bench, test, upstream):
        argv = [bench.programs / "delay", DELAYED, upstream, "53", str(ONE_WAY_MSEC)]
        self.process = Process(argv, test.path("delay.log"))
        test.servers.append(self)


class Floor:
    """The least program that does one update, started and at rest."""

    def __init__(self, bench, test, address, zone):
        told, path = [], test.path("notify")
        argv = [bench.programs / "floor", address, "53", KEY.name, KEY.secret, f"{zone}.", f"floor.{zone}.",
                f"{TARGET}."]
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(path))
        threading.Thread(target=collect_notifications, args=(notify, told), daemon=True).start()
        begin = time.monotonic()
        process = Process(argv, test.path("floor.log"), env={**os.environ, "NOTIFY_SOCKET": str(path)})
        try:
            wait_until(lambda: told, lambda: f"the floor is not ready: {process.lines}", 10, 0.002)
            self.ready = told[0].time - begin
            self.memory = measuring.memory(process.pid)
        finally:
            process.kill()


class Stage:
    """A server with its domains, and what is run there; all of it is gone when it is over."""

    def __init__(self, bench, kind, place, domains):
        self.bench, self.place, self.test, self.domains = bench, place, bench.tests[place], domains
        self.server = KINDS[kind](self.test, domains, [KEY])
        self.address = self.server.address
        self.publishers = []

    def open(self):
        self.server.start()
        self.bench.sender.wait_loaded(self.server.address, self.domains)
        os.sync()  # what was removed and made is no matter of those who are measured

    def delay(self):
        Delay(self.bench, self.test, self.address)
        self.address = DELAYED
        wait_until(lambda: self.is_listening(), "the delay does not listen", 5)

    def is_listening(self):
        try:
            return bool(self.bench.sender.run("soa", self.address, self.domains.first(1)))
        except Failure:
            return False

    def publisher(self, **config):
        """Not started."""
        bus = Bus(self.test).start()
        publisher = Publisher(self.test, self.address, self.domains, bus=bus, **config)
        publisher.ctl = Ctl(self.test, bus)
        self.publishers.append(publisher)
        return publisher

    def close(self):
        try:
            for publisher in self.publishers:
                publisher.remove()
        finally:  # who ended badly leaves nothing to the next one
            for server in self.test.servers:
                server.stop()
            self.test.servers.clear()
            self.server.kill()
            self.clear()
            self.bench.sweep(self.test)

    def clear(self):
        """A disk's files are only set aside, until the bench is over: ext4 avoids inodes for minutes after they were
        freed, and among ten thousand such new files cost twice as much."""
        if self.place == "disk":
            self.server.directory.rename(tempfile.mkdtemp(prefix="used.", dir=self.test.directory))
        else:
            shutil.rmtree(self.server.directory, ignore_errors=True)


class Bench:
    """tests: "disk" and "tmpfs", a Test in a directory on each."""

    def __init__(self, tests, programs, results, say):
        self.tests, self.programs, self.results, self.say = tests, programs, results, say
        self.sender = clients.Sender(programs)
        self.round = 0

    @contextlib.contextmanager
    def stage(self, kind, place, domains):
        stage = Stage(self, kind, place, domains)
        try:
            stage.open()
            yield stage
        finally:
            stage.close()

    @staticmethod
    def sweep(test):
        """All but logs, and what stands in the place of the machine's files."""
        for path in test.directory.iterdir():
            if path.is_file() and path.suffix != ".log" and not path.name.startswith("etc-"):
                path.unlink()

    def add(self, scene, party, measure, value, unit):
        self.results.add(scene, party, self.round, measure, value, unit)

    def add_run(self, scene, party, what, run):
        self.add(scene, party, what, run.rate, "/s")
        self.add(scene, party, f"{what}: CPU", run.cpu / run.n * 1e6, "us")
        self.say(f"    {scene}, {party}, {what}: {run.n} in {run.seconds:.2f} s, {run.rate:.0f} /s")

    # Contests.

    def contest(self, contest):
        order = list(contest.parties)
        turn = self.round % len(order)
        for party in order[turn:] + order[:turn]:
            domains = contest.domains.first(contest.limits.get(party, len(contest.domains)))
            with self.stage(contest.server, contest.place, contest.domains) as stage:
                stage.domains = domains
                if contest.delayed:
                    stage.delay()
                self.add(contest.name, contest.server, "loads its zones", stage.server.seconds, "s")
                if contest.place == "disk":
                    fsyncs = measuring.fsyncs_a_second(stage.test.directory)
                    self.add(contest.name, party, "fsyncs before", fsyncs, "/s")
                self.compete(contest, party, stage)

    def compete(self, contest, party, stage):
        if party == "srvpubd":
            self.srvpubd(contest, stage)
        elif party == "limit":
            self.limit(contest, stage)
        elif party == "srvpubd, 128 at once":
            run, _ = stage.publisher(Update={"MaxOutstanding": MORE_AT_ONCE}).publish()
            self.add_run(contest.name, party, "publish", run)
            self.sender.check_published(stage.server.address, stage.domains)
        elif party == "limit, 128 at once":
            run, _ = self.sender.run("publish", stage.address, stage.domains, contest.batch, MORE_AT_ONCE)
            self.add_run(contest.name, party, "publish", run)
        else:
            key_file = stage.test.key_file()
            run = {"nsupdate": lambda: clients.nsupdate(stage.address, stage.domains, key_file),
                   "nsupdate, zone by SOA": lambda: clients.nsupdate(stage.address, stage.domains, key_file, True),
                   "nsupdate each": lambda: clients.nsupdate_each(stage.address, stage.domains, key_file),
                   "knsupdate": lambda: clients.knsupdate(stage.address, stage.domains)}[party]()
            self.add_run(contest.name, party, "publish", run)
            self.sender.check_published(stage.server.address, stage.domains, 1)

    def limit(self, contest, stage):
        def run(course):
            self.add_run(contest.name, "limit", course,
                         self.sender.run(course, stage.address, stage.domains, contest.batch)[0])
        run("publish")
        self.sender.check_published(stage.server.address, stage.domains)
        for course in ("check", "change", "withdraw") if contest.goes_on else ():
            run(course)
        if contest.goes_on:
            self.sender.check_published(stage.server.address, stage.domains, 0)

    def srvpubd(self, contest, stage):
        name, publisher = contest.name, stage.publisher()
        run, segments = publisher.publish()
        self.add_run(name, "srvpubd", "publish", run)
        self.add(name, "srvpubd", "publish: segments a domain", segments / run.n, "")
        self.add(name, "srvpubd", "RSS", measuring.memory(publisher.process.pid)[0], "KiB")
        self.sender.check_published(stage.server.address, stage.domains)
        if not contest.goes_on:
            return
        self.add_undisturbed(name, "restart", stage, lambda: restart(publisher), beside=TARGET_QUERIES)
        self.go_on(name, stage, publisher)

    def go_on(self, name, stage, publisher):
        """All that may befall it later. With another clock, which costs a little: what was before is without."""
        publisher.terminate(timeout=60)
        clock = Clock(stage.test, publisher)
        publisher.publish()

        def check():
            clock.ahead(CHECK_AFTER, wall=0)
            return publisher.change()
        self.add_undisturbed(name, "check", stage, check)
        self.add_counted(name, "change", stage,
                         lambda: publisher.change(Service={"Target": TARGET, "Priority": 1}), updates=1)
        self.sender.check_published(stage.server.address, stage.domains)
        self.add_counted(name, "withdraw", stage, lambda: publisher.change(
            0, Publish={"Resolver": "127.0.0.1", "DnsPublishing": "no"}), updates=1)
        self.sender.check_published(stage.server.address, stage.domains, 0)

    def add_counted(self, name, what, stage, measure, updates=0):
        """What each domain takes two queries for, SRV and TXT, and so many updates: else not all was done."""
        run, sent = counted(stage, measure)
        if sent["QUERY"] < 2 * run.n or sent["UPDATE"] < updates * run.n:
            raise Failure(f"a {what} of {run.n} domains was {dict(sent)}")
        self.add_sent(name, what, run, sent)

    def add_undisturbed(self, name, what, stage, measure, beside=0):
        """What takes two queries a domain, and so many beside. Once more where there were others: one of the regular
        checks, which go on, would count as the end of it."""
        for _ in range(TRIES):
            run, sent = counted(stage, measure)
            if sent["QUERY"] == 2 * run.n + beside:
                self.add_sent(name, what, run, sent)
                return
            self.say(f"    {name}, {what}: {dict(sent)} in {run.seconds:.2f} s, once more")
        raise Failure(f"a {what} of {run.n} domains was {dict(sent)}")

    def add_sent(self, name, what, run, sent):
        self.add_run(name, "srvpubd", what, run)
        self.add(name, "srvpubd", f"{what}: updates", sent["UPDATE"], "")

    # srvpubd alone.

    def one_domain(self, times, idle_seconds):
        """The floor and srvpubd in alternation, each with one domain; then srvpubd at rest."""
        name = "one domain"
        with self.stage("named", "tmpfs", zone_each(1)) as stage:
            for self.round in range(times):
                floor = Floor(self, stage.test, stage.address, stage.domains.zones[0])
                self.add(name, "floor", "ready", floor.ready * 1e3, "ms")
                self.add_memory(name, "floor", floor.memory)
                publisher = stage.publisher()
                run, _ = publisher.publish()
                self.add(name, "srvpubd", "published after exec", run.seconds * 1e3, "ms")
                self.add(name, "srvpubd", "ready", publisher.ready_seconds() * 1e3, "ms")
                self.add(name, "srvpubd", "CPU", run.cpu * 1e3, "ms")
                self.add_memory(name, "srvpubd", measuring.memory(publisher.process.pid))
                if self.round == times - 1:
                    self.rest(name, publisher, idle_seconds)
                publisher.terminate()
                self.sender.run("remove", stage.address, stage.domains)
            self.round = 0

    def rest(self, name, publisher, seconds):
        """Its connections are closed after 5 s; from then on it has nothing to do."""
        time.sleep(7)
        before = measuring.wake_ups(publisher.process.pid)
        time.sleep(seconds)
        woken = measuring.wake_ups(publisher.process.pid) - before
        self.add(name, "srvpubd", "wake-ups at rest", woken / seconds, "/s")

    def add_memory(self, scene, party, memory):
        self.add(scene, party, "RSS", memory[0], "KiB")
        self.add(scene, party, "anonymous", memory[1], "KiB")

    def growth(self, sizes, per_zone=1000):
        """Time, CPU and memory by the number of domains, and all that is for very many. The state is on the disk:
        what it costs to write must not hold up the loop."""
        for n in sizes:
            name = scene_of(n)
            domains = zones_of(max(1, n // per_zone), min(n, per_zone))
            with self.stage("named", "tmpfs", domains) as stage:
                turns = Turns(stage.test, self.programs / "loop.so")
                publisher = stage.publisher(environment=turns.environment, state=self.tests["disk"].path("state"))
                bus = Pings(self, publisher, domains.pairs[0][0])
                run, _ = publisher.measure(lambda: bus.start_after(publisher.start), f"published {n}/{n}")
                self.add(name, "srvpubd", "exec to READY, fresh", publisher.ready_seconds() * 1e3, "ms")
                self.add_run(name, "srvpubd", "publish", run)
                self.add_pings(name, bus)
                self.add_memory(name, "srvpubd", measuring.memory(publisher.process.pid))
                self.add_turns(name, "publication", turns)
                self.sender.check_published(stage.address, domains)
                self.large(name, stage, publisher, turns)
        self.add_growth(sizes)

    def add_growth(self, sizes):
        """What one domain more costs, and this with most of them beside the least that it costs with fewer."""
        def value(n, measure):
            return self.results.values(scene_of(n), "srvpubd", measure)[self.round]

        def memory(n):
            return (value(n, "anonymous") - value(one, "anonymous")) / n * 1024
        one, *fewer, most = sizes
        self.add("growth", "srvpubd", "anonymous memory a domain", memory(most), "octets")
        for what, cost in (("anonymous memory", memory), ("CPU", lambda n: value(n, "publish: CPU")),
                           ("time", lambda n: 1 / value(n, "publish"))):
            self.add("growth", "srvpubd", f"{what} a domain, most to fewer", cost(most) / min(map(cost, fewer)), "")

    def add_pings(self, name, bus):
        told = bus.end()
        for measure in ("median", "p99", "max"):
            self.add(name, "srvpubd", f"bus during publication: {measure}", told[measure], "ms")
        self.add(name, "srvpubd", "bus during publication: failed", told["failed"], "calls")

    def add_turns(self, name, what, turns):
        n, n_long, longest, cpu = turns.take()
        if n:
            self.add(name, "srvpubd", f"longest turn, {what}", longest, "ms")
            self.add(name, "srvpubd", f"longest turn's CPU, {what}", cpu, "ms")
            self.add(name, "srvpubd", f"turns over 20 ms, {what}", n_long, "")

    def large(self, name, stage, publisher, turns):
        self.add(name, "srvpubd", "status of all", timed(lambda: publisher.ctl.run("status", timeout=120)) * 1e3, "ms")
        self.add_turns(name, "status", turns)
        self.add(name, "srvpubd", "check of the configuration", timed(publisher.check_config) * 1e3, "ms")
        self.reload_one(name, stage, publisher, turns)
        publisher.terminate(timeout=60)
        turns.take()
        self.add_counted(name, "restart", stage, publisher.publish)
        self.add(name, "srvpubd", "exec to READY, with state", publisher.ready_seconds() * 1e3, "ms")
        self.add_turns(name, "restart", turns)

    def reload_one(self, name, stage, publisher, turns):
        """One line is another one; only one domain is touched."""
        entries = [*publisher.config["domains"]]
        entries[len(entries) // 2] += ", 5"
        before, begin = stage.server.requests(), time.monotonic()
        publisher.change(domains=entries)
        sent = stage.server.requests() - before
        ready = publisher.when_told("READY=1", begin)
        self.add(name, "srvpubd", "reload of one line", (ready - publisher.when_told("RELOADING=1", begin)) * 1e3, "ms")
        self.add(name, "srvpubd", "reload of one line: queries", sent["QUERY"], "")
        self.add(name, "srvpubd", "reload of one line: updates", sent["UPDATE"], "")
        self.add_turns(name, "reload", turns)

    def spread(self, n=4000, interval=20):
        """Checks that are due in an interval, second by second of one that is well under way; and what each
        costs in wake-ups."""
        name = "checks"
        with self.stage("named", "tmpfs", zones_of(1, n)) as stage:
            publisher = stage.publisher(Update={"CheckInterval": f"{interval}s"})
            publisher.start_until(f"published {n}/{n}")
            time.sleep(2 * interval)
            before, counts = measuring.wake_ups(publisher.process.pid), [measuring.data_segments()]
            for _ in range(interval):
                time.sleep(1)
                counts.append(measuring.data_segments())
            checks = [(b - a) / 4 for a, b in zip(counts, counts[1:])]  # SRV, TXT, and their answers
            woken = measuring.wake_ups(publisher.process.pid) - before
        self.add(name, "srvpubd", "checks a second", statistics.mean(checks), "/s")
        self.add(name, "srvpubd", "most in a second to the mean", max(checks) / statistics.mean(checks), "")
        self.add(name, "srvpubd", "wake-ups a check", woken / sum(checks), "")

    def day(self, n=1000, checks=96):
        """As many checks as a day has, one a second: does it grow?"""
        name = "a day of checks"
        with self.stage("named", "tmpfs", zones_of(1, n)) as stage:
            publisher = stage.publisher(Update={"CheckInterval": "1s"})
            publisher.start_until(f"published {n}/{n}")
            time.sleep(10)
            before, segments = measuring.memory(publisher.process.pid)[1], measuring.data_segments()
            wait_until(lambda: measuring.data_segments() - segments >= 4 * n * checks, "the checks are not made", 300,
                       0.5)
            gained = measuring.memory(publisher.process.pid)[1] - before
            self.add(name, "srvpubd", "anonymous memory gained", gained, "KiB")


class Pings(Program):
    """Calls over the bus, every 10 ms, from when the daemon is there."""

    def __init__(self, bench, publisher, domain):
        self.argv = [bench.programs / "ping", domain]
        self.publisher = publisher
        publisher.test.servers.append(self)

    def start_after(self, start):
        start()
        self.publisher.ctl.bus.wait_daemon(30)
        self.process = Process(self.argv, self.publisher.test.path("ping.log"),
                               env={**os.environ, **self.publisher.ctl.bus.environment})

    def end(self):
        self.process.signal(signal.SIGTERM)
        if self.process.wait(30) != 0:
            raise Failure(f"ping: {self.process.lines}")
        return json.loads(self.process.out_lines[-1])


def scene_of(n):
    return f"{n:,} domain{'s' * (n != 1)}"


def counted(stage, measure):
    """Returns (Run, what the server was sent for it)."""
    before = stage.server.requests()
    run, _ = measure()
    return run, stage.server.requests() - before


def restart(publisher):
    publisher.terminate(timeout=60)
    return publisher.publish()


def timed(function):
    begin = time.monotonic()
    function()
    return time.monotonic() - begin
