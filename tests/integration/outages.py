"""Servers that are down, slow, frozen, or the wrong ones: the daemon says so, waits, and goes on."""
from support import faults
from support.client import OURS
from support.daemon import PUBLISHED
from support.scenario import KEY, scenario
from support.zone import Zone

BOTH = ("named", "knot")
RECORD = "_vlmcs._tcp.contoso.com."


@scenario(servers=BOTH)
def server_down_at_start_then_up(test):
    daemon = test.daemon(Update={"Server": "127.0.0.1", "Zone": "contoso.com"})
    daemon.wait_about("contoso.com", r"127\.0\.0\.1", "refused|reach")
    server = test.primary()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario(servers=BOTH)
def everything_down_at_start_then_up(test):
    daemon = test.daemon()
    daemon.wait_about("contoso.com", "resolver|127.0.0.1")
    server = test.primary()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def restart_of_the_server(test):
    """The kept connection is closed by it: a check opens another, without a word of failure."""
    server = test.primary()
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    server.restart()
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def server_that_lost_the_record(test):
    """kill -9 and an old zone file: the next check puts it back."""
    server = test.primary()
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    server.kill()
    for path in server.directory.glob("contoso.com*"):
        path.unlink()
    server.zone_file(server.zones[0])
    if test.scenario.server == "knot":
        for path in server.directory.glob("db/*/*"):
            path.unlink()
    server.start()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",))
def server_that_hangs_and_wakes_up(test):
    server = test.primary()
    daemon = test.daemon(Update={"Server": "127.0.0.1", "Zone": "contoso.com", "Timeout": "500ms"})
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    server.pause()
    daemon.wait_about("contoso.com", r"127\.0\.0\.1", "answer", after=mark)
    server.resume()
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",))
def frozen_zone(test):
    """C24c: REFUSED until it is thawed; then published without a word from anybody."""
    server = test.primary()
    server.freeze("contoso.com")
    daemon = test.daemon(domains=["contoso.com", "adsecurity.org"])
    daemon.wait_about("contoso.com", "REFUSED")
    test.wait_srv(server, "adsecurity.org", [OURS])
    server.thaw("contoso.com")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def secondary_alone_gives_no_verdict(test):
    """E3: the primary is down, a secondary among the NS refuses: failed, not denied; then up again."""
    zone = Zone("contoso.com", mname="ns1", nameservers={"ns1": "127.0.0.1", "ns2": "127.0.0.2"})
    primary = test.primary(zones=[zone])
    secondary = test.primary(zones=[Zone("contoso.com", primary="127.0.0.1")], address="127.0.0.2")
    primary.stop()
    daemon = test.daemon(Publish={"Resolver": "127.0.0.2"})
    daemon.wait_about("contoso.com", r"127\.0\.0\.[12]")
    test.check(not daemon.said_about("contoso.com", "denied"), "a secondary's refusal is no denial")
    primary.start()
    test.wait_srv(primary, "contoso.com", [OURS])
    test.check(secondary.process.is_running(), "the secondary runs")


@scenario(servers=BOTH)
def server_key_that_names_a_secondary(test):
    test.primary()
    secondary = test.primary(zones=[Zone("contoso.com", primary="127.0.0.1")], address="127.0.0.2")
    daemon = test.daemon(Update={"Server": "127.0.0.2"})
    daemon.wait_about("contoso.com", r"127\.0\.0\.2", "REFUSED|NOTAUTH|does not hold")  # Knot forwards: NOERROR
    test.srv_stays(secondary, "contoso.com", [])


@scenario()
def one_servers_outage_does_not_hold_up_another(test):
    """A zone whose server hangs, and one whose server works."""
    hanging = test.server("scripted", zones=[Zone("adsecurity.org", address="127.0.0.2")], addresses=["127.0.0.2"],
                          keys=(KEY,))
    hanging.always("query", faults.silence())
    server = test.primary(kind="named", zones=[Zone("contoso.com")])
    extra = "".join(f"[Domain d{n}.adsecurity.org]\nServer=127.0.0.2\nZone=adsecurity.org\nTimeout=20s\n"
                    for n in range(40))
    test.daemon(domains=[*(f"d{n}.adsecurity.org" for n in range(40)), "contoso.com"], extra=extra)
    test.wait_srv(server, "contoso.com", [OURS], timeout=5)


@scenario()
def outage_of_many_domains_is_few_lines(test):
    """One line with a count, and then a line when it changes."""
    domains = [f"site{number}.contoso.com" for number in range(100)]
    daemon = test.daemon(domains=domains, Update={"Server": "127.0.0.1", "Zone": "contoso.com"})
    daemon.wait_log(r"127\.0\.0\.1.*([Rr]efused|reach)|([Rr]efused|reach).*127\.0\.0\.1")
    mark = daemon.mark()
    server = test.primary(kind="named")
    for domain in domains:
        test.wait_srv(server, domain, [OURS], timeout=20)
    test.check(mark <= 20, f"{mark} lines for one outage")
    test.check(daemon.mark() <= 60, f"{daemon.mark()} lines in all")


@scenario()
def no_more_is_outstanding_than_allowed(test):
    """E8, MaxOutstanding=."""
    server = test.primary(kind="scripted", zones=[Zone("contoso.com")])
    domains = [f"site{number}.contoso.com" for number in range(60)]
    server.hold()
    test.daemon(domains=domains, Update={"Server": "127.0.0.1", "Zone": "contoso.com", "MaxOutstanding": 5,
                                         "Timeout": "30s", "CheckInterval": "7d"})
    server.wait_count("query", 5)
    server.release()
    for domain in domains:
        test.wait_srv(server, domain, [OURS], timeout=20)
    test.check(server.peak_outstanding <= 6, f"{server.peak_outstanding} were outstanding (one of them the test's)")


@scenario()
def idle_connections_are_closed_and_opened_again(test):
    """E1: kept for a while, given up by either side without harm."""
    server = test.primary(kind="scripted")
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    server.wait_count("SRV", 4)
    for _ in range(3):
        server.drop_connections()
        server.reset()
        server.wait_count("SRV", 2)
    test.equal(server.counts["update"], 0, "updates since")
    test.wait_srv(server, "contoso.com", [OURS])
