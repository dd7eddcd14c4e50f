"""srvpubctl takeover: another host's record goes, and ours is there, in one message. O9. And the other
commands, where a second publisher is at the name."""
from support.bus import Bus, Ctl
from support.client import Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "knot")
KMS1, KMS2 = Srv(), Srv("kms2.contoso.com")
BY_HAND = Srv("kms9.contoso.com", 1688, 5, 5)
ALONE = {"Mode": "exclusive"}
RECORD = "_vlmcs._tcp.contoso.com."


class Former:
    """A publisher that is no more, for what expects its claims."""

    def __init__(self, daemon):
        self.publisher_id = daemon.publisher_id


def controlled(test, server, host="kms1", **config):
    """A publisher on a bus of its own: daemon.ctl."""
    daemon = test.publisher(server, host, start=False, **config)
    bus = Bus(test).start()
    daemon.environment.update(bus.environment)
    daemon.ctl = Ctl(test, bus)
    daemon.start()
    bus.wait_daemon()
    return daemon


def takeover(daemon, host="kms1.contoso.com", *words, expect=0):
    return daemon.ctl.run("takeover", "contoso.com", "--from", host, "--yes", *words, expect=expect).stdout


def updates_of(daemon):
    """What its updates did since the last reset: for each a set of (add or delete, type, text)."""
    return [{("add" if rr.cls == 1 else "delete", rr.type, rr.text()) for rr in message.authority}
            for message in daemon.proxy.updates]


@scenario(servers=BOTH)
def holder_is_replaced_in_one_message(test):
    """It was killed, without a lease: a human says that it will not come back."""
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    name.wait({first: KMS1})
    second = controlled(test, name.server, "kms2", Ownership=ALONE)
    second.wait_about("contoso.com", "standby")
    first.kill()
    takeover(second)
    name.wait({second: KMS2}, timeout=0)
    test.equal([{(what, type_) for what, type_, _ in update} for update in updates_of(second)],
               [{("delete", "SRV"), ("delete", "TXT"), ("add", "SRV"), ("add", "TXT")}], "what its updates do")
    second.wait_about("contoso.com", "taken over: .*kms1.contoso.com")
    first.start()
    first.wait_about("contoso.com", "standby: kms2.contoso.com:1688 holds")
    test.write_nothing(first, second)
    name.stays({second: KMS2}, seconds=0.1)


