"""Who owns a name in Active Directory: whoever made it. The second host is denied and told how that is
cured; each cure, and what two hosts do at a name that both may write."""
import re
import shlex
import subprocess

from support.accounts import complaints, controlled, kms, publisher, replace_keytab
from support.clock import Clock
from support.daemon import PUBLISHED
from support.samba import COMPUTERS, GROUP, PASSWORD, SERVICE
from support.scenario import scenario
from support.waiting import Failure, wait_until

NEVER = "1h"
LEAVES = {"OnStop": "withdraw"}
ALONE = {"Mode": "exclusive"}


def denied(test, start=controlled, **config):
    """Returns the name, its owner who publishes there, and who may not."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1")
    name.wait({first: kms(server)})
    second = start(test, server, "kms2", **config)
    second.wait_about(server.domain, "denied")
    return name, first, second


def allowed(test, hosts=("kms1", "kms2"), start=publisher, **config):
    """Two hosts that publish at a name that their group may write."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    seed = f"seed.{server.domain} 1688 0 0"
    server.add_record("SRV", seed)
    server.grant()
    server.join(*COMPUTERS)
    daemons = [start(test, server, host, **config) for host in hosts]
    return name, *daemons


def samba_tool(server, *words):
    argv = ["samba-tool", *words, "--configfile", server.directory / "smb.conf"]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise Failure(f"samba-tool {' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


def dsacl_command(line):
    """The words of the command that a message tells an administrator to run."""
    found = re.search(r"samba-tool (dsacl set( --\w+=(\"[^\"]*\"|'[^']*'|\S+))+)", line)
    if not found:
        raise Failure(f"no command in: {line}")
    return shlex.split(found[1])


@scenario()
def second_host_is_denied(test):
    """What is said: whose record is there, who we are, and the cures in order. Nothing is harmed."""
    name, first, second = denied(test)
    domain = name.domain
    before = name.read()
    told = second.ctl.wait_state(domain, "denied")
    line = second.wait_about(domain, "denied")
    for words in (rf"kms1\.{domain}", rf"kms2\$@{domain.upper()}",
                  "samba-tool dsacl set .*MicrosoftDNS.*keytab.*delete"):
        test.check(re.search(words, line), f"it does not say {words}: {line}")
    test.check(rf"kms2$@{domain.upper()}" in str(told), f"status does not say who we are: {told}")
    name.stays({first: kms(name.server)}, seconds=2)
    test.equal(name.read(), before, "the record")
    test.equal(len(second.said_about(domain, "denied")), 1, "times that it says so")
    test.equal(complaints(first), [], "complaints of the first one")


@scenario()
def denied_name_holds_no_other_up(test):
    server = test.server("samba")
    first = publisher(test, server, "kms1", domains=[f"site1.{server.domain}"])
    test.wait_srv(server, f"site1.{server.domain}", [kms(server)])
    second = publisher(test, server, "kms2", domains=[f"site{n}.{server.domain}" for n in range(3)])
    for n, host in ((0, 2), (1, 1), (2, 2)):
        test.wait_srv(server, f"site{n}.{server.domain}", [kms(server, host)])
    second.wait_about(f"site1.{server.domain}", "denied")
    test.equal(len(second.said("denied")), 1, "denials")
    test.equal(complaints(first), [], "complaints of the first one")


@scenario(cases={"retry": ("1s",), "command": (NEVER,)})
def group_with_the_right_cures(test, retry_max):
    """The administrator does what the message says. It heals at the next try, or at once by command:
    membership is in the ticket, so each begins with a new one."""
    # By command also when the last try was a moment ago.
    name, first, second = denied(test, Update={"RetryMin": "30s" if retry_max == NEVER else "200ms", "RetryMax": retry_max})
    server = name.server
    line = second.wait_about(name.domain, "denied")
    found = samba_tool(server, "group", "show", GROUP, "--attributes=objectSid")
    sid = re.search(r"^objectSid: (\S+)$", found, re.M)[1]
    words = dsacl_command(line)
    test.say(f"samba-tool {shlex.join(words)}")
    test.check(any("SID" in word for word in words), f"no place for the group's SID: {words}")
    samba_tool(server, *(re.sub(r"<[^>]*SID[^>]*>|\$?\bSID\b", sid, word) for word in words))
    server.join(*COMPUTERS)
    if retry_max == NEVER:
        second.ctl.run("publish", name.domain)
    name.wait({first: kms(server), second: kms(server, 2)}, timeout=0 if retry_max == NEVER else 10)
    second.ctl.wait_state(name.domain, "published")
    test.write_nothing(first, second)


@scenario()
def one_account_on_all_hosts_cures(test):
    """The owner is an account that no machine has for itself."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1", account=SERVICE)
    name.wait({first: kms(server)})
    second = publisher(test, server, "kms2")
    second.wait_about(server.domain, "denied")
    second.reload(keytab=server.keytab(SERVICE), Update={"Principal": SERVICE})
    name.wait({first: kms(server), second: kms(server, 2)})
    test.write_nothing(first, second)


@scenario()
def right_of_its_own_cures(test):
    """The account alone is granted the right, in no group. Nothing names it, the keytab has but one; and one
    that is written anew is no reason to write."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1")
    name.wait({first: kms(server)})
    test.host_name(f"kms2.{server.domain}")
    second = publisher(test, server, "kms2", Update={"Principal": None})
    second.wait_about(server.domain, "denied", r"kms2\$@")
    server.grant(to="kms2$")
    name.wait({first: kms(server), second: kms(server, 2)})
    replace_keytab(second, server.keytab("kms2$"))
    test.write_nothing(first, second)


