"""Reload, stop and the one-shot ends while something is under way: what is configured last holds, and
every end comes."""
import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing

from support import faults
from support.client import OURS
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import KEY, scenario
from support.scripted import Answer
from support.tsig import Key
from support.waiting import wait_until
from support.zone import Zone

TWO = ["contoso.com", "adsecurity.org"]
SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
LAZY = {"CheckInterval": "7d", "RetryMin": "1h", "RetryMax": "1h"}  # nothing happens but at once


def late(seconds):
    """Does what is asked only after a while, and never answers."""
    def fault(exchange):
        threading.Timer(seconds, exchange.right_answer).start()
        return Answer()
    return fault


# One-shot ends.

@scenario()
def once_is_not_confused_by_a_reload(test):
    """SIGHUP is none of its business: one pass over what was configured at its start."""
    test.primary(kind="scripted", zones=[Zone("contoso.com")])
    slow = test.server("scripted", zones=[Zone("adsecurity.org", address="127.0.0.2")], addresses=["127.0.0.2"],
                       keys=(KEY,))
    slow.always("update", faults.silence())
    extra = "[Domain adsecurity.org]\nServer=127.0.0.2\nTimeout=3s\n"
    daemon = test.daemon(start=False, domains=TWO, extra=extra)
    daemon.start("--once")
    daemon.wait_about("contoso.com", PUBLISHED)
    slow.wait_count("update", 1)
    for number in range(1, 4):
        daemon.configure(Service={"Priority": number})
        daemon.process.signal(signal.SIGHUP)
    daemon.wait_about("adsecurity.org", "answer")
    daemon.wait_end(1)
    test.equal(daemon.said("Next try"), [], "a promise that it cannot keep")


@scenario(cases={"once": ("--once",), "dry-run": ("--dry-run",)})
def one_shot_told_to_stop_ends_at_once(test, option):
    """Not all was seen to: exit 1, and nothing of a withdrawal at the end."""
    server = test.primary(kind="scripted")
    daemon = test.daemon(domains=TWO, Ownership={"OnStop": "withdraw"}, Update={"Timeout": "20s"})
    for domain in TWO:
        daemon.wait_about(domain, PUBLISHED)
    daemon.kill()
    server.script("SRV", None, faults.silence())
    server.reset()
    daemon.start(option)
    server.wait_count("SRV", 2)
    daemon.process.signal(signal.SIGTERM)
    daemon.wait_end(1, timeout=3)
    test.check(not any("update delete" in line for line in daemon.process.out_lines), "a withdrawal is shown")
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.2)


# What failed, and a human who mends it.

def denied(server):
    server.always("update", faults.rcode("REFUSED"))
    return lambda: server.always("update", None)


def no_server(server):
    server.stop()
    return server.start


@scenario(servers=("scripted",), cases={"denied": (denied,), "no-server": (no_server,)})
def reload_tries_again_what_failed(test, break_it):
    """Whoever reloads wants to know: it is tried at once, and told again when it fails again."""
    server = test.primary()
    mend = break_it(server)
    daemon = test.daemon(Update={**LAZY, "Server": "127.0.0.1"})
    daemon.wait_about("contoso.com", "Next try")
    mark = daemon.mark()
    daemon.reload()
    daemon.wait_about("contoso.com", "Next try", after=mark)
    mend()
    daemon.reload()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario(servers=("scripted",))
def withdrawal_that_failed_is_tried_again_by_a_reload(test):
    server = test.primary()
    daemon = test.daemon(domains=TWO, Update=LAZY)
    for domain in TWO:
        daemon.wait_about(domain, PUBLISHED)
    server.always("update", faults.rcode("REFUSED"))
    daemon.reload(domains=["contoso.com"])
    daemon.wait_about("adsecurity.org", "withdrawal failed")
    server.always("update", None)
    daemon.reload()
    test.wait_srv(server, "adsecurity.org", [])
    daemon.wait_about("adsecurity.org", WITHDRAWN)


