"""A DNS server that does right until a scenario tells it otherwise (see support/faults.py).

    server.script("update", rcode("SERVFAIL"), echo())   the first two updates; then right again
    server.always("SRV", silence())                      every SRV query
    server.always("SRV", None)                           right again

It counts what it receives, and can hold answers back to see how much is outstanding (over TCP).
"""
import random
import socket
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass

from support import tsig, wire
from support.client import close, receive_message, send_message
from support.gss import DELETE, Contexts, Objections, Tkey
from support.primary import Primary
from support.proxy import kind_of
from support.waiting import wait_until
from support.zone import service_hosts

NO_QUERIES = ("update", "TKEY", "TKEY-delete")  # kinds that "query" does not mean


@dataclass
class Answer:
    """What goes out: the octets (None: nothing), how many of them (None: all), and whether the
    connection is closed then, so many seconds later."""
    data: bytes = None
    cut: int = None
    close: bool = False
    linger: float = 0


class Exchange:
    """One request and what is to be answered; faults are functions of it."""

    def __init__(self, server, data, over_udp):
        self.server, self.data, self.over_udp = server, data, over_udp
        self.request = wire.Message.parse(data)
        self.kind = kind_of(data)
        _, self.signature = tsig.split(data)
        self.key = server.find_key(self.signature.name) if self.signature else None
        self.error = tsig.check(data, self.key, now=server.now()) if self.key else tsig.BADKEY

    def reply(self):
        """Does what was asked, and returns the right answer, unsigned."""
        may_update = self.key is not None or not (self.server.keys or self.server.contexts)
        return self.server.primary.answer(self.request, may_update)

    def negotiate(self):
        """Takes the token in a TKEY query. Returns the Tkey to answer with, and the key or None."""
        return self.server.contexts.negotiate(Tkey.find(self.request), self.server.now())

    def tkey_reply(self, *tkeys):
        message = self.bare_reply()
        message.answer = [tkey.rr() for tkey in tkeys]
        return message

    def tkey_answer(self):
        """Signed with the new context; this digest has no MAC of a request (RFC 3645 4.1.3)."""
        tkey, key = self.negotiate()
        data = self.tkey_reply(tkey).wire()
        return tsig.sign(data, key, now=self.server.now())[0] if key else data

    def tkey_deletion(self):
        data = self.sign(self.tkey_reply(Tkey(self.signature.name, DELETE)))
        self.server.contexts.drop(self.signature.name)
        return data

    def bare_reply(self, rcode="NOERROR"):
        """An answer for which nothing was done."""
        return wire.Message(self.request.id, self.request.opcode, wire.rcode(rcode), wire.QR,
                            list(self.request.question))

    def sign(self, message, **overrides):
        """Signs as the request was signed; see tsig.sign() for the overrides."""
        data = message if isinstance(message, bytes) else message.wire()
        if not self.signature:
            return data
        key = overrides.pop("key", self.key or self.server.keys[0])
        overrides.setdefault("now", self.server.now())
        return tsig.sign(data, key, self.signature.mac, **overrides)[0]

    def tsig_error(self, error):
        """RFC 8945 5.2: NOTAUTH; without a MAC but for BADTIME, that is signed with the request's time."""
        message = self.bare_reply("NOTAUTH")
        if error != tsig.BADTIME:
            return self.sign(message, error=error, mac=b"", name=self.signature.name,
                             algorithm=self.signature.algorithm, now=self.signature.time)
        return self.sign(message, error=error, now=self.signature.time,
                         other=tsig.pack_time(self.server.now()))

    def right_answer(self):
        if self.signature and self.error:
            return self.tsig_error(self.error)
        if self.kind == "TKEY" and self.server.contexts:
            return self.tkey_answer()
        if self.kind == "TKEY-delete" and self.signature:
            return self.tkey_deletion()
        return self.sign(self.reply())


