"""DNS messages in wire form (RFC 1035 4), as far as tests need them.

Names are text without the final dot, the root is "". RDATA is kept in uncompressed wire form;
rdata_from_text() and rdata_to_text() know the types that the fixtures use.
"""
import ipaddress
import struct
from dataclasses import dataclass, field

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
         "DNAME": 39, "OPT": 41, "TKEY": 249, "TSIG": 250, "AXFR": 252, "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
IN, NONE, ANY = 1, 254, 255
QUERY, UPDATE = 0, 5
RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
          "NXRRSET", "NOTAUTH", "NOTZONE")
QR, AA, TC, RD = 0x8000, 0x0400, 0x0200, 0x0100

# How many octets stand before the names in the RDATA of a type, and how many names there are.
NAMES_IN_RDATA = {"NS": (0, 1), "CNAME": (0, 1), "PTR": (0, 1), "DNAME": (0, 1), "MX": (2, 1),
                  "SRV": (6, 1), "SOA": (0, 2)}


def rcode(name):
    return RCODES.index(name)


def type_name(number):
    return TYPE_NAMES.get(number, f"TYPE{number}")


def name_to_wire(text):
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".")] if text.rstrip(".") else []
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def name_from_wire(data, offset):
    """Returns (text, offset behind the name); follows compression pointers."""
    labels, end = [], None
    for _ in range(128):
        size = data[offset]
        if size >= 0xC0:
            end = end or offset + 2
            offset = (size & 0x3F) << 8 | data[offset + 1]
            continue
        offset += 1
        if size == 0:
            return ".".join(labels), end or offset
        labels.append(data[offset:offset + size].decode("latin-1"))
        offset += size
    raise ValueError("name has too many labels or a pointer loop")


def same_name(a, b):
    return a.rstrip(".").lower() == b.rstrip(".").lower()


def is_within(name, apex):
    name, apex = name.rstrip(".").lower(), apex.rstrip(".").lower()
    return not apex or name == apex or name.endswith("." + apex)


@dataclass
class RR:
    name: str
    type: str
    cls: int = IN
    ttl: int = 0
    rdata: bytes = b""

    @classmethod
    def from_text(cls, name, ttl, type_, text, origin=""):
        return cls(absolute(name, origin), type_, IN, ttl, rdata_from_text(type_, text, origin))

    def text(self):
        return rdata_to_text(self.type, self.rdata)

    def key(self):
        """What makes two RRs of one RRset the same (RFC 2136 1.1.1): RDATA, names without case."""
        return rdata_to_text(self.type, self.rdata).lower() if self.type in NAMES_IN_RDATA else self.rdata

    def wire(self):
        number = TYPES.get(self.type) or int(self.type[4:])
        return (name_to_wire(self.name) + struct.pack("!HHIH", number, self.cls, self.ttl, len(self.rdata))
                + self.rdata)


@dataclass
class Message:
    id: int = 0
    opcode: int = QUERY
    rcode: int = 0
    flags: int = 0  # QR, AA, TC, RD ... without opcode and RCODE
    question: list = field(default_factory=list)  # (name, type, class); the zone of an update
    answer: list = field(default_factory=list)  # prerequisites of an update
    authority: list = field(default_factory=list)  # updates of an update
    additional: list = field(default_factory=list)

    @property
    def rcode_name(self):
        return RCODES[self.rcode] if self.rcode < len(RCODES) else f"RCODE{self.rcode}"

    def has(self, flag):
        return bool(self.flags & flag)

    def wire(self):
        sections = (self.question, self.answer, self.authority, self.additional)
        head = struct.pack("!HH4H", self.id, self.flags | self.opcode << 11 | self.rcode,
                           *(len(section) for section in sections))
        body = b"".join(name_to_wire(name) + struct.pack("!HH", TYPES[type_], cls)
                        for name, type_, cls in self.question)
        return head + body + b"".join(rr.wire() for section in sections[1:] for rr in section)

    @classmethod
    def parse(cls, data):
        id_, bits, *counts = struct.unpack_from("!HH4H", data)
        message = cls(id_, bits >> 11 & 15, bits & 15, bits & 0x87F0)
        offset = 12
        for _ in range(counts[0]):
            name, offset = name_from_wire(data, offset)
            number, class_ = struct.unpack_from("!HH", data, offset)
            message.question.append((name, type_name(number), class_))
            offset += 4
        for section, count in zip((message.answer, message.authority, message.additional), counts[1:]):
            for _ in range(count):
                rr, offset = rr_from_wire(data, offset)
                section.append(rr)
        if offset != len(data):
            raise ValueError(f"{len(data) - offset} octets behind the message")
        return message


def rr_from_wire(data, offset):
    name, offset = name_from_wire(data, offset)
    number, cls, ttl, size = struct.unpack_from("!HHIH", data, offset)
    offset += 10
    rdata, end = data[offset:offset + size], offset + size
    if len(rdata) != size:
        raise ValueError("RDATA ends behind the message")
    type_ = type_name(number)
    if size and type_ in NAMES_IN_RDATA:
        before, n_names = NAMES_IN_RDATA[type_]
        rdata, at = data[offset:offset + before], offset + before
        for _ in range(n_names):
            target, at = name_from_wire(data, at)
            rdata += name_to_wire(target)
        rdata += data[at:end]
    return RR(name, type_, cls, ttl, rdata), end


def absolute(name, origin):
    if name == "@":
        return origin
    return name.rstrip(".") if name.endswith(".") or not origin else f"{name}.{origin}"


def rdata_from_text(type_, text, origin=""):
    words = text.split()
    if type_ in ("A", "AAAA"):
        return ipaddress.ip_address(text).packed
    if type_ == "TXT":
        strings = [part.encode() for part in text.strip('"').split('" "')]
        return b"".join(bytes([len(part)]) + part for part in strings)
    if type_ == "SOA":
        return (name_to_wire(absolute(words[0], origin)) + name_to_wire(absolute(words[1], origin))
                + struct.pack("!5I", *map(int, words[2:7])))
    numbers = struct.pack(f"!{len(words) - 1}H", *map(int, words[:-1]))
    return numbers + name_to_wire(absolute(words[-1], origin))


def rdata_to_text(type_, rdata):
    """Presentation form, names with their final dot; hex for types not known here."""
    if type_ in ("A", "AAAA"):
        return str(ipaddress.ip_address(rdata))
    if type_ == "TXT":
        parts = []
        while rdata:
            parts.append('"%s"' % rdata[1:1 + rdata[0]].decode("latin-1"))
            rdata = rdata[1 + rdata[0]:]
        return " ".join(parts)
    if type_ not in NAMES_IN_RDATA or not rdata:
        return rdata.hex()
    before, n_names = NAMES_IN_RDATA[type_]
    words, at = [str(n) for n in struct.unpack(f"!{before // 2}H", rdata[:before])], before
    for _ in range(n_names):
        name, at = name_from_wire(rdata, at)
        words.append(name + ".")
    words += [str(n) for n in struct.unpack(f"!{(len(rdata) - at) // 4}I", rdata[at:])]
    return " ".join(words)
