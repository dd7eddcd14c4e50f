"""A proxy before a real server that counts what passes, so that messages can be held to a budget."""
import socket
import threading
from collections import Counter

from support import wire
from support.client import close, receive_message, send_message
from support.gss import DELETE, Tkey


def kind_of(data):
    """"update", "TKEY-delete", or the type that a query asks for."""
    message = wire.Message.parse(data)
    if message.opcode == wire.UPDATE:
        return "update"
    if (tkey := Tkey.find(message)) and tkey.mode == DELETE:
        return "TKEY-delete"
    return message.question[0][1] if message.question else "none"


class Proxy:
    """TCP and UDP at address:53. counts: requests by kind; updates: those requests, parsed; connections:
    those of TCP so far."""

    def __init__(self, address, upstream):
        self.address, self.upstream = address, upstream
        self.counts = Counter()
        self.updates = []
        self.connections = 0
        self.lock = threading.Lock()
        self.sockets = []

    @property
    def query_key(self):
        return self.upstream.query_key

    def start(self):
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        for kind, serve in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._serve_udp)):
            sock = socket.socket(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.address, 53))
            if kind == socket.SOCK_STREAM:
                sock.listen(64)
            self.sockets.append(sock)
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    def stop(self):
        for sock in self.sockets:
            close(sock)

    def reset(self):
        with self.lock:
            self.counts.clear()
            self.updates.clear()

    def _count(self, data):
        kind = kind_of(data)
        with self.lock:
            self.counts[kind] += 1
            if kind == "update":
                self.updates.append(wire.Message.parse(data))

    def _accept(self, listener):
        while True:
            try:
                down, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            try:
                up = socket.create_connection((self.upstream.address, 53))
            except OSError:
                down.close()
                continue
            for source, sink, count in ((down, up, self._count), (up, down, lambda data: None)):
                threading.Thread(target=self._pump, args=(source, sink, count), daemon=True).start()

    @staticmethod
    def _pump(source, sink, count):
        try:
            while True:
                data = receive_message(source)
                count(data)
                send_message(sink, data)
        except OSError:
            close(source)
            close(sink)

    def _serve_udp(self, sock):
        with socket.socket(sock.family, socket.SOCK_DGRAM) as up:
            up.settimeout(2)
            while True:
                try:
                    data, peer = sock.recvfrom(65535)
                    if not data:  # the socket was closed
                        return
                    self._count(data)
                    up.sendto(data, (self.upstream.address, 53))
                    sock.sendto(up.recv(65535), peer)
                except TimeoutError:
                    continue
                except OSError:
                    return
