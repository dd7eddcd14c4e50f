"""The zones that test servers hold, in a form that each server can be given."""
from dataclasses import dataclass, field

from support.wire import absolute


@dataclass
class Zone:
    """A zone with SOA, NS ns1, the addresses of ns1 and kms1; records: (owner, ttl, type, rdata) in
    master-file text, relative to the apex. update: names of the keys that may change it."""
    name: str
    records: tuple = ()
    address: str = "127.0.0.1"
    mname: str = "ns1"
    nameservers: dict = None  # name -> address; default: ns1 at address
    update: tuple = ("srvpubd-test",)
    grants: tuple = ()  # (key name, owner, types), which are allowed in place of update
    policy: tuple = ()  # rules of update-policy, which are in force in place of update (named)
    primary: str = ""  # its address: then this server is a secondary
    options: str = ""  # further lines of the zone statement (named, knot)
    all_records: list = field(init=False)

    def __post_init__(self):
        hosts = {"ns1": self.address} if self.nameservers is None else self.nameservers
        soa = f"{self.mname} hostmaster.invalid. 1 3600 600 86400 60"
        self.all_records = [("@", 3600, "SOA", soa)]
        self.all_records += [("@", 3600, "NS", host) for host in hosts]
        self.all_records += [(host, 3600, "AAAA" if ":" in address else "A", address)
                             for host, address in hosts.items() if address]
        if "_" not in self.name:
            self.all_records += [("kms1", 3600, "A", "127.0.1.1")]
        self.all_records += list(self.records)

    def text(self):
        lines = [f"$ORIGIN {self.name}.", *(f"{owner} {ttl} IN {type_} {rdata}"
                                            for owner, ttl, type_, rdata in self.all_records)]
        return "\n".join(lines) + "\n"


def service_hosts(zones):
    """The MNAMEs: a server of these zones takes tickets for the services DNS/<MNAME>, lower case."""
    return sorted({absolute(zone.mname, zone.name).lower() for zone in zones})


def apart(domains):
    """A zone for each domain: no update of one goes in a message with another's."""
    return [Zone(domain) for domain in domains]
