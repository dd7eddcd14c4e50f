"""The README's table of rules that BIND can have for Kerberos accounts: each row is true."""
import pathlib
import re

from support import client
from support.client import Srv, record_name
from support.scenario import scenario
from support.zone import Zone

REALM, DOMAIN = "CONTOSO.COM", "contoso.com"
RECORD = f"{record_name(DOMAIN)}."
OTHER = Srv("kms3.contoso.com", ttl=60)
OWN, NEW = (Srv(f"{host}.contoso.com", ttl=60) for host in ("kms1", "kms2"))
README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
ROW = re.compile(r"^\| `grant (.+)` \| `(.+)` \| (\w+) \| (\w+) \|$", re.M)


def rows():
    """{rule: (rule, account, SRVs that it can write, whether it can write claims)}"""
    found = ROW.findall(README.read_text(encoding="utf-8"))
    assert len(found) >= 10, f"{README} has no table of policies"
    return {"-".join([row[0].split()[1], *row[0].split()[3:]]).lower(): row for row in found}


@scenario(servers=("named",), cases=rows())
def row_is_true(test, rule, account, writes, claims):
    kdc = test.kdc(REALM)
    standing = (("_vlmcs._tcp", 60, "SRV", OTHER.rdata()), ("_vlmcs._tcp", 60, "TXT", '"other"'))
    server = test.primary(zones=[Zone(DOMAIN, policy=(f"grant {rule}",), records=standing)], kdc=kdc)
    ticket = kdc.ticket(account)

    def allows(line):
        answer = client.nsupdate([f"server {server.address}", f"update {line}", "send"], ticket=ticket)
        test.check(answer in ("NOERROR", "REFUSED"), f"nsupdate's answer to {line}: {answer}")
        return answer == "NOERROR"

    test.equal(allows(f"add {RECORD} 60 SRV {OWN.rdata()}"), writes in ("own", "all"), "adding its own SRV")
    test.equal(allows(f"add {RECORD} 60 SRV {NEW.rdata()}"), writes == "all", "adding another's SRV")
    test.equal(allows(f"delete {RECORD} SRV {OTHER.rdata()}"), writes == "all", "deleting another's SRV")
    test.wait_srv(server, DOMAIN, {"none": [OTHER], "own": [OTHER, OWN], "all": [OWN, NEW]}[writes])
    test.equal(allows(f'add {RECORD} 60 TXT "claim"'), claims == "yes", "adding a TXT")
    test.equal(allows(f'delete {RECORD} TXT "other"'), claims == "yes", "deleting another's TXT")
    test.equal(allows(f"add _ldap._tcp.{DOMAIN}. 60 SRV {OWN.rdata()}"), False, "adding a SRV at another name")
