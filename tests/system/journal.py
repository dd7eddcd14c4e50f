"""What an administrator finds in the journal."""
from support.machine import NAME_SERVER
from support.scenario import KEY, scenario
from support.zone import Zone

PUBLISHED_ID = "c4b67bfad1f04364a5eadd410562c302"
DENIED_ID = "c1d229386dcb4fd7981d922ebc6ebc75"


@scenario(timeout=60.0)
def tells_what_needs_a_human(test):
    """Two good domains, one whose server refuses, one that does not exist."""
    test.primary(kind="named", address=NAME_SERVER, zones=[
        Zone("contoso.com", address=NAME_SERVER), Zone("emea.contoso.com", address=NAME_SERVER),
        Zone("corp.test", address=NAME_SERVER, options=f"update-policy {{ grant {KEY.name} name w.corp.test. A; }};")])
    machine = test.machine()
    machine.set_up("contoso.com", "emea.contoso.com", "corp.test", "nowhere.test", key=KEY)
    machine.run("systemctl enable --now srvpubd")
    machine.see("systemctl status srvpubd", r'Status: "published 2/4, 1 denied: corp\.test, 1 failed: nowhere\.test"$',
                within=15)

    machine.messages("-u srvpubd -p warning", r"^corp\.test: .*grant", r"^nowhere\.test: ", within=5)
    machine.messages("-u srvpubd -p err", r"^corp\.test: ")
    machine.messages("SRVPUBD_DOMAIN=contoso.com", r"^contoso\.com: published")
    machine.messages("SRVPUBD_DOMAIN=corp.test SRVPUBD_RCODE=REFUSED SRVPUBD_STATE=denied", r"^corp\.test: ")
    machine.messages("SRVPUBD_ZONE=corp.test SRVPUBD_RECORD=_vlmcs._tcp.corp.test", r"^corp\.test: ")
    machine.messages(f"MESSAGE_ID={PUBLISHED_ID}", r"^contoso\.com: published", r"^emea\.contoso\.com: published")
    machine.see_lines("journalctl -F SRVPUBD_SERVER", r"127\.0\.0\.2")
    machine.see(f"journalctl -x MESSAGE_ID={DENIED_ID}", "Subject: The name server refuses the update",
                "Defined-By: srvpubd", r"Domain: corp\.test$", "Answer: REFUSED$", "Allow the key or account to write")
