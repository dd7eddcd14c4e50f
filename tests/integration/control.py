"""srvpubctl and the bus: what an administrator sees and commands while the daemon runs."""
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import time

from support.bus import INTERFACE, NAME, PATH, Bus, Ctl
from support.client import OURS, Srv
from support.daemon import PUBLISHED, about
from support.process import Process
from support.scenario import DOMAINS, KEY, scenario
from support.waiting import Skip, holds_for, wait_until
from support.zone import Zone

BOTH = ("named", "knot")
FOREIGN = Srv("kms9.contoso.com", 1688, 5, 5, 3600)
WITH_FOREIGN = [Zone("contoso.com", (("_vlmcs._tcp", 3600, "SRV", FOREIGN.rdata()),))]
RARELY = {"CheckInterval": "7d"}
NOBODY = 65534
HOUR_AGO_AT_MOST = r"\d+(s|min( \d+s)?) ago"


def controlled(test, policy="", **config):
    """Returns (daemon, srvpubctl), where the daemon has found the bus."""
    bus = Bus(test, policy).start()
    daemon = test.daemon(environment=bus.environment, **config)
    bus.wait_daemon()
    return daemon, Ctl(test, bus)


@scenario(servers=("named",))
def status_tells_how_domains_fare(test):
    """A table with the trouble below its line; all about one; JSON; exit 1 for one that is denied."""
    test.primary(zones=[Zone("contoso.com"), Zone("corp.test", options="update-policy "
                                                  f"{{ grant {KEY.name} name w.corp.test. A; }};")])
    _, ctl = controlled(test, domains=["contoso.com", "corp.test"])
    ctl.wait_state("contoso.com", "published")
    ctl.wait_state("corp.test", "denied")
    lines = ctl.run("status").stdout.splitlines()
    test.equal(lines[0].split(), ["DOMAIN", "RECORD", "STATE", "SINCE", "SERVER", "NEXT"], "the head")
    test.check(re.fullmatch(r"contoso\.com +_vlmcs\._tcp\.contoso\.com +published +" + HOUR_AGO_AT_MOST
                            + r" +127\.0\.0\.1 +(check in \ds|now)", lines[1]), lines[1])
    test.check(re.match(r"corp\.test +_vlmcs\._tcp\.corp\.test +denied +", lines[2]), lines[2])
    test.check(re.match(r"    .*127\.0\.0\.1.*refuses.*grant", lines[3]), lines[3])
    test.equal(lines[4:], ["", "2 domains: 1 published, 1 denied"], "the end")
    test.equal({line.index("_vlmcs") for line in lines[1:3]}, {lines[0].index("RECORD")}, "where a column begins")

    text = ctl.run("status", "CONTOSO.com.").stdout
    for words in ("Domain: contoso.com", "Wanted: 0 0 1688 kms1.contoso.com.", "State: published since 20",
                  "Server: 127.0.0.1", "Zone: contoso.com", "Mode: shared", "TTL: 3600 s"):
        test.check(words in text, f"{words} is not in {text}")
    test.check("Trouble" not in text, text)
    test.check("Trouble: " in ctl.run("status", "_vlmcs._tcp.corp.test", expect=1).stdout, "the trouble")
    test.check("nothing to do with a.test" in ctl.run("status", "a.test", expect=1).stderr, "a domain that is none")

    whole = ctl.json("status")
    test.equal((whole["counts"], [one["domain"] for one in whole["publications"]]),
               ({"published": 1, "denied": 1}, ["contoso.com", "corp.test"]), "counts and domains")
    test.check(re.fullmatch("[0-9a-f]{32}", whole["publisher_id"]) and whole["version"], f"{whole}")
    one = ctl.json("status", "contoso.com")
    test.equal({**one, "since": 0, "next": 0, "next_time": 0},
               {"domain": "contoso.com", "record": "_vlmcs._tcp.contoso.com", "srv": ["0 0 1688 kms1.contoso.com."],
                "state": "published", "mode": "shared", "held": False, "since": 0, "zone": "contoso.com",
                "server": "127.0.0.1", "next": 0, "next_time": 0, "error": None, "ttl": 3600, "foreign": 0, "notes": []},
               "contoso.com")
    test.check(abs(time.mktime(time.strptime(one["since"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())) < 60,
               f"since {one['since']}")
    test.check("refuses" in ctl.json("status", "corp.test", expect=1)["error"], "the error")


@scenario(servers=BOTH)
def withdrawn_by_command_stays_withdrawn(test):
    """Over checks and a restart, until it is published by command."""
    server = test.primary()
    daemon, ctl = controlled(test, domains=DOMAINS)
    for domain in DOMAINS:
        ctl.wait_state(domain, "published")
    test.equal(ctl.run("withdraw", "emea.contoso.com").stdout, "emea.contoso.com: withdrawn\n", "what it says")
    test.srv_stays(server, "emea.contoso.com", [], seconds=1.5)
    test.wait_srv(server, "contoso.com", [OURS])
    one = ctl.json("status", "emea.contoso.com")
    test.equal((one["state"], one["held"]), ("withdrawn", True), "state, held")
    test.check("withdrawn by command, until srvpubctl publish emea.contoso.com" in ctl.run("status").stdout, "the hint")

    daemon.restart()
    ctl.bus.wait_daemon()
    ctl.wait_state("contoso.com", "published")
    test.srv_stays(server, "emea.contoso.com", [], seconds=1.5)
    test.equal(ctl.run("publish", "emea.contoso.com").stdout, "emea.contoso.com: published\n", "what it says")
    test.wait_srv(server, "emea.contoso.com", [OURS])
    test.equal(ctl.json("status", "emea.contoso.com")["held"], False, "held")


@scenario(servers=BOTH)
def all_domains_at_once(test):
    server = test.primary()
    _, ctl = controlled(test, domains=DOMAINS, Update=RARELY)
    for domain in DOMAINS:
        ctl.wait_state(domain, "published")
    test.equal(ctl.run("withdraw", "--all").stdout.splitlines(), [f"{d}: withdrawn" for d in sorted(DOMAINS)], "withdraw")
    for domain in DOMAINS:
        test.wait_srv(server, domain, [])
    test.equal(ctl.run("withdraw", "--all").stdout, "There is nothing to do.\n", "withdraw again")
    test.equal(ctl.run("publish").stdout.splitlines(), [f"{d}: published" for d in sorted(DOMAINS)], "publish")
    for domain in DOMAINS:
        test.wait_srv(server, domain, [OURS])


@scenario(servers=("named",))
def publish_looks_now(test):
    """What somebody deleted is back, long before the next check; what is denied is told, with exit 1."""
    server = test.primary()
    _, ctl = controlled(test, domains=["contoso.com", "nowhere.test"], Update=RARELY)
    ctl.wait_state("contoso.com", "published")
    test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV")
    ctl.run("publish", "contoso.com")
    test.wait_srv(server, "contoso.com", [OURS])
    done = ctl.run("publish", expect=1)
    test.equal(done.stdout, "contoso.com: published\n", "stdout")
    test.check(re.match(r"srvpubctl: nowhere\.test: failed: .*zone", done.stderr), done.stderr)


@scenario(servers=("named",))
def forget_gives_a_withdrawal_up(test):
    server = test.primary()
    daemon, ctl = controlled(test, domains=["contoso.com", "emea.contoso.com"])
    ctl.wait_state("emea.contoso.com", "published")
    test.check("DnsDomainPublishList=" in ctl.run("forget", "emea.contoso.com", expect=1).stderr, "of a wanted one")
    server.kill()
    daemon.reload(domains=["contoso.com"])
    ctl.wait_state("emea.contoso.com", "failed")
    test.equal(ctl.json("status", "emea.contoso.com", expect=1)["srv"], [], "what is wanted")
    test.equal(ctl.run("forget", "emea.contoso.com").stdout, "emea.contoso.com: forgotten\n", "what it says")
    ctl.run("status", "emea.contoso.com", expect=1)
    server.start()
    ctl.wait_state("contoso.com", "published")
    daemon.restart()
    ctl.bus.wait_daemon()
    ctl.wait_state("contoso.com", "published")
    test.srv_stays(server, "emea.contoso.com", [OURS], seconds=0.5)
    test.equal(len(ctl.json("status")["publications"]), 1, "publications")


@scenario(servers=BOTH)
def plan_is_what_would_be_sent(test):
    """It changes nothing; nsupdate takes the script, and then all is in order."""
    server = test.primary(zones=WITH_FOREIGN + [Zone("adsecurity.org")])
    _, ctl = controlled(test, domains=["contoso.com", "adsecurity.org"], Update=RARELY)
    ctl.wait_state("contoso.com", "published")
    ctl.wait_state("adsecurity.org", "published")
    test.nsupdate(server, f"update delete _vlmcs._tcp.contoso.com. SRV {OURS.rdata()}")
    text = ctl.run("plan", "contoso.com").stdout
    test.check(re.match(r"_vlmcs\._tcp\.contoso\.com at 127\.0\.0\.1 \(zone contoso\.com\): publish\n", text), text)
    test.check(re.search(r"^ +\+ .*0 0 1688 kms1\.contoso\.com\.", text, re.M), text)
    test.check(re.search(r"^ + 5 5 1688 kms9\.contoso\.com\.|^ +.*kms9\.contoso\.com\.", text, re.M), text)
    test.srv_stays(server, "contoso.com", [FOREIGN], seconds=0.5)

    plans = {plan["domain"]: plan for plan in ctl.json("plan")}
    test.equal({domain: plan["verdict"] for domain, plan in plans.items()},
               {"contoso.com": "publish", "adsecurity.org": "in order"}, "verdicts")
    test.equal(plans["adsecurity.org"]["script"], "", "what is to be sent where all is in order")
    test.equal(ctl.json("plan", "contoso.com")["script"], plans["contoso.com"]["script"], "the script of one")
    script = ctl.run("plan", "contoso.com", "--nsupdate").stdout
    done = subprocess.run(["nsupdate", "-v", "-k", test.key_file()], input=script, capture_output=True, text=True,
                          timeout=10, check=False)
    test.equal((done.returncode, done.stderr), (0, ""), "nsupdate")
    test.wait_srv(server, "contoso.com", [OURS, FOREIGN])
    test.check("nothing to send" in ctl.run("plan", "--nsupdate").stdout, "the script when all is in order")


@scenario(servers=("named",))
def plan_says_why_it_cannot_look(test):
    server = test.primary()
    _, ctl = controlled(test, Update=RARELY)
    ctl.wait_state("contoso.com", "published")
    server.kill()
    done = ctl.run("plan", "contoso.com", expect=1)
    test.check(done.stdout == "" and re.match("srvpubctl: contoso.com: .*127.0.0.1", done.stderr), f"{done}")
    test.equal(ctl.json("plan", "contoso.com", expect=1)["well"], False, "well")
    test.equal(ctl.json("status", "contoso.com")["state"], "published", "the state, which a look leaves alone")


# --- takeover ---

def takeover_case(test):
    server = test.primary(zones=WITH_FOREIGN)
    test.host_name("kms1.contoso.com", kms9__contoso__com="127.0.0.3")
    _, ctl = controlled(test, Update=RARELY)
    test.wait_srv(server, "contoso.com", [OURS, FOREIGN])
    ctl.wait_state("contoso.com", "published")
    return server, ctl, ("takeover", "contoso.com", "--from", "kms9.contoso.com")


@scenario(servers=BOTH)
def takeover_takes_a_yes(test):
    """O9: without a terminal nothing happens unless --yes says so."""
    server, ctl, command = takeover_case(test)
    done = ctl.run("takeover", "contoso.com", "--from", "kms8.contoso.com", "--yes", expect=1)
    test.check("kms8.contoso.com has no record" in done.stderr, done.stderr)
    done = ctl.run(*command, "--port", 1689, "--yes", expect=1)
    test.check("port 1689" in done.stderr, done.stderr)
    done = ctl.run(*command, expect=2)
    test.check(re.search(r"^ +- .*kms9\.contoso\.com", done.stdout, re.M) and "--yes" in done.stderr, f"{done}")
    test.check("kms9.contoso.com does not answer on port 1688 (Connection refused)" in done.stdout, done.stdout)
    test.srv_stays(server, "contoso.com", [OURS, FOREIGN], seconds=0.5)
    done = ctl.run(*command, "--yes")
    test.check(done.stdout.endswith("contoso.com: published\n"), done.stdout)
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",), cases={"yes": ("y", []), "no": ("n", [FOREIGN]), "enter": ("", [FOREIGN])})
def takeover_asks_on_a_terminal(test, answer, left):
    server, ctl, command = takeover_case(test)
    with socket.create_server(("127.0.0.3", 1688)):
        code, text = on_terminal(ctl, command, "[y/N] ", answer)
    test.check("kms9.contoso.com still answers on port 1688" in text, text)
    test.equal(code, 1 if left else 0, f"exit after {text}")
    test.check("nothing was changed" in text if left else "contoso.com: published" in text, text)
    test.srv_stays(server, "contoso.com", [OURS, *left], seconds=0.5)


def on_terminal(ctl, command, question, answer):
    """Returns (exit code, output)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(ctl.program, ctl.argv(*command), ctl.environment)
    text = ""
    try:
        while part := os.read(terminal, 4096):
            text += part.decode()
            if text.endswith(question):
                os.write(terminal, answer.encode() + b"\n")
    except OSError:  # how a terminal ends
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


@scenario(servers=("named",))
def colours_are_for_terminals(test):
    test.primary()
    _, ctl = controlled(test)
    ctl.wait_state("contoso.com", "published")
    green = "\033[32mpublished\033[0m"
    for environment, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
        ctl.environment = {**ctl.environment, "TERM": "xterm", **environment}
        test.equal(green in on_terminal(ctl, ("status",), "?", "")[1], is_coloured, f"colours with {environment}")
    test.check("\033" not in ctl.run("status").stdout, "colours in a pipe")


# --- who may, and who is there ---

@scenario()
def without_a_daemon_or_a_bus(test):
    """Exit 3, and the cure; the daemon works without."""
    server = test.primary(kind="named")
    bus = Bus(test)
    ctl = Ctl(test, bus)
    daemon = test.daemon(environment=bus.environment)
    test.wait_srv(server, "contoso.com", [OURS])
    test.equal(len(daemon.said("^there is no system bus")), 1, "lines about the bus")
    test.check("srvpubd --once" in ctl.run("status", expect=3).stderr, "without a bus")
    daemon.terminate()
    bus.start()
    for command in (("status",), ("plan",), ("publish", "contoso.com"), ("withdraw", "--all")):
        test.check("systemctl start srvpubd" in ctl.run(*command, expect=3).stderr, f"{command} without a daemon")


@scenario(cases={"policy": (f'<deny send_destination="{NAME}" send_interface="{INTERFACE}" send_member="Withdraw"/>', ()),
                 "daemon": ("", ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"))})
def changing_is_for_root(test, policy, prefix):
    """The policy of the bus refuses, or, where it lets everybody through, the daemon: exit 4."""
    server = test.primary(kind="named", zones=WITH_FOREIGN)
    _, ctl = controlled(test, policy=policy, domains=["contoso.com"])
    ctl.wait_state("contoso.com", "published")
    if prefix:
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
            raise Skip("to become somebody else takes root")
        test.directory.chmod(0o711)
        shutil.copy(ctl.program, test.directory)
        ctl.program = test.directory / "srvpubctl"
        for command in (("publish",), ("publish", "contoso.com"), ("forget", "contoso.com"),
                        ("takeover", "contoso.com", "--from", "kms9.contoso.com", "--yes")):
            ctl.run(*command, expect=4, prefix=prefix)
    test.check("root" in ctl.run("withdraw", "contoso.com", expect=4, prefix=prefix).stderr, "what it says")
    ctl.run("withdraw", "--all", expect=4, prefix=prefix)
    test.equal(json.loads(ctl.run("status", "contoso.com", "--json", prefix=prefix).stdout)["state"], "published", "state")
    ctl.run("plan", prefix=prefix)
    test.srv_stays(server, "contoso.com", [OURS, FOREIGN], seconds=0.5)


@scenario()
def comes_back_to_the_bus(test):
    """A bus that ends and starts anew: one line, and the daemon is there again."""
    server = test.primary(kind="named")
    daemon, ctl = controlled(test)
    for _ in range(2):
        ctl.wait_state("contoso.com", "published")
        mark = daemon.mark()
        ctl.bus.stop()
        daemon.wait_log("there is no system bus", after=mark)
        test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV")
        test.wait_srv(server, "contoso.com", [OURS])
        ctl.bus.start()
        ctl.bus.wait_daemon(timeout=20)
        test.equal(len(daemon.said("bus", after=mark)), 1, "lines about the bus")


@scenario()
def waits_for_its_name(test):
    """Not let onto the bus by the policy, then kept off by another srvpubd: a warning each, and it gets
    its name when it can."""
    test.primary(kind="named")
    bus = Bus(test, f'<deny own="{NAME}"/>').start()
    first = test.daemon(environment=bus.environment)
    first.wait_log("^warning: the policy of the system bus does not let srvpubd be org.srvpubd1")
    holds_for(lambda: len(first.said("bus")) == 1, "it is told again at each attempt", seconds=3.5)
    bus.permit("")
    bus.wait_daemon(timeout=20)
    second = test.daemon(environment=bus.environment)
    second.wait_log("^warning: another process is org.srvpubd1")
    ctl = Ctl(test, bus)
    test.equal(ctl.json("status")["publisher_id"], publisher_id(first), "who answers")
    first.terminate()
    bus.wait_daemon(timeout=20)
    test.equal(ctl.json("status")["publisher_id"], publisher_id(second), "who answers")
    test.equal((len(first.said("bus")), len(second.said("bus"))), (1, 1), "lines about the bus")


def publisher_id(daemon):
    return re.search("[0-9a-f]{32}", (daemon.state_directory / "publisher-id").read_text())[0]


# --- waiting ---

@scenario()
def the_daemon_ends_while_somebody_waits(test):
    """srvpubctl says so; one that has given up waiting, or was killed, is not missed."""
    server = test.primary(kind="scripted")
    daemon, ctl = controlled(test, Update={**RARELY, "Timeout": "20s"})
    ctl.wait_state("contoso.com", "published")
    server.hold()
    done = ctl.run("publish", "contoso.com", "--timeout", 1, expect=1)
    test.check("no answer within 1 s" in done.stderr and "goes on" in done.stderr, done.stderr)
    killed, *waiting = [Process(ctl.argv(command, "contoso.com"), test.path(f"{command}.log"), env=ctl.environment)
                        for command in ("publish", "publish", "plan")]
    wait_until(lambda: ctl.bus.busctl("list").stdout.count(" srvpubctl ") == 3, "they do not come onto the bus")
    killed.kill()
    daemon.terminate()
    test.equal(waiting[0].wait(), 3, "exit of publish")
    test.check("srvpubd" in waiting[0].lines[0], f"publish says {waiting[0].lines}")
    test.check(waiting[1].wait() in (1, 3), f"exit of plan: {waiting[1].popen.returncode}, {waiting[1].lines}")


@scenario()
def waiting_ends_when_its_time_is_up(test):
    """Long before the daemon gives up the server itself: each command that waits."""
    server = test.primary(kind="scripted")
    _, ctl = controlled(test, Update={**RARELY, "Timeout": "20s"})
    ctl.wait_state("contoso.com", "published")
    server.hold()
    for command in ("publish", "withdraw"):
        done = ctl.run(command, "contoso.com", "--timeout", 1, expect=1, timeout=6)
        test.check("no answer within 1 s" in done.stderr, done.stderr)


@scenario()
def waiting_ends_when_a_reload_lets_the_domain_go(test):
    """Nothing will be published there any more, so whoever waits for it is answered."""
    server = test.primary(kind="scripted")
    daemon, ctl = controlled(test, domains=["contoso.com"], Update={**RARELY, "Timeout": "20s"})
    ctl.wait_state("contoso.com", "published")
    server.hold()
    daemon.reload(domains=["contoso.com", "emea.contoso.com"])
    waiting = Process(ctl.argv("publish", "emea.contoso.com"), test.path("publish.log"), env=ctl.environment)
    wait_until(lambda: ctl.bus.busctl("list").stdout.count(" srvpubctl ") == 1, "it does not come onto the bus")
    holds_for(waiting.is_running, "it does not wait", 0.3)
    daemon.reload(domains=["contoso.com"])
    test.equal(waiting.wait(6), 1, "exit")
    test.check("emea.contoso.com" in waiting.lines[0], f"{waiting.lines}")


@scenario()
def changes_are_told_in_gathers(test):
    """PropertiesChanged: with 300 domains far fewer signals than changes, and the last one is right."""
    n = 300
    zone = Zone("contoso.com")
    test.primary(kind="named", zones=[zone])
    bus = Bus(test).start()
    monitor = Process(["busctl", f"--address={bus.environment['DBUS_SYSTEM_BUS_ADDRESS']}", "--json=short", "monitor",
                       "--match", "type=signal,member=PropertiesChanged"], test.path("monitor.log"))
    wait_until(lambda: monitor.lines or monitor.out_lines, "the monitor does not start")
    begin = time.monotonic()
    test.daemon(environment=bus.environment, domains=[f"d{i}.contoso.com" for i in range(n)], Update=RARELY)
    status = f'"published {n}/{n}"'
    wait_until(lambda: status in bus.property("Status"), lambda: f"status is {bus.property('Status')}", 30)
    seconds = time.monotonic() - begin
    signals = lambda: [line for line in monitor.out_lines if '"PropertiesChanged"' in line]  # noqa: E731
    wait_until(lambda: signals() and status in signals()[-1], lambda: f"the last signal is {signals()[-1:]}")
    test.check(len(signals()) <= 10 * seconds + 2, f"{len(signals())} signals in {seconds:.1f} s")
    test.check(f'"published" {n}' in bus.property("Counts"), bus.property("Counts"))
    monitor.kill()


# --- whatever comes over the bus ---

@scenario()
def pages_hold_what_is_asked_for(test):
    zone = Zone("contoso.com")
    test.primary(kind="named", zones=[zone])
    domains = [f"d{i:02}.contoso.com" for i in range(20)]
    _, ctl = controlled(test, domains=domains, Update=RARELY)
    ctl.wait_state(domains[-1], "published")
    found, after = [], ""
    while page := names_of(ctl.bus.call(NAME, PATH, INTERFACE, "ListPublications", "su", after, 7)):
        test.check(len(page) == 7 or len(found) == 14, f"a page of {len(page)} behind {len(found)}")
        found, after = found + page, page[-1]
    test.equal(found, [f"_vlmcs._tcp.{domain}" for domain in domains], "records")
    test.equal(len(names_of(ctl.bus.call(NAME, PATH, INTERFACE, "ListPublications", "su", "", 0))), 20, "with limit 0")
    test.equal([one["domain"] for one in ctl.json("status")["publications"]], domains, "domains")


@scenario(timeout=90.0)
def more_domains_than_a_page_holds(test):
    domains = [f"d{i:04}.contoso.com" for i in range(5003)]
    _, ctl = controlled(test, domains=domains, Update=RARELY)  # no resolver answers
    begin = time.monotonic()
    found = [one["domain"] for one in ctl.json("status")["publications"]]
    test.equal((len(found), found == domains), (5003, True), "domains")
    test.check(re.search("^5003 domains: ", ctl.run("status").stdout, re.M), "the summary")
    test.check(time.monotonic() - begin < 10, f"it took {time.monotonic() - begin:.1f} s")


def names_of(answer):
    return list(dict.fromkeys(re.findall(r'"(_vlmcs\._tcp\.[^"]*)"', answer)))


HOSTILE = (
    ("GetPublication", "s", ""), ("GetPublication", "s", "."), ("GetPublication", "s", ".."),
    ("GetPublication", "s", "x" * 100000), ("GetPublication", "s", "a." * 600), ("GetPublication", "s", "%s%n%s"),
    ("GetPublication", "s", "\\300.contoso.com"), ("GetPublication", "s", "\\999"), ("GetPublication", "s", "ä\x1b[31m"),
    ("GetPublication", "u", 1), ("GetPublication",), ("Withdraw", "s", ""), ("Publish", "s", "x" * 100000),
    ("Forget", "s", "\\"), ("Takeover", "ssq", "contoso.com", "", 0), ("Takeover", "ssq", "contoso.com", "a..b", 0),
    ("Takeover", "ssq", "contoso.com", "x" * 100000, 65535), ("GetPlan", "ssq", "contoso.com", "y" * 64, 1),
    ("GetPlan", "ssq", "", "", 0), ("ListPublications", "s", "x"), ("NoSuchMember",),
)


@scenario()
def hostile_calls_do_no_harm(test):
    """Each is answered with an error, and the daemon goes on."""
    server = test.primary(kind="named")
    daemon, ctl = controlled(test)
    ctl.wait_state("contoso.com", "published")
    for member, *arguments in HOSTILE:
        done = ctl.bus.busctl("call", NAME, PATH, INTERFACE, member, *(["--"] if not arguments else []), *arguments)
        test.check(done.returncode != 0 and done.stderr and len(done.stderr) < 1000,
                   f"{member} {str(arguments)[:60]}: {done.stdout[:200]}{done.stderr[:200]}")
    test.equal(ctl.bus.call(NAME, PATH, INTERFACE, "ListPublications", "su", "x" * 100000, 0), "a(ssasssbtssstsuuas) 0",
               "a page behind a text that is no name")
    test.equal(ctl.bus.busctl("set-property", NAME, PATH, INTERFACE, "Status", "s", "x").returncode, 1, "set-property")
    test.check(not daemon.said("(?i)error|cannot"), "it complains")
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)


@scenario()
def words_of_the_operators_come_through(test):
    """A withdrawal whose key has gone: its path, in UTF-8, is in the status; forget ends it."""
    test.primary(kind="named")
    key = test.path("schlüssel")
    key.write_text(KEY.text())
    key.chmod(0o600)
    daemon, ctl = controlled(test, Update={"KeyFile": key})
    ctl.wait_state("contoso.com", "published")
    daemon.terminate()
    key.unlink()
    daemon.configure(domains=["emea.contoso.com"], Update={})
    daemon.start()
    ctl.bus.wait_daemon()
    ctl.wait_state("emea.contoso.com", "published")
    test.check("/schlüssel" in ctl.wait_state("contoso.com", "failed")["error"], f"{ctl.json('status')}")
    ctl.run("forget", "contoso.com")
    test.equal([one["domain"] for one in ctl.json("status")["publications"]], ["emea.contoso.com"], "what is left")


@scenario()
def plans_are_bounded(test):
    """Everybody may ask for plans, but only so many at a time: the others are told so at once."""
    server = test.primary(kind="scripted")
    _, ctl = controlled(test, Update={**RARELY, "Timeout": "20s"})
    ctl.wait_state("contoso.com", "published")
    server.hold()
    asking = [Process(ctl.argv("plan", "contoso.com"), test.path("plan.log"), env=ctl.environment) for _ in range(70)]
    wait_until(lambda: sum(not process.is_running() for process in asking) == 6,
               lambda: f"{sum(not process.is_running() for process in asking)} were refused", 30)
    test.equal({process.wait() for process in asking if not process.is_running()}, {1}, "their exit")
    test.equal(ctl.json("status", "contoso.com")["state"], "published", "the state meanwhile")
    server.release()
    test.equal(sorted({process.wait(30) for process in asking}), [0, 1], "exits")


@scenario(servers=("named",))
def a_reload_is_seen(test):
    """What is added and changed by a reload, and what leaves the list, shows in the status."""
    server = test.primary()
    daemon, ctl = controlled(test, domains=["contoso.com"])
    ctl.wait_state("contoso.com", "published")
    ctl.run("withdraw", "contoso.com")
    mark = daemon.mark()
    daemon.reload(domains=["emea.contoso.com"])
    ctl.wait_state("emea.contoso.com", "published")
    wait_until(lambda: "contoso.com" not in [one["domain"] for one in ctl.json("status")["publications"]],
               "contoso.com is still there")
    daemon.reload(domains=["contoso.com", "emea.contoso.com"], Service={"Weight": 9})
    test.equal(ctl.wait_state("contoso.com", "published")["srv"], ["0 9 1688 kms1.contoso.com."], "srv")
    test.wait_srv(server, "contoso.com", [OURS._replace(weight=9)])
    daemon.wait_log(about("contoso.com", PUBLISHED), after=mark)
