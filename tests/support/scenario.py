"""What a scenario is: a function with a Test, which lends it servers, daemons and a namespace.

    @scenario(servers=("named", "knot"))
    def absent_record_is_published(test):
        server = test.primary()
        daemon = test.daemon()
        test.wait_srv(server, "contoso.com", [OURS])

Each runs in network, mount, PID and UTS namespaces of its own (support/child.py), as PID 1: what it
has started ends with it. Its directory is removed when it passes. Those of tests/system have a
control group too, and the package in place of the daemon: they boot machines.
"""
import pathlib
import socket
import threading
from dataclasses import dataclass

from support import claims, client
from support.daemon import Daemon
from support.gate import Gate
from support.kerberos import Krb5Conf, MitKdc
from support.machine import Machine
from support.namespace import loopback_up, mount, place_file
from support.proxy import Proxy
from support.samba import DomainController
from support.scripted import ScriptedServer
from support.servers import Knot, Named
from support.tsig import Key
from support.waiting import Failure, holds_for, wait_until
from support.zone import Zone

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = []
SERVERS = {"named": Named, "knot": Knot, "scripted": ScriptedServer, "samba": DomainController}
KEY = Key()
DOMAINS = ("contoso.com", "emea.contoso.com", "adsecurity.org")


@dataclass(frozen=True)
class Scenario:
    kind: str  # integration or system
    file: str
    function: object
    server: str  # a key of SERVERS, or "" when the scenario makes its own
    case: str  # a key of the scenario's cases, or ""
    arguments: tuple
    timeout: float

    @property
    def name(self):
        variant = ",".join(filter(None, (self.server, self.case)))
        folder = "" if self.kind == "integration" else f"{self.kind}."
        return f"{folder}{self.file}.{self.function.__name__}" + (f"[{variant}]" if variant else "")


def scenario(servers=("",), cases=None, timeout=60.0):
    """Registers a function for a run with each server named and each case (name -> tuple of further
    arguments); timeout in seconds."""
    def register(function):
        kind, _, file = function.__module__.partition(".")
        SCENARIOS.extend(Scenario(kind, file, function, server, case, arguments, timeout)
                         for server in servers for case, arguments in (cases or {"": ()}).items())
        return function
    return register


