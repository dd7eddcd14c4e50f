"""Rule O13: what is no longer wanted goes from where it was published; state remembers where."""
from support.client import OURS, Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario
from support.tsig import Key
from support.zone import Zone

BOTH = ("named", "knot")
RECORD = "_vlmcs._tcp.contoso.com."
TWO = ["contoso.com", "adsecurity.org"]


def published(test, server, domains=("contoso.com",), record=OURS, **config):
    daemon = test.daemon(domains=list(domains), **config)
    for domain in domains:
        test.wait_srv(server, domain, [record])
        daemon.wait_about(domain, PUBLISHED)
    return daemon


@scenario(servers=BOTH)
def domain_removed_by_reload(test):
    server = test.primary()
    daemon = published(test, server, TWO)
    daemon.reload(domains=["contoso.com"])
    test.wait_srv(server, "adsecurity.org", [])
    daemon.wait_about("adsecurity.org", WITHDRAWN)
    test.srv_stays(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def domain_removed_while_stopped(test):
    server = test.primary()
    daemon = published(test, server, TWO)
    daemon.restart(domains=["contoso.com"])
    test.wait_srv(server, "adsecurity.org", [])
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)


@scenario(servers=BOTH)
def domain_removed_after_kill(test):
    """kill -9: nothing was prepared, state knows all the same."""
    server = test.primary()
    daemon = published(test, server, TWO)
    daemon.kill()
    daemon.configure(domains=["contoso.com"])
    daemon.start()
    test.wait_srv(server, "adsecurity.org", [])
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={
    "target": ({"Target": "kms2.contoso.com"}, OURS._replace(target="kms2.contoso.com")),
    "port": ({"Port": 1699}, OURS._replace(port=1699)),
    "both": ({"Target": "kms2.contoso.com", "Port": 1699}, Srv("kms2.contoso.com", 1699))})
def old_offer_goes_when_it_changes(test, service, expected):
    server = test.primary()
    daemon = published(test, server)
    daemon.reload(Service=service)
    test.wait_srv(server, "contoso.com", [expected])
    daemon.restart(Service={})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def numbers_changed_by_reload(test):
    server = test.primary()
    daemon = published(test, server)
    daemon.reload(Service={"Priority": 5, "Weight": 6, "TTL": "5min"})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=5, weight=6, ttl=300)])


@scenario(servers=BOTH)
def old_name_goes_when_the_service_changes(test):
    server = test.primary()
    daemon = published(test, server)
    daemon.reload(Service={"Name": "_kms._tcp"})
    test.wait_srv(server, "_kms._tcp.contoso.com", [OURS])
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=BOTH, cases={"reload": (False,), "stopped": (True,)})
def publishing_switched_off(test, stopped):
    server = test.primary()
    daemon = published(test, server, TWO)
    if stopped:
        daemon.restart(Publish={"DnsPublishing": "no"})
    else:
        daemon.reload(Publish={"DnsPublishing": "no"})
    for domain in TWO:
        test.wait_srv(server, domain, [])
    test.check(daemon.process.is_running(), "it runs on")
    daemon.reload(Publish={})
    for domain in TWO:
        test.wait_srv(server, domain, [OURS])


@scenario(servers=BOTH)
def stopping_keeps_the_record(test):
    server = test.primary()
    daemon = published(test, server)
    daemon.terminate()
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)


@scenario(servers=BOTH)
def on_stop_withdraw(test):
    server = test.primary()
    daemon = published(test, server, TWO, Ownership={"OnStop": "withdraw"})
    daemon.terminate()
    for domain in TWO:
        test.srv_stays(server, domain, [], seconds=0.2)
    daemon.start()
    for domain in TWO:
        test.wait_srv(server, domain, [OURS])


@scenario(servers=BOTH)
def on_stop_withdraw_for_one_domain(test):
    server = test.primary()
    daemon = published(test, server, TWO, extra="[Domain adsecurity.org]\nOnStop=withdraw\n")
    daemon.terminate()
    test.srv_stays(server, "adsecurity.org", [], seconds=0.2)
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.2)


