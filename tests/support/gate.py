"""A proxy that holds updates until it is told to let them all in at once: a race that is one."""
import random
import socket
import threading
from collections import Counter

from support import wire
from support.client import close, receive_message, send_message
from support.proxy import Proxy, kind_of
from support.waiting import wait_until

AT_ONCE = 4


class Gate(Proxy):
    """held: updates that wait, as (octets, function that takes the answer). rcodes: of the answers to
    all of them, by name. Closed at first."""

    def __init__(self, address, upstream):
        super().__init__(address, upstream)
        self.is_closed = True
        self.held = []
        self.rcodes = Counter()

    def wait_held(self, number, timeout=15.0):
        wait_until(lambda: len(self.held) >= number, lambda: f"{len(self.held)} of {number} updates have come", timeout)

    def held_names(self):
        """How many of the updates are for each record name."""
        messages = [wire.Message.parse(data) for data, _ in self.held]
        return Counter(next(rr.name for rr in message.authority) for message in messages)

    def open(self, seed):
        """Lets them in, a few at the same time, in an order drawn from the seed; further ones pass."""
        with self.lock:
            self.is_closed, held = False, self.held
            self.held = []
        random.Random(seed).shuffle(held)
        for number in range(AT_ONCE):
            threading.Thread(target=self._let_in, args=(held[number::AT_ONCE],), daemon=True).start()

    def _let_in(self, held):
        with socket.create_connection((self.upstream.address, 53)) as up:
            for data, answer in held:
                send_message(up, data)
                answer(receive_message(up))

    def _holds(self, data, answer):
        with self.lock:
            if not self.is_closed or kind_of(data) != "update":
                return False
            self.held.append((data, answer))
            return True

    def _accept(self, listener):
        while True:
            try:
                down, _ = listener.accept()
                up = socket.create_connection((self.upstream.address, 53))
            except OSError:
                return
            threading.Thread(target=self._serve, args=(down, up), daemon=True).start()

    def _serve(self, down, up):
        lock = threading.Lock()  # answers to what was held come from elsewhere

        def answer(data):
            message = wire.Message.parse(data)
            with self.lock:
                self.rcodes[message.rcode_name] += message.opcode == wire.UPDATE
            with lock:
                send_message(down, data)

        try:
            while True:
                data = receive_message(down)
                self._count(data)
                if not self._holds(data, answer):
                    send_message(up, data)
                    answer(receive_message(up))
        except OSError:
            close(down)
            close(up)
