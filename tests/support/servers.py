"""Real DNS servers behind one interface: start, stop, kill, restart, freeze, thaw."""
import os
import shutil
import subprocess

from support import client
from support.process import Process, Program, find_program
from support.waiting import Failure, wait_until
from support.zone import service_hosts


class Server(Program):
    """One server with its own directory. address is where tests ask it; zones are Zone objects,
    or for Named a dict of views: name -> (key that chooses it, zones)."""
    program = ""

    def __init__(self, test, *, zones, addresses=("127.0.0.1",), keys=(), port=53, options="", query_key=None):
        self.test, self.zones, self.keys = test, zones, keys
        self.addresses, self.port, self.options = list(addresses), port, options
        self.address = self.addresses[0]
        self.query_key = query_key
        self.binary = find_program(self.program)
        self.directory = test.path(self.program)
        self.directory.mkdir()
        self.log_path = test.path(f"{self.program}.log")
        self.configure()

    def zone_file(self, zone, view=""):
        path = self.directory / (f"{view}-{zone.name}" if view else zone.name)
        if not zone.primary and not path.exists():
            path.write_text(zone.text())
        return path

    @property
    def domain(self):
        """Of one that has one."""
        return self.all_zones()[0].name

    def all_zones(self):
        return self.zones if not isinstance(self.zones, dict) else \
            [zone for _, zones in self.zones.values() for zone in zones]

    def start(self):
        """Returns when every zone is answered with authority."""
        self.process = Process(self.command(), self.log_path, cwd=self.directory)
        for zone in self.all_zones():
            wait_until(lambda zone=zone: self.has_loaded(zone),
                       lambda zone=zone: f"{self.program} does not answer for {zone.name}: {self.last_words()}", 15)

    def has_loaded(self, zone):
        if not self.process.is_running():
            raise Failure(f"{self.program} ended at its start: {self.last_words()}")
        try:
            key = self.query_key
            if isinstance(self.zones, dict):
                key = next(key for key, zones in self.zones.values() if zone in zones)
            answer = client.ask(self.address, zone.name, "SOA", key, port=self.port, timeout=0.3)
            return answer.rcode_name == "NOERROR" and answer.answer
        except (OSError, Failure):
            return False

    def last_words(self):
        self.process.log.flush()
        return self.log_path.read_text(errors="replace")[-600:]

    def control(self, *words):
        argv = self.control_command() + list(words)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=15)
        if done.returncode != 0:
            raise Failure(f"{' '.join(words)}: {done.stderr or done.stdout}")


def unconfined(binary, directory):
    """AppArmor's profile knows named by its path and lets it read /etc/bind only: a copy it does not
    know."""
    flag = "/sys/module/apparmor/parameters/enabled"
    if not os.path.exists(flag) or not open(flag, encoding="ascii").read().startswith("Y"):
        return binary
    copy = directory / "named"
    if not copy.exists():
        shutil.copy(binary, copy)
    return copy


