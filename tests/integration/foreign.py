"""Records that are not ours: never touched, neither when publishing nor when withdrawing. O1-O3, O12."""
from support.client import OURS, Srv
from support.scenario import scenario
from support.zone import Zone

BOTH = ("named", "knot")
RECORD = "_vlmcs._tcp.contoso.com."
OTHER_HOST = Srv("kms9.contoso.com", 1688, 1, 2, 3600)
OTHER_PORT = OURS._replace(port=1699)
SIMILAR = Srv("kms1.contoso.com.example", 1688, 0, 0, 3600)
FOREIGN = (OTHER_HOST, OTHER_PORT, SIMILAR)


def primary_with(test, *records, **options):
    lines = tuple(("_vlmcs._tcp", record.ttl, "SRV", record.rdata()) for record in records)
    return test.primary(zones=[Zone("contoso.com", lines)], **options)


@scenario(servers=BOTH, cases={"other-host": ((OTHER_HOST,),), "other-port": ((OTHER_PORT,),),
                               "similar-name": ((SIMILAR,),), "all": (FOREIGN,)})
def ours_is_published_beside_foreign_records(test, foreign):
    server = primary_with(test, *foreign)
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS, *foreign])
    test.srv_stays(server, "contoso.com", [OURS, *foreign])


@scenario(servers=BOTH)
def foreign_records_stay_when_ours_is_withdrawn(test):
    server = primary_with(test, *FOREIGN)
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS, *FOREIGN])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", FOREIGN)
    test.srv_stays(server, "contoso.com", FOREIGN)


@scenario(servers=BOTH)
def records_made_by_hand_while_it_runs_stay(test):
    server = primary_with(test)
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    test.nsupdate(server, f"update add {RECORD} 3600 SRV {OTHER_HOST.rdata()}")
    test.srv_stays(server, "contoso.com", [OURS, OTHER_HOST], seconds=2.5)
    test.nsupdate(server, f"update delete {RECORD} SRV {OURS.rdata()}")
    test.wait_srv(server, "contoso.com", [OURS, OTHER_HOST])
    daemon.terminate()
    test.srv_stays(server, "contoso.com", [OURS, OTHER_HOST], seconds=0.5)


@scenario(servers=BOTH)
def ttl_of_foreign_records_is_adopted(test):
    """O12: a TTL is the RRset's; adding with another would rewrite everybody's. Said once."""
    foreign = OTHER_HOST._replace(ttl=600)
    server = primary_with(test, foreign)
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS._replace(ttl=600), foreign])
    daemon.wait_about("contoso.com", "TTL 600 instead of the configured 3600")
    test.srv_stays(server, "contoso.com", [OURS._replace(ttl=600), foreign], seconds=2.5)
    test.equal(len(daemon.said("instead of the configured")), 1, "lines about the TTL")
    test.nsupdate(server, f"update delete {RECORD} SRV {foreign.rdata()}")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def other_types_at_the_record_name_stay(test):
    server = test.primary(zones=[Zone("contoso.com", (("_vlmcs._tcp", 600, "TXT", '"a note"'),))])
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", [])
    test.nsupdate(server, f'prereq yxrrset {RECORD} TXT "a note"', f"update delete {RECORD} TXT")


@scenario(servers=BOTH)
def two_daemons_share_a_name(test):
    """Two hosts, each with its own record: neither touches the other's."""
    server = primary_with(test)
    second = OURS._replace(target="kms2.contoso.com", priority=10)
    test.daemon()
    daemon = test.daemon(Service={"Target": "kms2.contoso.com", "Priority": 10})
    test.wait_srv(server, "contoso.com", [OURS, second])
    test.srv_stays(server, "contoso.com", [OURS, second], seconds=2.5)
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", [OURS])
    test.srv_stays(server, "contoso.com", [OURS], seconds=2.5)


@scenario(servers=("named",), timeout=90)
def many_daemons_at_once_lose_nothing(test):
    """O11: all start against an empty name; each record is there in the end."""
    server = primary_with(test)
    hosts = [f"kms{number}.contoso.com" for number in range(1, 7)]
    for host in hosts:
        test.daemon(Service={"Target": host})
    test.wait_srv(server, "contoso.com", [OURS._replace(target=host) for host in hosts], timeout=30)