class Test:
    """The helpers of one run. Everything made through it ends with it."""

    def __init__(self, item, directory, program):
        self.scenario = item
        self.directory = pathlib.Path(directory)
        self.program = program
        self.daemons = []
        self.machines = []
        self.servers = []
        self.transcript = []
        self.numbers = {}
        self.krb5 = None

    def path(self, stem):
        """A fresh path in the scenario's directory: stem, stem2, ..."""
        self.numbers[stem] = number = self.numbers.get(stem, 0) + 1
        return self.directory / (stem if number == 1 else f"{stem}{number}")

    def server(self, kind, **options):
        """A server of a kind, started: a key of SERVERS."""
        server = SERVERS[kind](self, **options)
        self.servers.append(server)
        server.start()
        return server

    def primary(self, *, zones=None, address="127.0.0.1", keys=(KEY,), kind=None, **options):
        """The scenario's server with the zones given, by default an empty one for each of DOMAINS."""
        zones = [Zone(name, address=address) for name in DOMAINS] if zones is None else zones
        return self.server(kind or self.scenario.server, zones=zones, addresses=[address], keys=keys, **options)

    def kdc(self, realm="EXAMPLE.TEST", **options):
        """An MIT KDC with an empty realm (see MitKdc), started."""
        kdc = MitKdc(self, realm, **options)
        self.servers.append(kdc)
        kdc.start()
        return kdc

    def secured(self):
        """The scenario's server, "named" or "samba", with a domain server.domain in which tickets of kms1$
        and kms2$ from server.kdc allow SRV and TXT at the record name."""
        if self.scenario.server == "samba":
            return self.server("samba")
        kdc = self.kdc()
        domain = kdc.realm.lower()
        rule = f"grant {kdc.realm} ms-subdomain {client.record_name(domain)}. SRV TXT"
        return self.primary(zones=[Zone(domain, policy=(rule,))], kdc=kdc)

    def proxy(self, address, upstream):
        """A counting proxy at address, port 53; name it in zones to put it before a server."""
        proxy = Proxy(address, upstream)
        self.servers.append(proxy)
        proxy.start()
        return proxy

    def gate(self, upstream, is_closed=True, address="127.0.0.5"):
        """A proxy that holds updates while it is closed (see Gate)."""
        gate = Gate(address, upstream)
        gate.is_closed = is_closed
        self.servers.append(gate)
        gate.start()
        return gate

    def daemon(self, *, start=True, **config):
        """srvpubd with a configuration (see Daemon.configure), started."""
        daemon = Daemon(self, self.program, **config)
        self.daemons.append(daemon)
        if start:
            daemon.start()
        return daemon

    def publisher(self, server, host="kms1", *, start=True, **config):
        """A daemon that publishes a host of contoso.com, and has the server behind a counting proxy of
        its own: daemon.proxy."""
        proxy = self.proxy(f"127.0.0.{6 + len(self.daemons)}", server)
        always = {"Service": {"Target": f"{host}.contoso.com"}, "Update": {"Server": proxy.address}}
        daemon = self.daemon(start=False, always=always, **config)
        daemon.proxy = proxy
        if start:
            daemon.start()
        return daemon

    def record_name(self, server, domain="contoso.com"):
        return claims.RecordName(server, domain)

    def machine(self):
        """A machine of its own, booted."""
        machine = Machine(self)
        self.machines.append(machine)
        machine.power_on()
        return machine

    def say(self, text):
        """A line of what the reader of a passed scenario sees."""
        self.transcript.append(text)

    def key_file(self, key=KEY):
        """A fresh file with a key; key may be the text itself."""
        path = self.path("key")
        path.write_text(key if isinstance(key, str) else key.text())
        path.chmod(0o600)
        return path

    # What DNS holds. A server is one of ours, or an address.

    def wait_srv(self, server, domain, expected, timeout=10.0, key=None, exact_case=False):
        client.wait_srv(address_of(server), domain, expected, timeout, key or key_of(server), exact_case,
                        getattr(server, "port", 53))

    def srv_stays(self, server, domain, expected, seconds=2.0):
        """The record name holds what is expected, now and for the time given."""
        expected = client.srv_set(expected)
        seen = {}

        def probe():
            seen["now"] = client.read_srv(address_of(server), domain, key_of(server))
            return seen["now"] == expected

        holds_for(probe, lambda: f"{domain} has {client.describe(seen['now'])}, "
                                 f"not {client.describe(expected)}", seconds)

    def settles(self, server, domain, expected, seconds=1.5, timeout=15.0):
        """As wait_srv(), where what is expected may come and go before it stays."""
        def stays():
            try:
                self.srv_stays(server, domain, expected, seconds)
            except Failure:
                return False
            return True

        wait_until(stays, f"{domain} does not settle at {client.describe(client.srv_set(expected))}", timeout)

    def nsupdate(self, server, *lines, key=KEY, ticket=None, zone=None, expect="NOERROR"):
        """An administrator's change by hand, signed by a ticket if there is one. expect: the RCODE that it
        must come to, or a tuple of several."""
        script = [f"server {address_of(server)}"] + ([f"zone {zone}"] if zone else []) + list(lines) + ["send"]
        answer = client.nsupdate(script, None if ticket or not key else self.key_file(key), ticket)
        self.check(answer in (expect if isinstance(expect, tuple) else (expect,)),
                   f"nsupdate's answer: {answer!r}, expected {expect!r}")

    @staticmethod
    def dig(server, *words):
        """What dig prints."""
        return client.dig(address_of(server), *words)

    def wait_looks(self, *daemons, checks=2):
        """Each of these publishers looks so often from now on."""
        before = [daemon.proxy.counts["SRV"] for daemon in daemons]
        wait_until(lambda: all(daemon.proxy.counts["SRV"] >= looks + checks for daemon, looks in zip(daemons, before)),
                   "not all look again", 5 + 2 * checks)

    def write_nothing(self, *daemons, checks=2):
        """They look so often, and are content with what they see."""
        before = [daemon.proxy.counts["update"] for daemon in daemons]
        self.wait_looks(*daemons, checks=checks)
        for daemon, updates in zip(daemons, before):
            self.equal(daemon.proxy.counts["update"], updates, f"updates of {daemon.log_path.name}")

    @staticmethod
    def in_background(function):
        """Calls it, and returns a function that tells whether it has returned."""
        done = []
        threading.Thread(target=lambda: done.append(function()), daemon=True).start()
        return lambda: bool(done)

    # Expectations.

    def check(self, condition, text):
        if not condition:
            raise Failure(text)

    def equal(self, found, expected, what):
        if found != expected:
            raise Failure(f"{what}: {found!r}, expected {expected!r}")

    # The namespace: what the machine tells about itself.

    def resolv_conf(self, *addresses, options="options timeout:1 attempts:1"):
        place_file("/etc/resolv.conf", "".join(f"nameserver {a}\n" for a in addresses) + options + "\n", self.directory)

    def host_name(self, fqdn, **hosts):
        """Gives this machine a name that /etc/hosts knows; without a dot it has no FQDN. hosts:
        further names with their addresses, a dot written as two underscores."""
        short = fqdn.partition(".")[0]
        socket.sethostname(short)
        lines = ["127.0.0.1 localhost", "::1 localhost", f"127.0.1.1 {fqdn}" + (f" {short}" if short != fqdn else "")]
        lines += [f"{address} {name.replace('__', '.')}" for name, address in hosts.items()]
        place_file("/etc/hosts", "\n".join(lines) + "\n", self.directory)

    def machine_id(self, digit):
        """Makes it another machine for whoever starts from now on."""
        place_file("/etc/machine-id", 32 * digit + "\n", self.directory)

    def prepare(self):
        """Hides the machine: own loopback, /run, resolver and host name."""
        loopback_up()
        mount("tmpfs", "/run", "tmpfs", 0)
        place_file("/etc/nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n", self.directory)
        self.resolv_conf("127.0.0.1")
        self.host_name("kms1.contoso.com")
        self.krb5 = Krb5Conf(self.directory)

    def finish(self, passed):
        """Ends what runs. A daemon must end well and without a sanitizer's report; after a failure:
        returns what else is to be said."""
        try:
            return "".join([daemon.finish(passed) for daemon in self.daemons])
        finally:
            for machine in self.machines:
                machine.finish(passed)
            for server in self.servers:
                server.stop()


def address_of(server):
    return server if isinstance(server, str) else server.address


def key_of(server):
    return None if isinstance(server, str) else getattr(server, "query_key", None)