class Named(Server):
    """kdc: of the realm whose tickets it takes, for the MNAMEs of its zones; see Zone.policy."""
    program = "named"

    def __init__(self, test, *, kdc=None, **options):
        self.kdc = kdc
        super().__init__(test, **options)

    def configure(self):
        v4 = "".join(f"{a}; " for a in self.addresses if ":" not in a) or "none; "
        v6 = "".join(f"{a}; " for a in self.addresses if ":" in a) or "none; "
        self.config = self.directory / "named.conf"
        control_key = 'key "control" { algorithm hmac-sha256; secret "Y29udHJvbA=="; };\n'
        (self.directory / "rndc.conf").write_text(
            control_key + f'options {{ default-server {self.address}; default-key "control"; }};\n')
        self.config.write_text(f"""\
options {{
        directory "{self.directory}";
        listen-on port {self.port} {{ {v4}}};
        listen-on-v6 port {self.port} {{ {v6}}};
        pid-file none;
        session-keyfile none;
        recursion no;
        dnssec-validation no;
        notify no;
        allow-transfer {{ any; }};
        empty-zones-enable no;
        {self.keytab_statement()}
        {self.options}
}};
logging {{
        channel file {{ file "{self.log_path}"; severity info; print-time yes; print-category yes; }};
        category default {{ file; }};
        category update-security {{ file; }};
}};
{control_key}controls {{ inet {self.address} allow {{ any; }} keys {{ "control"; }}; }};
{"".join(key.text() for key in self.keys)}""" + self.zone_statements())

    def keytab_statement(self):
        if not self.kdc:
            return ""
        names = [f"DNS/{host}" for host in service_hosts(self.all_zones())]
        return f'tkey-gssapi-keytab "{self.kdc.keytab(*names)}";'

    def zone_statements(self):
        if not isinstance(self.zones, dict):
            return "".join(self.zone_statement(zone) for zone in self.zones)
        return "".join(
            f'view "{view}" {{\n  match-clients {{ key "{key.name}"; }};\n'
            + "".join(self.zone_statement(zone, view) for zone in zones) + "};\n"
            for view, (key, zones) in self.zones.items())

    def zone_statement(self, zone, view=""):
        if zone.primary:
            kind = f"type secondary; primaries {{ {zone.primary}; }};"
        else:
            kind = "type primary;"
            if zone.grants:
                kind += " update-policy { " + "".join(f"grant {key} name {owner}. {' '.join(types)}; "
                                                      for key, owner, types in zone.grants) + "};"
            elif zone.policy:
                kind += " update-policy { " + "".join(f"{rule}; " for rule in zone.policy) + "};"
            elif "update-policy" not in zone.options:
                kind += " allow-update { " + "".join(f'key "{k}"; ' for k in zone.update or ("none",)) + "};"
        kind = kind.replace('key "none"', "none").replace('key "any"', "any")
        return f'zone "{zone.name}" {{ {kind} file "{self.zone_file(zone, view)}"; {zone.options} }};\n'

    def command(self):
        return [unconfined(self.binary, self.directory), "-f", "-n", "1", "-c", self.config]

    def control_command(self):
        return [shutil.which("rndc", path="/usr/sbin:" + os.environ["PATH"]), "-c", str(self.directory / "rndc.conf")]

    def freeze(self, zone):
        self.control("freeze", zone)

    def thaw(self, zone):
        self.control("thaw", zone)


class Knot(Server):
    program = "knotd"

    def configure(self):
        (self.directory / "db").mkdir()
        self.config = self.directory / "knot.conf"
        remotes = sorted({zone.primary for zone in self.zones if zone.primary})
        self.config.write_text(
            "server:\n" + "".join(f"  listen: {a}@{self.port}\n" for a in self.addresses)
            + f"  rundir: {self.directory}\n  pidfile: {self.directory}/pid\n"
            + "  udp-workers: 1\n  tcp-workers: 2\n  background-workers: 1\n" + self.options
            + f"database:\n  storage: {self.directory}/db\n"
            + "log:\n  - target: stderr\n    any: info\n"
            + "".join(f"key:\n  - id: {k.name}\n    algorithm: {k.algorithm}\n    secret: {k.secret}\n"
                      for k in self.keys)
            + "acl:\n  - id: transfer\n    action: [transfer, query]\n"
            + "  - id: any\n    action: update\n    address: [127.0.0.0/8]\n"
            + "".join(f"  - id: {k.name}\n    action: [transfer, query, update]\n    key: {k.name}\n"
                      f"  - id: query-{k.name}\n    action: query\n    key: {k.name}\n" for k in self.keys)
            + "".join(map(self.grant_statements, self.zones))
            + "".join(f"remote:\n  - id: r-{a}\n    address: {a}@{self.port}\n" for a in remotes)
            + "template:\n  - id: default\n    zonefile-sync: 0\n    journal-content: changes\n"
            + "zone:\n" + "".join(map(self.zone_statement, self.zones)))

    @staticmethod
    def grant_statements(zone):
        return "".join(f"acl:\n  - id: grant-{number}-{zone.name}\n    action: update\n    key: {key}\n"
                       f"    update-type: [{', '.join(types)}]\n    update-owner: name\n"
                       f"    update-owner-match: equal\n    update-owner-name: {owner}.\n"
                       for number, (key, owner, types) in enumerate(zone.grants))

    def zone_statement(self, zone):
        names = [key.name for key in self.keys]
        update = [f"grant-{number}-{zone.name}" for number in range(len(zone.grants))]
        update = update or [key for key in zone.update if key in [*names, "any"]]
        acl = ", ".join(["transfer", *update, *(f"query-{k}" for k in names)])
        return (f"  - domain: {zone.name}\n    file: {self.zone_file(zone)}\n    acl: [{acl}]\n"
                + (f"    master: r-{zone.primary}\n" if zone.primary else "") + zone.options)

    def command(self):
        return [self.binary, "-c", self.config]

    def control_command(self):
        return ["/usr/sbin/knotc", "-c", str(self.config)]