def deletions(line):
    """The samba-tool commands that free the name, of the third cure."""
    place, rdatas = re.search(r"samba-tool (dns delete \S+ \S+ \S+ \S+ \S+) (SRV .*?); samba-tool dns query", line).groups()
    for part in re.split(r", and with (?=TXT )", rdatas):
        type_, rest = part.split(" ", 1)
        for word in rest.split(", the same with "):
            yield [*shlex.split(place), type_, *shlex.split(word)]


@scenario()
def name_that_is_emptied_once_is_made_by_the_second_host(test):
    """With its last record, a claim too, a name loses its owner, and whoever comes first has it. The
    administrator does what the message says."""
    name, first, second = denied(test)
    server = name.server
    first.kill()
    for words in deletions(second.wait_about(name.domain, "denied")):
        test.say(f"samba-tool {shlex.join(words)}")
        _, _, _, administrator, through, *rest = words
        test.equal(through, second.proxy.address, "the server that it names")
        samba_tool(server, "dns", "delete", "-U", f"{administrator}%{PASSWORD}", server.address, *rest)
    name.wait({second: kms(server, 2)})
    first.start()
    first.wait_about(server.domain, "denied", rf"kms2\.{server.domain}")
    name.stays({second: kms(server, 2)}, seconds=1)


@scenario()
def hosts_of_a_group_come_and_go(test):
    name, first, second = allowed(test, Ownership=LEAVES)
    server = name.server
    seed = [kms(server)._replace(target=f"seed.{server.domain}", ttl=900)]
    ours, theirs = kms(server, ttl=900), kms(server, 2, ttl=900)
    name.wait({first: ours, second: theirs}, srvs=seed)
    test.write_nothing(first, second)
    second.reload(Service={"Priority": 5, "Weight": 7})
    after = name.wait({first: ours, second: theirs._replace(priority=5, weight=7)}, srvs=seed)
    second.terminate()
    left = name.wait({first: ours}, srvs=seed)
    test.equal(left.octets, after.octets - after.of(f"kms2.{server.domain}"), "what stays")
    second.start()
    name.wait({first: ours, second: theirs._replace(priority=5, weight=7)}, srvs=seed)
    first.terminate()
    second.terminate()
    name.wait({}, srvs=seed)


