"""TSIG (RFC 8945) for tests: written apart from the daemon's own, so that both can be wrong but not
in the same way. The time is the caller's."""
import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

from support.wire import ANY, Message, RR, name_from_wire, name_to_wire, same_name

BADSIG, BADKEY, BADTIME = 16, 17, 18
FUDGE = 300


@dataclass(frozen=True)
class Key:
    name: str = "srvpubd-test"
    algorithm: str = "hmac-sha256"
    secret: str = "c3J2cHViZCB0ZXN0IGtleSwgbm90IGEgc2VjcmV0ISE="

    def text(self):
        """The form that tsig-keygen writes."""
        return f'key "{self.name}" {{\n\talgorithm {self.algorithm};\n\tsecret "{self.secret}";\n}};\n'

    def mac(self, data):
        digest = getattr(hashlib, self.algorithm.removeprefix("hmac-"))
        return hmac.new(base64.b64decode(self.secret), data, digest).digest()

    def is_mac(self, data, mac):
        return hmac.compare_digest(self.mac(data), mac)


@dataclass
class Signature:
    """The TSIG RR of a message, taken apart."""
    name: str
    algorithm: str
    time: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes

    def variables(self):
        return (name_to_wire(self.name.lower()) + struct.pack("!HI", ANY, 0)
                + name_to_wire(self.algorithm.lower()) + pack_time(self.time)
                + struct.pack("!HHH", self.fudge, self.error, len(self.other)) + self.other)

    def rr(self):
        rdata = (name_to_wire(self.algorithm) + pack_time(self.time)
                 + struct.pack("!HH", self.fudge, len(self.mac)) + self.mac
                 + struct.pack("!HHH", self.original_id, self.error, len(self.other)) + self.other)
        return RR(self.name, "TSIG", ANY, 0, rdata)


def pack_time(seconds):
    return struct.pack("!HI", seconds >> 32, seconds & 0xFFFFFFFF)


def append(wire, rr):
    """Adds an RR to the additional section of a message in wire form."""
    count, = struct.unpack_from("!H", wire, 10)
    return wire[:10] + struct.pack("!H", count + 1) + wire[12:] + rr.wire()


def sign(wire, key, request_mac=None, now=None, error=0, other=b"", mac=None, name=None, algorithm=None,
         has_length=True):
    """Returns (signed message, MAC). The last four override what would be right; has_length: of the
    request's MAC in what is signed."""
    signature = Signature(name or key.name, algorithm or key.algorithm, int(time.time() if now is None else now),
                          FUDGE, b"", struct.unpack_from("!H", wire)[0], error, other)
    if mac is None:
        before = b"" if request_mac is None else struct.pack("!H", len(request_mac)) * has_length + request_mac
        mac = key.mac(before + wire + signature.variables())
    signature.mac = mac
    return append(wire, signature.rr()), mac


def split(wire):
    """Returns (message without its TSIG, as it was signed; Signature), or (wire, None)."""
    message = Message.parse(wire)
    if not message.additional or message.additional[-1].type != "TSIG":
        return wire, None
    rr = message.additional.pop()
    algorithm, at = name_from_wire(rr.rdata, 0)
    high, low, fudge, size = struct.unpack_from("!HIHH", rr.rdata, at)
    at += 10
    mac = rr.rdata[at:at + size]
    original_id, error, other_size = struct.unpack_from("!HHH", rr.rdata, at + size)
    other = rr.rdata[at + size + 6:]
    if len(other) != other_size:
        raise ValueError("TSIG other data of a wrong length")
    signature = Signature(rr.name, algorithm, high << 32 | low, fudge, mac, original_id, error, other)
    # TSIG is the last RR and its owner is not compressed: cut its own length off.
    rest = wire[12:len(wire) - len(rr.wire())]
    bare = struct.pack("!H", original_id) + wire[2:10] + struct.pack("!H", len(message.additional)) + rest
    return bare, signature


def check(wire, key, request_mac=None, now=None):
    """Verifies a message: 0, or the TSIG error that RFC 8945 5.2 asks for. -1: not signed."""
    bare, signature = split(wire)
    if not signature:
        return -1
    if not same_name(signature.name, key.name) or not same_name(signature.algorithm, key.algorithm):
        return BADKEY
    before = b"" if request_mac is None else struct.pack("!H", len(request_mac)) + request_mac
    if not key.is_mac(before + bare + signature.variables(), signature.mac):
        return BADSIG
    if abs(int(time.time() if now is None else now) - signature.time) > signature.fudge:
        return BADTIME
    return 0