@scenario(servers=("named",))
def other_resolver_is_asked_at_once(test):
    """Resolver= was wrong: what could not be located is, with the next reload."""
    server = test.primary()
    daemon = test.daemon(Publish={"Resolver": "127.0.0.3"}, Update=LAZY)
    daemon.wait_about("contoso.com", r"127\.0\.0\.3")
    daemon.reload(Publish={})
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("scripted",))
def resolver_changes_in_the_middle_of_a_lookup(test):
    server = test.primary()
    dumb = test.primary(address="127.0.0.2")
    dumb.always("query", faults.silence())
    daemon = test.daemon(domains=[f"site{n}.contoso.com" for n in range(50)], Publish={"Resolver": "127.0.0.2"},
                         Update={"Timeout": "10s"})
    dumb.wait_count("SOA", 5)
    daemon.reload(domains=["contoso.com"], Publish={})
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.terminate(timeout=5)


@scenario(servers=("scripted",))
def key_that_breaks_at_run_time_is_told_and_read_again(test):
    server = test.primary()
    path = test.key_file()
    daemon = test.daemon(Update={"KeyFile": path})
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    path.unlink()
    daemon.wait_about("contoso.com", "key", str(path), after=mark)
    path.write_text("key \"x\" {\n")
    other = Key(name="other-key", secret="b3RoZXIga2V5")
    server.keys.append(other)
    server.query_key = other
    test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV")
    path.write_text(other.text())
    test.wait_srv(server, "contoso.com", [OURS])
    test.check(server.messages("update")[-1].additional[0].name.startswith("other-key"), "the new key is in use")


# An update is outstanding.

@scenario()
def removal_overtaken_by_the_domains_return_is_repaired(test):
    """The update that takes the record away is still on its way when the domain comes back: the
    record is seen, then gone. No CheckInterval= is waited for."""
    server = test.primary(kind="scripted")
    daemon = test.daemon(domains=TWO, Update=LAZY)
    for domain in TWO:
        daemon.wait_about(domain, PUBLISHED)
    server.reset()
    server.script("update", late(0.7))
    daemon.reload(domains=["contoso.com"])
    server.wait_count("update", 1)
    daemon.reload(domains=TWO)
    test.wait_srv(server, "adsecurity.org", [])
    test.settles(server, "adsecurity.org", [OURS], seconds=0.5)


@scenario()
def stop_waits_for_an_update_that_may_still_come(test):
    """OnStop=withdraw while the record is being added: it does not stay behind."""
    server = test.primary(kind="scripted")
    server.script("update", late(0.7))
    daemon = test.daemon(Update=LAZY, Ownership={"OnStop": "withdraw"})
    server.wait_count("update", 1)
    daemon.terminate()
    test.srv_stays(server, "contoso.com", [], seconds=1)


@scenario(cases={"timeout": ({"Timeout": "900ms"},), "zone": ({"Zone": "contoso.com", "Server": "127.0.0.1"},),
                 "check-interval": ({"CheckInterval": "30min"},)})
def access_changes_while_an_update_is_outstanding(test, update):
    server = test.primary(kind="scripted")
    server.script("update", faults.done_then_silence())
    daemon = test.daemon(Update=LAZY)
    server.wait_count("update", 1)
    daemon.reload(Update={**LAZY, **update})
    daemon.wait_about("contoso.com", PUBLISHED)
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.reload(domains=["adsecurity.org"], Update=LAZY)
    test.wait_srv(server, "contoso.com", [])


@scenario()
def end_is_bounded_while_a_server_hangs(test):
    """StopTimeout=, with all that can be under way: a lookup, an observation, an update."""
    server = test.primary(kind="scripted")
    other = test.server("scripted", zones=[Zone("adsecurity.org", address="127.0.0.2")], addresses=["127.0.0.2"],
                        keys=(KEY,))
    extra = "[Domain adsecurity.org]\nServer=127.0.0.2\n"
    daemon = test.daemon(domains=TWO, extra=extra, Update={**LAZY, "Timeout": "20s"}, Ownership={"OnStop": "withdraw"},
                         Publish={"StopTimeout": "1s"})
    for domain in TWO:
        daemon.wait_about(domain, PUBLISHED)
    other.always("SRV", faults.silence())
    daemon.terminate(timeout=4)
    test.check(daemon.said("StopTimeout.* 1 to go"), "it says how many are left")
    test.srv_stays(server, "contoso.com", [], seconds=0.1)


