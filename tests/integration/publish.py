"""What the daemon is for: the record is there, as configured, and comes back when it is changed."""
from support.client import OURS, Srv
from support.daemon import PUBLISHED
from support.scenario import DOMAINS, scenario
from support.zone import Zone

BOTH = ("named", "knot")
RECORD = "_vlmcs._tcp.contoso.com."


def zone_with(*records, name="contoso.com", **options):
    return Zone(name, tuple(records), **options)


def srv_line(record, owner="_vlmcs._tcp"):
    return (owner, record.ttl, "SRV", record.rdata())


def primary_behind_proxy(test, *records):
    """The scenario's server, its zone's MNAME pointing at a counting proxy. Returns both."""
    server = test.primary(zones=[zone_with(*records, address="127.0.0.5")])
    return server, test.proxy("127.0.0.5", server)


@scenario(servers=BOTH)
def absent_record_is_published(test):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    test.wait_srv(server, "emea.contoso.com", [])


@scenario(servers=BOTH)
def every_domain_of_the_list_is_published(test):
    server = test.primary()
    daemon = test.daemon(domains=["contoso.com", "emea.contoso.com, 10, 20", "adsecurity.org, 7"])
    test.wait_srv(server, "contoso.com", [OURS])
    test.wait_srv(server, "emea.contoso.com", [OURS._replace(priority=10, weight=20)])
    test.wait_srv(server, "adsecurity.org", [OURS._replace(priority=7)])
    for domain in DOMAINS:
        daemon.wait_about(domain, PUBLISHED)


@scenario(servers=BOTH)
def service_section_decides_the_record(test):
    server = test.primary()
    test.daemon(Service={"Name": "_kms._udp", "Target": "Kms7.Contoso.com", "Port": 1700, "Priority": 3,
                         "Weight": 4, "TTL": "10min"})
    test.wait_srv(server, "_kms._udp.contoso.com", [Srv("kms7.contoso.com", 1700, 3, 4, 600)])


@scenario(servers=BOTH)
def domain_section_overrides(test):
    server = test.primary()
    test.daemon(domains=["contoso.com", "emea.contoso.com"],
                extra="[Domain emea.contoso.com]\nPriority=5\nWeight=6\nTTL=2min\n")
    test.wait_srv(server, "contoso.com", [OURS])
    test.wait_srv(server, "emea.contoso.com", [OURS._replace(priority=5, weight=6, ttl=120)])


@scenario(servers=BOTH)
def right_record_needs_no_update(test):
    server, proxy = primary_behind_proxy(test, srv_line(OURS))
    daemon = test.daemon(Ownership={"Claims": "no"})
    daemon.wait_about("contoso.com", PUBLISHED)
    test.srv_stays(server, "contoso.com", [OURS], seconds=2.5)
    test.equal(proxy.counts["update"], 0, "updates sent")
    test.check(proxy.counts["SRV"] >= 2, "it has looked at each CheckInterval")


@scenario(servers=BOTH)
def publishing_takes_few_messages(test):
    server, proxy = primary_behind_proxy(test)
    daemon = test.daemon(Update={"CheckInterval": "7d"})
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    test.equal((proxy.counts["update"], proxy.counts["SRV"], proxy.connections), (1, 2, 1),
               "updates, observations and connections")


@scenario(servers=BOTH, cases={
    "priority": (OURS._replace(priority=9),), "weight": (OURS._replace(weight=9),), "ttl": (OURS._replace(ttl=60),),
    "all": (OURS._replace(priority=9, weight=8, ttl=7),)})