@scenario(servers=BOTH)
def living_holder_stands_by_after_a_takeover(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    name.wait({first: KMS1})
    second = controlled(test, name.server, "kms2", Ownership=ALONE)
    second.wait_about("contoso.com", "standby")
    takeover(second)
    first.wait_about("contoso.com", "standby: kms2.contoso.com:1688 holds")
    test.write_nothing(first, second)
    name.stays({second: KMS2}, seconds=0.1)


@scenario(servers=BOTH)
def takeover_beside_others_takes_only_what_it_names(test):
    """Its SRV and all claims on it: two publishers had it. The rest stays to the octet."""
    records = (("_vlmcs._tcp", 3600, "SRV", BY_HAND.rdata()), ("_vlmcs._tcp", 3600, "TXT", '"a note"'))
    name = test.record_name(test.primary(zones=[Zone("contoso.com", records)]))
    formers = [test.publisher(name.server, "kms1") for _ in range(2)]
    third = controlled(test, name.server, "kms2")
    before = name.wait({formers[0]: KMS1, formers[1]: KMS1, third: KMS2}, srvs=[BY_HAND], txts=['"a note"'])
    for daemon in formers:
        daemon.kill()
    third.proxy.reset()
    takeover(third)
    after = name.wait({third: KMS2}, srvs=[BY_HAND], txts=['"a note"'], timeout=0)
    test.equal(after.octets, before.octets - before.of("kms1.contoso.com"), "what stays")
    test.equal(third.proxy.counts["update"], 1, "updates")
    takeover(third, "kms9.contoso.com")
    test.equal(name.wait({third: KMS2}, txts=['"a note"'], timeout=0).srvs, {KMS2}, "SRVs")
    third.proxy.reset()
    takeover(third, "kms9.contoso.com", expect=1)
    test.equal(third.proxy.counts["update"], 0, "updates where there is nothing to take over")


def lose_state(daemon):
    """Returns who it was."""
    daemon.wait_about("contoso.com", PUBLISHED)
    former = Former(daemon)
    daemon.kill()
    for path in daemon.state_directory.iterdir():
        path.unlink()
    daemon.start()
    return former


@scenario(servers=BOTH)
def takeover_from_itself_heals_a_lost_state(test):
    """O9: claims under a former id go; the SRV stays to the octet."""
    name = test.record_name(test.primary())
    first, second = controlled(test, name.server), test.publisher(name.server, "kms2")
    name.wait({first: KMS1, second: KMS2})
    former = lose_state(first)
    before = name.wait({former: KMS1, first: KMS1, second: KMS2})
    first.wait_about("contoso.com", f"publisher {former.publisher_id} publishes kms1.contoso.com:1688 too.*takeover")
    takeover(first)
    after = name.wait({first: KMS1, second: KMS2}, timeout=0)
    test.check(after.octets < before.octets and len(after.octets) == len(before.octets) - 1, f"only a claim goes: {after}")
    test.write_nothing(first, second)
    first.reload(Publish={"DnsPublishing": "no"})
    name.wait({second: KMS2})


@scenario(servers=BOTH)
def takeover_from_itself_heals_a_lost_state_that_held_the_name(test):
    """Mode=exclusive: its former self holds the name against it."""
    name = test.record_name(test.primary())
    first = controlled(test, name.server, Ownership=ALONE)
    before = name.wait({first: KMS1})
    former = lose_state(first)
    first.wait_about("contoso.com", f"standby: kms1.contoso.com:1688 holds .*publisher {former.publisher_id}")
    test.equal(name.read().octets, before.octets, "what is there")
    takeover(first)
    after = name.wait({first: KMS1}, timeout=0)
    test.equal(after.srvs, before.srvs, "the SRV")
    test.write_nothing(first, checks=1)


@scenario(servers=BOTH)
def takeover_of_what_changed_meanwhile_is_planned_again(test):
    """The prerequisite is the SRV as it was seen: what another wrote in between is not lost unseen."""
    server = test.primary(zones=[Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", BY_HAND.rdata()),))])
    name = test.record_name(server)
    gate = test.gate(server, is_closed=False)
    daemon = controlled(test, server, Update={"Server": gate.address, "Timeout": "5s", "CheckInterval": "7d"})
    name.wait({daemon: KMS1}, srvs=[BY_HAND])
    daemon.wait_about("contoso.com", PUBLISHED)
    gate.is_closed = True
    gate.rcodes.clear()
    outcome = test.in_background(lambda: takeover(daemon, "kms9.contoso.com"))
    gate.wait_held(1)
    test.nsupdate(server, f"update delete {RECORD} SRV",
                  f"update add {RECORD} 3600 SRV {BY_HAND._replace(weight=9).rdata()}")
    gate.open(seed=1)
    name.wait({daemon: KMS1})
    test.equal((gate.rcodes["NXRRSET"], gate.rcodes["NOERROR"]), (1, 1), "updates refused and done")
    wait_until(outcome, "srvpubctl does not end")
    daemon.wait_log("taken over: .*kms9")
    test.equal(len(daemon.said("taken over: .*kms9")), 1, "times that it says so")


@scenario(servers=BOTH)
def withdrawal_by_command_leaves_the_others(test):
    """It stays withdrawn over a restart, until it is published by command."""
    name = test.record_name(test.primary())
    first = controlled(test, name.server)
    second = test.publisher(name.server, "kms2")
    before = name.wait({first: KMS1, second: KMS2})
    first.ctl.run("withdraw", "contoso.com")
    test.equal(name.wait({second: KMS2}, timeout=0).octets, before.of("kms2.contoso.com"), "what stays")
    first.restart()
    first.ctl.bus.wait_daemon()
    first.ctl.wait_state("contoso.com", "withdrawn")
    test.write_nothing(second)
    name.stays({second: KMS2}, seconds=0.1)
    first.ctl.run("publish", "contoso.com")
    test.equal(name.wait({first: KMS1, second: KMS2}, timeout=0).of("kms2.contoso.com"), before.of("kms2.contoso.com"),
               "the other's")


@scenario(servers=BOTH)
def standby_takes_over_after_a_withdrawal_by_command(test):
    name = test.record_name(test.primary())
    first = controlled(test, name.server, Ownership=ALONE)
    name.wait({first: KMS1})
    second = test.publisher(name.server, "kms2", Ownership=ALONE)
    second.wait_about("contoso.com", "standby")
    first.ctl.run("withdraw", "contoso.com")
    name.wait({second: KMS2})
    first.ctl.run("publish", "contoso.com")
    first.wait_about("contoso.com", "standby: kms2.contoso.com:1688 holds")
    test.write_nothing(first, second)
    name.stays({second: KMS2}, seconds=0.1)


@scenario(servers=("named",))
def forgotten_withdrawal_leaves_the_record(test):
    """forget gives up a withdrawal that can never be done; the record is nobody's task then."""
    server = test.primary()
    name = test.record_name(server)
    first = controlled(test, server, domains=["contoso.com", "adsecurity.org"])
    name.wait({first: KMS1})
    first.wait_about("contoso.com", PUBLISHED)
    former = Former(first)
    server.kill()
    first.reload(domains=["adsecurity.org"])
    first.ctl.wait_state("contoso.com", "failed")
    first.ctl.run("forget", "contoso.com")
    server.start()
    first.wait_about("adsecurity.org", PUBLISHED)
    name.stays({former: KMS1}, seconds=1.5)
    test.check(not first.said_about("contoso.com", WITHDRAWN), "it is not withdrawn")


@scenario(servers=("named",))
def plan_shows_what_a_takeover_would_do(test):
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1", Ownership=ALONE)
    before = name.wait({first: KMS1})
    second = controlled(test, name.server, "kms2", Ownership=ALONE)
    second.wait_about("contoso.com", "standby")
    first.kill()
    done = second.ctl.run("takeover", "contoso.com", "--from", "kms1.contoso.com", expect=2)
    test.check("kms1.contoso.com" in done.stdout and "no terminal" in done.stderr, done.stdout + done.stderr)
    test.check("does not answer on port 1688" in done.stdout, done.stdout)
    wait_until(lambda: name.read().octets == before.octets, "something was changed", 0)
    test.equal(second.proxy.counts["update"], 0, "updates")
