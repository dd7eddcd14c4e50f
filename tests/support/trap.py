"""A proxy before a real server that ends the daemon when a message passes, and decides what becomes
of what was on its way then: the moments that a random delay hits too seldom."""
import socket
import threading
import time
from collections import Counter

from support import wire
from support.client import close, receive_message, send_message
from support.proxy import Proxy, kind_of

# So long after the end of a daemon the server may still get a message of it. The daemon after it
# reckons with two Timeout=.
LATEST = 1.2


class Life:
    """One life of the daemon, as the proxy sees it. kill ends it, log takes a line of text.

    kind, number, wait: ends when the number-th message of that kind ("update", a query's type) has
    come, or, with a wait, so long after its answer was delivered. lag: how long each message takes to
    the server. late: when after the end the server gets what was on its way; None: never."""

    def __init__(self, kill, log, *, kind="", number=0, wait=None, lag=0.0, late=0.0):
        self.kill, self.log = kill, log
        self.kind, self.number, self.wait = kind, number, wait
        self.lag, self.late = lag, late
        self.lock = threading.Lock()
        self.counts = Counter()
        self.begin = time.monotonic()
        self.ended_at = None
        self.was_trapped = False

    def end(self, trapped=False):
        with self.lock:
            if self.ended_at is None:
                self.kill()
                self.ended_at = time.monotonic()
                self.was_trapped = trapped

    def request(self, data):
        """Returns whether it goes on to the server, and whether its answer will end the daemon."""
        with self.lock:
            kind = kind_of(data)
            self.counts[kind] += 1
            is_it = kind == self.kind and self.counts[kind] == self.number
        time.sleep(self.lag)
        if is_it and self.wait is None:
            self.end(trapped=True)
        arrives = self._arrives()
        if kind == "update":
            when = "before" if self.ended_at is None else "after" if arrives else "lost with"
            self.log(f"    {time.monotonic() - self.begin:.3f} s, {when} its end: {in_words(data)}")
        return arrives, is_it and self.wait is not None

    def answered(self):
        threading.Timer(self.wait, self.end, (True,)).start()

    def _arrives(self):
        if self.ended_at is None:
            return True
        if self.late is None:
            return False
        time.sleep(max(0.0, self.ended_at + self.late - time.monotonic()))
        return time.monotonic() - self.ended_at <= LATEST


def in_words(data):
    """What an update does."""
    return "; ".join(f"{'add' if rr.cls == wire.IN else 'delete'} {rr.name} {rr.ttl} {rr.type} {rr.text()}"
                     for rr in wire.Message.parse(data).authority)


class TrapProxy(Proxy):
    """life: of the daemon whose connections come from now on. outstanding: messages of all daemons so
    far that the server may still get or has not answered."""

    def __init__(self, address, upstream):
        super().__init__(address, upstream)
        self.life = None
        self.outstanding = 0

    def add(self, number):
        with self.lock:
            self.outstanding += number

    def _accept(self, listener):
        while True:
            try:
                down, _ = listener.accept()
            except OSError:
                return
            Link(self, down)


class Link:
    """A connection through the proxy. That to the server stays until all is answered: a server may
    drop what it has read of a connection that is gone."""

    def __init__(self, proxy, down):
        self.proxy, self.life, self.down = proxy, proxy.life, down
        self.up = socket.create_connection((proxy.upstream.address, 53))
        self.lock = threading.Lock()
        self.waiting = {}  # id of a message on its way -> whether its answer ends the daemon
        self.is_over = False
        for serve in (self._requests, self._answers):
            threading.Thread(target=serve, daemon=True).start()

    def _requests(self):
        try:
            while True:
                data = receive_message(self.down)
                self.proxy.add(1)
                arrives, ends = self.life.request(data)
                if not arrives:
                    self.proxy.add(-1)
                    break
                with self.lock:
                    self.waiting[data[:2]] = ends
                send_message(self.up, data)
        except OSError:
            pass
        with self.lock:
            self.is_over = True
            if not self.waiting:
                close(self.up)

    def _answers(self):
        try:
            while not (self.is_over and not self.waiting):
                data = receive_message(self.up)
                with self.lock:
                    ends = self.waiting.pop(data[:2])
                self._deliver(data)
                if ends:
                    self.life.answered()
                self.proxy.add(-1)
        except OSError:
            pass
        with self.lock:
            self.proxy.add(-len(self.waiting))
            self.waiting.clear()
        close(self.down)
        close(self.up)

    def _deliver(self, data):
        try:
            send_message(self.down, data)
        except OSError:
            pass  # the daemon is gone
