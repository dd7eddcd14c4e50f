"""A child process whose output is collected line by line while it runs, and programs that serve for a
whole scenario, perhaps as several processes one after the other."""
import os
import shutil
import signal
import subprocess
import threading

from support.waiting import Failure, Skip, wait_until


def find_program(name, group="test"):
    """Its path; group: of tests/support/deps, where it is a package's."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{name} is not installed (tests/support/deps install {group})")
    return path


class Process:
    """stderr and stdout go to lines and out_lines, and both into a log file."""

    def __init__(self, argv, log_path, **popen):
        self.argv = [str(word) for word in argv]
        self.lines, self.out_lines = [], []
        self.log = open(log_path, "a", buffering=1, encoding="utf-8")
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, errors="replace", **popen)
        self.threads = [threading.Thread(target=self._collect, args=pair, daemon=True)
                        for pair in ((self.popen.stderr, self.lines), (self.popen.stdout, self.out_lines))]
        for thread in self.threads:
            thread.start()

    def _collect(self, stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
            self.log.write(line)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def wait(self, timeout=10.0):
        """Waits for the end and for the last line of output. Returns the exit code."""
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.argv[0]} has not ended after {timeout:g} s") from None
        for thread in self.threads:
            thread.join(2)
        return self.popen.returncode

    def terminate(self, timeout=10.0):
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def wait_line(self, pattern, timeout=10.0, after=0):
        """The first line of stderr from number after on that matches a compiled regex."""
        def find():
            return next(filter(None, map(pattern.search, self.lines[after:])), None)

        def find_or_ended():
            match = find()
            if not match and not self.is_running():
                self.wait()
                match = find() or Failure(f"{self.argv[0]} ended with {self.popen.returncode} before it said "
                                          f"/{pattern.pattern}/")
            return match

        match = wait_until(find_or_ended, lambda: f"{self.argv[0]} has not said /{pattern.pattern}/", timeout)
        if isinstance(match, Failure):
            raise match
        return match


class Program:
    """What a scenario starts, stops and starts again. start() leaves its Process in process."""
    process = None

    def stop(self):
        if self.process and self.process.is_running():
            try:
                self.process.terminate(5)
            except Failure:
                self.process.kill()

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """Stops it in its tracks: connections are accepted by the kernel, nothing answers."""
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)
