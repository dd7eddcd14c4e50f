"""What the demos print, and the daemons that they show."""
from support.process import Process
from support.waiting import Failure, wait_until


def say(text=""):
    print(text, flush=True)


def title(text):
    say(f"\n== {text}")


class ShownDaemon:
    """A srvpubd in a directory of its own: config is its configuration's path. Its log as far as it was
    shown, with a sign before each line."""

    def __init__(self, program, directory, sign="|"):
        self.program, self.directory, self.sign = program, directory, sign
        self.directory.mkdir()
        self.config = directory / "srvpubd.conf"
        self.process = None
        self.shown = 0

    def start(self, prefix=(), **popen):
        """prefix: a command that runs it."""
        options = ["--config", self.config, "--state-directory", self.directory / "state"]
        say(f"$ srvpubd {' '.join(map(str, options))}")
        self.process = Process([*prefix, self.program, *options], self.directory / "srvpubd.log",
                               start_new_session=True, **popen)

    def show_log(self):
        for line in self.process.lines[self.shown:] if self.process else ():
            self.shown += 1
            say(f"  {self.sign} {line}")

    def expect_log(self, *words, timeout=10):
        """Waits for a new line that has all the words, then shows all new ones. Returns it."""
        def find():
            return next((line for line in self.process.lines[self.shown:] if all(word in line for word in words)), None)
        line = wait_until(find, lambda: f"srvpubd does not say: {' ... '.join(words)}", timeout)
        self.show_log()
        return line


def end(process):
    """Of a Process, or None."""
    if process and process.is_running():
        try:
            process.terminate(5)
        except Failure:
            process.kill()
