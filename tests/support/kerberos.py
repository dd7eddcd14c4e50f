"""Kerberos for scenarios: the krb5.conf that all they start is given, realms with a KDC (MIT's here,
Samba's in samba.py), keytabs, and tickets for nsupdate."""
import os
import socket
import subprocess

from support.process import Process, Program, find_program
from support.waiting import Failure, wait_until

PORT = 88


class Krb5Conf:
    """The scenario's krb5.conf. KRB5_CONFIG names it for whatever is started, and no other file of the
    machine says anything: tickets, keytabs and replay caches that are not named are looked for beside it.
    defaults, realms: change them, and write(). The first realm is the default one."""

    def __init__(self, directory):
        self.path = directory / "krb5.conf"
        self.realms = {}  # name -> (address of its KDC, domains that belong to it)
        self.defaults = {"dns_lookup_kdc": "false", "dns_lookup_realm": "false", "rdns": "false",
                         "dns_canonicalize_hostname": "false", "udp_preference_limit": "1",
                         "default_ccache_name": f"FILE:{directory}/krb5cc",
                         "default_keytab_name": f"FILE:{directory}/krb5.keytab",
                         "default_client_keytab_name": f"FILE:{directory}/client.keytab",
                         "default_rcache_name": f"file2:{directory}/krb5rcache"}
        for name in [name for name in os.environ if name.startswith("KRB5")]:
            del os.environ[name]
        os.environ["KRB5_CONFIG"] = str(self.path)
        self.write()

    def add(self, kdc):
        self.realms[kdc.realm] = (kdc.address, kdc.domains)
        self.defaults.setdefault("default_realm", kdc.realm)
        self.write()

    def write(self):
        lines = ["[libdefaults]", *(f"{key} = {value}" for key, value in self.defaults.items()), "[realms]"]
        lines += [f"{realm} = {{\n kdc = {address}:{PORT}\n}}" for realm, (address, _) in self.realms.items()]
        lines += ["[domain_realm]", *(f"{dot}{domain} = {realm}" for realm, (_, domains) in self.realms.items()
                                      for domain in domains for dot in ("", "."))]
        self.path.write_text("\n".join(lines) + "\n")


class Kdc:
    """What is the same for every kind of KDC. A class beside this one starts and stops it."""

    def join_realm(self, test, realm, address, domains=()):
        """domains: those whose hosts are in this realm beside the one that has its name."""
        self.test, self.realm, self.address = test, realm, address
        self.domains = (realm.lower(), *domains)
        test.krb5.add(self)

    def keytab(self, principal):
        """The path of a keytab with the keys that a principal has now."""
        raise NotImplementedError

    def ticket(self, principal, *, keytab=None, lifetime=None):
        """What kinit gets with a keytab, by default a right one. Returns it as KRB5CCNAME takes it;
        lifetime: what it asks for, in seconds."""
        cache = f"FILE:{self.test.path('ticket')}"
        argv = [find_program("kinit"), "-k", "-t", keytab or self.keytab(principal), "-c", cache]
        argv += ["-l", f"{lifetime}s"] if lifetime else []
        run([*argv, f"{principal}@{self.realm}"])
        return cache


class MitKdc(Program, Kdc):
    """MIT's KDC with a database of its own; clients must authenticate themselves before they are given a
    ticket, as with Active Directory. max_life: of every ticket, in seconds."""

    def __init__(self, test, realm="EXAMPLE.TEST", *, address="127.0.0.1", domains=(), max_life=36000):
        self.binary = find_program("krb5kdc")
        self.directory = test.path("kdc")
        self.directory.mkdir()
        self.log_path = test.path("krb5kdc.log")
        self.principals = set()
        self.join_realm(test, realm, address, domains)
        self.config = self.directory / "kdc.conf"
        self.config.write_text(f"""\
[kdcdefaults]
kdc_listen = {address}:{PORT}
kdc_tcp_listen = {address}:{PORT}
[realms]
{realm} = {{
 database_name = {self.directory}/principal
 key_stash_file = {self.directory}/stash
 max_life = {max_life}s
 default_principal_flags = +preauth
}}
[logging]
kdc = FILE:{self.log_path}
admin_server = FILE:{self.directory}/kadmin.log
""")
        self.run("kdb5_util", "create", "-s", "-P", "master")

    def start(self):
        """Returns when it answers."""
        self.process = Process([self.binary, "-n", "-r", self.realm], self.test.path("krb5kdc.output.log"),
                               env=self.environment())
        wait_until(self.is_listening, lambda: f"the KDC of {self.realm} does not answer: {self.process.lines}")

    def is_listening(self):
        try:
            socket.create_connection((self.address, PORT), timeout=1).close()
        except OSError:
            return False
        return True

    def environment(self):
        return dict(os.environ, KRB5_KDC_PROFILE=str(self.config))

    def run(self, program, *words):
        run([find_program(program), "-r", self.realm, *words], self.environment())

    def admin(self, *words):
        """A change by kadmin.local, also while it runs: "modprinc", "-allow_tix", "kms1$"."""
        self.run("kadmin.local", *words)

    def add(self, principal, *, password=None, max_life=None):
        """A principal, with a random key where there is no password; max_life: of its tickets, in seconds."""
        life = ["-maxlife", f"{max_life} seconds"] if max_life else []
        self.admin("addprinc", *life, *password_words(password), principal)
        self.principals.add(principal)

    def keytab(self, *principals):
        """A fresh keytab for several; those that there are not yet are added."""
        path = self.test.path("keytab")
        for principal in principals:
            if principal not in self.principals:
                self.add(principal)
            self.admin("ktadd", "-k", path, "-norandkey", principal)
        return path

    def change_password(self, principal, password=None):
        """By default to a random key. Keytabs from before are of no use any more."""
        self.admin("cpw", *password_words(password), principal)

    def trust(self, other):
        """From now on principals of either realm get tickets for services of the other."""
        for issuer, subject in ((self, other), (other, self)):
            for kdc in (self, other):
                kdc.add(f"krbtgt/{subject.realm}@{issuer.realm}", password="between the realms")


def password_words(password):
    return ["-pw", password] if password else ["-randkey"]


def run(argv, environment=None):
    argv = [str(word) for word in argv]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False,
                          env=environment)
    if done.returncode != 0:
        raise Failure(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
