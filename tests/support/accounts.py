"""Publishers that sign by ticket, each as an account of its own; what they say to name server and KDC."""
import pathlib
import re
import subprocess

from support import wire
from support.bus import Bus, Ctl
from support.client import Srv, record_name
from support.proxy import Proxy, kind_of
from support.waiting import wait_until
from support.zone import Zone

NEGOTIATION, DELETION = "TKEY", "TKEY-delete"  # kinds of requests
PATIENT = {"Timeout": "5s"}  # many scenarios run at a time: nothing here is about slow answers


class Witness(Proxy):
    """A counting proxy that keeps what passes. requests: (kind, message) in order; answers: messages."""

    def __init__(self, address, upstream):
        super().__init__(address, upstream)
        self.requests, self.answers = [], []

    def reset(self):
        super().reset()
        with self.lock:
            self.requests.clear()
            self.answers.clear()

    def _count(self, data):
        super()._count(data)
        with self.lock:
            self.requests.append((kind_of(data), wire.Message.parse(data)))

    def _pump(self, source, sink, count):
        super()._pump(source, sink, count if count == self._count else self._keep)

    def _keep(self, data):
        with self.lock:
            self.answers.append(wire.Message.parse(data))

    def tkeys(self, kind):
        """The names of the keys that were asked for, or were to be deleted."""
        with self.lock:
            return [message.question[0][0] for what, message in self.requests if what == kind]

    @property
    def contexts(self):
        """How many contexts were asked for so far."""
        return len(self.tkeys(NEGOTIATION))

    def signed(self):
        """The kinds of the requests that were signed."""
        with self.lock:
            return {kind for kind, message in self.requests
                    if message.additional and message.additional[-1].type == "TSIG"}


def named_for_hosts(test, **options):
    """A named that takes machine accounts and host principals for example.test, and a TSIG key for contoso.com."""
    kdc = test.kdc(**options)
    domain = kdc.realm.lower()
    owner = f"{record_name(domain)}. SRV TXT"
    policy = tuple(f"grant {kdc.realm} {rule} {owner}" for rule in ("ms-subdomain", "krb5-subdomain"))
    return test.primary(kind="named", zones=[Zone(domain, policy=policy), Zone("contoso.com")], kdc=kdc)


def kms(server, number=1, **others):
    return Srv(f"kms{number}.{server.domain}")._replace(**others)


def publisher(test, server, host="kms1", *, account=None, keytab=None, start=True, always=None, **config):
    """A daemon that publishes a host of the server's domain as an account of its realm, by default
    HOST$, from a fresh keytab. The server is behind daemon.proxy, a Witness."""
    account = account or f"{host}$"
    proxy = Witness(f"127.0.0.{6 + len(test.daemons)}", server)
    test.servers.append(proxy)
    proxy.start()
    always = {"Service": {"Target": f"{host}.{server.domain}"}, **(always or {}),
              "Update": {**PATIENT, "Server": proxy.address, "Principal": account, **(always or {}).get("Update", {})}}
    config = {"domains": [server.domain], "keytab": keytab or server.kdc.keytab(account), **config}
    daemon = test.daemon(start=False, always=always, **config)
    daemon.proxy = proxy
    if start:
        daemon.start()
    return daemon


def controlled(test, server, *arguments, **options):
    """A publisher on a bus of its own, started: daemon.ctl."""
    daemon = publisher(test, server, *arguments, start=False, **options)
    put_on_bus(test, daemon)
    daemon.start()
    daemon.ctl.bus.wait_daemon()
    return daemon


def put_on_bus(test, daemon):
    """From its next start on."""
    bus = Bus(test).start()
    daemon.environment.update(bus.environment)
    daemon.ctl = Ctl(test, bus)


def complaints(daemon):
    """What it says that an administrator would worry about; that the hosts have no addresses is the fixture's."""
    return [line for line in daemon.said("(?i)warning|failed|denied|error") if "has no address" not in line]


def replace_keytab(daemon, keytab):
    """As an administrator does: at no moment is there half a file."""
    pathlib.Path(keytab).rename(daemon.config["keytab"])


class KdcLog:
    """What an MIT KDC has answered since this was made."""

    def __init__(self, kdc):
        self.path = kdc.log_path
        self.begin = len(self.text())

    def text(self):
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""

    def lines(self, *words):
        return [line for line in self.text()[self.begin:].splitlines() if all(re.search(word, line) for word in words)]

    def issued(self, service="krbtgt/"):
        """Tickets for a service that it gave out; without one those of AS-REQs."""
        return [line for line in self.lines(r"(AS|TGS)_REQ", ": ISSUE:") if f" for {service}" in line]

    def wait_issued(self, number, service="krbtgt/", timeout=10.0):
        wait_until(lambda: len(self.issued(service)) >= number,
                   lambda: f"{len(self.issued(service))} of {number} tickets for {service} were issued", timeout)

    def wrong_keys(self):
        """Attempts that count against the account."""
        return self.lines("AS_REQ", "PREAUTH_FAILED")


def secrets_of(keytab):
    """The keys in a keytab, as octets."""
    text = subprocess.run(["klist", "-k", "-K", keytab], capture_output=True, text=True, timeout=10, check=True).stdout
    return {bytes.fromhex(key) for key in re.findall(r"\(0x([0-9a-f]+)\)", text)}