@scenario()
def second_signal_ends_at_once(test):
    server = test.primary(kind="scripted")
    daemon = test.daemon(Ownership={"OnStop": "withdraw"}, Update={"Timeout": "20s"}, Publish={"StopTimeout": "5min"})
    daemon.wait_about("contoso.com", PUBLISHED)
    server.hold()
    daemon.process.signal(signal.SIGTERM)
    daemon.wait_notify("STOPPING=1")
    daemon.process.signal(signal.SIGHUP)
    daemon.terminate(timeout=3)


# Names.

@scenario(servers=("named",))
def derived_target_with_another_port_changes_at_once(test):
    """O13's ten minutes are for a name that may come back: nobody listens at the old port."""
    server = test.primary()
    daemon = test.daemon(Service={"Target": None})
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.reload(Service={"Target": None, "Port": 1699})
    test.settles(server, "contoso.com", [OURS._replace(port=1699)], seconds=0.5)


@scenario(servers=("named",), cases={"restart": (False,), "reload": (True,)})
def former_home_domain_stays_for_a_while(test, running):
    """O13: the host was renamed into another domain; its record in the former one is not taken at once."""
    server = test.primary()
    daemon = test.daemon(Service={"Target": None}, domains=[])
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    if not running:
        daemon.terminate()
    test.host_name("kms1.adsecurity.org")
    if running:
        daemon.reload()
    else:
        daemon.start()
    test.wait_srv(server, "adsecurity.org", [OURS._replace(target="kms1.adsecurity.org")])
    daemon.wait_about("adsecurity.org", PUBLISHED)
    test.srv_stays(server, "contoso.com", [OURS], seconds=2)
    if running:
        daemon.reload(Publish={"DnsPublishing": "no"})
        test.wait_srv(server, "adsecurity.org", [])
    daemon.terminate()
    daemon.once()  # does not wait for the ten minutes
    test.host_name("kms1.contoso.com")
    daemon.configure(Publish={})
    daemon.once()
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.1)


@scenario(servers=("named",))
def name_that_comes_late_is_found(test):
    """Until then nothing happens, whatever the state remembers; a reload looks again, and says so."""
    server = test.primary()
    daemon = test.daemon(Service={"Target": None})
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.terminate()
    test.host_name("kms1")
    daemon.start()
    daemon.wait_log("fully qualified name is not known")
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)
    mark = daemon.mark()
    daemon.reload()
    daemon.wait_log("fully qualified name is not known", after=mark)
    test.host_name("kms1.contoso.com")
    daemon.reload()
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario()
def name_servers_with_long_names_are_remembered(test):
    """A name of 253 characters, and its address, in the state: nothing there is too long."""
    name = ".".join(["n" * 63] * 3 + ["n" * 49])
    server = test.primary(kind="scripted", zones=[Zone("contoso.com", mname=name, nameservers={name: "127.0.0.1"})])
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    test.wait_srv(server, "contoso.com", [OURS])


@scenario()
def zone_whose_primary_changes_its_name_goes_on(test):
    """A new domain's SOA names another MNAME, which is hard to find: meanwhile the others keep to the
    servers that are known."""
    server = test.primary(kind="scripted")
    daemon = test.daemon(Update={"Timeout": "2s"})
    daemon.wait_about("contoso.com", PUBLISHED)

    def rename(message):
        for rr in message.answer + message.authority:
            rr.rdata = rr.rdata.replace(b"\x03ns1", b"\x03ns9")

    server.always("SOA", faults.altered(rename))
    for kind in ("A", "AAAA"):
        server.always(kind, faults.silence())
    server.reset()
    daemon.reload(domains=["contoso.com", "site1.contoso.com"])
    server.wait_count("A", 1)
    test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV")
    test.wait_srv(server, "contoso.com", [OURS], timeout=3)
    test.equal(daemon.said("fail"), [], "what it complains of")
    for kind in ("A", "AAAA"):
        server.always(kind, None)
    test.wait_srv(server, "site1.contoso.com", [OURS])


