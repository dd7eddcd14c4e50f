"""The test library itself: its servers sign and answer right, its faults are what they say."""
import socket
import subprocess
import sys
import time

from support import claims, client, faults, tsig, wire
from support.client import OURS, Srv
from support.clock import Clock
from support.daemon import Daemon
from support.scenario import KEY, scenario
from support.tsig import Key
from support.waiting import Failure, wait_until
from support.zone import Zone

FOREIGN = Srv("kms9.contoso.com", 1688, 5, 5, 600)


@scenario(servers=("named", "knot", "scripted"))
def server_takes_updates_by_hand(test):
    server = test.primary(zones=[Zone("contoso.com", (("_vlmcs._tcp", 600, "SRV", FOREIGN.rdata()),))])
    test.wait_srv(server, "contoso.com", [FOREIGN])
    name = "_vlmcs._tcp.contoso.com."
    test.nsupdate(server, f"update add {name} 600 SRV {OURS.rdata()}")
    test.wait_srv(server, "contoso.com", [FOREIGN, OURS._replace(ttl=600)])
    test.nsupdate(server, f"prereq nxrrset {name} SRV", f"update delete {name} SRV", expect="YXRRSET")
    test.nsupdate(server, f"prereq yxrrset {name} SRV {OURS.rdata()}", f"update delete {name} SRV", expect="NXRRSET")
    test.nsupdate(server, f"prereq yxrrset {name} SRV {OURS.rdata()}", f"prereq yxrrset {name} SRV {FOREIGN.rdata()}",
                  f"update delete {name} SRV {FOREIGN.rdata()}")
    test.wait_srv(server, "contoso.com", [OURS._replace(ttl=600)])
    test.nsupdate(server, f"prereq nxdomain {name}", f"update delete {name} SRV", expect="YXDOMAIN")
    test.nsupdate(server, "prereq yxdomain no.contoso.com.", f"update delete {name} SRV", expect="NXDOMAIN")
    test.nsupdate(server, f"update delete {name}")
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=("named", "knot", "scripted"))
def server_keeps_its_zone_over_a_restart(test):
    server = test.primary()
    test.nsupdate(server, f"update add _vlmcs._tcp.contoso.com. 3600 SRV {OURS.rdata()}")
    server.restart()
    test.wait_srv(server, "contoso.com", [OURS])
    if test.scenario.server != "scripted":
        server.kill()
        server.start()
        test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named", "knot", "scripted"))
def server_refuses_other_keys(test):
    server = test.primary()
    line = f"update add _vlmcs._tcp.contoso.com. 3600 SRV {OURS.rdata()}"
    test.nsupdate(server, line, key=None, expect="NOTAUTH" if test.scenario.server == "knot" else "REFUSED")
    test.nsupdate(server, line, key=Key(name="unknown"), expect="NOTAUTH")
    test.nsupdate(server, line, key=Key(secret="d3Jvbmc="), expect="NOTAUTH")
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=("named", "knot", "scripted"))
def signed_queries_are_answered_signed(test):
    server = test.primary()
    for udp in (False, True):
        answer = client.ask(server.address, "_vlmcs._tcp.contoso.com", "SRV", KEY, udp=udp)
        test.equal(answer.rcode_name, "NXDOMAIN", "RCODE")
        test.equal(answer.authority[0].type, "SOA", "authority")
    text = test.dig(server, "contoso.com", "SOA", "-y", f"{KEY.algorithm}:{KEY.name}:{KEY.secret}")
    test.check("status: NOERROR" in text and "TSIG" in text and "verify" not in text, text)


@scenario()
def dig_notices_each_fault_of_the_signature(test):
    server = test.primary(kind="scripted")
    signed = ("contoso.com", "SOA", "-y", f"{KEY.algorithm}:{KEY.name}:{KEY.secret}")
    for fault in (faults.unsigned(), faults.bad_mac(), faults.wrong_key_name(), faults.wrong_algorithm(),
                  faults.server_time(), faults.badkey(), faults.badsig(), faults.badtime(), faults.echo("NOERROR")):
        server.script("SOA", fault)
        text = test.dig(server, *signed)
        test.check("Couldn't verify signature" in text or "NOTAUTH" in text, f"{fault.__qualname__}: dig says\n{text}")
    test.check("status: NOERROR" in test.dig(server, *signed), "dig is content again")


