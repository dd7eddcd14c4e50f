"""What a record name holds beside its SRVs: claims and other TXTs, written apart from the daemon's own
reader, so that both can be wrong but not in the same way."""
import re
from typing import NamedTuple

from support import client, wire
from support.waiting import Failure, holds_for, wait_until


class Claim(NamedTuple):
    """since, until: seconds since 1970; until and lease None: without a lease."""
    id: str
    host: str = "kms1.contoso.com"
    port: int = 1688
    ttl: int = 3600
    since: int = 0
    until: int = None
    lease: int = None

    def rdata(self):
        return words_to_rdata("srvpub=1", *(f"{key}={value}" for key, value in self._asdict().items() if value is not None))


def words_to_rdata(*words):
    """A TXT's RDATA in master-file text."""
    return " ".join(f'"{word}"' for word in words)


def parse(rdata):
    """A Claim, or None where the TXT is none."""
    words = rdata[1:-1].split('" "')
    if words[0] != "srvpub=1":
        return None
    pairs = [word.split("=", 1) for word in words[1:]]
    values = dict(pairs)
    try:
        claim = Claim(**{key: values.pop(key) if key in ("id", "host") else int(values.pop(key))
                         for key in Claim._fields if key in values})
    except (TypeError, ValueError):
        return None
    is_whole = {"id", "host", "port", "ttl", "since"} <= dict(pairs).keys() and len(dict(pairs)) == len(pairs)
    return claim if is_whole and re.fullmatch("[0-9A-Fa-f]{32}", claim.id) and 0 < claim.port < 65536 else None


class Held(NamedTuple):
    """srvs: as of client.srv_set(); claims; txts: the RDATA of those that are no claims; octets: (type,
    TTL, RDATA) of all, exactly as it came."""
    srvs: frozenset
    claims: frozenset
    txts: frozenset
    octets: frozenset

    def of(self, *targets):
        """The octets of the records that name these targets, SRVs and claims."""
        return {octets for octets in self.octets if any(names(octets, target) for target in targets)}

    def claim_of(self, publisher_id, target=None):
        """The one claim of a publisher, on that target; None: it has none."""
        found = [claim for claim in self.claims if claim.id == publisher_id and target in (None, claim.host)]
        if len(found) > 1:
            raise Failure(f"{publisher_id} has {len(found)} claims: {found}")
        return found[0] if found else None

    def __str__(self):
        lines = [f"{type_} {ttl} {wire.rdata_to_text(type_, rdata)}" for type_, ttl, rdata in sorted(self.octets)]
        return "\n    ".join(lines) or "nothing"


def names(octets, target):
    type_, _, rdata = octets
    text = wire.rdata_to_text(type_, rdata).lower()
    return text.endswith(f" {target}.") if type_ == "SRV" else f'"host={target}"' in text


def read(address, domain, key=None):
    """What the record name holds, as this server tells it with authority."""
    name = client.record_name(domain)
    octets = set()
    for type_ in ("SRV", "TXT"):
        answer = client.ask(address, name, type_, key)
        if answer.rcode_name not in ("NOERROR", "NXDOMAIN") or not answer.has(wire.AA):
            raise Failure(f"{address} answers {answer.rcode_name} to {name} {type_}")
        octets |= {(type_, rr.ttl, rr.rdata) for rr in answer.answer if rr.type == type_ and wire.same_name(rr.name, name)}
    texts = {wire.rdata_to_text(type_, rdata) for type_, _, rdata in octets if type_ == "TXT"}
    return Held(client.srv_set(as_srv(ttl, rdata) for type_, ttl, rdata in octets if type_ == "SRV"),
                frozenset(filter(None, map(parse, texts))), frozenset(text for text in texts if not parse(text)),
                frozenset(octets))


def as_srv(ttl, rdata):
    priority, weight, port, target = wire.rdata_to_text("SRV", rdata).split()
    return client.Srv(target.rstrip("."), int(port), int(priority), int(weight), ttl)


class RecordName:
    """One record name at a server, and what scenarios expect there:

        name.wait({first: KMS1, second: [KMS2, KMS3]}, srvs=[BY_HAND], txts=['"a note"'])

    Each daemon has a claim on each of its SRVs, and nothing else is there but the SRVs without a claim
    and the TXTs that are none; claims: further ones, those of publishers that are no daemons."""

    def __init__(self, server, domain):
        self.server, self.domain = server, domain

    def read(self):
        return read(self.server.address, self.domain, getattr(self.server, "query_key", None))

    def wait(self, offers, timeout=10.0, **others):
        """Returns what is there then."""
        seen = {}

        def probe():
            try:
                seen["now"] = held = self.read()
            except OSError as error:
                seen["now"] = error
                return None
            return held if self.is_as(held, offers, **others) else None

        return wait_until(probe, lambda: f"{self.domain} has\n    {seen['now']}\nnot {self.in_words(offers, **others)}",
                          timeout)

    def stays(self, offers, seconds=2.0, **others):
        """It is so now, and for the time given, to the octet."""
        first = self.wait(offers, timeout=0, **others)
        seen = {}

        def probe():
            seen["now"] = self.read()
            return seen["now"] == first

        holds_for(probe, lambda: f"{self.domain} had\n    {first}\nand now\n    {seen['now']}", seconds)

    @staticmethod
    def is_as(held, offers, srvs=(), txts=(), claims=()):
        pairs = pairs_of(offers)
        return (held.srvs == client.srv_set([*(srv for _, srv in pairs), *srvs])
                and sorted((claim.id, claim.host.lower(), claim.port) for claim in held.claims)
                == sorted([(daemon.publisher_id, srv.target.lower(), srv.port) for daemon, srv in pairs]
                          + [(claim.id, claim.host.lower(), claim.port) for claim in claims])
                and set(claims) <= held.claims and held.txts == frozenset(txts))

    @staticmethod
    def in_words(offers, srvs=(), txts=(), claims=()):
        lines = [f"SRV {srv.ttl} {srv.rdata()} of {daemon.publisher_id}" for daemon, srv in pairs_of(offers)]
        lines += [f"SRV {srv.ttl} {srv.rdata()}" for srv in srvs] + list(txts) + [claim.rdata() for claim in claims]
        return "\n    ".join(lines) or "nothing"


def pairs_of(offers):
    return [(daemon, srv) for daemon, srvs in offers.items()
            for srv in ([srvs] if isinstance(srvs, client.Srv) else srvs)]