# Any sequence of them.

ZONES = ("contoso.com", "adsecurity.org")
NAMES = [prefix + zone for zone in ZONES for prefix in ("", "site1.", "site2.", "site3.")]
SERVICES = ("_vlmcs._tcp", "_kms._tcp")


def draw_fault(rng):
    return rng.choice((None, None, None, late(rng.uniform(0, 0.4)), faults.silence(), faults.done_then_silence(),
                       faults.close_before(), faults.done_then_close(), faults.close_within(), faults.garbage(),
                       faults.rcode("SERVFAIL"), faults.rcode("REFUSED"), faults.badkey(), faults.lie(),
                       faults.unsigned()))


def draw_config(rng, keys):
    offer = OURS._replace(target=rng.choice(("kms1.contoso.com", "kms2.contoso.com")), port=rng.choice((1688, 1689)),
                          priority=rng.randrange(3))
    service, is_on = rng.choice((SERVICES[0], *SERVICES)), rng.random() < 0.9
    domains = rng.sample(NAMES, rng.randrange(1, len(NAMES)))
    config = {"domains": domains,
              "Service": {"Name": service, "Target": offer.target, "Port": offer.port, "Priority": offer.priority},
              "Publish": {"DnsPublishing": "yes" if is_on else "no",
                          "Resolver": rng.choice(("127.0.0.1", "127.0.0.2"))},
              "Update": {"Timeout": rng.choice(("300ms", "310ms")), "KeyFile": rng.choice(keys), "RetryMin": "100ms",
                         "RetryMax": "500ms", **rng.choice(({}, {"Server": "127.0.0.1"}))}}
    return config, {f"{service}.{domain}": offer for domain in domains if is_on}


def rows_of(daemon):
    with closing(sqlite3.connect(f"file:{daemon.state_directory}/state.db?mode=ro", uri=True)) as state:
        return set(state.execute("SELECT record, target, port, confirmed FROM offer"))


@scenario(cases={f"seed={seed}": (seed,) for seed in range(1, 21 if SOAK else 4)}, timeout=120)
def any_sequence_of_reloads_ends_as_configured(test, seed):
    """Reloads at any moment, under a server that does anything; then in peace all is as configured last,
    in the zones and in the state. No update arrives after twice Timeout=."""
    rng = random.Random(seed)
    server = test.primary(kind="scripted", zones=[Zone(name) for name in ZONES])
    test.primary(kind="scripted", zones=[Zone(name) for name in ZONES], address="127.0.0.2")
    keys = [test.key_file(KEY), test.key_file(KEY)]
    config, wanted = draw_config(rng, keys)
    daemon = test.daemon(**config)
    for _ in range(25):
        server.script("update", *(draw_fault(rng) for _ in range(rng.randrange(8))))
        server.script("SRV", *(draw_fault(rng) for _ in range(rng.randrange(4))))
        time.sleep(rng.choice((0, 0.005, 0.03, rng.uniform(0, 0.5))))
        if rng.random() < 0.1:
            daemon.wait_ready()
            daemon.restart()
        config, wanted = draw_config(rng, keys)
        daemon.reload(**config)
    with server.lock:
        server.scripts.clear()
    for name in (f"{service}.{domain}" for service in SERVICES for domain in NAMES):
        test.settles(server, name, [wanted[name]] if name in wanted else [], seconds=0.05, timeout=20)
    expected = {(name, offer.target, offer.port, 1) for name, offer in wanted.items()}
    # What an update may still bring back is remembered until a look after that time finds nothing.
    wait_until(lambda: rows_of(daemon) == expected, lambda: f"the state: {rows_of(daemon) ^ expected} too many or too few")
    daemon.terminate()
    test.equal(rows_of(daemon), expected, "the state at the end")
