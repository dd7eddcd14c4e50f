"""srvpubd under test: its configuration, its process, what it logs and tells systemd."""
import os
import re
import signal
import socket
import subprocess
import threading

from support.process import Process
from support.waiting import Failure, wait_until

SANITIZER = re.compile("AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|Assertion .* failed")
# Words of its log lines, as wait_about() takes them.
PUBLISHED = r"(?<!not )published"
WITHDRAWN = r"(?<!not )withdrawn"
DEFAULTS = {
    "Service": {"Target": "kms1.contoso.com"},
    "Publish": {"Resolver": "127.0.0.1"},
    "Update": {"Timeout": "1s", "CheckInterval": "1s", "RetryMin": "200ms", "RetryMax": "1s"},
}


def about(domain, *words):
    named = rf"(?:^|[^\w.-]|_tcp\.){re.escape(domain)}(?![\w-]|\.\w)"
    return "(?i)" + "".join(f"(?=.*(?:{word}))" for word in (named, *words)) + ".*"


class Daemon:
    """configure() keywords: domains (list of entries), key (a Key, or a key file's text; None: Security=none),
    keytab (its path, in place of a key), sections as dicts (Service={...}, Publish=, Update=, Ownership=; None as a value: leave that
    default out), extra (text at the end), text (the whole file instead).
    always: sections of this daemon that DEFAULTS are taken beside."""

    def __init__(self, test, program, *, state=None, environment=None, always=None, **config):
        self.test, self.program = test, program
        self.always = always or {}
        self.config_path = test.path("srvpubd.conf")
        self.state_directory = state or test.path("state")
        self.state_directory.mkdir(exist_ok=True)
        self.log_path = test.path("srvpubd.log")
        self.key_path = None
        self.process, self.told = None, []
        self.has_ended = True
        self.environment = dict(os.environ, ASAN_OPTIONS="exitcode=86:detect_leaks=1",
                                UBSAN_OPTIONS="print_stacktrace=1:exitcode=86", **(environment or {}))
        self.config = config
        self.configure(**config)

    # Configuration.

    def configure(self, **config):
        """Writes srvpubd.conf; what is not given is as it was in the last call."""
        self.config = {**self.config, **config}
        text = self.config.get("text")
        self.replace_config(self.config_text() if text is None else text)

    def replace_config(self, text):
        """As an editor does: at no moment is there half a file."""
        draft = self.config_path.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.config_path)

    def config_text(self):
        key = self.config.get("key", True)
        sections = {name: {**DEFAULTS.get(name, {}), **self.always.get(name, {}), **self.config.get(name, {})}
                    for name in ("Service", "Publish", "Update", "Ownership")}
        domains = self.config.get("domains", ["contoso.com"])
        if domains:
            sections["Publish"]["DnsDomainPublishList"] = "".join(f"\n    {entry}" for entry in domains)
        if keytab := self.config.get("keytab"):
            sections["Update"]["Keytab"] = keytab
        elif key is None:
            sections["Update"].setdefault("Security", "none")
        elif "KeyFile" not in sections["Update"]:
            self.key_path = self.key_path or self.test.key_file(*() if key is True else (key,))
            sections["Update"]["KeyFile"] = self.key_path
        lines = []
        for name, keys in sections.items():
            if keys:
                lines += [f"[{name}]", *(f"{k}={v}" for k, v in keys.items() if v is not None), ""]
        return "\n".join(lines) + "\n" + self.config.get("extra", "")

    def argv(self, *options):
        return [str(self.program), "--config", str(self.config_path), "--state-directory",
                str(self.state_directory), *options]

    # Who it is.

    @property
    def publisher_id(self):
        """The id in its claims, known once it has started."""
        path = self.state_directory / "publisher-id"
        wait_until(path.exists, f"{path} is missing")
        return path.read_text(encoding="ascii").split("\n")[0]

    # The process.

    def start(self, *options):
        if not os.access(self.program, os.X_OK):
            raise Failure(f"{self.program} is missing: make {self.program}")
        self.told = []
        path = self.test.path("notify")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(path))
        threading.Thread(target=self.collect_notifications, args=(notify, self.told), daemon=True).start()
        self.process = Process(self.argv(*options), self.log_path,
                               env={**self.environment, "NOTIFY_SOCKET": str(path)})
        self.has_ended = False

    def reload(self, **config):
        """Rewrites the configuration if one is given, and sends SIGHUP, not before it is ready."""
        self.wait_ready()
        if config:
            self.configure(**config)
        self.process.signal(signal.SIGHUP)

    def terminate(self, expect=0, timeout=15.0):
        code = self.process.terminate(timeout)
        self.ended(code, expect)

    def wait_end(self, expect, timeout=10.0):
        self.ended(self.process.wait(timeout), expect)

    def kill(self):
        """kill -9: the end that no program can prepare for."""
        self.process.kill()
        self.has_ended = True

    def ended(self, code, expect):
        self.has_ended = True
        self.check_sanitizers(self.process.lines)
        self.test.equal(code, expect, "srvpubd's exit code")

    def restart(self, **config):
        if not self.has_ended:
            self.terminate()
        if config:
            self.configure(**config)
        self.start()

    def finish(self, passed):
        """Ends it if it runs. After a failure: returns what may have been the cause of it."""
        if self.has_ended:
            return ""
        if passed:
            self.terminate()
            return ""
        note = "" if self.process.is_running() else f"; srvpubd had ended with {self.process.popen.returncode}"
        self.process.kill()
        return note + "; a sanitizer reports" * any(map(SANITIZER.search, self.process.lines))

    # What it says.

    def mark(self):
        return len(self.process.lines)

    def said(self, pattern, after=0):
        regex = re.compile(pattern)
        return [line for line in self.process.lines[after:] if regex.search(line)]

    def wait_log(self, pattern, timeout=10.0, after=0):
        return self.process.wait_line(re.compile(pattern), timeout, after)

    def wait_about(self, domain, *words, timeout=10.0, after=0):
        """A line that names the domain (or its record) and has all the words (regexes), in any
        order and case. Returns it."""
        return self.wait_log(about(domain, *words), timeout, after).string

    def said_about(self, domain, *words, after=0):
        return self.said(about(domain, *words), after)

    def wait_ready(self):
        self.wait_log("^srvpubd .*started")

    @staticmethod
    def collect_notifications(notify, told):
        """Reads at once, as systemd does: a full socket would hold srvpubd up."""
        while True:
            told += notify.recv(65535).decode().splitlines()

    def wait_notify(self, text, timeout=10.0):
        """Waits until it has told systemd a line such as READY=1."""
        def probe():
            if text not in self.told and not self.process.is_running():
                raise Failure(f"srvpubd ended with {self.process.popen.returncode} and never told systemd {text}")
            return text in self.told
        wait_until(probe, lambda: f"srvpubd has not told systemd {text}, but {self.told}", timeout)

    @staticmethod
    def check_sanitizers(lines):
        for number, line in enumerate(lines):
            if SANITIZER.search(line):
                raise Failure("a sanitizer reports:\n" + "\n".join(lines[number:number + 30]))

    # One-shot calls.

    def run(self, *options, expect=0, timeout=30.0):
        """Runs it to its end. Returns the finished process (stdout, stderr)."""
        if not os.access(self.program, os.X_OK):
            raise Failure(f"{self.program} is missing: make {self.program}")
        done = subprocess.run(self.argv(*options), capture_output=True, text=True, timeout=timeout,
                              env=self.environment, check=False)
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(f"$ srvpubd {' '.join(options)} -> {done.returncode}\n{done.stdout}{done.stderr}")
        self.check_sanitizers(done.stderr.splitlines())
        if done.returncode != expect:
            raise Failure(f"srvpubd {' '.join(options)}: exit {done.returncode}, expected {expect}\n"
                          f"{done.stdout}{done.stderr}")
        return done

    def once(self, **kwargs):
        return self.run("--once", **kwargs)

    def dry_run(self, **kwargs):
        return self.run("--dry-run", **kwargs)

    def check_config(self, **kwargs):
        return self.run("--check-config", **kwargs)
