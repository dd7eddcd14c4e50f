"""What a keytab is good for: whose key is taken from it, in which realm, and how it is told where there is
none that is any good."""
import pathlib
import re

from support.accounts import KdcLog, complaints, kms, named_for_hosts, publisher, replace_keytab
from support.client import record_name
from support.clock import Clock
from support.daemon import PUBLISHED
from support.namespace import mount
from support.scenario import scenario
from support.zone import Zone

BOTH = ("named", "samba")


# Whose key.

ACCOUNTS = {"both": (("host/kms1.example.test", "kms1$"), "kms1$"), "machine": (("vlmcssvc", "kms1$"), "kms1$"),
            "host": (("vlmcssvc", "host/kms1.example.test"), "host/kms1.example.test")}


@scenario(servers=("named",), cases=ACCOUNTS)
def this_machines_principal_is_taken(test, principals, expected):
    server = named_for_hosts(test)
    test.host_name("kms1.example.test")
    log = KdcLog(server.kdc)
    publisher(test, server, keytab=server.kdc.keytab(*principals), Update={"Principal": None})
    test.wait_srv(server, server.domain, [kms(server)])
    test.equal(len(log.lines("AS_REQ", ": ISSUE:", re.escape(f" {expected}@"))), 1, f"tickets for {expected}")
    test.equal(len(log.issued()), 1, "tickets")


@scenario(servers=("samba",))
def long_machine_name_is_cut_as_the_directory_does(test):
    """15 characters, and $."""
    server = test.secured()
    server.admin("add_computer", "verylonghostnam$", "Throw-Away-1")
    test.host_name(f"verylonghostname1.{server.domain}")
    publisher(test, server, keytab=server.keytab("verylonghostnam$"), Update={"Principal": None})
    test.wait_srv(server, server.domain, [kms(server)])


@scenario(servers=("named",))
def principal_may_be_named(test):
    """Without its realm or with it, in whatever case the keytab has it."""
    server = named_for_hosts(test)
    log = KdcLog(server.kdc)
    keytab = server.kdc.keytab("kms1$", "host/kms2.example.test")
    daemon = publisher(test, server, "kms2", account="host/kms2.example.test@EXAMPLE.TEST", keytab=keytab)
    test.wait_srv(server, server.domain, [kms(server, 2)])
    daemon.reload(Update={"Principal": "KMS1$"}, Service={"Priority": 1})
    test.wait_srv(server, server.domain, [kms(server, 2, priority=1)])
    test.equal([len(log.lines("AS_REQ", ": ISSUE:", name)) for name in ("kms2", r"kms1\$")], [1, 1], "tickets")


@scenario(servers=("named",))
def realm_chooses_among_principals(test):
    """A keytab with keys of two realms; Realm= says which."""
    kdcs = [test.kdc(), test.kdc("OTHER.TEST", address="127.0.0.2")]
    rules = (f'grant "kms1$@{kdcs[1].realm}" name {record_name("other.test")}. SRV TXT',)
    server = test.primary(zones=[Zone("other.test", policy=rules)], kdc=kdcs[1])
    keytab = kdcs[0].keytab("kms1$")
    kdcs[1].add("kms1$")
    kdcs[1].admin("ktadd", "-k", keytab, "-norandkey", "kms1$")
    logs = [KdcLog(kdc) for kdc in kdcs]
    publisher(test, server, keytab=keytab, Update={"Realm": "OTHER.TEST"})
    test.wait_srv(server, server.domain, [kms(server)])
    test.equal([len(log.issued()) for log in logs], [0, 1], "tickets of the realms")


@scenario(servers=BOTH)
def two_realms_from_one_daemon(test):
    """[Domain] with a keytab of its own; neither realm knows the other."""
    def domain(number, realm, address):
        if test.scenario.server == "samba":
            return test.server("samba", realm=realm, address=address)
        kdc = test.kdc(realm, address=address)
        rule = f"grant {realm} ms-subdomain {record_name(realm.lower())}. SRV TXT"
        return test.primary(zones=[Zone(realm.lower(), address=address, policy=(rule,))], address=address, kdc=kdc)

    first, second = (domain(n, realm, f"127.0.0.{n}") for n, realm in ((1, "CORP.TEST"), (2, "OTHER.TEST")))
    extra = f"[Domain {second.domain}]\nServer={second.address}\nKeytab={second.kdc.keytab('kms2$')}\nPrincipal=kms2$\n"
    daemon = publisher(test, first, domains=[first.domain, second.domain], extra=extra)
    for server in (first, second):
        test.record_name(server, server.domain).wait({daemon: kms(first)})
    daemon.reload(Service={"Weight": 2})
    for server in (first, second):
        test.record_name(server, server.domain).wait({daemon: kms(first, weight=2)})
    test.equal(complaints(daemon), [], "complaints")


