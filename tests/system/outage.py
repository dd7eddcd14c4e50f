"""srvpubd where machines come and go: boots, reboots, a name server that is not there."""
import time

from support.client import OURS
from support.machine import NAME_SERVER, NOTHING
from support.scenario import KEY, scenario


@scenario(timeout=120.0)
def outlives_reboots(test):
    """A boot before the name server is there, a reboot, a machine that is off."""
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", "emea.contoso.com", key=KEY)
    machine.run("systemctl enable srvpubd")
    server.kill()
    test.say("(the name server is down)")
    machine.reboot()
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 0/2, 2 failed: ',
                within=15)
    machine.see("systemctl list-jobs", "No jobs running")
    server.start()
    test.say("(the name server is back)")
    machine.dig("contoso.com", within=15)
    machine.dig("emea.contoso.com", within=15)
    machine.see("systemctl status srvpubd", r'Status: "published 2/2"$', within=10)

    machine.power_off()
    test.srv_stays(server, "contoso.com", [OURS], seconds=1)
    test.say("(the machine is off, its record is there)")
    machine.power_on()
    machine.see("journalctl -b -u srvpubd -o cat", r"\bcontoso\.com.*already", "emea.*already", within=15)
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 2/2"$', within=10)
    machine.messages("-b -u srvpubd -p warning")


@scenario(timeout=120.0)
def withdraws_at_its_stop(test):
    """OnStop=withdraw: with the name server there, and without it for as long as StopTimeout= says,
    which is longer here than what systemd gives without being asked."""
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", "emea.contoso.com", key=KEY, extra="[Ownership]\nOnStop=withdraw\n"
                   "[Domain emea.contoso.com]\nOnStop=keep\n[Publish]\nStopTimeout=6s\n")
    machine.drop_in("impatient", "[Service]\nTimeoutStopSec=2s\n")
    machine.run("systemctl enable --now srvpubd")
    machine.dig("contoso.com", within=10)
    machine.dig("emea.contoso.com", within=10)
    machine.run("systemctl stop srvpubd")
    machine.dig("contoso.com", NOTHING)
    machine.dig("emea.contoso.com")

    machine.run("systemctl start srvpubd")
    machine.dig("contoso.com", within=10)
    server.kill()
    test.say("(the name server is down)")
    begin = time.monotonic()
    machine.run("systemctl stop srvpubd")
    seconds = time.monotonic() - begin
    test.check(5.5 < seconds < 10, f"stopping took {seconds:.1f} s, StopTimeout=6s")
    test.say(f"  (after {seconds:.1f} s)")
    machine.see("journalctl -u srvpubd -o cat -p warning", r"not all was withdrawn within StopTimeout=, 1 to go")
    machine.see("systemctl show -p Result -p ActiveState srvpubd", "^Result=success$", "^ActiveState=inactive$")

    server.start()
    test.wait_srv(server, "contoso.com", [OURS])
    test.say("(the name server is back, the record is still there)")
    machine.write("/etc/srvpubd/srvpubd.conf.d/end.conf", "[Publish]\nDnsPublishing=no\n")
    machine.run("systemctl start srvpubd")
    machine.dig("contoso.com", NOTHING, within=10)
    machine.dig("emea.contoso.com", NOTHING, within=10)

    machine.run("rm /etc/srvpubd/srvpubd.conf.d/end.conf")
    machine.run("systemctl reload srvpubd")
    machine.dig("contoso.com", within=10)
    machine.power_off()
    test.wait_srv(server, "contoso.com", [])
    test.say("(the machine is off, its record is gone)")
