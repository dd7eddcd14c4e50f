"""Wrong answers, by name. Each function here returns a fault: a function of an Exchange.

A fault that says "done" has carried out the request before it answers wrongly; the others have not.
"""
import struct

from support import tsig, wire
from support.gss import Tkey
from support.scripted import Answer, random_octets
from support.tsig import Key

OTHER_KEY = Key(name="another-key", secret="YW5vdGhlciBrZXksIHRoYXQgbm9ib2R5IGhhcw==")


def close_before():
    """The connection is closed instead of an answer."""
    return lambda exchange: Answer(close=True)


def done_then_close():
    """Done, but the connection closes before the answer: the client cannot know."""
    return lambda exchange: Answer(exchange.right_answer() and None, close=True)


def close_within():
    """Done, and closed after half of the answer."""
    def fault(exchange):
        data = exchange.right_answer()
        return Answer(data, cut=len(data) // 2, close=True)
    return fault


def close_after():
    """The right answer, and then the connection closes."""
    return lambda exchange: Answer(exchange.right_answer(), close=True)


def close_later(seconds=0.05):
    """The right answer, and the connection closes when the next request is on its way."""
    return lambda exchange: Answer(exchange.right_answer(), close=True, linger=seconds)


def silence():
    return lambda exchange: Answer()


def done_then_silence():
    return lambda exchange: Answer(exchange.right_answer() and None)


def garbage(size=40, seed=1):
    """Octets that are no DNS message."""
    return lambda exchange: random_octets(size, seed)


def empty():
    """A TCP message of no octets."""
    return lambda exchange: b""


def header_only():
    """An id and nothing else that makes sense behind it: 12 octets that announce records."""
    return lambda exchange: exchange.data[:2] + b"\xa8\x00" + b"\xff" * 8


def truncated(size=20):
    """A message that ends in its middle, in a frame that says so."""
    return lambda exchange: exchange.right_answer()[:size]


def altered(change, done=True):
    """The right answer with change(message) applied before it is signed."""
    def fault(exchange):
        message = exchange.reply() if done else exchange.bare_reply()
        change(message)
        return exchange.sign(message)
    return fault


def tc():
    """Truncation announced (over TCP it makes no sense)."""
    return altered(lambda message: setattr(message, "flags", message.flags | wire.TC))


def udp_tc():
    """Over UDP nothing but TC, over TCP the right answer."""
    def fault(exchange):
        if not exchange.over_udp:
            return exchange.right_answer()
        message = exchange.bare_reply()
        message.flags |= wire.TC
        return exchange.sign(message)
    return fault


def no_aa():
    return altered(lambda message: setattr(message, "flags", message.flags & ~wire.AA))


def wrong_id():
    return altered(lambda message: setattr(message, "id", message.id ^ 0x5555))


def wrong_question():
    return altered(lambda message: setattr(message, "question", [("other.example", *message.question[0][1:])]))


def wrong_opcode():
    return altered(lambda message: setattr(message, "opcode", 4))


def not_a_reply():
    return altered(lambda message: setattr(message, "flags", message.flags & ~wire.QR))


def unsigned():
    """Done, the right answer without its signature."""
    return lambda exchange: exchange.reply().wire()


def bad_mac():
    """Done, signed with a secret that is not ours."""
    return lambda exchange: exchange.sign(exchange.reply(), mac=random_octets(32))


def mac_of_another():
    """Done, with a MAC that the key has made, but of other octets."""
    return lambda exchange: exchange.sign(exchange.reply(), mac=exchange.key.mac(b"another message"))


def mac_without_request():
    """Done, and signed as if nothing had been asked."""
    return lambda exchange: tsig.sign(exchange.reply().wire(), exchange.key)[0]


def samba_mac(forged=False):
    """Done, and signed as Samba does up to 4.19.7: over the request's MAC without its length. forged: over
    another MAC than the request's."""
    def fault(exchange):
        data = exchange.reply().wire()
        mac = bytes(len(exchange.signature.mac)) if forged else exchange.signature.mac
        return tsig.sign(data, exchange.key, mac, has_length=False)[0]
    return fault


def wrong_key_name():
    return lambda exchange: exchange.sign(exchange.reply(), key=OTHER_KEY)


def wrong_algorithm():
    def fault(exchange):
        key = Key(exchange.key.name, "hmac-sha512", getattr(exchange.key, "secret", OTHER_KEY.secret))
        return exchange.sign(exchange.reply(), key=key)
    return fault


def badkey():
    return lambda exchange: exchange.tsig_error(tsig.BADKEY)


def badsig():
    return lambda exchange: exchange.tsig_error(tsig.BADSIG)


def badtime(offset=3600):
    """The server's clock is offset seconds ahead: NOTAUTH, BADTIME, signed."""
    def fault(exchange):
        now = exchange.signature.time
        return exchange.sign(exchange.bare_reply("NOTAUTH"), error=tsig.BADTIME, now=now,
                             other=tsig.pack_time(now + offset))
    return fault


def server_time(offset=3600):
    """Done and signed well, but at a time outside the fudge."""
    return lambda exchange: exchange.sign(exchange.reply(), now=exchange.server.now() + offset)


def rcode(name, signed=True):
    """Nothing done but this RCODE."""
    def fault(exchange):
        message = exchange.bare_reply(name)
        return exchange.sign(message) if signed else message.wire()
    return fault


def lie():
    """NOERROR, signed, and nothing done (rule E4)."""
    return rcode("NOERROR")


def echo(name="REFUSED", done=False):
    """The request sent back with QR and the RCODE set, its own MAC in it, as Samba does."""
    def fault(exchange):
        if done:
            exchange.reply()
        bits, = struct.unpack_from("!H", exchange.data, 2)
        return exchange.data[:2] + struct.pack("!H", bits | wire.QR | wire.rcode(name)) + exchange.data[4:]
    return fault


# TKEY (RFC 3645 4.1). The first ones have taken the client's token.

def tkey(*, change=None, times=1, section="answer", lifetime=None, is_signed=True, mac=None, **fields):
    """The right answer with fields of its Tkey, or what change(Tkey) makes of them; the record stands so many
    times in a section. mac: in place of the right one."""
    def fault(exchange):
        record, key = exchange.negotiate()
        vars(record).update(fields)
        if lifetime is not None:
            record.expiration = record.inception + lifetime
        if change:
            change(record)
        message = exchange.tkey_reply()
        getattr(message, section).extend(times * [record.rr()])
        data = message.wire()
        return tsig.sign(data, key, mac=mac)[0] if key and is_signed else data
    return fault


def tkey_old_token():
    """The server's token is the one that it gave first, damaged even then."""
    first = []

    def change(record):
        first.append(record.token[:-1] + bytes([record.token[-1] ^ 1]))
        record.token = first[0]
    return tkey(change=change)


def tkey_krb_error(code):
    """The server's token is a KRB-ERROR (RFC 4120 5.9.1), which is not authenticated."""
    def tlv(tag, *parts):
        data = b"".join(parts)
        return bytes([tag, len(data)]) + data

    def number(tag, value):
        return tlv(tag, tlv(2, bytes([value])))

    def text(tag, value):
        return tlv(tag, tlv(27, value))

    name = tlv(0xAA, tlv(0x30, number(0xA0, 1), tlv(0xA1, tlv(0x30, tlv(27, b"DNS"), tlv(27, b"ns1.example.test")))))
    error = tlv(0x7E, tlv(0x30, number(0xA0, 5), number(0xA1, 30), tlv(0xA4, tlv(24, b"20300101000000Z")),
                          number(0xA5, 0), number(0xA6, code), text(0xA9, b"EXAMPLE.TEST"), name))
    mechanism = bytes.fromhex("06092a864886f712010202")
    return tkey(token=tlv(0x60, mechanism, b"\3\0", error), is_signed=False)


def tkey_returned(rcode="NOERROR"):
    """The client's token comes back to it."""
    def fault(exchange):
        message = exchange.bare_reply(rcode)
        message.answer = list(exchange.request.additional)
        return message.wire()
    return fault


def tkey_error(error):
    """The token is not accepted: NOERROR, an error in TKEY, no token, no signature."""
    def fault(exchange):
        query = Tkey.find(exchange.request)
        return exchange.tkey_reply(Tkey(query.name, query.mode, error=error)).wire()
    return fault


def then(first, second):
    """Two faults: first's answer, preceded by second(server) as a side effect."""
    def fault(exchange):
        second(exchange.server)
        return first(exchange) if first else exchange.right_answer()
    return fault
