"""Where tickets come from: a KDC that is away, silent, or does not like the key; clocks; a name server that
the KDC does not know. Each is said in words, holds nobody else up, and heals by itself."""
import os
import re
import time

from support.accounts import (KdcLog, complaints, controlled, kms, named_for_hosts, publisher, put_on_bus,
                              replace_keytab)
from support.client import OURS
from support.clock import Clock
from support.daemon import PUBLISHED
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "samba")
SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
SILENT = 60 if SOAK else 3  # seconds
AT_ONCE = 2.0  # the most that a thing may take which nothing holds up; machines are busy
LIMIT = 180 if SOAK else 60


def with_tsig_beside(test, server, **config):
    """A daemon on a bus, with a domain that is signed by ticket and one by TSIG; not started."""
    extra = f"[Domain contoso.com]\nServer={server.address}\nKeyFile={test.key_file()}\n" \
            "CheckInterval=7d\n"
    daemon = publisher(test, server, start=False, domains=[server.domain, "contoso.com"], extra=extra, **config)
    daemon.configure(Service={"Target": "kms1.contoso.com"})
    put_on_bus(test, daemon)
    return daemon


def timed(test, what, function, most=AT_ONCE):
    begin = time.monotonic()
    result = function()
    seconds = time.monotonic() - begin
    test.check(seconds < most, f"{what} took {seconds:.1f} s")
    return result


# The KDC.

OUTAGES = {"down": (lambda kdc: kdc.stop(), lambda kdc: kdc.start(), 0),
           "silent": (lambda kdc: kdc.pause(), lambda kdc: kdc.resume(), SILENT)}


@scenario(servers=("named",), cases=OUTAGES, timeout=LIMIT)
def kdc_that_is_away_holds_nobody_up(test, harm, mend, seconds):
    """A TSIG domain of the same daemon, its changes, the bus; and it heals by itself."""
    server = named_for_hosts(test)
    daemon = with_tsig_beside(test, server)
    harm(server.kdc)
    daemon.start()
    timed(test, "the TSIG domain", lambda: test.wait_srv(server, "contoso.com", [OURS]))
    if not seconds:
        daemon.wait_about(server.domain, "failed", "KDC|EXAMPLE.TEST", "reach|contact")
    end = time.monotonic() + seconds
    priority = 0
    while time.monotonic() < end or not priority:
        priority += 1
        timed(test, "a call", lambda: daemon.ctl.run("status"))
        daemon.reload(Service={"Target": "kms1.contoso.com", "Priority": priority})
        timed(test, "a change", lambda: test.wait_srv(server, "contoso.com", [OURS._replace(priority=priority)]))
    mend(server.kdc)
    test.wait_srv(server, server.domain, [OURS._replace(priority=priority)], timeout=30)
    timed(test, "the end", daemon.terminate)


@scenario(servers=("named",), cases=OUTAGES)
def kdc_that_is_away_holds_no_end_up(test, harm, mend, _):
    server = named_for_hosts(test)
    daemon = with_tsig_beside(test, server)
    harm(server.kdc)
    daemon.start()
    test.wait_srv(server, "contoso.com", [OURS])
    timed(test, "the end", daemon.terminate)
    mend(server.kdc)


@scenario(servers=("named",))
def outage_is_said_once_and_when_it_is_over(test):
    server = named_for_hosts(test)
    server.kdc.stop()
    daemon = publisher(test, server, Update={"RetryMax": "300ms"})
    line = daemon.wait_about(server.domain, "failed", "reach|contact")
    log = KdcLog(server.kdc)
    test.check("EXAMPLE.TEST" in line, f"the realm is not named: {line}")
    looks = daemon.proxy.counts["SRV"]
    wait_until(lambda: daemon.proxy.counts["SRV"] >= looks + 4, "it does not try again")
    test.equal(len(daemon.said_about(server.domain, "failed")), 1, "times that it says so")
    server.kdc.start()
    log.wait_issued(1)
    daemon.wait_about(server.domain, PUBLISHED)


