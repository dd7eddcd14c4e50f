"""What a publication costs the servers: messages counted by one that is the zone's and the resolver's."""
from support.client import OURS
from support.daemon import PUBLISHED
from support.scenario import scenario

KINDS = ("SOA", "NS", "A", "AAAA", "SRV", "update")


def cost(server):
    """The counts since the last call, those of the target's addresses and the zone's servers apart."""
    counts = {kind: server.counts[kind] for kind in KINDS if server.counts[kind]}
    server.reset()
    return counts


@scenario(servers=("scripted",))
def each_step_costs_what_it_must(test):
    server = test.primary()
    daemon = test.daemon(domains=["contoso.com", "emea.contoso.com"], Update={"CheckInterval": "7d"})
    for domain in ("contoso.com", "emea.contoso.com"):
        daemon.wait_about(domain, PUBLISHED)
    first = cost(server)
    test.equal((first["SOA"], first["SRV"], first["update"]), (2, 4, 2), "SOA, SRV and updates of two publications")

    mark = daemon.mark()
    daemon.reload(Service={"Weight": 5}, domains=["contoso.com", "emea.contoso.com, 0, 0"])
    daemon.wait_about("contoso.com", PUBLISHED, after=mark)
    test.equal(cost(server), {"SRV": 2, "update": 1}, "a change of one")

    daemon.reload(domains=["emea.contoso.com, 0, 0"], Service={"Weight": 5})
    daemon.wait_about("contoso.com", "withdrawn")
    withdrawn = cost(server)
    test.equal((withdrawn["SRV"], withdrawn["update"]), (2, 1), "a withdrawal")
    test.srv_stays(server, "emea.contoso.com", [OURS], seconds=0.1)


@scenario(servers=("scripted",))
def unchanged_check_is_one_query(test):
    server = test.primary()
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    server.reset()
    server.wait_count("SRV", 2)
    test.equal({kind: n for kind, n in cost(server).items() if kind != "SRV"}, {}, "what two checks ask beside SRV")


@scenario(servers=("scripted",))
def unchanged_restart_sends_no_update(test):
    server = test.primary()
    daemon = test.daemon(Update={"CheckInterval": "7d"})
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.terminate()
    server.reset()
    daemon.start()
    daemon.wait_about("contoso.com", PUBLISHED, "already")
    counts = cost(server)
    test.equal((counts["SRV"], counts.get("update", 0)), (1, 0), "SRV queries and updates")