def other_numbers_are_repaired(test, found):
    """Each is our offer (target and port) with other numbers. O3, O12."""
    server = test.primary(zones=[zone_with(srv_line(found))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def duplicates_of_our_offer_become_one(test):
    server = test.primary(zones=[zone_with(srv_line(OURS._replace(priority=1)), srv_line(OURS._replace(weight=1)))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def right_record_gets_a_claim_and_no_more(test):
    """O1 b, O4: one update, which leaves the SRV as it is."""
    server, proxy = primary_behind_proxy(test, srv_line(OURS))
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    test.srv_stays(server, "contoso.com", [OURS], seconds=2.5)
    test.equal(proxy.counts["update"], 1, "updates sent")


@scenario(servers=BOTH)
def other_case_is_our_record(test):
    server, proxy = primary_behind_proxy(test, srv_line(OURS._replace(target="KMS1.Contoso.COM")))
    daemon = test.daemon(Ownership={"Claims": "no"})
    daemon.wait_about("contoso.com", PUBLISHED)
    test.srv_stays(server, "contoso.com", [OURS])
    test.equal(proxy.counts["update"], 0, "updates sent")


@scenario(servers=BOTH)
def other_case_with_other_numbers_is_repaired(test):
    server = test.primary(zones=[zone_with(srv_line(OURS._replace(target="KMS1.Contoso.COM", priority=4)))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def deleted_record_comes_back(test):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    mark = daemon.mark()
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", "repaired", after=mark)


@scenario(servers=BOTH)
def changed_record_is_repaired(test):
    server = test.primary()
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    test.nsupdate(server, f"update delete {RECORD} SRV",
                  f"update add {RECORD} 60 SRV {OURS._replace(priority=50).rdata()}")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def empty_non_terminal_is_filled(test):
    """Something below the record name: the name exists, without a record. C06."""
    server = test.primary(zones=[zone_with(("below._vlmcs._tcp", 600, "TXT", '"here"'))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={
    "any": (("*", 600, "TXT", '"wild"'),), "below-tcp": (("*._tcp", 600, "TXT", '"wild"'),),
    "foreign-srv": (("*._tcp", 600, "SRV", "1 1 1 wild.contoso.com."),),
    "other-ttl": (("*._tcp", 60, "SRV", "0 0 1688 kms1.contoso.com."),)})
def record_is_published_beside_a_wildcard(test, wildcard):
    """A wildcard's answer is not a record at the name: what it shows can neither be kept nor deleted."""
    server = test.primary(zones=[zone_with(wildcard)])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    test.srv_stays(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def cname_at_the_record_name_is_an_error(test):
    server = test.primary(zones=[zone_with(("_vlmcs._tcp", 600, "CNAME", "elsewhere"))])
    daemon = test.daemon()
    daemon.wait_about("contoso.com", "CNAME|alias")
    test.srv_stays(server, "contoso.com", [])
    test.nsupdate(server, f"update delete {RECORD} CNAME")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def cname_wildcard_is_no_obstacle(test):
    """E5: a CNAME in the answer is only a suspicion; the update proves that none is at the name."""
    server = test.primary(zones=[zone_with(("*._tcp", 600, "CNAME", "elsewhere"))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def home_domain_is_published_with_an_empty_list(test):
    """IncludeHomeDomain=auto and no Target: this machine's FQDN tells both."""
    server = test.primary()
    test.host_name("vm12.contoso.com")
    daemon = test.daemon(domains=[], Service={"Target": None})
    test.wait_srv(server, "contoso.com", [OURS._replace(target="vm12.contoso.com")])
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario(servers=BOTH)
def home_domain_is_added_to_the_list_when_asked(test):
    server = test.primary()
    test.host_name("vm12.contoso.com")
    test.daemon(domains=["adsecurity.org"], Publish={"IncludeHomeDomain": "yes"})
    test.wait_srv(server, "contoso.com", [OURS])
    test.wait_srv(server, "adsecurity.org", [OURS])


@scenario(servers=("named",))
def without_fqdn_nothing_is_published(test):
    """O13: while no FQDN can be determined nothing is published; it says so, and goes on when there is one."""
    server = test.primary()
    test.host_name("vm12")
    daemon = test.daemon(Service={"Target": None})
    daemon.wait_log("(?i)fqdn|fully qualified|host name")
    test.srv_stays(server, "contoso.com", [])
    test.check(daemon.process.is_running(), "the daemon waits for a name")


@scenario(servers=("named",))
def unsigned_updates_where_the_zone_allows_them(test):
    server = test.primary(zones=[Zone("contoso.com", update=("any",))])
    test.daemon(key=None)
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def unsigned_updates_where_the_zone_refuses_them(test):
    server = test.primary()
    daemon = test.daemon(key=None)
    daemon.wait_about("contoso.com", "refuse|NOTAUTH", "unsigned|KeyFile")
    test.srv_stays(server, "contoso.com", [])


@scenario(servers=("named",), timeout=90)
def many_domains_of_one_zone(test):
    """E1, E8: over few connections, with no update too many and no flood of log lines."""
    server, proxy = primary_behind_proxy(test)
    domains = [f"site{number}.contoso.com" for number in range(150)]
    daemon = test.daemon(domains=domains, Update={"CheckInterval": "7d"})
    for domain in domains:
        test.wait_srv(server, domain, [OURS], timeout=30)
    test.check(proxy.counts["update"] <= len(domains), f"{proxy.counts['update']} updates for {len(domains)} domains")
    test.check(proxy.connections <= 8, f"{proxy.connections} connections")
    test.check(len(daemon.said("published")) <= 20, "no flood of log lines")


@scenario(servers=("named",))
def server_of_many_names_goes_by_its_address(test):
    """One address is one server, whatever each zone calls it: no message names another zone's host."""
    test.primary(zones=[Zone("contoso.com", address="127.0.0.2"), Zone("adsecurity.org", address="127.0.0.2")],
                 address="127.0.0.2")
    daemon = test.daemon(domains=["contoso.com", "adsecurity.org"], Publish={"Resolver": "127.0.0.2"})
    for domain in ("contoso.com", "adsecurity.org"):
        line = daemon.wait_about(domain, PUBLISHED)
        other = "adsecurity" if domain == "contoso.com" else "contoso"
        test.check(f"ns1.{other}" not in line, line)