# Which file.

def own_etc(test):
    """An /etc to write in, over the machine's."""
    directory = test.path("etc")
    directory.mkdir()
    mount("tmpfs", directory, "tmpfs", 0)
    for name in ("upper", "work"):
        (directory / name).mkdir()
    placed = [pathlib.Path("/etc") / name for name in ("resolv.conf", "hosts", "nsswitch.conf")]
    texts = [(path, path.read_text()) for path in placed]
    mount("overlay", "/etc", "overlay", 0, f"lowerdir=/etc,upperdir={directory}/upper,workdir={directory}/work")
    for path, text in texts:
        path.unlink(missing_ok=True)
        path.write_text(text)


@scenario(servers=("named",))
def keytab_at_its_place_is_taken_and_that_is_said(test):
    """Security=auto, and the configuration names no key at all."""
    server = test.secured()
    own_etc(test)
    path = pathlib.Path("/etc/srvpubd/krb5.keytab")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(server.kdc.keytab("kms1$").read_bytes())
    daemon = publisher(test, server, start=False)
    daemon.configure(keytab=None, Update={"KeyFile": None, "Principal": None})
    daemon.start()
    daemon.wait_about(server.domain, f"gss-tsig with {path}")
    test.record_name(server, server.domain).wait({daemon: kms(server)})


def absent(keytab):
    keytab.unlink()


def directory(keytab):
    keytab.unlink()
    keytab.mkdir()


def malformed(keytab):
    keytab.write_bytes(b"This is no keytab.\n")


@scenario(cases={"absent": (absent, "No such file"), "directory": (directory, "directory|regular"),
                 "malformed": (malformed, "keytab|format")})
def keytab_that_is_none_is_refused_at_the_start(test, harm, words):
    keytab = pathlib.Path(test.path("keytab"))
    keytab.write_bytes(b"")
    harm(keytab)
    daemon = test.daemon(start=False, keytab=keytab, domains=["example.test"])
    done = daemon.run(expect=78)
    test.check(re.search(rf"srvpubd\.conf:\d+: Keytab=.*{keytab}.*({words})", done.stderr), done.stderr)


@scenario(servers=("named",), cases={"absent": (absent, "no keytab|No such file"),
                                     "malformed": (malformed, "keytab|format")})
def keytab_that_goes_bad_is_told_and_heals(test, harm, words):
    """What is published stays so; it is missed when something is to be written and the ticket has ended."""
    server = test.secured()
    daemon = publisher(test, server, start=False)
    clock = Clock(test, daemon)
    daemon.start()
    test.wait_srv(server, server.domain, [kms(server)])
    daemon.wait_about(server.domain, PUBLISHED)
    keytab = daemon.config["keytab"]
    good = keytab.read_bytes()
    harm(keytab)
    clock.ahead(11 * 3600, wall=0)
    test.write_nothing(daemon)
    test.equal(complaints(daemon), [], "complaints while nothing is to be written")
    test.nsupdate(server, f"update delete {record_name(server.domain)}. SRV", ticket=server.kdc.ticket("kms1$"))
    daemon.wait_about(server.domain, "failed", re.escape(str(keytab)), words)
    keytab.write_bytes(good)
    test.wait_srv(server, server.domain, [kms(server)])


@scenario(servers=("named",))
def keytab_without_the_principal_tells_what_it_has(test):
    server = test.secured()
    daemon = publisher(test, server, account="vlmcssvc", keytab=server.kdc.keytab("kms2$", "kms1$"))
    daemon.wait_about(server.domain, "vlmcssvc", r"kms2\$@EXAMPLE.TEST", r"kms1\$@EXAMPLE.TEST")
    replace_keytab(daemon, server.kdc.keytab("vlmcssvc"))
    daemon.wait_about(server.domain, "denied|REFUSED")
