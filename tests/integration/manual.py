"""What the README tells an administrator to write works as it stands there; and the daemon is clean
under valgrind."""
import pathlib
import re
import shutil
import subprocess

from support import client
from support.client import OURS, Srv
from support.daemon import PUBLISHED, about
from support.process import Process
from support.scenario import KEY, ROOT, scenario
from support.servers import unconfined
from support.waiting import Failure, Skip, wait_until
from support.zone import Zone

README = (ROOT / "README.md").read_text(encoding="utf-8")
SPLIT = "awk -v me=0 -v of=4 'BEGIN { for (i = 33; i < 127; i++) code[sprintf(\"%c\", i)] = i"
RECORD = Srv("kms.contoso.com", 1688, 0, 0, 3600)
NAMED_OPTIONS = """options {{ directory "{0}"; pid-file none; session-keyfile none; recursion no; notify no;
          listen-on port 53 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; dnssec-validation no; }};
controls {{ }};
"""
KNOT_OPTIONS = """server:
  listen: 127.0.0.1@53
  rundir: {0}
  pidfile: {0}/pid
database:
  storage: {0}/db
log:
  - target: stderr
    any: info
"""


def block(start):
    """The indented block of the README that begins with this line."""
    indent, body = re.search(rf"^( {{4,}}){re.escape(start)}\n((?:(?:\1.*)?\n)*)", README, re.M).groups()
    return f"{start}\n" + re.sub(rf"^{indent}", "", body, flags=re.M).rstrip() + "\n"


def named_command(directory, zone_file, key_file):
    text = block('include "/etc/bind/tsig.key";').replace("/etc/bind/tsig.key", str(key_file))
    config = directory / "named.conf"
    config.write_text(NAMED_OPTIONS.format(directory) + text.replace("/var/lib/bind/contoso.com", str(zone_file)))
    return [unconfined(shutil.which("named", path="/usr/sbin:/usr/bin"), directory), "-f", "-n", "1", "-c", config]


def knot_command(directory, zone_file, key_file):
    text = block("key:").replace("secret: ...", f"secret: {KEY.secret}").replace("kms-key", KEY.name)
    config = directory / "knot.conf"
    (directory / "db").mkdir()
    config.write_text(KNOT_OPTIONS.format(directory) + text + f"    file: {zone_file}\n    zonefile-sync: -1\n")
    return [shutil.which("knotd", path="/usr/sbin:/usr/bin"), "-c", config]


def answers(server):
    if not server.is_running():
        raise Failure("it ended at its start: " + "\n".join(server.lines))
    try:
        return client.ask("127.0.0.1", "contoso.com", "SOA", timeout=0.3).answer
    except (OSError, Failure):
        return False


@scenario(cases={"named": (named_command,), "knot": (knot_command,)})
def readme_is_right(test, command):
    """The statements for the server, and the first srvpubd.conf: the one name may be written, no other."""
    key_file = test.path("tsig.key")
    key_file.write_text(KEY.text().replace(KEY.name, "kms-key") if command is named_command else KEY.text())
    key_file.chmod(0o600)
    zone_file = test.path("contoso.com")
    zone_file.write_text(Zone("contoso.com", (("kms", 3600, "A", "127.0.1.1"),)).text())
    server = Process(command(test.directory, zone_file, key_file), test.path("server.log"))
    wait_until(lambda: answers(server), "the server does not answer")
    text = block("[Service]").replace("/etc/srvpubd/tsig.key", str(key_file))
    daemon = test.daemon(text=text + "Timeout=1s\nRetryMin=200ms\nRetryMax=1s\n[Publish]\nResolver=127.0.0.1\n")
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.wait_about("emea.contoso.com", "denied")
    test.wait_srv("127.0.0.1", "contoso.com", [RECORD])
    daemon.terminate()
    server.terminate()


@scenario()
def readme_splits_a_list(test):
    """Each domain is in one part, and stays there when others come and go; each part is a good configuration."""
    names = ["a", "xn--mnchen-3ya", "0-9", *(f"site{number}" for number in range(300))]
    domains = [f"{name}.example" for name in names]
    (test.directory / "domains.txt").write_text("# all\n" + "".join(f"{domain}, 1, 2\n" for domain in domains))
    parts = []
    for number in range(4):
        text = block("[Service]").replace("/etc/srvpubd/tsig.key", str(test.key_file()))
        daemon = test.daemon(start=False, text=text)
        directory = pathlib.Path(f"{daemon.config_path}.d")
        directory.mkdir()
        command = block(SPLIT).replace("me=0", f"me={number}").replace("/etc/srvpubd/srvpubd.conf.d", str(directory))
        subprocess.run(["sh", "-c", command], cwd=test.directory, timeout=10, check=True)
        parts.append(re.findall(r"^    (\S+), 1, 2$", (directory / "50-list.conf").read_text(), re.M))
        daemon.check_config()
        daemon.start()
        daemon.wait_log(f"started: {len(parts[-1])} domains")
        daemon.terminate()
    test.equal(sorted(sum(parts, [])), sorted(domains), "the parts together")
    test.check(min(map(len, parts)) > len(domains) / 8, f"parts of {list(map(len, parts))} domains")


@scenario()
def readme_fails_over(test):
    """The one file on both machines: one holds, the other stands by."""
    server = test.primary(kind="named")
    text = block("# /etc/srvpubd/srvpubd.conf.d/60-failover.conf")
    daemons = [test.daemon(Service={"Target": f"kms{number}.contoso.com"}, extra=text) for number in (1, 2)]
    for daemon in daemons:
        daemon.wait_about("contoso.com", f"standby|{PUBLISHED}")
    held = test.record_name(server).read()
    test.equal([(len(held.srvs), claim.lease) for claim in held.claims], [(1, 3600)], "SRVs and leases")


@scenario(servers=("named",), timeout=120.0)
def clean_under_valgrind(test):
    """Publishes, repairs, reloads, withdraws, meets a dead server: no error and no leak."""
    valgrind, program = shutil.which("valgrind"), ROOT / "build/srvpubd"
    if not valgrind:
        raise Skip("valgrind is not installed (tests/support/deps install test)")
    wrapper = test.path("srvpubd")
    wrapper.write_text(f'#!/bin/sh\nexec {valgrind} --quiet --leak-check=full --show-leak-kinds=definite,possible '
                       f'--errors-for-leak-kinds=definite,possible --error-exitcode=99 {program} "$@"\n')
    wrapper.chmod(0o700)
    test.program = wrapper
    server = test.primary()
    daemon = test.daemon(domains=["contoso.com", "emea.contoso.com", "adsecurity.org"],
                         Update={"Timeout": "2s"}, Ownership={"OnStop": "withdraw"})
    test.wait_srv(server, "adsecurity.org", [OURS], timeout=30)
    daemon.wait_log(about("adsecurity.org", PUBLISHED), timeout=30)
    test.nsupdate(server, "update delete _vlmcs._tcp.adsecurity.org. SRV")
    daemon.wait_log(about("adsecurity.org", "repaired"), timeout=30)
    daemon.reload(domains=["contoso.com", "emea.contoso.com"], Service={"Weight": 7})
    test.wait_srv(server, "contoso.com", [OURS._replace(weight=7)], timeout=30)
    daemon.wait_log(about("adsecurity.org", "withdrawn"), timeout=30)
    server.kill()
    daemon.wait_log(about("contoso.com", "cannot be reached"), timeout=30)
    server.start()
    daemon.wait_log(about("contoso.com", PUBLISHED, "already"), timeout=30)
    daemon.terminate(timeout=60)
    test.wait_srv(server, "contoso.com", [])
