"""SIGHUP, bad files and a damaged state: what was in force stays in force, and it is said why."""
import os
import signal

from support.bus import Bus, Ctl
from support.client import OURS
from support.daemon import PUBLISHED
from support.process import Process
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone

BOTH = ("named", "knot")
RECORD = "_vlmcs._tcp.contoso.com."


@scenario(servers=BOTH)
def domain_added_by_reload(test):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.reload(domains=["contoso.com", "adsecurity.org"])
    test.wait_srv(server, "adsecurity.org", [OURS])
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)


@scenario(servers=("named",), cases={
    "syntax": ("[Service\nPort=1\n",), "unknown-key": ("[Service]\nPrt=1\n",),
    "bad-value": ("[Service]\nPort=99999\n",), "unknown-section": ("[Servcie]\nPort=1\n",),
    "bad-target": ("[Service]\nTarget=-bad-.contoso.com\n",)})
def broken_file_leaves_the_running_configuration(test, text):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    daemon.replace_config(text)
    daemon.reload()
    daemon.wait_log(r"srvpubd\.conf:\d+: ", after=mark)
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.configure()
    daemon.reload(domains=["contoso.com", "adsecurity.org"])
    test.wait_srv(server, "adsecurity.org", [OURS])


@scenario(servers=("named",))
def missing_file_leaves_the_running_configuration(test):
    server = test.primary()
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    daemon.config_path.unlink()
    daemon.reload()
    daemon.wait_log(r"srvpubd\.conf", after=mark)
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(servers=("named",))
def reload_is_told_to_systemd(test):
    test.primary()
    daemon = test.daemon()
    daemon.wait_notify("READY=1")
    daemon.told.clear()
    daemon.reload()
    daemon.wait_notify("RELOADING=1")
    daemon.wait_notify("READY=1")
    daemon.process.signal(15)
    daemon.wait_notify("STOPPING=1")
    daemon.wait_end(0)


@scenario(servers=("named",))
def status_tells_systemd_how_things_are(test):
    test.primary(zones=[Zone("contoso.com"), Zone("adsecurity.org", update=())])
    daemon = test.daemon(domains=["contoso.com", "adsecurity.org"])
    daemon.wait_notify("STATUS=published 1/2, 1 denied: adsecurity.org")
    daemon.reload(domains=["contoso.com"])
    daemon.wait_notify("STATUS=published 1/1")


@scenario(servers=("named",))
def reload_without_change_disturbs_nothing(test):
    server = test.primary()
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    mark = daemon.mark()
    for _ in range(20):
        daemon.reload()
    test.srv_stays(server, "contoso.com", [OURS], seconds=1)
    test.check(not daemon.said("(?i)withdr|fail", mark), "nothing is withdrawn or fails")
    test.check(not daemon.said_about("contoso.com", PUBLISHED, after=mark), "published was said already")


@scenario(servers=("named",))
def drop_ins_are_read_in_order(test):
    server = test.primary()
    daemon = test.daemon(start=False)
    directory = daemon.config_path.with_name(daemon.config_path.name + ".d")
    directory.mkdir()
    (directory / "10-first.conf").write_text("[Service]\nPriority=1\nWeight=1\n"
                                             "[Publish]\nDnsDomainPublishList=adsecurity.org\n")
    (directory / "20-second.conf").write_text("[Service]\nPriority=2\n")
    (directory / "30-ignored.txt").write_text("[Service]\nPriority=3\n")
    daemon.start()
    for domain in ("contoso.com", "adsecurity.org"):
        test.wait_srv(server, domain, [OURS._replace(priority=2, weight=1)])
    (directory / "40-reset.conf").write_text("[Publish]\nDnsDomainPublishList=\nDnsDomainPublishList=adsecurity.org\n")
    daemon.reload()
    test.wait_srv(server, "contoso.com", [])
    test.srv_stays(server, "adsecurity.org", [OURS._replace(priority=2, weight=1)], seconds=0.5)


@scenario(servers=("named",))
def key_file_below_the_credentials_directory(test):
    server = test.primary()
    path = test.key_file()
    daemon = test.daemon(start=False, Update={"KeyFile": path.name})
    daemon.environment["CREDENTIALS_DIRECTORY"] = str(path.parent)
    daemon.start()
    test.wait_srv(server, "contoso.com", [OURS])


# State.

def state_files(daemon):
    return sorted(path.name for path in daemon.state_directory.iterdir())


@scenario(servers=("named",), cases={
    "garbage": (lambda path: path.write_bytes(os.urandom(20000)),),
    "empty": (lambda path: path.write_bytes(b""),),
    "cut": (lambda path: os.truncate(path, 3000),),
    "text": (lambda path: path.write_text("this is not a database\n" * 500),)})
def damaged_state_is_set_aside(test, damage):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.terminate()
    for path in daemon.state_directory.glob("state.db-*"):
        path.unlink()
    damage(daemon.state_directory / "state.db")
    daemon.start()
    test.nsupdate(server, f"update delete {RECORD} SRV")
    test.wait_srv(server, "contoso.com", [OURS])
    if test.scenario.case != "empty":
        daemon.wait_log(r"state\.db\.bad-")
        test.check(any(name.startswith("state.db.bad-") for name in state_files(daemon)), "the damaged file is kept")
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", [])


@scenario(servers=("named",))
def lost_state_publishes_all_the_same(test):
    server = test.primary()
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.kill()
    for path in daemon.state_directory.iterdir():
        path.unlink()
    daemon.start()
    daemon.reload(Service={"Priority": 3})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=3)])


