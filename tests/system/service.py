"""srvpubd as a service of systemd: start, reload, stop, its ends and what follows on them."""
from support.client import OURS
from support.machine import NAME_SERVER, NOTHING
from support.scenario import KEY, scenario


@scenario(timeout=120.0)
def is_operated(test):
    """The everyday: enable, a further domain, a mistake in a file, stop and start."""
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", "adsecurity.org", key=KEY)

    machine.run("systemctl enable --now srvpubd")
    machine.dig("contoso.com", within=10)
    machine.dig("adsecurity.org", within=10)
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 2/2"$', within=10)

    machine.write("/etc/srvpubd/srvpubd.conf.d/50-emea.conf",
                  "[Publish]\nDnsDomainPublishList=emea.contoso.com, 10, 20\n")
    machine.run("systemctl reload srvpubd")
    machine.dig("emea.contoso.com", r"^10 20 1688 kms1\.contoso\.com\.$", within=10)
    machine.see("systemctl status srvpubd", r'Status: "published 3/3"$', within=10)

    process = machine.show("MainPID")
    machine.write("/etc/srvpubd/srvpubd.conf.d/60-mistake.conf", "[Publish]\nLogLevel=loud\n")
    machine.run("systemctl reload srvpubd", expect=1)
    machine.see("journalctl -u srvpubd -o cat", r"^/etc/srvpubd/srvpubd\.conf\.d/60-mistake\.conf:2: .*loud")
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 3/3"$')
    test.equal(machine.show("MainPID"), process, "the main process after a refused reload")
    delete_record(test, server, "emea.contoso.com")
    machine.dig("emea.contoso.com", r"^10 20 1688", within=10)
    machine.run("rm /etc/srvpubd/srvpubd.conf.d/60-mistake.conf")
    machine.run("systemctl reload srvpubd")

    machine.run("systemctl stop srvpubd")
    machine.see("systemctl is-active srvpubd", "^inactive$", expect=3)
    machine.dig("contoso.com")
    machine.run("systemctl start srvpubd")
    machine.see("journalctl -u srvpubd -o cat _PID=$(systemctl show -P MainPID srvpubd)", r"contoso\.com.* already",
                within=10)
    test.equal(machine.show("NRestarts"), "0", "NRestarts")


def running(test):
    """Returns (machine, name server) with one domain published."""
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", key=KEY)
    machine.run("systemctl enable --now srvpubd")
    machine.dig("contoso.com", within=10)
    return machine, server


@scenario(timeout=120.0)
def is_started_again_when_killed(test):
    machine, server = running(test)
    killed = machine.show("MainPID")
    machine.run(f"kill -9 {killed}")
    machine.see("systemctl show -p ActiveState -p NRestarts srvpubd", "^ActiveState=active$", "^NRestarts=1$",
                within=30)
    test.check(machine.show("MainPID") != killed, "the process is the one that was killed")
    delete_record(test, server)
    machine.dig("contoso.com", within=10)


@scenario(timeout=120.0)
def is_ended_by_the_watchdog_when_it_hangs(test):
    machine, server = running(test)
    machine.see("systemctl show -p WatchdogUSec srvpubd", "^WatchdogUSec=1min$")
    machine.drop_in("watchdog", "[Service]\nWatchdogSec=5s\nRestartSec=100ms\n")
    machine.run("systemctl restart srvpubd")
    test.srv_stays(server, "contoso.com", [OURS], seconds=6)
    machine.see("systemctl show -p WatchdogUSec -p NRestarts srvpubd", "^WatchdogUSec=5s$", "^NRestarts=0$")
    test.say("  (after 6 s)")
    machine.run(f"kill -STOP {machine.show('MainPID')}")
    machine.see("journalctl -u srvpubd -o cat", r"Watchdog timeout", within=15)
    machine.see("systemctl show -p ActiveState -p NRestarts srvpubd", "^ActiveState=active$", "^NRestarts=1$",
                within=15)
    delete_record(test, server)
    machine.dig("contoso.com", within=10)


def delete_record(test, server, domain="contoso.com"):
    test.nsupdate(server, f"update delete _vlmcs._tcp.{domain}. SRV")
    test.say(f"(somebody deletes the record of {domain})")


@scenario(timeout=60.0)
def is_not_started_with_a_mistake(test):
    """Exit 78: trying again does not help."""
    test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", key=KEY)
    machine.write("/etc/srvpubd/srvpubd.conf.d/60-mistake.conf", "[Update]\nServer=\nTimeuot=1s\n")
    machine.run("systemctl enable --now srvpubd", expect=1)
    machine.see("systemctl show -p ExecMainStatus -p ActiveState -p SubState -p NRestarts srvpubd",
                "^ExecMainStatus=78$", "^ActiveState=failed$", "^SubState=failed$", "^NRestarts=0$")
    machine.see("journalctl -u srvpubd -o cat -p err", r"60-mistake\.conf:3: .*Timeuot")
    machine.run("rm /etc/srvpubd/srvpubd.conf.d/60-mistake.conf")
    machine.run("systemctl start srvpubd")
    machine.dig("contoso.com", within=10)


@scenario(timeout=60.0)
def is_hardened(test):
    machine = test.machine()
    machine.install()
    machine.see("systemd-analyze verify srvpubd.service", NOTHING)
    machine.see("systemd-analyze --threshold=12 security srvpubd", "Overall exposure level")
