"""The zone logic of a small, right primary: answers queries, applies updates (RFC 2136 3)."""
import copy

from support import wire
from support.wire import ANY, IN, NONE, RR, is_within, same_name


class ZoneData:
    """RRs of one zone in memory. No delegations, no wildcards, no serial: tests of those use real servers."""

    def __init__(self, zone):
        self.apex = zone.name
        self.rrs = [RR.from_text(owner, ttl, type_, text, zone.name)
                    for owner, ttl, type_, text in zone.all_records]

    def find(self, name, type_="ANY"):
        return [rr for rr in self.rrs if same_name(rr.name, name) and type_ in ("ANY", rr.type)]

    def soa(self):
        return self.find(self.apex, "SOA")

    def exists(self, name):
        """True for an empty non-terminal too."""
        return any(is_within(rr.name, name) for rr in self.rrs)

    def answer(self, query):
        """Returns (RCODE, answer, authority)."""
        name, type_, _ = query.question[0]
        found = self.find(name, type_) or self.find(name, "CNAME")
        if found:
            return "NOERROR", copy.deepcopy(found), []
        return "NOERROR" if self.exists(name) else "NXDOMAIN", [], self.soa()

    # RFC 2136 3.2: prerequisites.

    def prerequisite_rcode(self, prerequisites):
        value_dependent = {}
        for rr in prerequisites:
            if rr.ttl != 0 or (rr.cls in (ANY, NONE) and rr.rdata):
                return "FORMERR"
            if not is_within(rr.name, self.apex):
                return "NOTZONE"
            if rr.cls == IN:
                value_dependent.setdefault((rr.name.lower(), rr.type), set()).add(rr.key())
                continue
            if rr.cls not in (ANY, NONE):
                return "FORMERR"
            if bool(self.find(rr.name, rr.type)) != (rr.cls == ANY):
                if rr.type == "ANY":
                    return "NXDOMAIN" if rr.cls == ANY else "YXDOMAIN"
                return "NXRRSET" if rr.cls == ANY else "YXRRSET"
        for (name, type_), wanted in value_dependent.items():
            if {rr.key() for rr in self.find(name, type_)} != wanted:
                return "NXRRSET"
        return "NOERROR"

    # RFC 2136 3.4: updates.

    def update_rcode(self, updates):
        for rr in updates:
            if not is_within(rr.name, self.apex):
                return "NOTZONE"
            if rr.cls == IN and rr.type in ("ANY", "AXFR"):
                return "FORMERR"
            if rr.cls == ANY and (rr.ttl or rr.rdata):
                return "FORMERR"
            if rr.cls == NONE and (rr.ttl or rr.type == "ANY"):
                return "FORMERR"
            if rr.cls not in (IN, ANY, NONE):
                return "FORMERR"
        return "NOERROR"

    def apply(self, updates):
        for rr in updates:
            if rr.cls == IN:
                self.add(rr)
            elif rr.cls == ANY:
                self.rrs = [old for old in self.rrs if not same_name(old.name, rr.name)
                            or rr.type not in ("ANY", old.type) or self.is_protected(old)]
            else:
                self.rrs = [old for old in self.rrs if not (same_name(old.name, rr.name) and old.type == rr.type
                                                            and old.key() == rr.key()) or self.is_protected(old)]

    def is_protected(self, rr):
        return same_name(rr.name, self.apex) and rr.type in ("SOA", "NS")

    def add(self, rr):
        others = self.find(rr.name)
        if any((old.type == "CNAME") != (rr.type == "CNAME") for old in others):
            return
        for old in self.find(rr.name, rr.type):
            old.ttl = rr.ttl
        if not any(old.key() == rr.key() for old in self.find(rr.name, rr.type)):
            self.rrs.append(RR(rr.name, rr.type, IN, rr.ttl, rr.rdata))


def key_of(name):
    return name.rstrip(".").lower()


class Primary:
    """Several zones; request in, answer out, unsigned."""

    def __init__(self, zones):
        self.zones = [ZoneData(zone) for zone in zones]
        self.by_apex = {key_of(zone.apex): zone for zone in self.zones}

    def zone_of(self, name):
        name = key_of(name)
        while name and name not in self.by_apex:
            name = name.partition(".")[2]
        return self.by_apex.get(name)

    def answer(self, request, may_update=True):
        """The right answer to a request."""
        reply = wire.Message(request.id, request.opcode, 0, wire.QR | request.flags & wire.RD,
                             list(request.question))
        if request.opcode == wire.UPDATE:
            reply.rcode = wire.rcode(self.update(request, may_update))
        elif request.opcode != wire.QUERY:
            reply.rcode = wire.rcode("NOTIMP")
        elif zone := self.zone_of(request.question[0][0]):
            rcode, reply.answer, reply.authority = zone.answer(request)
            reply.rcode = wire.rcode(rcode)
            reply.flags |= wire.AA
        else:
            reply.rcode = wire.rcode("REFUSED")
        return reply

    def update(self, request, may_update):
        apex, type_, _ = request.question[0]
        zone = self.by_apex.get(key_of(apex))
        if len(request.question) != 1 or type_ != "SOA":
            return "FORMERR"
        if not zone:
            return "NOTAUTH"
        if not may_update:
            return "REFUSED"
        rcode = zone.prerequisite_rcode(request.answer)
        if rcode == "NOERROR":
            rcode = zone.update_rcode(request.authority)
        if rcode == "NOERROR":
            zone.apply(request.authority)
        return rcode
