"""srvpubctl on a machine with its own system bus, under the policy that the package installs."""
from support.client import OURS
from support.machine import NAME_SERVER, NOTHING
from support.scenario import KEY, scenario

AS_SOMEBODY = "runuser -u nobody --"
CALL = "busctl call org.srvpubd1 /org/srvpubd1 org.srvpubd1.Manager"


@scenario(timeout=90.0)
def everyone_may_look_root_may_change(test):
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", "emea.contoso.com", key=KEY)
    machine.see("srvpubctl status", "^srvpubctl: srvpubd does not run", expect=3)
    machine.run("systemctl enable --now srvpubd")
    machine.see("srvpubctl status", "^2 domains: 2 published$", within=10)
    machine.see("busctl status org.srvpubd1", "^Comm=srvpubd$", "^UniqueName=")

    machine.see(f"{AS_SOMEBODY} srvpubctl status contoso.com", "State: published")
    machine.see(f"{AS_SOMEBODY} srvpubctl plan contoso.com", "in order")
    machine.see(f"{AS_SOMEBODY} busctl introspect org.srvpubd1 /org/srvpubd1", r"^\.Counts +property")
    machine.see(f"{AS_SOMEBODY} srvpubctl withdraw contoso.com", "not permitted: only root", expect=4)
    for call in ("Withdraw s contoso.com", "Publish s contoso.com", "Forget s contoso.com",
                 "Takeover ssq contoso.com kms9.contoso.com 1688"):
        machine.see(f"{AS_SOMEBODY} {CALL} {call}", "(?i)access denied", expect=1)
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)

    machine.see("srvpubctl withdraw contoso.com", r"^contoso\.com: withdrawn$")
    machine.dig("contoso.com", NOTHING)
    machine.run("systemctl restart srvpubd")
    machine.see("srvpubctl status", r"contoso\.com +withdrawn ", "^2 domains: ", within=10)
    machine.see("srvpubctl publish contoso.com", r"^contoso\.com: published$", within=10)
    machine.dig("contoso.com")
    machine.messages("-u srvpubd -p warning")


@scenario(timeout=90.0)
def the_bus_comes_and_goes(test):
    """The daemon goes on without it, and comes back to it by itself."""
    test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", key=KEY)
    machine.run("systemctl enable --now srvpubd")
    machine.see("srvpubctl status", "^1 domain: 1 published$", within=10)
    machine.run("systemctl stop dbus.socket dbus.service")
    machine.see("srvpubctl status", "the system bus cannot be reached", expect=3)
    machine.see("journalctl -u srvpubd -o cat", "^there is no system bus", within=10)
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 1/1"$', within=10)
    machine.run("systemctl start dbus.socket")
    machine.see("srvpubctl status", "^1 domain: 1 published$", within=30)


@scenario(timeout=60.0)
def words_are_completed(test):
    """bash-completion's file, sourced as bash does: commands, options, and the domains that there are."""
    test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", "emea.contoso.com", key=KEY)
    machine.run("systemctl enable --now srvpubd")
    machine.see("srvpubctl status", "^2 domains: 2 published$", within=10)
    for line, found in (("srvpubctl wi", "withdraw"), ("srvpubctl status em", "emea.contoso.com"),
                        ("srvpubctl takeover contoso.com --f", "--from"), ("srvpubctl status --n", "")):
        machine.see_lines(f". /usr/share/bash-completion/completions/srvpubctl; COMP_WORDS=({line}); "
                          "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _srvpubctl; printf '%s\\n' \"${COMPREPLY[@]}\"",
                          f"^{found}$")
