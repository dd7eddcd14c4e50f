"""The package in Active Directory: the keytab as a file and as a credential, within the unit's confines."""
import shutil

from support.machine import NAME_SERVER, TIMES
from support.scenario import scenario

KEYTAB = "/etc/srvpubd/krb5.keytab"
EXAMPLE = "/usr/share/doc/srvpubd/examples/credential.conf"
SEED = ("SRV", "seed.contoso.com 1688 0 0")


@scenario(timeout=120.0)
def keytab_is_enough(test):
    """No krb5.conf, no ticket cache: DNS names the KDC. What an administrator made is his until he lets go
    of it; the unit hands over a keytab that only root can read."""
    dc = test.server("samba", realm="CONTOSO.COM", address=NAME_SERVER)
    dc.add_record(*SEED)
    machine = test.machine()
    machine.install(aloud=False)
    machine.path("/etc/krb5.conf").unlink(missing_ok=True)
    shutil.copy(dc.keytab("kms1$"), machine.path("/root/kms1.keytab"))
    machine.run(f"install -m 640 -g srvpubd /root/kms1.keytab {KEYTAB}")
    machine.write("/etc/srvpubd/srvpubd.conf", f"[Publish]\nDnsDomainPublishList=contoso.com\n[Update]\n{TIMES}")
    machine.see("runuser -u srvpubd -- srvpubd --check-config", "gss-tsig")
    machine.run("systemctl enable --now srvpubd")
    machine.see("journalctl -q -x -u srvpubd -p err", r"contoso\.com: denied: .* kms1\$@CONTOSO\.COM .*"
                "belongs to another account.*samba-tool dsacl set.*samba-tool dns delete", "In Active Directory do one of the three",
                within=15)

    dc.delete_record(*SEED)
    test.say("(the domain's administrator deletes the record)")
    machine.dig("contoso.com", within=15)
    machine.see("srvpubctl status", "^1 domain: 1 published$", within=10)
    # So /proc shows a process that leaves no core file, and that its own user cannot look into.
    machine.see("ps -o user= -C srvpubd", "^srvpubd$")
    machine.see("stat -c %U /proc/$(systemctl show -P MainPID srvpubd)/environ", "^root$")

    machine.run(f"install -m 600 /root/kms1.keytab {KEYTAB}")
    machine.run(f"runuser -u srvpubd -- cat {KEYTAB}", expect=1)
    machine.write("/etc/srvpubd/srvpubd.conf.d/keytab.conf", "[Update]\nKeytab=krb5.keytab\n")
    machine.run("mkdir -p /etc/systemd/system/srvpubd.service.d")
    machine.run(f"sed 's,^#\\(\\[Service\\]\\|LoadCredential=krb5.keytab:{KEYTAB}\\),\\1,' {EXAMPLE} "
                ">/etc/systemd/system/srvpubd.service.d/credential.conf")
    machine.run("systemctl daemon-reload")
    machine.run("systemctl restart srvpubd")
    machine.run("systemctl reload srvpubd")
    test.nsupdate(dc, "update delete _vlmcs._tcp.contoso.com. SRV", ticket=dc.ticket("kms1$"),
                  expect=("NOERROR", "; TSIG error with server: tsig verify failure"))
    test.say("(somebody deletes the record)")
    machine.dig("contoso.com", within=15)
    machine.see("systemctl status srvpubd", r"Active: active \(running\)", r'Status: "published 1/1"$', within=10)
