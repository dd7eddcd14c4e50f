"""What the kernel tells of a process, and of a namespace's TCP."""
import functools
import os
import threading
import time

PAUSE = 0.005  # between two looks at the counters: how exact an end is known


def cpu_seconds(pid):
    """CPU time of all threads of a process, those that have ended too."""
    return time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3)


def memory(pid):
    """Returns (RSS, of it anonymous) in KiB."""
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="ascii"))
    return int(fields["VmRSS"].split()[0]), int(fields["RssAnon"].split()[0])


def wake_ups(pid):
    """How often a thread of it has waited, and been woken."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        for line in open(f"/proc/{pid}/task/{task}/status", encoding="ascii"):
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


class Netstat:
    """The kernel's count of TCP segments with octets in them that were sent in this namespace, by anybody. It is asked
    so often that how it is read matters: opened once, and not read any further."""

    def __init__(self):
        self.file = os.open("/proc/net/netstat", os.O_RDONLY)
        self.column = self.line(0).split().index(b"TCPOrigDataSent")

    def line(self, number):
        return os.pread(self.file, 16384, 0).split(b"\n", 2)[number]

    def segments(self):
        return int(self.line(1).split(None, self.column + 1)[self.column])


@functools.cache
def netstat():
    return Netstat()


def data_segments():
    return netstat().segments()


def fsyncs_a_second(directory, n=30):
    """What a disk is able to do just now."""
    path = os.path.join(directory, "fsync")
    with open(path, "wb", buffering=0) as file:
        begin = time.monotonic()
        for _ in range(n):
            file.write(bytes(512))
            os.fsync(file)
        seconds = time.monotonic() - begin
    os.unlink(path)
    return n / seconds


class Traffic:
    """Watches a namespace's TCP from now on: when it last carried data."""

    def __init__(self):
        self.first = self.count = data_segments()
        self.last = time.monotonic()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ended.wait(PAUSE):
            count = data_segments()
            if count != self.count:
                self.count, self.last = count, time.monotonic()

    @property
    def segments(self):
        return self.count - self.first

    def silence(self):
        return time.monotonic() - self.last

    def stop(self):
        self.ended.set()
        self.thread.join()