@scenario()
def faults_come_in_order_and_are_counted(test):
    server = test.primary(kind="scripted")
    name = "_vlmcs._tcp.contoso.com"
    server.script("SRV", faults.rcode("SERVFAIL"), None, faults.rcode("REFUSED", signed=False))
    server.always("query", faults.no_aa())
    answers = [client.ask(server.address, name, "SRV").rcode_name for _ in range(4)]
    test.equal(answers, ["SERVFAIL", "NXDOMAIN", "REFUSED", "NXDOMAIN"], "answers")
    test.check(not client.ask(server.address, name, "A").has(wire.AA), "no AA")
    server.always("query", None)
    test.check(client.ask(server.address, name, "A").has(wire.AA), "AA again")
    test.equal((server.counts["SRV"], server.counts["A"], server.counts["query"], server.counts["update"]),
               (4, 2, 6, 0), "counts")


@scenario()
def faults_of_the_transport(test):
    server = test.primary(kind="scripted")
    server.script("SOA", faults.close_before(), faults.close_within(), faults.truncated(), faults.garbage(),
                  faults.empty(), faults.silence())
    for expected in (ConnectionError, ConnectionError, Exception, Exception, Exception, TimeoutError):
        try:
            client.ask(server.address, "contoso.com", "SOA", timeout=0.3)
        except expected:
            continue
        test.check(False, f"the answer was right, not {expected.__name__}")
    server.script("SOA", faults.close_after())
    test.equal(client.ask(server.address, "contoso.com", "SOA").rcode_name, "NOERROR", "after that")


@scenario()
def held_answers_are_outstanding(test):
    server = test.primary(kind="scripted")
    server.hold()
    query = wire.Message(1, question=[("contoso.com", "SOA", wire.IN)]).wire()
    with socket.create_connection((server.address, 53)) as sock:
        for _ in range(5):
            client.send_message(sock, query)
        server.wait_count("SOA", 5)
        test.equal(server.peak_outstanding, 5, "outstanding")
        server.release()
        for _ in range(5):
            client.receive_message(sock)
    test.equal(server.outstanding, 0, "outstanding in the end")


@scenario(servers=("named", "knot"))
def proxy_counts_what_passes(test):
    server = test.primary()
    proxy = test.proxy("127.0.0.5", server)
    client.ask(proxy.address, "contoso.com", "SOA", KEY)
    client.ask(proxy.address, "contoso.com", "SOA", udp=True)
    test.nsupdate(proxy, f"update add _vlmcs._tcp.contoso.com. 3600 SRV {OURS.rdata()}", zone="contoso.com")
    test.wait_srv(proxy, "contoso.com", [OURS])
    test.equal((proxy.counts["SOA"], proxy.counts["update"]), (2, 1), "counts")


@scenario(servers=("named", "knot"))
def gate_holds_updates_and_lets_them_in(test):
    server = test.primary()
    gate = test.gate(server)
    lines = [f"update add _vlmcs._tcp.contoso.com. 3600 SRV {srv.rdata()}" for srv in (OURS, FOREIGN._replace(ttl=3600))]
    ended = [test.in_background(lambda line=line: test.nsupdate(gate, line, zone="contoso.com")) for line in lines]
    gate.wait_held(2)
    test.equal(gate.held_names(), {"_vlmcs._tcp.contoso.com": 2}, "updates that it holds, by name")
    test.srv_stays(server, "contoso.com", [], seconds=0.2)
    gate.open(seed=1)
    test.wait_srv(server, "contoso.com", [OURS, FOREIGN._replace(ttl=3600)])
    wait_until(lambda: all(end() for end in ended), "not all are answered")
    test.equal(gate.rcodes["NOERROR"], 2, "answers")


