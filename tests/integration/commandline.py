"""Options and exit codes: --once, --dry-run, --check-config, --version, --help."""
import subprocess

from support import client, faults
from support.client import OURS, Srv
from support.scenario import scenario
from support.zone import Zone

BOTH = ("named", "knot")
TWO = ["contoso.com", "adsecurity.org"]


def lines_about(text, domain):
    return [line for line in text.splitlines() if domain in line]


@scenario(servers=BOTH)
def once_publishes_and_ends(test):
    server = test.primary()
    daemon = test.daemon(start=False, domains=TWO)
    for _ in range(2):
        done = daemon.once()
        for domain in TWO:
            test.srv_stays(server, domain, [OURS], seconds=0.1)
            test.check(lines_about(done.stdout + done.stderr, domain), f"a line about {domain}")


@scenario(servers=BOTH)
def once_fails_when_one_domain_fails(test):
    server = test.primary(zones=[Zone("contoso.com")])
    daemon = test.daemon(start=False, domains=["contoso.com", "adsecurity.org"])
    done = daemon.once(expect=1)
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.1)
    test.check(lines_about(done.stdout + done.stderr, "adsecurity.org"), "a line about what failed")


@scenario()
def once_fails_when_the_server_is_down(test):
    test.daemon(start=False).once(expect=1)


@scenario()
def once_fails_when_refused(test):
    server = test.primary(kind="scripted")
    server.always("update", faults.rcode("REFUSED"))
    test.daemon(start=False).once(expect=1)
    test.check(server.counts["update"] <= 2, f"{server.counts['update']} updates in one pass")


@scenario(servers=BOTH)
def once_withdraws_too(test):
    server = test.primary()
    daemon = test.daemon(start=False, domains=TWO)
    daemon.once()
    daemon.configure(domains=["contoso.com"])
    daemon.once()
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.1)
    test.srv_stays(server, "adsecurity.org", [], seconds=0.1)


@scenario(servers=("named",))
def once_does_not_withdraw_at_its_end(test):
    server = test.primary()
    test.daemon(start=False, Ownership={"OnStop": "withdraw"}).once()
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.1)


@scenario(servers=BOTH)
def dry_run_changes_nothing_and_its_script_works(test):
    server = test.primary()
    daemon = test.daemon(start=False, domains=TWO)
    done = daemon.dry_run()
    for domain in TWO:
        test.srv_stays(server, domain, [], seconds=0.1)
    for word in ("update add", "send", "zone "):
        test.check(word in done.stdout, f"no '{word}' in\n{done.stdout}")
    test.equal(client.nsupdate(done.stdout.splitlines(), test.key_file()), "NOERROR", "nsupdate's answer to the script")
    for domain in TWO:
        test.wait_srv(server, domain, [OURS])
    again = daemon.dry_run()
    test.check("update " not in again.stdout, f"all is in order, yet\n{again.stdout}")


@scenario(servers=BOTH)
def dry_run_shows_a_repair(test):
    wrong, foreign = OURS._replace(priority=9), Srv("kms9.contoso.com", 1, 2, 3)
    records = tuple(("_vlmcs._tcp", 3600, "SRV", record.rdata()) for record in (wrong, foreign))
    server = test.primary(zones=[Zone("contoso.com", records)])
    done = test.daemon(start=False).dry_run()
    test.check("update delete" in done.stdout and "update add" in done.stdout, done.stdout)
    test.check("kms9" not in "".join(line for line in done.stdout.splitlines() if line.startswith("update")),
               "foreign records are in no update")
    test.srv_stays(server, "contoso.com", [wrong, foreign], seconds=0.1)
    test.equal(client.nsupdate(done.stdout.splitlines(), test.key_file()), "NOERROR", "nsupdate's answer to the script")
    test.wait_srv(server, "contoso.com", [OURS, foreign])


@scenario(servers=BOTH)
def dry_run_shows_a_withdrawal_beside_a_running_daemon(test):
    server = test.primary()
    daemon = test.daemon(domains=TWO)
    for domain in TWO:
        test.wait_srv(server, domain, [OURS])
        daemon.wait_about(domain, "published")
    daemon.configure(domains=TWO[:1])
    done = daemon.dry_run()
    test.check(f"update delete _vlmcs._tcp.{TWO[1]}. SRV" in done.stdout, done.stdout)
    test.equal(done.stdout.count("send"), 1, f"updates in\n{done.stdout}")
    test.srv_stays(server, TWO[1], [OURS], seconds=0.1)


