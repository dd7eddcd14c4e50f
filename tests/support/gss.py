"""GSS-TSIG on the side of a name server (RFC 3645): TKEY, the contexts that it has accepted, and what it
objects to in a client that it serves all the same."""
import pathlib
import re
import struct
from dataclasses import dataclass

from support import tsig, wire
from support.helper import Helper
from support.waiting import Failure, Skip
from support.wire import ANY, RR, name_from_wire, name_to_wire

ACCEPTOR = pathlib.Path(__file__).with_name("gss-acceptor")
BINDINGS = pathlib.Path("/usr/lib/python3/dist-packages/gssapi")
ALGORITHM = "gss-tsig"
NEGOTIATE, DELETE = 3, 5  # modes of TKEY
BADMODE, BADNAME, BADALG = 19, 20, 21  # errors of TKEY, beside those of TSIG
LIFETIME = 3600


@dataclass
class Tkey:
    """The RDATA of TKEY, taken apart (RFC 2930 2). size: what is said to be that of the token; None: the
    truth."""
    name: str
    mode: int
    inception: int = 0
    expiration: int = 0
    algorithm: str = ALGORITHM
    error: int = 0
    token: bytes = b""
    size: int = None
    other: bytes = b""

    @classmethod
    def find(cls, message):
        """That of a message, wherever it stands, or None."""
        rr = next((rr for rr in message.answer + message.authority + message.additional if rr.type == "TKEY"), None)
        if not rr:
            return None
        algorithm, at = name_from_wire(rr.rdata, 0)
        inception, expiration, mode, error, size = struct.unpack_from("!IIHHH", rr.rdata, at)
        at += 14
        return cls(rr.name, mode, inception, expiration, algorithm, error, rr.rdata[at:at + size])

    def rr(self):
        size = len(self.token) if self.size is None else self.size
        rdata = (name_to_wire(self.algorithm)
                 + struct.pack("!IIHHH", self.inception & 0xFFFFFFFF, self.expiration & 0xFFFFFFFF, self.mode,
                               self.error, size)
                 + self.token + struct.pack("!H", len(self.other)) + self.other)
        return RR(self.name, "TKEY", ANY, 0, rdata)


class GssKey:
    """A context that is complete; where a tsig.Key is taken."""
    algorithm = ALGORITHM

    def __init__(self, name, acceptor):
        self.name, self.acceptor = name, acceptor

    def mac(self, data):
        return bytes.fromhex(self.acceptor.call("sign", self.name, data.hex()))

    def is_mac(self, data, mac):
        return self.acceptor.call("verify", self.name, data.hex(), mac.hex()) == "right"


class Contexts:
    """Those of one server: of its services DNS/<MNAME>, with keys that a KDC has for them."""

    def __init__(self, test, kdc, names):
        if not BINDINGS.exists():
            raise Skip(f"{BINDINGS} is missing (tests/support/deps install test)")
        keytab = kdc.keytab(*(f"DNS/{name}" for name in names))
        self.acceptor = Helper([str(ACCEPTOR), str(keytab)], test.path("gss-acceptor.log"))
        self.keys = {}

    def find(self, name):
        return self.keys.get(name.lower())

    def negotiate(self, query, now):
        """The next step, with a token of the client. Returns the Tkey to answer with, and the GssKey when
        it is complete, else None."""
        answer = Tkey(query.name, query.mode, now, now + LIFETIME, query.algorithm)
        if query.algorithm != ALGORITHM:
            answer.error = BADALG
        elif query.mode != NEGOTIATE:
            answer.error = BADMODE
        elif self.find(query.name):
            answer.error = BADNAME
        else:
            try:
                token, is_complete = self.acceptor.call("accept", query.name.lower(), query.token.hex())
            except Failure:
                answer.error = tsig.BADKEY
                return answer, None
            answer.token = bytes.fromhex(token)
            if is_complete:
                key = self.keys[query.name.lower()] = GssKey(query.name.lower(), self.acceptor)
                return answer, key
        return answer, None

    def drop(self, name):
        if self.keys.pop(name.lower(), None):
            self.acceptor.call("drop", name.lower())

    def lose(self):
        """All of them, as in a restart."""
        for name in list(self.keys):
            self.drop(name)

    def close(self):
        self.acceptor.close()


class Objections(list):
    """What a client sent that it should not, in words. Nothing is refused for it."""

    def __init__(self):
        super().__init__()
        self.names, self.macs, self.octets = set(), set(), set()

    def judge(self, exchange):
        """Of a request before anything is made of it."""
        if exchange.kind == "TKEY":
            self.judge_negotiation(exchange)
        elif exchange.kind == "TKEY-delete" and not exchange.signature:
            self.append("a deletion of a key is not signed")
        if any(rr.type == "TSIG" for rr in exchange.request.additional[:-1]):
            self.append("TSIG is not the last record")
        signature = exchange.signature
        if not signature or signature.algorithm.lower() != ALGORITHM:
            return
        if signature.algorithm != ALGORITHM or signature.name != signature.name.lower():
            self.append(f"{signature.algorithm} {signature.name} is not lower case")
        if exchange.kind not in ("update", "TKEY-delete"):
            self.append(f"a query of {exchange.kind} is signed")
        if not exchange.data.endswith(signature.rr().wire()):
            self.append("a name in TSIG is compressed")
        if exchange.over_udp:
            self.append(f"{exchange.kind} by UDP")
        if signature.mac in self.macs or exchange.data[2:] in self.octets:
            self.append(f"{exchange.kind} with a signature that was sent before")
        self.macs.add(signature.mac)
        self.octets.add(exchange.data[2:])

    def judge_negotiation(self, exchange):
        tkey = Tkey.find(exchange.request)
        if exchange.over_udp:
            self.append("TKEY by UDP")
        if exchange.signature:
            self.append("TKEY is signed")
        if not tkey:
            self.append("a query of TKEY without one")
            return
        if exchange.request.question != [(tkey.name, "TKEY", ANY)]:
            self.append(f"TKEY of {tkey.name} in a question of {exchange.request.question}")
        if [rr.type for rr in exchange.request.additional] != ["TKEY"]:
            self.append("TKEY is not in the additional section, or not alone")
        if (tkey.mode, tkey.algorithm, tkey.error, tkey.other) != (NEGOTIATE, ALGORITHM, 0, b"") or not tkey.token:
            self.append(f"TKEY is not that of RFC 3645: {tkey}")
        if not re.fullmatch("[0-9a-f]{32}", tkey.name):
            self.append(f"{tkey.name} is no random name in lower case")
        if tkey.name.lower() in self.names:
            self.append(f"the key name {tkey.name} comes again")
        self.names.add(tkey.name.lower())