@scenario()
def clocks_are_ahead_for_whom_they_were_set(test):
    """Also while it runs."""
    script = ("import time; a = time.clock_gettime(time.CLOCK_BOOTTIME), time.clock_gettime(time.CLOCK_REALTIME);"
              "print(*a, int(time.time()), flush=True); input();"
              "print(time.clock_gettime(time.CLOCK_BOOTTIME), time.clock_gettime(time.CLOCK_REALTIME), flush=True)")
    daemon = Daemon(test, "/bin/true")
    clock = Clock(test, daemon, wall=1000)
    with subprocess.Popen([sys.executable, "-c", script], env=daemon.environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        first = [float(word) for word in process.stdout.readline().split()]
        now = time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
        clock.ahead(600, wall=5)
        process.stdin.write("\n")
        process.stdin.flush()
        second = [float(word) for word in process.stdout.readline().split()]
    test.check(abs(first[0] - now[0]) < 5 and abs(first[1] - now[1] - 1000) < 5 and abs(first[2] - first[1]) < 2,
               f"at first {first}, and by the machine {now}")
    test.check(abs(second[0] - now[0] - 600) < 5 and abs(second[1] - now[1] - 1005) < 5, f"then {second}, from {now}")


@scenario()
def claims_are_read_strictly(test):
    claim = claims.Claim("0123456789abcdef0123456789abcdef", since=17, until=18, lease=19)
    for right in (claim, claim._replace(until=None, lease=None)):
        test.equal(claims.parse(right.rdata()), right, "what was written")
    for wrong in (claim.rdata().replace("pub=1", "pub=2"), claim.rdata().replace('"ttl=3600" ', ""),
                  claim._replace(port=65536).rdata(), claim._replace(id="xy").rdata(), '"srvpub=1"', '"a note"',
                  claim.rdata() + ' "port=1688"'):
        test.equal(claims.parse(wrong), None, wrong)


@scenario()
def nsupdate_and_we_agree_on_tsig(test):
    """Its signature verifies, and does not when one octet is another or the time has passed."""
    server = test.primary(kind="scripted")
    test.nsupdate(server, f"update add _vlmcs._tcp.contoso.com. 3600 SRV {OURS.rdata()}", zone="contoso.com")
    data = server.requests[-1]
    bare, signature = tsig.split(data)
    test.equal(tsig.check(data, KEY), 0, "as it came")
    test.equal(tsig.check(tsig.append(bare[:-2] + b"x\0", signature.rr()), KEY), tsig.BADSIG, "with another octet")
    test.equal(tsig.check(data, KEY, now=signature.time + 301), tsig.BADTIME, "later")
    test.equal(tsig.check(data, Key(name="another")), tsig.BADKEY, "with another key")


@scenario(cases={
    "leak": ("echo '==7==ERROR: LeakSanitizer: detected memory leaks' >&2; exit 0",),
    "undefined": ("echo 'lib/plan.c:1:2: runtime error: null pointer' >&2; exit 0",),
    "exit-code": ("exit 86",), "assertion": ("echo \"srvpubd: x.c:1: f: Assertion `x' failed.\" >&2; kill -ABRT $$",)})
def a_daemon_that_ends_badly_fails_its_scenario(test, script):
    program = test.path("program")
    program.write_text("#!/bin/sh\n" + script + "\n")
    program.chmod(0o755)
    for ending in (lambda daemon: daemon.run(), start_and_wait):
        try:
            ending(Daemon(test, program))
        except Failure:
            continue
        test.check(False, "nothing was noticed")


def start_and_wait(daemon):
    daemon.start()
    daemon.wait_end(0)


@scenario()
def waiting_is_bounded(test):
    server = test.primary(kind="scripted")
    for wait in (lambda: test.wait_srv(server, "contoso.com", [OURS], timeout=0.2),
                 lambda: test.srv_stays(server, "contoso.com", [OURS], seconds=0.2),
                 lambda: test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV", expect="REFUSED")):
        try:
            wait()
        except Failure:
            continue
        test.check(False, "nothing was noticed")