@scenario()
def dry_run_fails_when_the_server_is_down(test):
    test.daemon(start=False).dry_run(expect=1)


@scenario()
def dry_run_sends_no_update(test):
    server = test.primary(kind="scripted")
    test.daemon(start=False).dry_run()
    test.equal(server.counts["update"], 0, "updates")


@scenario()
def check_config_accepts_what_is_right(test):
    done = test.daemon(start=False).check_config()
    test.equal(done.stderr, "", "what it complains of")


@scenario(cases={
    "several": ("[Service]\nPort=99999\nName=vlmcs\n[Publish]\nDnsDomainPublishList=contoso.com\nNonsense=1\n"
                "[Update]\nSecurity=none\nTimeout=never\n", (2, 3, 6, 9)),
    "no-security": ("[Publish]\nDnsDomainPublishList=contoso.com\n", ()),
    "number-twice": ("[Service]\nTarget=kms1.contoso.com\n[Publish]\nDnsDomainPublishList=contoso.com, 5\n[Update]\n"
                     "Security=none\n[Domain contoso.com]\nPriority=6\n", ()),
    "unknown-section": ("[Nonsense]\nA=1\n[Update]\nSecurity=none\n", (1,)),
    "syntax": ("[Service\n", (1,))})
def check_config_names_every_mistake(test, text, lines):
    daemon = test.daemon(start=False, text=text)
    done = daemon.check_config(expect=78)
    output = done.stdout + done.stderr
    test.check(f"{daemon.config_path}:" in output, f"no FILE:LINE in\n{output}")
    for line in lines:
        test.check(f"{daemon.config_path}:{line}: " in output, f"nothing about line {line} in\n{output}")
    daemon.run("--once", expect=78)


@scenario()
def missing_key_file_is_told(test):
    daemon = test.daemon(start=False, Update={"KeyFile": "/nowhere/srvpubd.key"})
    done = daemon.once(expect=1) if not _is_config_error(daemon) else daemon.check_config(expect=78)
    test.check("/nowhere/srvpubd.key" in done.stdout + done.stderr, done.stderr)


def _is_config_error(daemon):
    return subprocess.run(daemon.argv("--check-config"), capture_output=True, check=False,
                          env=daemon.environment).returncode == 78


@scenario()
def missing_configuration_is_told(test):
    daemon = test.daemon(start=False)
    daemon.config_path.unlink()
    done = daemon.run(expect=78)
    test.check(str(daemon.config_path) in done.stderr, done.stderr)


@scenario(cases={"unknown": (["--nonsense"],), "operand": (["operand"],), "bad-level": (["--log-level", "loud"],)})
def wrong_usage_is_told(test, words):
    done = test.daemon(start=False).run(*words, expect=2)
    test.check(done.stderr, "it says what is wrong")


@scenario()
def version_and_help(test):
    daemon = test.daemon(start=False)
    version = daemon.run("--version")
    test.check(version.stdout.startswith("srvpubd ") and version.stdout.count("\n") == 1, version.stdout)
    usage = daemon.run("--help").stdout
    for option in ("--config", "--state-directory", "--once", "--dry-run", "--check-config", "--log-level",
                   "--version", "--help"):
        test.check(option in usage, f"{option} is not in the help")


@scenario(servers=("named",))
def secret_is_never_told(test):
    server = test.primary()
    daemon = test.daemon(start=False)
    daemon.start("--log-level", "debug")
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.terminate()
    secret = daemon.key_path.read_text().split('"')[3]
    for line in daemon.process.lines + daemon.process.out_lines:
        test.check(secret not in line, f"the secret is in the log: {line}")


@scenario()
def ends_well_while_it_waits_for_an_answer(test):
    server = test.primary(kind="scripted")
    server.hold()
    daemon = test.daemon(Update={"Server": "127.0.0.1", "Timeout": "1min"})
    server.wait_count("query", 1)
    daemon.terminate(timeout=5)