@scenario(servers=("named",))
def on_stop_withdraw_gives_up_in_time(test):
    """The server is down: StopTimeout= bounds the end, and it says what is left."""
    server = test.primary()
    daemon = published(test, server, Ownership={"OnStop": "withdraw"}, Publish={"StopTimeout": "1s"})
    server.stop()
    mark = daemon.mark()
    daemon.process.terminate(8)
    daemon.has_ended = True
    daemon.check_sanitizers(daemon.process.lines)
    test.check(daemon.said_about("contoso.com", ".", after=mark) or daemon.said("withdr|unfinished", mark),
               "it says what could not be withdrawn")
    server.start()
    daemon.configure(domains=["adsecurity.org"], Ownership={})
    daemon.start()
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=BOTH)
def withdrawal_waits_for_a_server_that_is_down(test):
    """Retried for ever: the server comes back later, the daemon was restarted meanwhile."""
    server = test.primary()
    other = test.primary(zones=[Zone("adsecurity.org", address="127.0.0.2")], address="127.0.0.2")
    extra = "[Domain adsecurity.org]\nServer=127.0.0.2\n"
    daemon = test.daemon(domains=TWO, extra=extra)
    test.wait_srv(other, "adsecurity.org", [OURS])
    daemon.wait_about("adsecurity.org", PUBLISHED)
    other.stop()
    daemon.reload(domains=["contoso.com"], extra="")
    daemon.wait_about("adsecurity.org", r"127\.0\.0\.2")
    daemon.restart()
    other.start()
    test.wait_srv(other, "adsecurity.org", [])
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def withdrawal_uses_the_way_and_key_of_the_publication(test):
    """O13: with the zone, server and key then used, though the configuration has others now."""
    old_key = Key(name="old-key", secret="b2xkIGtleQ==")
    old = test.primary(zones=[Zone("adsecurity.org", update=("old-key",))], address="127.0.0.2", keys=(old_key,))
    new = test.primary(zones=[Zone("contoso.com")])
    old_path = test.key_file(old_key)
    daemon = test.daemon(domains=["adsecurity.org"], Update={"Server": "127.0.0.2", "KeyFile": old_path})
    test.wait_srv(old, "adsecurity.org", [OURS])
    daemon.wait_about("adsecurity.org", PUBLISHED)
    daemon.reload(domains=["contoso.com"], Update={})
    test.wait_srv(old, "adsecurity.org", [])
    test.wait_srv(new, "contoso.com", [OURS])


@scenario(servers=BOTH)
def record_taken_away_by_hand_ends_the_withdrawal(test):
    server = test.primary()
    daemon = published(test, server, TWO)
    daemon.terminate()
    test.nsupdate(server, "update delete _vlmcs._tcp.adsecurity.org. SRV")
    daemon.configure(domains=["contoso.com"])
    daemon.start()
    daemon.wait_about("adsecurity.org", WITHDRAWN)
    mark = daemon.mark()
    daemon.restart()
    daemon.wait_about("contoso.com", PUBLISHED)
    test.check(not daemon.said_about("adsecurity.org", "."), f"it is over and done with ({mark} lines before)")


@scenario(servers=BOTH)
def changed_record_is_withdrawn_too(test):
    """Ours by target and port, whatever its numbers are now (O1)."""
    server = test.primary()
    daemon = published(test, server, TWO)
    daemon.terminate()
    test.nsupdate(server, "update delete _vlmcs._tcp.adsecurity.org. SRV",
                  f"update add _vlmcs._tcp.adsecurity.org. 77 SRV {OURS._replace(priority=8).rdata()}")
    daemon.configure(domains=["contoso.com"])
    daemon.start()
    test.wait_srv(server, "adsecurity.org", [])


@scenario(servers=BOTH)
def withdrawal_ends_beside_a_wildcard_that_shows_the_same(test):
    """What the wildcard shows is not at the record name: nothing of it can be removed, all is done."""
    wildcard = ("*._tcp", 3600, "SRV", OURS.rdata())
    server = test.primary(zones=[Zone("contoso.com"), Zone("adsecurity.org", (wildcard,))])
    daemon = published(test, server, TWO)
    daemon.reload(domains=["contoso.com"])
    daemon.wait_about("adsecurity.org", WITHDRAWN)
    test.srv_stays(server, "adsecurity.org", [OURS], seconds=0.2)
    test.nsupdate(server, "prereq nxrrset _vlmcs._tcp.adsecurity.org. SRV",
                  "update add x.adsecurity.org. 60 A 127.0.0.1")


@scenario(servers=BOTH)
def domain_that_comes_back_stays(test):
    """Removed and added again in quick succession: published in the end."""
    server = test.primary()
    daemon = published(test, server, TWO)
    for _ in range(3):
        daemon.reload(domains=["contoso.com"])
        daemon.reload(domains=TWO)
    test.settles(server, "adsecurity.org", [OURS])


@scenario(servers=("named",))
def derived_target_keeps_the_old_name_for_a_while(test):
    """O13: the host was renamed; the old record stays until the new one has been stable for 10 minutes."""
    server = test.primary()
    test.host_name("old.contoso.com")
    daemon = test.daemon(Service={"Target": None})
    old, new = OURS._replace(target="old.contoso.com"), OURS._replace(target="new.contoso.com")
    test.wait_srv(server, "contoso.com", [old])
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.terminate()
    test.host_name("new.contoso.com")
    daemon.start()
    test.wait_srv(server, "contoso.com", [old, new])
    test.srv_stays(server, "contoso.com", [old, new], seconds=2.5)


@scenario(servers=("named",))
def nothing_is_withdrawn_that_was_never_ours(test):
    """A fresh state and an empty list beside a record that looks like ours: it stays."""
    server = test.primary(zones=[Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", OURS.rdata()),)),
                                 Zone("adsecurity.org")])
    daemon = test.daemon(domains=["adsecurity.org"])
    test.wait_srv(server, "adsecurity.org", [OURS])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "adsecurity.org", [])
    test.srv_stays(server, "contoso.com", [OURS], seconds=1)
