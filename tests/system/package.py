"""The Debian package's life: installation, upgrade, removal, purge."""
import subprocess

from support.client import OURS
from support.machine import KEY_FILE, NAME_SERVER, NOTHING
from support.scenario import KEY, scenario


def next_version(test):
    """The package once more, with a higher version and another srvpubd.conf."""
    tree, package = test.path("next"), test.path("srvpubd-next.deb")
    run = lambda *argv: subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)  # noqa: E731
    run("dpkg-deb", "-R", test.program, tree)
    control, config = tree / "DEBIAN/control", tree / "etc/srvpubd/srvpubd.conf"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 99:"))
    config.write_text(config.read_text() + "# A word that was added.\n")
    run("dpkg-deb", "-b", "--root-owner-group", tree, package)
    return package


@scenario(timeout=90.0)
def package_comes_and_goes(test):
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.install()
    machine.see("systemctl is-enabled srvpubd", "^disabled$", expect=1)
    machine.see("systemctl is-active srvpubd", "^inactive$", expect=3)
    machine.see("id srvpubd", r"uid=\d+\(srvpubd\)")
    machine.see("dpkg --verify srvpubd", NOTHING)
    machine.see("stat -c '%U %a %n' /etc/srvpubd /etc/srvpubd/srvpubd.conf", "^root 755 ", "^root 644 ")

    machine.set_up("contoso.com", key=KEY)
    edited = machine.path("/etc/srvpubd/srvpubd.conf").read_text()
    machine.run("systemctl enable --now srvpubd")
    machine.dig("contoso.com", within=10)
    machine.see("stat -c '%U %a %n' /var/lib/srvpubd", "^srvpubd 700 ")

    process = machine.show("MainPID")
    machine.install(next_version(test))
    machine.see("ls /etc/srvpubd", r"^srvpubd\.conf\.dpkg-dist$")
    test.equal(machine.path("/etc/srvpubd/srvpubd.conf").read_text(), edited, "srvpubd.conf after the upgrade")
    machine.see("systemctl show -p ActiveState -p UnitFileState srvpubd", "^ActiveState=active$",
                "^UnitFileState=enabled$")
    test.check(machine.show("MainPID") != process, "the upgrade has not restarted it")
    machine.see("systemctl status srvpubd", r'Status: "published 1/1"$', within=10)

    machine.run("dpkg --remove srvpubd")
    machine.see("grep -sx srvpubd /proc/[0-9]*/comm", NOTHING, expect=None)
    machine.see("systemctl is-active srvpubd", "^inactive$", expect=3)
    machine.see("ls /etc/srvpubd /var/lib/srvpubd", r"^srvpubd\.conf$", r"^state\.db$")
    machine.dig("contoso.com")

    machine.run("dpkg -i /root/srvpubd-next.deb")
    machine.see("systemctl is-enabled srvpubd", "^enabled$")
    machine.see("systemctl status srvpubd", r'Status: "published 1/1"$', within=10)
    test.equal(machine.path("/etc/srvpubd/srvpubd.conf").read_text(), edited, "srvpubd.conf after the return")

    machine.run("dpkg --purge srvpubd")
    machine.see_lines("find /etc /lib /usr /var/cache /var/lib -path '*srvpubd*'", "^/etc/srvpubd$", f"^{KEY_FILE}$")
    test.srv_stays(server, "contoso.com", [OURS], seconds=0.5)
