"""Who publishes: srvpubd, the pipelining sender that shows a server's limit, nsupdate, knsupdate. Each
run is told as a Run."""
import json
import mmap
import os
import pathlib
import signal
import struct
import subprocess
import threading
import time
from dataclasses import dataclass

from bench import measuring
from bench.servers import LOAD_TIMEOUT, TARGET
from support.daemon import Daemon
from support.scenario import KEY
from support.waiting import Failure, wait_until

CONNECTIONS, OUTSTANDING, BATCH = 8, 32, 100  # as srvpubd has them
QUIET = 1.5  # without TCP data for so long, nothing is under way: longer than any answer takes
TIMEOUT = 400
KEY_WORDS = f"{KEY.algorithm}:{KEY.name}:{KEY.secret}"


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu: float
    n: int  # domains

    @property
    def rate(self):
        return self.n / self.seconds


def run_measured(argv, text, timeout=TIMEOUT):
    """Runs a program with text as its input. Returns (seconds, CPU time of it and its children, output)."""
    begin = time.monotonic()
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        writer = threading.Thread(target=feed, args=(process.stdin, text))
        writer.start()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        writer.join()
    if process.returncode != 0:
        raise Failure(f"{argv[0]} ended with {process.returncode}: {output[-500:]}")
    return seconds, usage.ru_utime + usage.ru_stime, output


def feed(pipe, text):
    try:
        pipe.write(text)
        pipe.close()
    except BrokenPipeError:
        pass


class Sender:
    """The sender's programs are in directory."""

    def __init__(self, directory):
        self.program = pathlib.Path(directory) / "sender"

    def run(self, course, address, domains, batch=1, outstanding=OUTSTANDING):
        """Sends what a domain's course needs. Returns (Run, how many queries found something)."""
        _, _, output = run_measured([self.program, address, 53, KEY_WORDS, course, CONNECTIONS, outstanding, batch],
                                    domains.text())
        told = json.loads(output)
        wrong = sum(count for rcode, count in enumerate(told["rcodes"]) if rcode not in (0, 3))
        if wrong:
            raise Failure(f"the sender's {course} at {address} was answered {told['rcodes']} (by RCODE)")
        return Run(told["seconds"], told["cpu"], len(domains)), told["found"]

    def wait_loaded(self, address, domains):
        """Every zone is answered for."""
        zones = type(domains)(domains.zones, tuple((zone, zone) for zone in domains.zones))
        seen = {}

        def probe():
            try:
                seen["now"] = self.run("soa", address, zones)[1]
            except Failure as failure:
                seen["now"] = failure
            return seen["now"] == len(zones)
        wait_until(probe, lambda: f"{address} does not answer for all zones: {seen['now']}", LOAD_TIMEOUT, 0.2)

    def check_published(self, address, domains, answers=2, n=2000):
        """Of domains that were published a sample is looked at. answers: SRV alone, or TXT too."""
        sample = domains.sample(n)
        found = self.run("check", address, sample)[1]
        if found != answers * len(sample):
            raise Failure(f"{found} answers of {answers * len(sample)} are there at {address}")


def update_lines(domain, zone, with_zone):
    zone_line = f"zone {zone}\n" if with_zone else ""
    return f"{zone_line}update add _vlmcs._tcp.{domain}. 3600 SRV 0 0 1688 {TARGET}.\nsend\n"


def nsupdate(address, domains, key_file, finds_zone=False):
    """One process, one message a domain."""
    text = f"server {address}\n" + "".join(update_lines(*pair, not finds_zone) for pair in domains.pairs)
    seconds, cpu, _ = run_measured(["nsupdate", "-k", key_file], text)
    return Run(seconds, cpu, len(domains))


def nsupdate_each(address, domains, key_file):
    """What a timer's script does: one process a domain."""
    form = f"server {address}\\nzone %s\\nupdate add _vlmcs._tcp.%s. 3600 SRV 0 0 1688 {TARGET}.\\nsend\\n"
    script = f'while read -r d z; do printf "{form}" "$z" "$d" | nsupdate -k {key_file} || exit; done'
    seconds, cpu, _ = run_measured(["sh", "-c", script], domains.text())
    return Run(seconds, cpu, len(domains))


