"""Clocks that a scenario sets for one daemon: leases are waited for without waiting."""
import mmap
import os
import pathlib
import struct
import subprocess

from support.waiting import Failure

SOURCE = pathlib.Path(__file__).with_name("clock.c")


def library(test):
    """The preloaded library, built once a scenario."""
    path = test.directory / "clock.so"
    if not path.exists():
        done = subprocess.run(["gcc", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-shared", "-fPIC", "-o", path, SOURCE],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode or done.stderr:
            raise Failure(f"{SOURCE.name} is not built: {done.stderr}")
    return path


class Clock:
    """The clocks of a daemon that is started after this was made: ahead of the machine's by wall and
    boot, in seconds; boot is all the clocks that nobody sets. With TSIG only boot may differ."""

    def __init__(self, test, daemon, wall=0, boot=0):
        path = test.path("clock")
        path.write_bytes(bytes(16))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 16)
        self.wall, self.boot = wall, boot
        self.ahead(0)
        daemon.environment.update(LD_PRELOAD=os.fspath(library(test)), TEST_CLOCK=os.fspath(path))
        # The sanitizer wants to be the first library, which it need not be.
        daemon.environment["ASAN_OPTIONS"] += ":verify_asan_link_order=0"

    def ahead(self, seconds, *, wall=None):
        """Lets this time go by; wall: by the wall clock another one."""
        self.boot += seconds
        self.wall += seconds if wall is None else wall
        self.map[:] = struct.pack("qq", self.wall, self.boot)
