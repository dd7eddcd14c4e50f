"""GSS contexts and the tickets under them through a daemon's life: few of them, renewed before they end and
after the server has forgotten them, deleted when they are done with, and nothing of them is shown."""
import base64
import os
import pathlib
import random
import time

from support import tsig, wire
from support.accounts import DELETION, NEGOTIATION, KdcLog, complaints, controlled, kms, publisher, secrets_of
from support.client import exchange, record_name
from support.daemon import PUBLISHED
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "samba")
SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
MANY = 500  # domains
UPDATES = 500 if SOAK else 150
LIFE = 6  # seconds of a ticket
LIVES = 10 if SOAK else 2
SELDOM = {"CheckInterval": "7d"}


def whole_zone(test, **options):
    """A named with a zone in which kms1$ may write SRV and TXT anywhere."""
    kdc = test.kdc(**options)
    policy = (f'grant "kms1$@{kdc.realm}" subdomain example.test. SRV TXT',)
    return test.primary(kind="named", zones=[Zone("example.test", policy=policy)], kdc=kdc)


def change(daemon, name, server, number):
    """One more update."""
    daemon.reload(Service={"Weight": number})
    name.wait({daemon: kms(server, weight=number)}, timeout=15)


# One for many.

@scenario()
def many_domains_take_one_ticket_and_one_context(test):
    """Also at a reload that changes them all."""
    server = whole_zone(test)
    log = KdcLog(server.kdc)
    domains = [f"site{number}.example.test" for number in range(MANY)]
    begin = time.monotonic()
    daemon = publisher(test, server, domains=domains, Update=SELDOM)
    wait_until(lambda: f"STATUS=published {MANY}/{MANY}" in daemon.told, lambda: f"{daemon.told[-2:]}", 30)
    test.say(f"{MANY} domains published in {time.monotonic() - begin:.1f} s: {dict(daemon.proxy.counts)}")

    def counts():
        return len(log.issued()), len(log.issued("DNS/")), daemon.proxy.contexts, daemon.proxy.counts["update"]

    test.equal(counts(), (1, 1, 1, MANY), "tickets, tickets for the server, contexts, updates")
    begin = time.monotonic()
    daemon.reload(Service={"Weight": 1})
    wait_until(lambda: daemon.proxy.counts["update"] == 2 * MANY, lambda: f"{daemon.proxy.counts}", 30)
    for domain in (domains[0], domains[-1]):
        test.wait_srv(server, domain, [kms(server, weight=1)])
    test.say(f"changed in {time.monotonic() - begin:.1f} s")
    test.equal(counts(), (1, 1, 1, 2 * MANY), "tickets, tickets for the server, contexts, updates")
    test.equal(complaints(daemon), [], "complaints")


@scenario()
def servers_of_a_realm_take_one_ticket(test):
    """And a context for each."""
    first = whole_zone(test)
    policy = (f'grant "kms1$@{first.kdc.realm}" subdomain other.test. SRV TXT',)
    second = test.primary(kind="named", zones=[Zone("other.test", address="127.0.0.2", policy=policy)],
                          address="127.0.0.2", kdc=first.kdc)
    log = KdcLog(first.kdc)
    names = [f"site{number}.{zone}" for number in range(20) for zone in ("example.test", "other.test")]
    extra = "".join(f"[Domain {name}]\nServer={second.address}\n" for name in names if name.endswith("other.test"))
    daemon = publisher(test, first, domains=names, extra=extra, Update=SELDOM)
    daemon.wait_notify(f"STATUS=published {len(names)}/{len(names)}")
    services = [len(log.issued(f"DNS/ns1.{zone}@")) for zone in ("example.test", "other.test")]
    test.equal((len(log.issued()), services), (1, [1, 1]), "tickets, and tickets for each server")
    test.equal(daemon.proxy.contexts, 1, "contexts with the first")
    test.equal(complaints(daemon), [], "complaints")


