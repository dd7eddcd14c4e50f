"""How the zone and its servers are found (rule E2), and what replaces that: Server=, Zone=, Resolver=."""
from support import faults
from support.client import OURS, Srv, read_srv
from support.scenario import DOMAINS, KEY, scenario
from support.tsig import Key
from support.zone import Zone

BOTH = ("named", "knot")
DEAD = "127.0.0.99"  # nothing listens there
UNREACHABLE = "192.0.2.1"  # no route leads there


@scenario(servers=BOTH)
def resolver_is_taken_from_resolv_conf(test):
    server = test.primary(address="127.0.0.2")
    test.resolv_conf("127.0.0.2")
    test.daemon(Publish={"Resolver": None})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def resolv_conf_is_read_again(test):
    server = test.primary(address="127.0.0.2")
    test.resolv_conf(DEAD)
    daemon = test.daemon(Publish={"Resolver": None})
    daemon.wait_about("contoso.com", "resolver|zone|127.0.0.99")
    test.resolv_conf("127.0.0.2")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={"refused-connection": (DEAD,), "unreachable": (UNREACHABLE,)})
def next_resolver_is_asked(test, dead):
    server = test.primary()
    test.daemon(Publish={"Resolver": f"{dead} 127.0.0.1"})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",), cases={"servfail": (faults.rcode("SERVFAIL"),), "refused": (faults.rcode("REFUSED"),),
                                     "silence": (faults.silence(),), "garbage": (faults.garbage(),),
                                     "wrong-id": (faults.wrong_id(),)})
def bad_resolver_is_passed_over(test, fault):
    server = test.primary()
    bad = test.server("scripted", zones=[], addresses=["127.0.0.3"])
    bad.always("query", fault)
    test.daemon(Publish={"Resolver": "127.0.0.3 127.0.0.1"})
    test.wait_srv(server, "contoso.com", [OURS])
    test.check(bad.counts["query"] > 0, "the first resolver was asked")


@scenario()
def truncated_udp_answer_is_asked_again_over_tcp(test):
    """C28."""
    server = test.primary(kind="scripted")
    server.always("SOA", faults.udp_tc())
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def mname_dead_then_a_name_server(test):
    """E2: MNAME first, then the NS hosts."""
    zone = Zone("contoso.com", (("dead", 600, "A", DEAD),), mname="dead",
                nameservers={"ns1": "127.0.0.1", "dead": ""})
    server = test.primary(zones=[zone])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def mname_without_address_then_a_name_server(test):
    server = test.primary(zones=[Zone("contoso.com", mname="nowhere")])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={"refused-connection": (DEAD,), "unreachable": (UNREACHABLE,)})
