"""A small DNS client, and the SRV sets that it reads."""
import os
import random
import re
import socket
import struct
import subprocess
from typing import NamedTuple

from support import tsig, wire
from support.waiting import Failure, wait_until

SERVICE = "_vlmcs._tcp"


class Srv(NamedTuple):
    target: str = "kms1.contoso.com"
    port: int = 1688
    priority: int = 0
    weight: int = 0
    ttl: int = 3600

    def rdata(self):
        return f"{self.priority} {self.weight} {self.port} {self.target}."


OURS = Srv()


def receive_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionError("connection closed")
        data += part
    return data


def receive_message(sock):
    size, = struct.unpack("!H", receive_exactly(sock, 2))
    return receive_exactly(sock, size)


def send_message(sock, data):
    sock.sendall(struct.pack("!H", len(data)) + data)


def close(sock):
    """Closes a socket so that a thread which waits on it wakes up too."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def exchange(address, data, timeout=2.0, udp=False, port=53):
    """Sends one message and returns the answer's octets."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        sock.connect((address, port))
        if udp:
            sock.send(data)
            return sock.recv(65535)
        send_message(sock, data)
        return receive_message(sock)


def ask(address, name, type_, key=None, udp=False, timeout=2.0, port=53):
    """One query without recursion; with a key signed, and the answer's signature checked."""
    query = wire.Message(random.getrandbits(16), question=[(name, type_, wire.IN)]).wire()
    mac = None
    if key:
        query, mac = tsig.sign(query, key)
    answer = exchange(address, query, timeout, udp, port)
    if key and (error := tsig.check(answer, key, mac)):
        raise Failure(f"{address} signed its answer to {name} {type_} badly (TSIG error {error})")
    return wire.Message.parse(answer)


def record_name(domain, service=SERVICE):
    """A domain alone means its record name; a name with an underscore is one already."""
    return domain if domain.startswith("_") else f"{service}.{domain}"


def srv_set(records):
    return frozenset(record._replace(target=record.target.lower()) for record in records)


def read_srv(address, domain, key=None, exact_case=False, port=53):
    """The SRV set at a domain's record name, as this server tells it with authority."""
    name = record_name(domain)
    answer = ask(address, name, "SRV", key, port=port)
    if answer.rcode_name not in ("NOERROR", "NXDOMAIN") or not answer.has(wire.AA):
        raise Failure(f"{address} answers {answer.rcode_name} to {name} SRV, flags {answer.flags:#x}")
    found = []
    for rr in answer.answer:
        if rr.type == "SRV" and wire.same_name(rr.name, name):
            priority, weight, port, target = rr.text().split()
            found.append(Srv(target.rstrip("."), int(port), int(priority), int(weight), rr.ttl))
    return frozenset(found) if exact_case else srv_set(found)


def describe(records):
    return "; ".join(f"{r.ttl} {r.rdata()}" for r in sorted(records)) or "no SRV"


def wait_srv(address, domain, expected, timeout=10.0, key=None, exact_case=False, port=53):
    expected = frozenset(expected) if exact_case else srv_set(expected)
    seen = {}

    def probe():
        try:
            seen["now"] = describe(found := read_srv(address, domain, key, exact_case, port))
        except (OSError, ValueError, Failure) as error:
            seen["now"] = str(error)
            return False
        return found == expected

    wait_until(probe, lambda: f"{record_name(domain)} at {address}: {seen['now']}; expected {describe(expected)}",
               timeout)


def dig(address, *words):
    argv = ["dig", "+tcp", "+time=2", "+tries=1", f"@{address}", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False).stdout


def nsupdate(lines, key_file=None, ticket=None):
    """Runs nsupdate over TCP, signed with a key or by a ticket (see Kdc.ticket). Returns the RCODE's
    name, or what it complained of."""
    argv = ["nsupdate", "-v", "-t", "5"] + (["-k", str(key_file)] if key_file else []) + (["-g"] if ticket else [])
    done = subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=20,
                          env={**os.environ, "KRB5CCNAME": ticket} if ticket else None)
    if done.returncode == 0 and not done.stderr:
        return "NOERROR"
    rcode = re.search(r"update failed: ([A-Z]+)", done.stderr)
    return rcode[1] if rcode else done.stderr.strip() or f"exit {done.returncode}"
