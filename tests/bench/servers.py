"""Real name servers with very many zones, as a distribution configures them, and the lists of
domains that are published there."""
import os
import time
from collections import Counter
from dataclasses import dataclass

from support.process import Process
from support.servers import Knot, Named, unconfined
from support.waiting import wait_until
from support.zone import Zone

TARGET = "kms.bench.example"
LOAD_TIMEOUT = 120


@dataclass(frozen=True)
class Domains:
    """pairs: (domain, zone), those of a zone together."""
    zones: tuple
    pairs: tuple

    def __len__(self):
        return len(self.pairs)

    def names(self):
        return [domain for domain, _ in self.pairs]

    def first(self, n):
        return Domains(self.zones, self.pairs[:n])

    def sample(self, n):
        """Some, spread over all."""
        step = max(1, len(self.pairs) // n)
        return Domains(self.zones, self.pairs[::step])

    def text(self):
        return "".join(f"{domain} {zone}\n" for domain, zone in self.pairs)


def zone_each(n):
    """Each domain is a zone of its own."""
    zones = tuple(f"d{number:06}.example" for number in range(n))
    return Domains(zones, tuple(zip(zones, zones)))


def zones_of(n_zones, n_each):
    """So many names in each of so many zones."""
    zones = tuple(f"z{number:03}.example" for number in range(n_zones))
    return Domains(zones, tuple((f"d{number:06}.{zone}", zone) for zone in zones for number in range(n_each)))


class Many:
    """Mixed into a Server: all its zones have one zone file, by as many hard links."""

    def __init__(self, test, domains, keys):
        self.template = test.path("zone")
        self.template.write_text("$TTL 3600\n@ SOA ns1.bench.example. hostmaster.bench.example. 1 3600 600 86400 60\n"
                                 "@ NS ns1.bench.example.\nns1 A 127.0.0.1\nkms A 127.0.1.1\n")
        names = ["bench.example", *domains.zones]
        super().__init__(test, zones=[Zone(name) for name in names], keys=keys)
        self.sought = domains.zones[-1]

    def zone_file(self, zone, view=""):
        path = self.directory / zone.name
        os.link(self.template, path)
        return path

    def start(self):
        """Returns when the last zone is there; the bench looks at the others. Keeps how long it took."""
        begin = time.monotonic()
        self.process = self.run()
        wait_until(lambda: self.has_loaded(Zone(self.sought)), lambda: f"{self.program}: {self.last_words()}",
                   LOAD_TIMEOUT)
        self.seconds = time.monotonic() - begin

    def kill(self):
        """Without a chance to write its zones."""
        if self.process.is_running():
            self.process.kill()


class ManyNamed(Many, Named):
    """Logs what goes wrong, not each update."""

    def configure(self):
        super().configure()
        self.config.write_text(self.config.read_text().replace("severity info", "severity warning"))

    def run(self):
        argv = [unconfined(self.binary, self.directory), "-f", "-c", self.config]
        return Process(argv, self.log_path, cwd=self.directory)

    def requests(self):
        """How many it has been sent, by OPCODE."""
        path = self.directory / "named.stats"
        path.unlink(missing_ok=True)
        self.control("stats")
        wait_until(lambda: path.exists() and "--- Statistics Dump ---" in path.read_text().splitlines()[-1],
                   "named tells no statistics")
        rows = [line.split() for line in path.read_text().splitlines()]
        return Counter({row[1]: int(row[0]) for row in rows if row[1:] in (["QUERY"], ["UPDATE"])})


class ManyKnot(Many, Knot):
    def configure(self):
        (self.directory / "db").mkdir()
        self.config = self.directory / "knot.conf"
        for zone in self.zones:
            self.zone_file(zone)
        self.config.write_text(
            f"server:\n  listen: {self.address}@{self.port}\n  rundir: {self.directory}\n"
            f"  pidfile: {self.directory}/pid\n"
            f"database:\n  storage: {self.directory}/db\nlog:\n  - target: stderr\n    any: warning\n"
            + "".join(f"key:\n  - id: {key.name}\n    algorithm: {key.algorithm}\n    secret: {key.secret}\n"
                      f"acl:\n  - id: {key.name}\n    action: [transfer, query, update]\n    key: {key.name}\n"
                      for key in self.keys)
            + f"template:\n  - id: default\n    storage: {self.directory}\n    file: \"%s\"\n"
            f"    acl: [{', '.join(key.name for key in self.keys)}]\n"
            "zone:\n" + "".join(f"  - domain: {zone.name}\n" for zone in self.zones))

    def run(self):
        return Process([self.binary, "-c", self.config], self.log_path, cwd=self.directory)


KINDS = {"named": ManyNamed, "knot": ManyKnot}