class ScriptedServer:
    """TCP and UDP on one address. clock_offset: how far its clock is from ours, in seconds. kdc: of the
    realm whose tickets it takes, for the MNAMEs of its zones."""

    def __init__(self, test, *, zones, addresses=("127.0.0.1",), keys=(), port=53, query_key=None, clock_offset=0,
                 kdc=None):
        self.test, self.address, self.port = test, addresses[0], port
        self.keys, self.query_key = list(keys), query_key
        self.zones, self.primary, self.kdc = zones, Primary(zones), kdc
        self.contexts = None
        self.clock_offset = clock_offset
        self.lock = threading.RLock()
        self.scripts = defaultdict(deque)
        self.standing = {}
        self.counts = Counter()
        self.requests = []  # every request in wire form, in order
        self.malformed = []  # those that are no DNS message
        self.objections = Objections()
        self.outstanding = self.peak_outstanding = 0
        self.is_holding, self.held = False, []
        self.listeners, self.connections = [], set()
        self.log = open(test.path(f"scripted-{self.address}.log"), "w", buffering=1, encoding="utf-8")

    def now(self):
        return int(time.time()) + self.clock_offset

    @property
    def domain(self):
        """Of one that has one."""
        return self.zones[0].name

    def find_key(self, name):
        key = next((key for key in self.keys if wire.same_name(key.name, name)), None)
        return key or (self.contexts.find(name) if self.contexts else None)

    # What a scenario tells it. kind: "update", "query", or a query's type, which wins over "query".

    def script(self, kind, *faults):
        """Overrides the answers to the next requests of a kind, in order; None: the right one."""
        with self.lock:
            self.scripts[kind].extend(faults)

    def always(self, kind, fault):
        """Overrides every answer to a kind that script() does not; None ends it."""
        with self.lock:
            self.standing[kind] = fault

    def hold(self):
        """Answers nothing from now on, but does what is asked, until release()."""
        self.is_holding = True

    def release(self):
        with self.lock:
            self.is_holding, held, self.held = False, self.held, []
        for send in held:
            send()

    def wait_count(self, kind, number, timeout=10.0):
        wait_until(lambda: self.counts[kind] >= number,
                   lambda: f"{self.address} got {self.counts[kind]} of {kind}, expected {number}", timeout)

    def reset(self):
        """Forgets counts and requests."""
        with self.lock:
            self.counts.clear()
            self.requests.clear()
            self.peak_outstanding = self.outstanding

    def messages(self, kind):
        """The requests of a kind so far, parsed."""
        with self.lock:
            requests = [data for data in self.requests if kind_of(data) == kind]
        return [wire.Message.parse(data) for data in requests]

    def drop_connections(self):
        """Closes every connection, as a server does that restarts."""
        with self.lock:
            connections = list(self.connections)
        for sock in connections:
            close(sock)

    # The server.

    def start(self):
        if self.kdc:
            self.contexts = Contexts(self.test, self.kdc, service_hosts(self.zones))
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        for kind, serve in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._serve_udp)):
            sock = socket.socket(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.address, self.port))
            if kind == socket.SOCK_STREAM:
                sock.listen(128)
            self.listeners.append(sock)
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    def stop(self):
        listeners, self.listeners = self.listeners, []
        for sock in listeners:
            close(sock)
        self.drop_connections()

        if self.contexts:
            self.contexts.close()

    kill = stop

    def restart(self):
        self.stop()
        self.start()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.add(sock)
                self.counts["connection"] += 1
            threading.Thread(target=self._serve_tcp, args=(sock,), daemon=True).start()

    def _serve_tcp(self, sock):
        def send(answer):
            try:
                if answer.data is not None:
                    if answer.cut is None:
                        send_message(sock, answer.data)
                    else:
                        sock.sendall(len(answer.data).to_bytes(2, "big") + answer.data[:answer.cut])
                if answer.close:
                    time.sleep(answer.linger)
                    close(sock)
            except OSError as error:
                self.log.write(f"  not sent: {error}\n")

        try:
            while True:
                self._serve(receive_message(sock), send, over_udp=False)
        except OSError:
            with self.lock:
                self.connections.discard(sock)
            close(sock)

    def _serve_udp(self, sock):
        while True:
            try:
                data, peer = sock.recvfrom(65535)
            except OSError:
                return
            if not data and not self.listeners:
                return

            def send(answer, peer=peer):
                if answer.data is not None:
                    sock.sendto(answer.data[:answer.cut], peer)

            self._serve(data, send, over_udp=True)

    def _serve(self, data, send, over_udp):
        with self.lock:
            try:
                exchange = Exchange(self, data, over_udp)
            except (ValueError, IndexError, struct.error) as error:
                self.malformed.append(data)
                self.log.write(f"malformed request: {error}: {data.hex()}\n")
                return
            self._account(exchange)
            fault = self._next_fault(exchange.kind)
            answer = fault(exchange) if fault else exchange.right_answer()
            answer = answer if isinstance(answer, Answer) else Answer(answer)
            name = getattr(fault, "__qualname__", "right").partition(".")[0] if fault else "right"
            self.log.write(f"{'udp' if over_udp else 'tcp'} {exchange.kind} {exchange.request.question} -> {name} "
                           f"{answer.data[3] & 15 if answer.data and len(answer.data) > 3 else '-'}\n")

            def finish():
                with self.lock:
                    self.outstanding -= not over_udp
                send(answer)

            if self.is_holding:
                self.held.append(finish)
                return
        finish()

    def _account(self, exchange):
        self.objections.judge(exchange)
        self.requests.append(exchange.data)
        self.counts[exchange.kind] += 1
        self.counts["udp" if exchange.over_udp else "tcp"] += 1
        if exchange.kind not in NO_QUERIES:
            self.counts["query"] += 1
        self.outstanding += not exchange.over_udp
        self.peak_outstanding = max(self.peak_outstanding, self.outstanding)

    def _next_fault(self, kind):
        kinds = [kind] if kind in NO_QUERIES else [kind, "query"]
        for name in kinds:
            if self.scripts[name]:
                return self.scripts[name].popleft()
        return next((self.standing[name] for name in kinds if self.standing.get(name)), None)


def random_octets(size, seed=1):
    return random.Random(seed).randbytes(size)
