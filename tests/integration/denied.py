"""Keys that are wrong or may not: explained, not hammered, and healed when the administrator mends it."""
import subprocess

from support import faults
from support.client import OURS, Srv
from support.daemon import PUBLISHED
from support.scenario import KEY, scenario
from support.tsig import Key
from support.zone import Zone

BOTH = ("named", "knot")
WEAK = Key(name="weak", secret="d2Vhaw==")
RECORD = "_vlmcs._tcp.contoso.com"


def policy(*grants):
    return Zone("contoso.com", options="update-policy { " + " ".join(f"grant {g};" for g in grants) + " };")


@scenario(servers=BOTH, cases={"secret": (Key(secret="d3Jvbmc="), "secret|BADSIG"),
                               "name": (Key(name="unknown"), "know|BADKEY"),
                               "algorithm": (Key(algorithm="hmac-sha512"), "know|BADKEY|algorithm")})
def wrong_key_is_explained(test, key, words):
    server = test.primary()
    daemon = test.daemon(key=key)
    line = daemon.wait_about("contoso.com", r"127\.0\.0\.1", words)
    test.check(key.secret not in line, "the secret is in the log")
    test.srv_stays(server, "contoso.com", [])


@scenario(servers=BOTH)
def key_without_rights_is_denied(test):
    server = test.primary(keys=(KEY, WEAK))
    daemon = test.daemon(key=WEAK)
    daemon.wait_about("contoso.com", r"127\.0\.0\.1", "policy|not allowed|denied")
    test.srv_stays(server, "contoso.com", [])


@scenario(servers=("named", "scripted"))
def key_is_mended_on_disk(test):
    """The key file is read again: no reload is needed after a new secret."""
    server = test.primary()
    path = test.key_file(Key(secret="d3Jvbmc="))
    daemon = test.daemon(Update={"KeyFile": path})
    daemon.wait_about("contoso.com", "secret|BADSIG")
    path.write_text(KEY.text())
    daemon.reload()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",), cases={
    "name": (f"{KEY.name} name {RECORD}. SRV",), "subdomain": (f"{KEY.name} subdomain contoso.com. SRV",),
    "zonesub": (f"{KEY.name} zonesub SRV",), "wildcard": (f"{KEY.name} wildcard *.contoso.com. SRV",)})
def srv_only_policies_are_enough(test, grant):
    """The narrowest right that BIND can give serves."""
    server = test.primary(zones=[policy(grant)])
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.reload(Service={"Priority": 9})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=9)])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=("named",))
def right_is_granted_later(test):
    """E7: denied heals by itself."""
    server = test.primary(zones=[policy(f"{KEY.name} name other.contoso.com. SRV")])
    daemon = test.daemon()
    daemon.wait_about("contoso.com", "REFUSED|policy|denied")
    server.config.write_text(server.config.read_text().replace("other.contoso.com", RECORD))
    server.control("reconfig")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",))
def refused_domain_does_not_block_its_neighbours(test):
    """E9: if a batch fails each publication is tried alone."""
    server = test.primary(zones=[policy(*(f"{KEY.name} name _vlmcs._tcp.{d}.contoso.com. SRV" for d in "abde"))])
    daemon = test.daemon(domains=[f"{d}.contoso.com" for d in "abcde"])
    for domain in "abde":
        test.wait_srv(server, f"{domain}.contoso.com", [OURS])
    daemon.wait_about("c.contoso.com", "REFUSED|policy|denied")
    test.srv_stays(server, "c.contoso.com", [], seconds=0.5)


@scenario(servers=("named",))
def silent_limit_is_noticed(test):
    """C26: BIND discards what is beyond SRV(1) and says NOERROR: read back, never published."""
    foreign = Srv("kms9.contoso.com")
    zone = Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", foreign.rdata()),),
                options=f"update-policy {{ grant {KEY.name} zonesub SRV(1); }};")
    server = test.primary(zones=[zone])
    daemon = test.daemon()
    daemon.wait_about("contoso.com", "NOERROR|does not hold|not there")
    test.check(not daemon.said_about("contoso.com", PUBLISHED), "it is not published")
    test.srv_stays(server, "contoso.com", [foreign], seconds=0.5)


@scenario()
def denied_is_not_hammered(test):
    server = test.primary(kind="scripted")
    server.always("update", faults.rcode("REFUSED"))
    daemon = test.daemon(Update={"RetryMin": "100ms", "RetryMax": "1h"})
    daemon.wait_about("contoso.com", "REFUSED|policy|denied")
    server.reset()
    test.srv_stays(server, "contoso.com", [], seconds=3)
    test.check(server.counts["update"] <= 1, f"{server.counts['update']} updates in 3 s")


@scenario(cases={"ahead": (3600,), "behind": (-3600,)})
def clocks_that_differ_are_both_told(test, offset):
    """C46: BADTIME is signed; both clocks are told, none is set."""
    server = test.primary(kind="scripted", clock_offset=offset)
    daemon = test.daemon()
    daemon.wait_about("contoso.com", "clock|BADTIME", "3[56][0-9][0-9]|UTC")
    server.clock_offset = 0
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={name: (name,) for name in ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")})
def every_algorithm_signs_right(test, algorithm):
    key = Key(algorithm=algorithm)
    server = test.primary(keys=(key,))
    daemon = test.daemon(key=key)
    test.wait_srv(server, "contoso.com", [OURS])
    test.equal(bool(daemon.said("warning.*sha1")), algorithm == "hmac-sha1", "a warning about sha1")


@scenario(servers=("knot",))
def key_file_in_knots_form(test):
    server = test.primary()
    test.daemon(key=f"{KEY.algorithm}:{KEY.name}:{KEY.secret}\n")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",))
def key_file_of_tsig_keygen(test):
    text = subprocess.run(["/usr/sbin/tsig-keygen", "-a", "hmac-sha384", "Made-Key"], capture_output=True, text=True,
                          check=True).stdout
    key = Key("Made-Key", "hmac-sha384", text.split('secret "')[1].split('"')[0])
    server = test.primary(zones=[Zone("contoso.com", update=("Made-Key",))], keys=(key,))
    test.daemon(key=text)
    test.wait_srv(server, "contoso.com", [OURS])