@scenario(servers=("named",))
def second_daemon_on_one_state_ends(test):
    test.primary()
    daemon = test.daemon()
    daemon.wait_ready()
    second = test.daemon(state=daemon.state_directory, start=False)
    done = second.run(expect=1)
    test.check(str(daemon.state_directory) in done.stderr, f"it names the directory: {done.stderr}")


@scenario(servers=("named",))
def killed_at_any_moment_it_goes_on(test):
    """kill -9 again and again while it publishes and withdraws: in the end all is as configured."""
    server = test.primary()
    daemon = test.daemon(start=False)
    names = [f"site{n}.contoso.com" for n in range(20)]
    for turn in range(12):
        daemon.configure(domains=names[turn % 3::2])
        mark = 0
        daemon.start()
        daemon.wait_log("." if turn % 2 else "published|withdr", after=mark)
        daemon.kill()
    daemon.configure(domains=names[:3])
    daemon.start()
    for number, name in enumerate(names):
        test.wait_srv(server, name, [OURS] if number < 3 else [], timeout=15)


# Many domains, which are read in a thread and followed in turns.

MANY = [f"d{number:05}.contoso.com" for number in range(20000)]
NOWHERE = {"Server": "127.0.0.9", "RetryMin": "1h", "RetryMax": "1h"}  # nobody listens there


def publisher_of_many(test):
    daemon = test.daemon(domains=MANY, Update=NOWHERE)
    daemon.wait_ready()
    daemon.wait_notify(r"READY=1")
    return daemon


def times_told(daemon, text):
    return sum(line == text for line in daemon.told)


def reload_is_over(daemon):
    return [line for line in daemon.told if line in ("READY=1", "RELOADING=1")][-1] == "READY=1"


@scenario(servers=("named",))
def later_signal_has_the_last_word(test):
    """However many come while the configuration is read or followed: READY=1 is told when the last is."""
    server = test.primary()
    daemon = publisher_of_many(test)
    mark = daemon.mark()
    daemon.reload(domains=MANY[:-1])
    daemon.wait_log("configuration read again: 19999 domains", after=mark)
    daemon.reload(domains=MANY[:-2])
    daemon.reload(domains=["contoso.com"], Update={"Server": server.address})
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_notify("STATUS=published 1/1")
    wait_until(lambda: times_told(daemon, "READY=1") > 1, "it is not told when all is followed", 5)
    test.check(times_told(daemon, "RELOADING=1") >= 2, "a signal is told, be it alone or one with another")
    test.check(reload_is_over(daemon), "the end is told last")


@scenario(servers=("named",))
def all_are_known_when_it_is_over(test):
    """When READY=1 is told, srvpubctl finds the last of those that are new."""
    test.primary()
    bus = Bus(test).start()
    daemon = test.daemon(environment=bus.environment, Update=NOWHERE)
    bus.wait_daemon()
    daemon.wait_notify("READY=1")
    daemon.reload(domains=MANY)
    wait_until(lambda: "RELOADING=1" in daemon.told and reload_is_over(daemon), "it is not over", 30, pause=0.001)
    test.check(MANY[-1] in Ctl(test, bus).run("status", MANY[-1]).stdout, "the last is not known")


@scenario(servers=("named",), cases={"start": (False,), "reload": (True,)})
def ends_in_the_middle_of_many(test, reloads):
    test.primary()
    daemon = publisher_of_many(test)
    if reloads:
        daemon.reload(domains=MANY[1:])
        daemon.wait_notify("RELOADING=1")
    daemon.process.signal(15)
    daemon.wait_end(0)
    test.check("STOPPING=1" in daemon.told, "the end is told")


@scenario(servers=("named",))
def broken_file_in_the_middle_of_many(test):
    """What was read before it is followed, and stays in force until the file is mended; systemd is told that each
    reload is over."""
    server = test.primary()
    daemon = publisher_of_many(test)
    mark = daemon.mark()
    daemon.reload(domains=["contoso.com"], Update={"Server": server.address})
    daemon.wait_log("configuration read again: 1 domain", after=mark)
    daemon.replace_config("[Service\n")
    daemon.reload()
    daemon.wait_log("the new configuration is not used: the running one stays in force", after=mark)
    test.wait_srv(server, "contoso.com", [OURS])
    wait_until(lambda: reload_is_over(daemon), "it is not told that the refused one is over", 5)
    daemon.reload(domains=["contoso.com"], Service={"Priority": 3}, Update={"Server": server.address})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=3)])
    wait_until(lambda: reload_is_over(daemon), "it is not told that the mended one is over", 5)


@scenario(servers=("named",))
def command_after_the_signal_is_the_later_word(test):
    """What is withdrawn while the reload goes on stays so, though the reload changes it."""
    server = test.primary()
    bus = Bus(test).start()
    config = {"domains": ["contoso.com", *MANY], "Update": NOWHERE,
              "extra": f"[Domain contoso.com]\nServer={server.address}\n"}
    daemon = test.daemon(start=False, **config)
    daemon.environment.update(bus.environment)
    daemon.start()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.process.signal(signal.SIGSTOP)
    daemon.reload(**config, Service={"Priority": 3})
    command = Process(Ctl(test, bus).argv("withdraw", "contoso.com"), test.path("withdraw.log"),
                      env={**os.environ, **bus.environment})
    wait_until(lambda: bus.busctl("list").stdout.count(" srvpubctl ") == 1, "it does not come onto the bus")
    daemon.process.signal(signal.SIGCONT)
    test.equal(command.wait(10), 0, "exit")
    wait_until(lambda: reload_is_over(daemon), "it is not told when all is followed", 5)
    test.srv_stays(server, "contoso.com", [], seconds=0.5)
    daemon.reload(**config, Service={"Priority": 4})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=4)])