@scenario(servers=BOTH, cases={"running": (False,), "started": (True,)})
def kdc_is_not_needed_while_all_is_in_order(test, starts):
    """Looks are not signed. What is renewed at the start, because nobody knows when that was done last, stays
    published."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server)
    name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    server.kdc.change_password("kms1$")  # Samba's server is its KDC too
    if starts:
        daemon.terminate()
        daemon.start()
        daemon.wait_about(server.domain, PUBLISHED, "already")
    test.write_nothing(daemon)
    test.equal(len(daemon.said("warning.*not refreshed")), 1 if starts else 0, "times that it says what it cannot do")
    test.check(not daemon.said("failed:"), "it says that it failed")


# Keys that are not the account's.

@scenario(servers=("named",))
def password_that_changed_locks_no_account(test):
    """One wrong try in RetryMax, whatever happens; a new keytab is tried at the next try."""
    server = test.secured()
    keytab = server.kdc.keytab("kms1$")
    server.kdc.change_password("kms1$")
    log = KdcLog(server.kdc)
    daemon = controlled(test, server, keytab=keytab, Update={"RetryMin": "100ms", "RetryMax": "2s"})
    begin = time.monotonic()
    daemon.wait_about(server.domain, "failed", r"kms1\$", "password", re.escape(str(keytab)))
    test.wait_looks(daemon, checks=3)
    test.equal(len(daemon.said_about(server.domain, "failed")), 1, "times that it says so")
    for weight in range(1, 4):  # whatever makes it look again
        daemon.reload(Service={"Weight": weight})
        daemon.ctl.run("publish", server.domain, expect=1)
    wait_until(lambda: len(log.wrong_keys()) >= 2 or time.monotonic() > begin + 6, "it does not try again")
    tries, seconds = len(log.wrong_keys()), time.monotonic() - begin
    test.check(1 <= tries <= 1 + seconds / 2, f"{tries} tries with a wrong key in {seconds:.1f} s")
    replace_keytab(daemon, server.kdc.keytab("kms1$"))
    test.wait_srv(server, server.domain, [kms(server, weight=3)])
    test.equal(len(log.wrong_keys()), tries, "tries with a wrong key, also after there was a right one")


@scenario(servers=BOTH)
def password_change_is_survived_with_the_new_keytab(test):
    """The old ticket is good until a new one is needed."""
    server = test.secured()
    daemon = publisher(test, server)
    test.wait_srv(server, server.domain, [kms(server)])
    server.kdc.change_password("kms1$")
    replace_keytab(daemon, server.kdc.keytab("kms1$"))
    daemon.reload(Service={"Priority": 1})
    test.wait_srv(server, server.domain, [kms(server, priority=1)])
    daemon.terminate()
    daemon.configure(Service={"Priority": 2})
    daemon.start()
    test.wait_srv(server, server.domain, [kms(server, priority=2)])
    test.equal(complaints(daemon), [], "complaints")


@scenario(servers=("named",), cases={"unknown": ("delprinc -force", "not found|does not know"),
                                     "locked": ("modprinc -allow_tix", "revoked|locked|disabled")})
def account_that_is_gone_is_told(test, change, words):
    server = test.secured()
    keytab = server.kdc.keytab("kms1$")
    server.kdc.admin(*change.split(), "kms1$")
    log = KdcLog(server.kdc)
    daemon = publisher(test, server, keytab=keytab, Update={"RetryMin": "100ms", "RetryMax": "1h"})
    daemon.wait_about(server.domain, "failed", r"kms1\$", words)
    test.srv_stays(server, server.domain, [], seconds=1.5)
    test.equal(len(log.lines("AS_REQ")), 1, "times that the KDC was asked")


# Clocks.

@scenario(servers=("named",), cases={"ahead": (3600,), "behind": (-3600,)})
def wrong_clock_is_told_by_the_kdc(test, offset):
    """Unless the library knows better: MIT's takes the KDC's time for its own."""
    test.krb5.defaults["kdc_timesync"] = 0
    server = test.secured()
    daemon = publisher(test, server, start=False)
    clock = Clock(test, daemon, wall=offset)
    daemon.start()
    daemon.wait_about(server.domain, "failed", "clock")
    clock.ahead(0, wall=-offset)
    test.wait_srv(server, server.domain, [kms(server)])


@scenario(servers=("named",), cases={"ahead": (3600,), "behind": (-3600,)})
def wrong_clock_is_told_by_the_server(test, offset):
    """BADTIME: the context is there, and then the clock leaps."""
    server = test.secured()
    daemon = publisher(test, server, start=False)
    clock = Clock(test, daemon)
    daemon.start()
    test.wait_srv(server, server.domain, [kms(server)])
    daemon.wait_about(server.domain, PUBLISHED)
    clock.ahead(0, wall=offset)
    daemon.reload(Service={"Priority": 1})
    daemon.wait_about(server.domain, "failed|denied", "clock|BADTIME")
    clock.ahead(0, wall=-offset)
    test.wait_srv(server, server.domain, [kms(server, priority=1)])


# The name server's own account.

def renew_its_keytab(server):
    """As the administrator of named does."""
    keytab = server.kdc.keytab(f"DNS/ns1.{server.domain}")
    config = server.config.read_text()
    server.config.write_text(re.sub('tkey-gssapi-keytab "[^"]*"', f'tkey-gssapi-keytab "{keytab}"', config))
    server.restart()


@scenario(servers=("named",))
def name_server_without_an_account_is_told(test):
    server = test.secured()
    service = f"DNS/ns1.{server.domain}"
    server.kdc.admin("delprinc", "-force", service)
    server.kdc.principals.remove(service)
    daemon = publisher(test, server)
    daemon.wait_about(server.domain, "failed", service)
    renew_its_keytab(server)
    test.wait_srv(server, server.domain, [kms(server)])
    test.check(not daemon.said_about(server.domain, "denied"), "it is no denial")


@scenario(servers=("named",))
def name_servers_stale_keytab_is_told(test):
    """TKEY answers BADKEY; which of the keys is stale only the administrator can know."""
    server = test.secured()
    server.kdc.change_password(f"DNS/ns1.{server.domain}")
    daemon = publisher(test, server)
    daemon.wait_about(server.domain, "failed", "BADKEY", "keytab")
    renew_its_keytab(server)
    test.wait_srv(server, server.domain, [kms(server)])


@scenario(servers=("named", "knot"))
def server_without_gss_is_told(test):
    kdc = test.kdc()
    server = test.primary(zones=[Zone("example.test")])
    server.kdc = kdc
    kdc.add("DNS/ns1.example.test")
    daemon = publisher(test, server)
    daemon.wait_about(server.domain, "failed", "GSS|TKEY|BADKEY|NOTIMP|REFUSED")


@scenario(servers=("named",))
def password_that_changed_locks_no_account_of_a_zone_with_many_servers(test):
    """E7: a resolver turns the NS RRset round, so that each retry finds the zone's servers anew."""
    kdc = test.kdc()
    zone = Zone("example.test", nameservers={"ns1": "127.0.0.1", "ns2": "127.0.0.2", "ns3": "127.0.0.3",
                                             "ns4": "127.0.0.4"},
                policy=(f"grant {kdc.realm} ms-subdomain _vlmcs._tcp.example.test. SRV TXT",))
    server = test.primary(kind="named", zones=[zone], kdc=kdc)
    keytab = kdc.keytab("kms1$")
    kdc.change_password("kms1$")
    log = KdcLog(kdc)
    daemon = publisher(test, server, keytab=keytab,
                       Update={"Server": None, "RetryMin": "100ms", "RetryMax": "1h", "CheckInterval": "7d"})
    daemon.wait_about(server.domain, "failed", r"kms1\$", "password")
    test.srv_stays(server, server.domain, [], seconds=4)
    test.equal(len(log.wrong_keys()), 1, "tries with a wrong key")