def every_address_of_the_primary_is_tried(test, dead):
    server = test.primary(zones=[Zone("contoso.com", (("ns1", 3600, "A", dead),))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def primary_that_hangs_is_passed_over(test):
    """An address that takes connections and never answers."""
    hanging = test.server("scripted", zones=[], addresses=["127.0.0.3"])
    hanging.always("query", faults.silence())
    zone = Zone("contoso.com", mname="slow", nameservers={"slow": "127.0.0.3", "ns1": "127.0.0.1"})
    server = test.primary(zones=[zone])
    test.daemon(Update={"Timeout": "500ms"})
    test.wait_srv(server, "contoso.com", [OURS])
    test.check(hanging.counts["SRV"] > 0, "MNAME was asked first")


@scenario(servers=BOTH)
def primary_has_an_ipv6_address_only(test):
    server = test.primary(zones=[Zone("contoso.com", address="::1")], address="::1")
    test.daemon(Publish={"Resolver": "::1"})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def ipv6_address_dead_and_ipv4_alive(test):
    server = test.primary(zones=[Zone("contoso.com", (("ns1", 3600, "AAAA", "2001:db8::1"),))])
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH, cases={
    "address": ("127.0.0.2", 53, "127.0.0.2"), "port": ("127.0.0.2", 5353, "127.0.0.2:5353"),
    "ipv6": ("::1", 53, "::1"), "ipv6-port": ("::1", 5353, "[::1]:5353"),
    "name": ("127.0.0.2", 53, "primary.test"), "name-port": ("127.0.0.2", 5353, "primary.test:5353"),
    "second": ("127.0.0.2", 53, f"{DEAD} 127.0.0.2")})
def server_key_names_the_primary(test, address, port, text):
    """The zone's MNAME leads nowhere: Server= replaces it; the zone is found by asking there."""
    test.host_name("kms1.contoso.com", primary__test="127.0.0.2")
    zone = Zone("contoso.com", address=DEAD)
    server = test.server(test.scenario.server, zones=[zone], addresses=[address], keys=(KEY,), port=port)
    test.daemon(Update={"Server": text}, Publish={"Resolver": None})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def server_of_one_domain_only(test):
    server = test.primary()
    other = test.primary(zones=[Zone("adsecurity.org", address=DEAD)], address="127.0.0.2")
    test.daemon(domains=["contoso.com", "adsecurity.org"], extra="[Domain adsecurity.org]\nServer=127.0.0.2\n")
    test.wait_srv(server, "contoso.com", [OURS])
    test.wait_srv(other, "adsecurity.org", [OURS])
    test.srv_stays(server, "adsecurity.org", [], seconds=0.5)


@scenario(servers=BOTH)
def zone_and_server_need_no_resolver(test):
    server = test.primary(address="127.0.0.2")
    test.daemon(domains=["dev.contoso.com"], Publish={"Resolver": DEAD},
                Update={"Server": "127.0.0.2", "Zone": "contoso.com"})
    test.wait_srv(server, "dev.contoso.com", [OURS])


@scenario(servers=BOTH)
def wrong_zone_is_explained(test):
    server = test.primary()
    daemon = test.daemon(domains=["dev.contoso.com"], Update={"Server": "127.0.0.1", "Zone": "dev.contoso.com"})
    daemon.wait_about("dev.contoso.com", "zone", "127.0.0.1|NOTAUTH")
    test.srv_stays(server, "dev.contoso.com", [], seconds=0.5)


@scenario(servers=BOTH)
def zone_that_is_no_apex_is_explained(test):
    server = test.primary()
    daemon = test.daemon(domains=["dev.contoso.com"], Update={"Zone": "dev.contoso.com"})
    daemon.wait_about("dev.contoso.com", "Zone=dev.contoso.com is not the apex of a zone")
    test.srv_stays(server, "dev.contoso.com", [], seconds=0.5)


@scenario()
def server_that_cannot_tell_the_zone_is_passed_over(test):
    """It has an SRV at the name, and so its answer brings no SOA. The next one is asked for that."""
    other = Srv("kms9.contoso.com")
    zone = Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", "0 0 1688 kms9.contoso.com."),))
    first, second = (test.primary(kind="scripted", zones=[zone], address=address)
                     for address in ("127.0.0.2", "127.0.0.3"))
    first.always("SOA", faults.rcode("SERVFAIL"))
    test.daemon(Update={"Server": "127.0.0.2 127.0.0.3"})
    test.wait_srv(first, "contoso.com", [OURS, other])
    test.equal((first.counts["SOA"], second.counts["SOA"], second.counts["update"]), (1, 1, 0), "who was asked for it")


@scenario(servers=BOTH)
def domain_inside_a_larger_zone(test):
    server = test.primary()
    test.daemon(domains=["a.b.contoso.com"])
    test.wait_srv(server, "a.b.contoso.com", [OURS])


@scenario(servers=BOTH)
def zone_cut_below_the_domain(test):
    """_tcp.contoso.com is a zone of its own: the record belongs there."""
    zones = [Zone("contoso.com"),
             Zone("_tcp.contoso.com", mname="ns1.contoso.com.", nameservers={"ns1.contoso.com.": ""})]
    server = test.primary(zones=zones)
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def zone_cut_while_it_was_down(test):
    """What the state says of the zone is good enough to look by; before anything is written it is asked for."""
    server = test.primary()
    daemon = test.daemon(domains=["dev.contoso.com"], Update={"Server": server.address})
    test.wait_srv(server, "dev.contoso.com", [OURS])
    daemon.terminate()
    server.stop()
    server = test.primary(zones=[Zone("contoso.com"), Zone("dev.contoso.com")])
    daemon.start()
    daemon.wait_about("dev.contoso.com", "published|repaired")
    test.equal(len(daemon.said_about("dev.contoso.com", "warning")), 0, "failed passes")
    test.wait_srv(server, "dev.contoso.com", [OURS])


@scenario()
def zone_from_the_state_is_written_to_only_when_it_was_found(test):
    """Not either when another change comes while it is sought."""
    server = test.primary(kind="scripted")
    daemon = test.daemon(domains=["dev.contoso.com"], Update={"Server": server.address, "Timeout": "10s"})
    test.wait_srv(server, "dev.contoso.com", [OURS])
    daemon.terminate()
    server.stop()
    server = test.primary(kind="scripted", zones=[Zone("contoso.com"), Zone("dev.contoso.com")])
    server.script("SOA", faults.silence())
    daemon.start()
    server.wait_count("SOA", 1)
    daemon.reload(Service={"Priority": 4})
    test.wait_srv(server, "dev.contoso.com", [OURS._replace(priority=4)])
    written = {message.question[0][0] for message in server.messages("update")}
    test.equal(written, {"dev.contoso.com"}, "zones written to")


@scenario(servers=BOTH)
def domain_that_is_no_zone_is_explained(test):
    server = test.primary()
    daemon = test.daemon(domains=["example.net", "contoso.com"])
    daemon.wait_about("example.net", "zone|resolver|REFUSED")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=BOTH)