@scenario(servers=BOTH, timeout=200 if SOAK else 60)
def one_context_signs_many_updates(test):
    """One after the other, each with a signature of its own."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Update=SELDOM)
    name.wait({daemon: kms(server)})
    for number in range(1, UPDATES):
        daemon.reload(Service={"Weight": number})
        wait_until(lambda number=number: daemon.proxy.counts["update"] > number, "no update comes")
    name.wait({daemon: kms(server, weight=UPDATES - 1)})
    test.equal(daemon.proxy.contexts, 1, "contexts")
    test.equal({answer.rcode_name for answer in daemon.proxy.answers}, {"NOERROR", "NXDOMAIN"}, "answers")
    test.equal(complaints(daemon), [], "complaints")


# Whose service the ticket is for.

SERVICES = {"none": ("", "ns1"), "address": ("127.0.0.1", "ns1"), "name": ("ns2.example.test", "ns2"),
            "mname-down": ("", "ns2")}


@scenario(cases=SERVICES)
def ticket_is_for_the_server_that_is_contacted(test, named_server, expected):
    """DNS/<its name>: the MNAME, an NS if that is down, the name in Server=; for an address there the MNAME."""
    kdc = test.kdc()
    ns1 = "127.0.0.9" if expected == "ns2" and not named_server else "127.0.0.1"
    policy = (f"grant {kdc.realm} ms-subdomain {record_name('example.test')}. SRV TXT",)
    zones = [Zone("example.test", policy=policy, nameservers={"ns1": ns1, "ns2": "127.0.0.1"}),
             Zone("other.test", mname="ns2.example.test.")]
    server = test.primary(kind="named", zones=zones, kdc=kdc)
    log = KdcLog(kdc)
    publisher(test, server, Update={"Server": named_server or None})
    test.wait_srv(server, "example.test", [kms(server)])
    test.equal(len(log.issued("DNS/")), 1, "tickets for servers")
    test.equal(len(log.issued(f"DNS/{expected}.example.test@")), 1, f"tickets for {expected}")


# The server forgets.

RESTARTS = {"killed": (lambda server: (server.kill(), server.start()),),
            "restarted": (lambda server: server.restart(),)}


@scenario(servers=BOTH, cases=RESTARTS)
def server_that_lost_its_contexts_is_given_one_more(test, happen):
    """Nobody hears of it. named keeps them over a clean restart."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Update=SELDOM)
    name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    happen(server)
    change(daemon, name, server, 1)
    change(daemon, name, server, 2)
    is_kept = test.scenario.server == "named" and test.scenario.case == "restarted"
    test.equal(daemon.proxy.contexts, 1 if is_kept else 2, "contexts")
    test.equal(complaints(daemon), [], "complaints")


@scenario(servers=("named",))
def context_that_the_administrator_deletes_is_replaced(test):
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Update={**SELDOM, "RetryMin": "100ms"})
    for number in range(1, 4):
        change(daemon, name, server, number)
        time.sleep(0.1)  # a context that is younger than RetryMin= is not suspected
        server.control("tsig-delete", daemon.proxy.tkeys(NEGOTIATION)[-1])
    change(daemon, name, server, 9)
    test.equal(daemon.proxy.contexts, 4, "contexts")
    test.equal(complaints(daemon), [], "complaints")


@scenario(servers=BOTH)
def many_domains_find_one_new_context_after_a_restart(test):
    """Those that were signed with the old one do not each ask for their own."""
    server = test.secured() if test.scenario.server == "samba" else whole_zone(test)
    domains = [f"site{number}.{server.domain}" for number in range(40)]
    daemon = publisher(test, server, domains=domains, Update=SELDOM)
    status = f"STATUS=published {len(domains)}/{len(domains)}"
    daemon.wait_notify(status, 20)
    server.kill()
    server.start()
    daemon.proxy.reset()
    daemon.reload(Service={"Weight": 1})
    for domain in domains:
        test.wait_srv(server, domain, [kms(server, weight=1)])
    test.equal(daemon.proxy.contexts, 1, "contexts since")
    test.check(daemon.proxy.counts["update"] <= 2 * len(domains), f"{daemon.proxy.counts['update']} updates")
    test.equal(complaints(daemon), [], "complaints")


