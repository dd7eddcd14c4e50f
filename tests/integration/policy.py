"""What the name server's policy allows: no TXT (O10), or a key for each publisher; and Claims= itself."""
from support.client import Srv, record_name
from support.clock import Clock
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import KEY, scenario
from support.tsig import Key
from support.zone import Zone

BOTH = ("named", "knot")
KMS1, KMS2 = Srv(), Srv("kms2.contoso.com")
RECORD = record_name("contoso.com")
KEY2 = Key(name="kms2-key", secret="YSBzZWNvbmQga2V5")
WITHOUT_CLAIM = "the policy of .* allows the SRV but no TXT"


def srv_only(test, types=("SRV",)):
    zones = [Zone("contoso.com", grants=((KEY.name, RECORD, types),)), Zone("adsecurity.org")]
    return test.record_name(test.primary(zones=zones))


@scenario(servers=BOTH)
def srv_alone_is_published_without_a_claim(test):
    """Said once, not tried at each check, known as ours over a restart, withdrawn like any other."""
    name = srv_only(test)
    daemon = test.publisher(name.server)
    name.wait({}, srvs=[KMS1])
    daemon.wait_about("contoso.com", WITHOUT_CLAIM)
    daemon.wait_about("contoso.com", PUBLISHED)
    test.equal(daemon.proxy.counts["update"], 2, "updates: with a claim, and without")
    test.write_nothing(daemon)
    test.equal(len(daemon.said(WITHOUT_CLAIM)), 1, "times that it says so")
    daemon.reload(Service={"Priority": 4})
    name.wait({}, srvs=[KMS1._replace(priority=4)])
    daemon.kill()
    daemon.configure(Service={"Target": "kms2.contoso.com"})
    daemon.start()
    name.wait({}, srvs=[KMS2])
    daemon.restart(domains=["adsecurity.org"])
    name.wait({})
    daemon.wait_about("contoso.com", WITHDRAWN)


@scenario(servers=BOTH)
def two_publishers_without_claims_leave_each_other_alone(test):
    name = srv_only(test)
    first, second = (test.publisher(name.server, host, Ownership={"OnStop": "withdraw"}) for host in ("kms1", "kms2"))
    name.wait({}, srvs=[KMS1, KMS2])
    test.write_nothing(first, second)
    second.terminate()
    name.wait({}, srvs=[KMS1])
    test.write_nothing(first)


@scenario(servers=BOTH)
def demanded_claim_is_denied(test):
    name = srv_only(test)
    daemon = test.publisher(name.server, Ownership={"Claims": "yes"})
    daemon.wait_about("contoso.com", "denied", "REFUSED|policy")
    name.stays({}, seconds=1.5)
    test.check(not daemon.said_about("contoso.com", PUBLISHED), "it is not published")


@scenario(servers=BOTH, cases={"start": (False,), "refresh": (True,)})
def claims_are_tried_again(test, by_refresh):
    name = srv_only(test)
    daemon = test.publisher(name.server, start=False)
    daemon.configure(Update={"Server": daemon.proxy.address, "RefreshInterval": "1min"})
    daemon.clock = Clock(test, daemon)
    daemon.start()
    name.wait({}, srvs=[KMS1])
    daemon.wait_about("contoso.com", WITHOUT_CLAIM)
    grant, both = (("SRV;", "SRV TXT;") if test.scenario.server == "named" else
                   ("update-type: [SRV]", "update-type: [SRV, TXT]"))
    config = name.server.config.read_text()
    test.check(grant in config, "the policy is as expected")
    name.server.config.write_text(config.replace(grant, both))
    name.server.restart()
    test.write_nothing(daemon, checks=1)
    if by_refresh:
        daemon.clock.ahead(61, wall=0)
    else:
        daemon.restart()
    name.wait({daemon: KMS1})
    test.wait_looks(daemon)  # the SRV is still to be refreshed
    test.write_nothing(daemon)


@scenario(servers=BOTH)
def without_claims_no_txt_is_written(test):
    name = test.record_name(test.primary())
    daemon = test.publisher(name.server, Ownership={"Claims": "no"})
    name.wait({}, srvs=[KMS1])
    daemon.reload(Service={"Priority": 4})
    name.wait({}, srvs=[KMS1._replace(priority=4)])
    daemon.reload(domains=["adsecurity.org"])
    name.wait({})
    types = {rr.type for message in daemon.proxy.updates for rr in message.authority}
    test.equal(types, {"SRV"}, "types that were written")


@scenario(servers=BOTH, cases={"reload": (lambda daemon, **config: daemon.reload(**config),),
                               "restart": (lambda daemon, **config: daemon.restart(**config),)})
def claims_come_and_go_with_the_setting(test, change):
    """The SRV stays through it to the octet, and stays ours."""
    name = test.record_name(test.primary())
    second = test.publisher(name.server, "kms2")
    first = test.publisher(name.server, "kms1")
    before = name.wait({first: KMS1, second: KMS2})
    change(first, Ownership={"Claims": "no"})
    after = name.wait({second: KMS2}, srvs=[KMS1])
    test.equal({octets for octets in before.octets if octets[0] == "SRV"},
               {octets for octets in after.octets if octets[0] == "SRV"}, "SRVs")
    test.write_nothing(first, second)
    change(first, Ownership={})
    after = name.wait({first: KMS1, second: KMS2})
    test.equal(after.claim_of(first.publisher_id).since, before.claim_of(first.publisher_id).since, "since when")
    change(first, Ownership={"Claims": "no"})
    name.wait({second: KMS2}, srvs=[KMS1])
    first.restart(domains=["adsecurity.org"])
    name.wait({second: KMS2})


@scenario(servers=BOTH)
def each_publisher_has_a_key_of_its_own(test):
    zone = Zone("contoso.com", grants=((KEY.name, RECORD, ("SRV", "TXT")), (KEY2.name, RECORD, ("SRV", "TXT"))))
    name = test.record_name(test.primary(zones=[zone], keys=(KEY, KEY2)))
    first = test.publisher(name.server, "kms1", Ownership={"OnStop": "withdraw"})
    second = test.publisher(name.server, "kms2", key=KEY2, Ownership={"OnStop": "withdraw"})
    name.wait({first: KMS1, second: KMS2})
    second.reload(Service={"Weight": 3})
    name.wait({first: KMS1, second: KMS2._replace(weight=3)})
    test.write_nothing(first, second)
    first.terminate()
    name.wait({second: KMS2._replace(weight=3)})
    second.terminate()
    name.wait({})
