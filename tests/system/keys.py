"""The TSIG key as a credential of the service, and its rotation."""
import re

from support.machine import KEY_FILE, NAME_SERVER
from support.scenario import KEY, scenario
from support.tsig import Key

NEW_KEY = Key(name="srvpubd-2027", algorithm="hmac-sha512", secret="dGhlIG5leHQga2V5LCBub3QgYSBzZWNyZXQgZWl0aGVyIQ==")
EXAMPLE = "/usr/share/doc/srvpubd/examples/credential.conf"


def set_keys(server, *keys):
    """An administrator's change of named.conf."""
    server.keys = keys
    for zone in server.zones:
        zone.update = [key.name for key in keys]
    server.configure()
    server.control("reconfig")


@scenario(timeout=90.0)
def key_as_credential_is_rotated(test):
    """systemd hands a credential over at the start: a reload goes on with the old key, a restart
    takes the new one."""
    server = test.primary(kind="named", address=NAME_SERVER)
    machine = test.machine()
    machine.set_up("contoso.com", key=KEY)
    machine.write("/etc/srvpubd/srvpubd.conf.d/key.conf", "[Update]\nKeyFile=update.key\n")
    machine.run("mkdir -p /etc/systemd/system/srvpubd.service.d")
    machine.run(f"sed 's/^#\\(\\[Service\\]\\|LoadCredential=update.key:\\)/\\1/' {EXAMPLE} "
                ">/etc/systemd/system/srvpubd.service.d/credential.conf")
    machine.run("systemctl daemon-reload")
    machine.put_key(KEY, "-m 600")
    machine.run(f"runuser -u srvpubd -- cat {KEY_FILE}", expect=1)
    machine.run("systemctl enable --now srvpubd")
    machine.dig("contoso.com", within=10)
    machine.run("systemctl reload srvpubd")
    machine.see("systemctl status srvpubd", r'Status: "published 1/1"$', within=10)

    set_keys(server, KEY, NEW_KEY)
    test.say(f"(the name server takes {KEY.name} and {NEW_KEY.name})")
    machine.write(KEY_FILE, "a mistake\n")
    machine.run("systemctl reload srvpubd")
    machine.put_key(NEW_KEY, "-m 600")
    machine.run("systemctl reload srvpubd")
    test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV")
    test.say("(somebody deletes the record)")
    machine.dig("contoso.com", within=10)
    test.equal(signers(server), [KEY.name], "who has signed until the restart")
    machine.run("systemctl restart srvpubd")
    machine.see("systemctl status srvpubd", r'Status: "published 1/1"$', within=10)

    set_keys(server, NEW_KEY)
    test.say(f"(the name server takes {NEW_KEY.name} alone)")
    test.nsupdate(server, "update delete _vlmcs._tcp.contoso.com. SRV", key=NEW_KEY)
    test.say("(somebody deletes the record)")
    machine.dig("contoso.com", within=10)
    test.equal(signers(server), [KEY.name, NEW_KEY.name], "who has signed")
    machine.messages("-u srvpubd -p warning")


def signers(server):
    """Whose additions the server has accepted, in the order of the first of each."""
    names = re.findall(r"/key ([\w.-]+): updating zone '.*': adding", server.log_path.read_text())
    return list(dict.fromkeys(names))
