"""What is said beside the publications: a target that clients cannot use, many failures in one line,
names typed in Unicode."""
from support.client import OURS
from support.daemon import PUBLISHED
from support.scenario import scenario
from support.zone import Zone

BOTH = ("named", "knot")


@scenario(servers=BOTH, cases={"no-address": ("nothing", r"kms9\.contoso\.com has no address"),
                               "alias": ("kms9 3600 CNAME", r"kms9\.contoso\.com is an alias.*kms1\.contoso\.com"),
                               "address": ("kms9 3600 AAAA", None)})
def target_is_looked_at(test, record, words):
    """RFC 2782: it has an address, and is no alias. It is published all the same."""
    records = {"nothing": (), "kms9 3600 CNAME": (("kms9", 3600, "CNAME", "kms1"),),
               "kms9 3600 AAAA": (("kms9", 3600, "AAAA", "::1"),)}[record]
    server = test.primary(zones=[Zone("contoso.com", records)])
    daemon = test.daemon(Service={"Target": "kms9.contoso.com"})
    if words:
        daemon.wait_log(words)
    daemon.wait_about("contoso.com", PUBLISHED)
    test.wait_srv(server, "contoso.com", [OURS._replace(target="kms9.contoso.com")])
    if not words:
        test.equal(daemon.said("^warning"), [], "warnings")


@scenario(servers=BOTH)
def many_failures_are_one_line(test):
    """A dead server is told once, with a count, not once for each of its domains; then it is well again."""
    domains = [f"d{number}.contoso.com" for number in range(40)]
    server = test.primary(zones=[Zone("contoso.com")])
    server.kill()
    daemon = test.daemon(domains=domains, Update={"Server": "127.0.0.1", "RetryMin": "1s"})
    daemon.wait_log(r"40 domains \(d\d+\.contoso\.com, .*\) failed: .*refused\. Check ")
    test.check(len(daemon.said("failed")) <= 1, "\n".join(daemon.said("failed")))
    server.start()
    for domain in (domains[0], domains[-1]):
        test.wait_srv(server, domain, [OURS])
    daemon.wait_log(r"domains \(d\d+\.contoso\.com, .*\) published")


@scenario(servers=BOTH)
def unicode_becomes_a_labels(test):
    zone = "xn--bcher-kva.example"
    server = test.primary(zones=[Zone(zone)])
    test.daemon(domains=["Bücher.example"], Service={"Target": "kms.bücher.example"})
    test.wait_srv(server, zone, [OURS._replace(target=f"kms.{zone}")])