# Tickets end.

@scenario(timeout=30 + 2 * LIFE * LIVES)
def short_tickets_are_renewed_in_time(test):
    """Updates over several lives, and not one of them fails."""
    test.krb5.defaults["clockskew"] = 1
    server = whole_zone(test, max_life=LIFE)
    log = KdcLog(server.kdc)
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server, Update=SELDOM)
    end = time.monotonic() + LIVES * LIFE
    number = 0
    while time.monotonic() < end:
        number += 1
        change(daemon, name, server, number)
        time.sleep(random.uniform(0, 0.2))
    tickets, contexts = len(log.issued()), daemon.proxy.contexts
    test.say(f"{number} updates, {tickets} tickets, {contexts} contexts in {LIVES} lives of {LIFE} s")
    test.check(LIVES <= tickets <= 2 * LIVES + 1, f"{tickets} tickets")
    test.check(LIVES <= contexts <= 2 * LIVES + 1, f"{contexts} contexts")
    test.equal(complaints(daemon), [], "complaints")


@scenario()
def ticket_that_ended_unused_is_renewed_when_it_is_needed(test):
    """Nothing is asked of the KDC while all is in order."""
    test.krb5.defaults["clockskew"] = 1
    server = whole_zone(test, max_life=3)
    log = KdcLog(server.kdc)
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server)
    name.wait({daemon: kms(server)})
    daemon.wait_about(server.domain, PUBLISHED)
    test.wait_looks(daemon, checks=5)
    test.equal(len(log.issued()), 1, "tickets while all is in order")
    change(daemon, name, server, 1)
    test.equal(len(log.issued()), 2, "tickets")
    test.equal(complaints(daemon), [], "complaints")


# When it is done.

def is_known(test, server, key):
    """Whether the server knows a context by this name: it finds a wrong signature, or no key."""
    message = wire.Message(1, wire.UPDATE, question=[(server.domain, "SOA", wire.IN)]).wire()
    message, _ = tsig.sign(message, tsig.Key(), mac=b"no signature", name=key, algorithm="gss-tsig")
    _, signature = tsig.split(exchange(server.address, message))
    test.check(signature and signature.error in (tsig.BADSIG, tsig.BADKEY), f"the answer's signature: {signature}")
    return signature.error == tsig.BADSIG


@scenario(servers=BOTH, cases={"end": ("end",), "end-withdraw": ("withdraw",), "once": ("once",)})
def contexts_are_deleted_when_it_ends(test, how):
    """C66. named forgets the key then; Samba 4.17 says so and keeps it."""
    server = test.secured()
    daemon = publisher(test, server, start=False, Ownership={"OnStop": "withdraw" if how == "withdraw" else "keep"})
    if how == "once":
        daemon.once()
    else:
        daemon.start()
        daemon.wait_about(server.domain, PUBLISHED)
        key, = daemon.proxy.tkeys(NEGOTIATION)
        test.check(is_known(test, server, key), "the server does not know the context while it is in use")
        test.equal(daemon.proxy.tkeys(DELETION), [], "deletions so far")
        daemon.terminate()
    test.equal(daemon.proxy.tkeys(DELETION), daemon.proxy.tkeys(NEGOTIATION), "contexts that are deleted")
    if test.scenario.server == "named":
        test.check(not is_known(test, server, daemon.proxy.tkeys(DELETION)[0]), "the server knows the context still")


@scenario(servers=("named",))
def context_is_deleted_when_nobody_needs_it_any_more(test):
    """The account changes: who acted before is no more."""
    server = test.secured()
    name = test.record_name(server, server.domain)
    daemon = publisher(test, server)
    name.wait({daemon: kms(server)})
    before = daemon.proxy.tkeys(NEGOTIATION)
    daemon.reload(keytab=server.kdc.keytab("kms2$"), Update={"Principal": "kms2$"}, Service={"Weight": 1})
    name.wait({daemon: kms(server, weight=1)})
    wait_until(lambda: daemon.proxy.tkeys(DELETION) == before, lambda: f"deleted: {daemon.proxy.tkeys(DELETION)}")
    test.equal(daemon.proxy.contexts, 2, "contexts")