def knsupdate(address, domains):
    text = f"server {address}\n" + "".join(update_lines(*pair, True) for pair in domains.pairs)
    seconds, cpu, _ = run_measured(["knsupdate", "-y", KEY_WORDS], text)
    return Run(seconds, cpu, len(domains))


class Told(str):
    """A line that a program has told systemd, and when."""
    time = 0.0


def collect_notifications(notify, told):
    """Until the socket is shut down."""
    while data := notify.recv(65535):
        for text in data.decode().splitlines():
            line = Told(text)
            line.time = time.monotonic()
            told.append(line)


class Publisher(Daemon):
    """srvpubd as it is shipped, Server= given; but checks, which would never let the network rest, are rare."""

    def __init__(self, test, address, domains, *, bus=None, environment=None, **config):
        config.setdefault("Update", {})
        config["Update"] = {"Timeout": None, "CheckInterval": "7d", "RetryMin": None, "RetryMax": None,
                            "Server": address, **config["Update"]}
        super().__init__(test, test.program, environment={**(bus.environment if bus else {}), **(environment or {})},
                         Service={"Target": TARGET}, domains=domains.names(), **config)
        self.n = len(domains)

    @staticmethod
    def collect_notifications(notify, told):
        collect_notifications(notify, told)

    def start_until(self, status, timeout=TIMEOUT):
        """Starts it, where it is never at rest."""
        self.start()
        wait_until(lambda: self.status() == f"STATUS={status}", lambda: f"srvpubd does not come to {status}, but "
                   f"{self.status()}", timeout, 0.1)

    def when_told(self, text, after, timeout=60.0):
        """When it has told systemd a line, after a moment."""
        return wait_until(lambda: next((line.time for line in self.told if line == text and line.time > after), None),
                          lambda: f"srvpubd has not told systemd {text}: {self.told[-3:]}", timeout)

    def status(self):
        """What it has told systemd last, as long as it runs."""
        if not self.process.is_running():
            self.has_ended = True
            raise Failure(f"srvpubd ended with {self.process.popen.returncode}: {self.process.lines[-3:]}")
        return next((line for line in reversed(self.told) if line.startswith("STATUS=")), "")

    def measure(self, action, status, timeout=TIMEOUT):
        """Does something that makes it work, waits until it is at rest in a status. Returns (Run, data
        segments)."""
        cpu = 0 if self.has_ended else measuring.cpu_seconds(self.process.pid)
        begin, traffic = time.monotonic(), measuring.Traffic()
        try:
            action()
            wait_until(lambda: traffic.segments and traffic.silence() > QUIET and self.status() == f"STATUS={status}",
                       lambda: f"srvpubd does not come to {status}, but {self.status()}: {self.process.lines[-3:]}",
                       timeout, 0.1)
            cpu = measuring.cpu_seconds(self.process.pid) - cpu
            return Run(traffic.last - begin, cpu, self.n), traffic.segments
        finally:
            traffic.stop()

    def publish(self):
        """Starts it. Returns (Run, data segments)."""
        return self.measure(self.start, f"published {self.n}/{self.n}")

    def change(self, n=None, **config):
        """Reloads another configuration; n: how many are published then."""
        n = self.n if n is None else n
        self.configure(**config)
        return self.measure(lambda: self.process.signal(signal.SIGHUP), f"published {n}/{n}")

    def ready_seconds(self):
        """From exec, of a start that is over."""
        return self.when_told("READY=1", 0) - self.started

    def start(self, *options):
        self.started = time.monotonic()
        super().start(*options)

    def remove(self):
        """Ends it; its logs and state go with the directory."""
        if not self.has_ended:
            self.terminate(timeout=60)


class Turns:
    """What tests/bench/loop.c keeps of a daemon's loop."""

    def __init__(self, test, library):
        path = test.path("turns")
        path.write_bytes(bytes(32))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 32)
        self.environment = {"LD_PRELOAD": str(library), "BENCH_LOOP": str(path)}

    def take(self):
        """Returns (turns, those over 20 ms, the longest in ms, the longest's CPU time in ms) since the last call."""
        n, n_long, longest, cpu = struct.unpack("4Q", self.map[:])
        self.map[:] = bytes(32)
        return n, n_long, longest / 1e6, cpu / 1e6
