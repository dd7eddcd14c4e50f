"""A system bus of a scenario's own, and srvpubctl on it."""
import json
import os
import pathlib
import shutil
import subprocess

from support.daemon import Daemon
from support.process import Process
from support.waiting import Failure, Skip, wait_until

NAME, PATH, INTERFACE = "org.srvpubd1", "/org/srvpubd1", "org.srvpubd1.Manager"
# Like the system bus in form; what it permits is the scenario's matter.
CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    {policy}
  </policy>
</busconfig>
"""


class Bus:
    """Not started at first. environment: for programs that are to find it."""

    def __init__(self, test, policy=""):
        self.test = test
        self.socket = test.path("bus")
        self.config = test.path("bus.conf")
        self.process = None
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.socket}"}
        self.permit(policy)
        test.servers.append(self)  # ended with them

    def permit(self, policy):
        """Rules that come last, and so decide; of a running bus too."""
        self.config.write_text(CONFIG.format(socket=self.socket, policy=policy))
        if self.process:
            self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")

    def start(self):
        program = shutil.which("dbus-daemon")
        if not program:
            raise Skip("dbus-daemon is not installed (tests/support/deps install test)")
        self.process = Process([program, f"--config-file={self.config}", "--nofork", "--nopidfile"],
                               self.test.path("bus.log"))
        wait_until(lambda: self.socket.exists() or not self.process.is_running(), "the bus does not start")
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None
            self.socket.unlink(missing_ok=True)

    def busctl(self, *words, timeout=10):
        argv = ["busctl", f"--address={self.environment['DBUS_SYSTEM_BUS_ADDRESS']}", *map(str, words)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)

    def call(self, *words):
        """A call that is answered. Returns the answer, as busctl shows it."""
        done = self.busctl("call", *words)
        if done.returncode != 0:
            raise Failure(f"call {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout.strip()

    def property(self, name):
        done = self.busctl("get-property", NAME, PATH, INTERFACE, name)
        return done.stdout.strip() if done.returncode == 0 else done.stderr.strip()

    def has_daemon(self):
        return self.busctl("status", NAME).returncode == 0

    def wait_daemon(self, timeout=10.0):
        wait_until(self.has_daemon, f"{NAME} is not on the bus", timeout)


class Ctl:
    """srvpubctl as the daemon's user, who is root here, calls it."""

    def __init__(self, test, bus):
        self.test, self.bus = test, bus
        self.program = pathlib.Path(test.program).parent / "srvpubctl"
        self.environment = {**os.environ, **bus.environment, "ASAN_OPTIONS": "exitcode=86:detect_leaks=1",
                            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=86"}

    def argv(self, *words):
        if not os.access(self.program, os.X_OK):
            raise Failure(f"{self.program} is missing: make {self.program}")
        return [str(self.program), *map(str, words)]

    def run(self, *words, expect=0, timeout=30.0, prefix=()):
        """Runs it to its end. Returns the finished process (stdout, stderr)."""
        done = subprocess.run([*prefix, *self.argv(*words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, env=self.environment, check=False)
        with open(self.test.directory / "srvpubctl.log", "a", encoding="utf-8") as log:
            log.write(f"$ srvpubctl {' '.join(map(str, words))} -> {done.returncode}\n{done.stdout}{done.stderr}")
        Daemon.check_sanitizers(done.stderr.splitlines())
        if done.returncode != expect:
            raise Failure(f"srvpubctl {' '.join(map(str, words))}: exit {done.returncode}, expected {expect}\n"
                          f"{done.stdout}{done.stderr}")
        return done

    def json(self, *words, expect=0):
        return json.loads(self.run(*words, "--json", expect=expect).stdout)

    def wait_state(self, domain, state, timeout=10.0):
        """Waits until a domain is in a state. Returns what status tells of it then."""
        seen = {}

        def probe():
            done = subprocess.run(self.argv("status", domain, "--json"), capture_output=True, text=True, timeout=30,
                                  env=self.environment, check=False)
            seen["now"] = json.loads(done.stdout) if done.stdout else {"state": done.stderr}
            return seen["now"]["state"] == state and seen["now"]

        return wait_until(probe, lambda: f"{domain} is {seen['now']['state']}, not {state}", timeout)