@scenario(servers=("named",))
def end_does_not_wait_for_a_server_that_hangs(test):
    server = test.secured()
    daemon = publisher(test, server, Update={**SELDOM, "Timeout": "1s"})
    daemon.wait_about(server.domain, PUBLISHED)
    server.pause()
    begin = time.monotonic()
    daemon.terminate()
    seconds = time.monotonic() - begin
    server.resume()
    test.check(seconds < 7, f"it took {seconds:.1f} s")


# Secrets.

def octets_of(directory):
    return b"\0".join(path.read_bytes() for path in pathlib.Path(directory).rglob("*") if path.is_file())


@scenario(servers=BOTH)
def nothing_secret_is_shown(test):
    """The keys of the keytab: raw, in hex and base64; in what is logged at the most talkative level, in
    arguments, environment, state and on the bus."""
    server = test.secured()
    daemon = controlled(test, server, Publish={"LogLevel": "debug"})
    test.record_name(server, server.domain).wait({daemon: kms(server)})
    places = {"log": daemon.log_path.read_bytes(), "state": octets_of(daemon.state_directory)}
    for name in ("cmdline", "environ"):
        places[name] = pathlib.Path(f"/proc/{daemon.process.pid}/{name}").read_bytes()
    shown = [daemon.ctl.run(*words).stdout for words in (["status"], ["status", server.domain, "--json"], ["plan"])]
    shown.append(daemon.ctl.bus.busctl("introspect", "org.srvpubd1", "/org/srvpubd1", "--full").stdout)
    places["bus"] = "\n".join(shown).encode()
    keys = secrets_of(daemon.config["keytab"])
    test.check(keys and all(places.values()), "there is nothing to look for, or nothing to look at")
    for place, data in places.items():
        for key in keys:
            forms = (key, key.hex().encode(), key.hex().upper().encode(), base64.b64encode(key).rstrip(b"="))
            test.check(not any(form in data for form in forms), f"a key is in the {place}")
    daemon.terminate()
    data = octets_of(daemon.state_directory) + daemon.log_path.read_bytes()
    test.check(not any(key in data or key.hex().encode() in data for key in keys), "a key is left behind")


@scenario(servers=("named",))
def names_of_contexts_are_random_and_in_lower_case(test):
    """C61: nobody can take one before; Samba knows no others."""
    server = test.secured()
    names = []
    for _ in range(3):
        daemon = publisher(test, server)
        daemon.wait_about(server.domain, PUBLISHED)
        daemon.terminate()
        names += daemon.proxy.tkeys(NEGOTIATION)
    test.equal(len(set(names)), 3, "names")
    test.check(all(name == name.lower() and len(name) >= 16 for name in names), f"names: {names}")


@scenario()
def ticket_that_the_kdc_takes_no_more_is_replaced(test):
    """The key of krbtgt is another: what the KDC gave before serves at the old server, and is good for no other."""
    first = whole_zone(test)
    policy = (f'grant "kms1$@{first.kdc.realm}" subdomain other.test. SRV TXT',)
    second = test.primary(kind="named", zones=[Zone("other.test", address="127.0.0.2", policy=policy)],
                          address="127.0.0.2", kdc=first.kdc)
    daemon = publisher(test, first, domains=["example.test"], Update=SELDOM)
    test.wait_srv(first, "example.test", [kms(first)])
    first.kdc.change_password(f"krbtgt/{first.kdc.realm}")
    first.kdc.restart()
    daemon.configure(domains=["example.test", "site1.other.test"],
                     extra=f"[Domain site1.other.test]\nServer={second.address}\n")
    daemon.reload()
    test.wait_srv(second, "site1.other.test", [kms(first)])