@scenario()
def claims_last_as_long_as_the_name(test):
    """Over a restart of the domain controller, and of publishers that know nothing any more of what they wrote."""
    name, first, second = denied(test, start=publisher)
    server = name.server
    server.grant(to="kms2$")
    before = name.wait({first: kms(server), second: kms(server, 2)})
    server.restart()
    for daemon in (first, second):
        daemon.kill()
        for path in daemon.state_directory.glob("*.db*"):
            path.unlink()
        daemon.start()
        daemon.wait_about(server.domain, PUBLISHED, "already")
    test.equal(name.read(), before, "the record")
    for daemon in (first, second):
        daemon.reload(Publish={"DnsPublishing": "no"})
    name.wait({})


@scenario(cases={"allowed": (True,), "denied": (False,)})
def host_is_replaced(test, may):
    name, first, second = denied(test)
    server, domain = name.server, name.domain
    first.kill()
    if may:
        server.grant()
        server.join("kms2$")
        second.ctl.wait_state(domain, "published")
    before = name.read()
    done = second.ctl.run("takeover", domain, "--from", f"kms1.{domain}", "--yes", expect=0 if may else 1)
    if may:
        name.wait({second: kms(server, 2)}, timeout=0)
        second.wait_about(domain, "taken over", rf"kms1\.{domain}")
    else:
        test.check("denied" in done.stdout + done.stderr, f"it does not say why: {done.stdout}{done.stderr}")
        test.equal(name.read(), before, "the record")


@scenario()
def exclusive_host_of_a_group_stands_by_and_takes_over(test):
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1", Ownership={**ALONE, **LEAVES})
    name.wait({first: kms(server)})
    server.grant()
    server.join(*COMPUTERS)
    second = controlled(test, server, "kms2", Ownership=ALONE)
    second.ctl.wait_state(server.domain, "standby")
    test.write_nothing(first, second)
    test.equal(second.proxy.contexts, 0, "contexts of one that stands by")
    first.terminate()
    name.wait({second: kms(server, 2)})


@scenario()
def exclusive_host_finds_a_name_free_that_it_may_not_write(test):
    """The name stays its former holder's, who comes back to it."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1", Ownership={**ALONE, **LEAVES})
    name.wait({first: kms(server)})
    second = controlled(test, server, "kms2", Ownership=ALONE)
    second.ctl.wait_state(server.domain, "standby")
    first.terminate()
    second.ctl.wait_state(server.domain, "denied")
    first.start()
    name.wait({first: kms(server)})
    second.ctl.wait_state(server.domain, "standby")


@scenario()
def one_of_two_exclusive_hosts_that_start_together_publishes(test):
    """What is exact on Samba: that there is no SRV. The name's former holder has left; the right stays."""
    server = test.server("samba")
    name = test.record_name(server, server.domain)
    first = publisher(test, server, "kms1", Ownership={**ALONE, **LEAVES})
    name.wait({first: kms(server)})
    server.grant()
    server.join(*COMPUTERS)
    first.terminate()
    name.wait({})
    second = publisher(test, server, "kms2", start=False, Ownership=ALONE)
    for daemon in (first, second):
        daemon.start()
    for daemon in (first, second):
        daemon.wait_about(server.domain, f"standby|{PUBLISHED}")
    wait_until(lambda: name.is_as(name.read(), {first: kms(server)}) or name.is_as(name.read(), {second: kms(server, 2)}),
               lambda: f"not one holder: {name.read()}")


@scenario()
def record_of_a_host_that_died_is_reclaimed(test):
    """O8, by another account that may write the name."""
    def with_clock(*arguments, **config):
        daemon = publisher(*arguments, start=False, **config)
        daemon.clock = Clock(test, daemon)
        daemon.start()
        return daemon

    name, first, second = allowed(test, start=with_clock, Ownership={"Lease": "1min", "ReclaimExpired": "yes"})
    server = name.server
    seed = [kms(server)._replace(target=f"seed.{server.domain}", ttl=900)]
    name.wait({first: kms(server, ttl=900), second: kms(server, 2, ttl=900)}, srvs=seed)
    first.kill()
    test.wait_looks(second, checks=1)
    second.clock.ahead(11 * 60, wall=2 * 60)
    name.wait({second: kms(server, 2, ttl=900)}, srvs=seed)
    second.wait_about(server.domain, "lease had run out")