def top_level_name_is_never_taken_for_the_zone(test):
    """E2: a zone of one label only if it is the domain itself or Zone= says so."""
    server = test.primary(zones=[Zone("com"), Zone("corp")])
    daemon = test.daemon(domains=["contoso.com", "corp"])
    test.wait_srv(server, "corp", [OURS])
    daemon.wait_about("contoso.com", "zone")
    test.srv_stays(server, "contoso.com", [])


@scenario(servers=BOTH)
def zone_that_moves_is_found_again(test):
    """The old primary goes, MNAME names another: found at a retry, without a reload."""
    old = test.primary(zones=[Zone("contoso.com", address="127.0.0.2")], address="127.0.0.2")
    resolver = test.server("scripted", zones=[Zone("contoso.com", address="127.0.0.2")], addresses=["127.0.0.1"])
    test.daemon()
    test.wait_srv(old, "contoso.com", [OURS])
    old.stop()
    new = test.primary(zones=[Zone("contoso.com", address="127.0.0.3")], address="127.0.0.3")
    resolver.stop()
    test.server("scripted", zones=[Zone("contoso.com", address="127.0.0.3")], addresses=["127.0.0.1"])
    test.wait_srv(new, "contoso.com", [OURS], timeout=20)


@scenario(servers=("named",))
def key_chooses_the_bind_view(test):
    """E5: observation and update are signed, so both meet the view that the key opens."""
    inside, outside = KEY, Key(name="outside", secret="b3V0c2lkZQ==")
    views = {"inside": (inside, [Zone("contoso.com")]),
             "outside": (outside, [Zone("contoso.com", (("_vlmcs._tcp", 60, "SRV", "9 9 9 other.contoso.com."),),
                                        update=("outside",))])}
    server = test.primary(zones=views, keys=(inside, outside), query_key=inside)
    test.daemon(Publish={"Resolver": DEAD}, Update={"Server": "127.0.0.1"})
    test.wait_srv(server, "contoso.com", [OURS], key=inside)
    test.check(OURS not in read_srv("127.0.0.1", "contoso.com", outside),
               "the other view has no record of ours")


@scenario(servers=BOTH)
def all_domains_are_found_through_one_resolver(test):
    servers = [test.primary(zones=[Zone(name, address=address)], address=address)
               for name, address in zip(DOMAINS, ("127.0.0.2", "127.0.0.3", "127.0.0.4"))]
    resolver = test.server("scripted", addresses=["127.0.0.1"], zones=[
        Zone(name, address=address) for name, address in zip(DOMAINS, ("127.0.0.2", "127.0.0.3", "127.0.0.4"))])
    test.daemon(domains=DOMAINS)
    for server, domain in zip(servers, DOMAINS):
        test.wait_srv(server, domain, [OURS])
    test.equal(resolver.counts["update"], 0, "updates at the resolver")
