"""A machine with a systemd of its own, as an administrator has it before him.

systemd-nspawn boots the running system's files through an overlay, whose writable side is a tmpfs
in the scenario's mount namespace: nothing of it is seen outside, or outlasts the scenario. Of the
running system's own settings it takes nothing over: no units, no name, no package srvpubd. It shares
the scenario's network, where the name server is another machine to it: that one stays when this
reboots.

What is done on it goes into the scenario's transcript: the commands, and what of their output was
looked for.
"""
import os
import re
import secrets
import shutil
import socket
import subprocess

from support.namespace import mount
from support.process import Process
from support.waiting import Failure, Skip, wait_until

NOTHING = r"\A\s*\Z"  # a pattern for see()
KEY_FILE = "/etc/srvpubd/update.key"
NAME_SERVER = "127.0.0.2"
RECORD = r"^0 0 1688 kms1\.contoso\.com\.$"  # as dig shows it
# Written into srvpubd.conf so that nobody has to wait.
TIMES = "Timeout=1s\nCheckInterval=1s\nRetryMin=200ms\nRetryMax=1s\n"
PAUSE = 0.1  # between two looks: each is a process or more
REBOOT = 133  # how nspawn with --keep-unit ends then

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "HOME": "/root", "TERM": "dumb", "SYSTEMD_COLORS": "0", "DEBIAN_FRONTEND": "noninteractive"}
# What is the running system's own: its units, a policy for services, an srvpubd that it may have.
NOT_OURS = ("etc/systemd/system", "etc/systemd/journald.conf.d", "etc/rc2.d", "etc/rc3.d", "etc/rcS.d",
            "usr/sbin/policy-rc.d", "var/log/journal", "usr/local/lib/systemd", "usr/local/lib/sysusers.d",
            "usr/local/sbin/srvpubd", "etc/srvpubd", "var/lib/srvpubd")
FILES = {
    "etc/fstab": "",
    "etc/hostname": "kms1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 kms1.contoso.com kms1\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/resolv.conf": f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n",
    "etc/systemd/system/console-getty.service": None,  # masked
    "root/.digrc": "+short +time=1 +tries=1\n",
}


def make_root(directory):
    """A root file system in an empty directory: the running system's, without what makes it that one.
    Returns its path."""
    upper, work, root = (directory / name for name in ("upper", "work", "root"))
    directory.mkdir()
    try:
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0)
        mount("tmpfs", directory, "tmpfs", 0, "size=1g,mode=755")
        for path in (upper, work, root):
            path.mkdir()
        mount("overlay", root, "overlay", 0, f"lowerdir=/,upperdir={upper},workdir={work}")
    except OSError as error:
        raise Skip(f"{error.strerror} ({os.strerror(error.errno)})") from None
    for path in ("usr/lib/systemd/systemd", "usr/bin/dpkg", "var/lib/dpkg/status"):
        if not (root / path).exists():
            raise Skip(f"/{path} is not on this machine's root file system")
    for path in map(root.joinpath, NOT_OURS):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name, text in {**FILES, "etc/machine-id": secrets.token_hex(16) + "\n"}.items():
        path = root / name
        path.unlink(missing_ok=True)  # a link would lead out
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("/dev/null") if text is None else path.write_text(text)
    (root / "var/log/journal").mkdir(parents=True, exist_ok=True)
    return root


class Machine:
    """One machine, off at first; its files are below root."""

    def __init__(self, test):
        self.test = test
        self.root = make_root(test.path("machine"))
        self.process = self.leader = None
        self.boots = 0

    # Power.

    def power_on(self):
        """Returns when it has reached its target: what is enabled has been started."""
        told, path = [], self.test.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(0.1)
            self.process = Process(
                ["systemd-nspawn", f"--directory={self.root}", "--boot", "--register=no", "--keep-unit",
                 "--machine=kms1", "--notify-ready=yes", "--console=read-only", "--link-journal=no",
                 "--resolv-conf=off", "--timezone=off", "systemd.unit=multi-user.target", "systemd.show_status=error"],
                self.test.directory / "nspawn.log", env={**os.environ, "NOTIFY_SOCKET": str(path)})
            wait_until(lambda: self.has_booted(notify, told), "the machine has not booted", 60)
        self.leader = next(line.partition("=")[2] for line in reversed(told) if line.startswith("X_NSPAWN_LEADER_PID="))
        self.boots += 1
        self.test.say("(the machine boots)" if self.boots == 1 else "(it boots again)")
        if self.boots == 1:
            self.run("! dpkg-query -W srvpubd 2>/dev/null || dpkg --purge srvpubd", aloud=False)

    def has_booted(self, notify, told):
        if not self.process.is_running():
            text = f"systemd-nspawn ended with {self.process.wait()}: {' '.join(self.process.lines[-3:])}"
            raise Failure(text) if self.boots else Skip(text)
        try:
            told += notify.recv(65535).decode().splitlines()
        except TimeoutError:
            pass
        return "READY=1" in told

    def power_off(self):
        self.enter("systemctl poweroff")
        self.test.say("# systemctl poweroff")
        self.test.equal(self.process.wait(60), 0, "systemd-nspawn's exit code")

    def reboot(self):
        self.enter("systemctl reboot")
        self.test.say("# systemctl reboot")
        self.test.equal(self.process.wait(60), REBOOT, "systemd-nspawn's exit code")
        self.power_on()

    # Commands.

    def enter(self, command, timeout=60):
        """Runs a shell command as root. Returns (exit code, output)."""
        argv = ["nsenter", "--target", self.leader, "--all", "--root", "--wd", "bash", "-c", command]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", env=ENVIRONMENT, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"{command}: has not ended after {timeout} s") from None
        return done.returncode, done.stdout

    def run(self, command, expect=0, aloud=True):
        """Runs a command that must end as expected."""
        if aloud:
            self.test.say(f"# {command}")
        code, output = self.enter(command)
        if code != expect:
            raise Failure(f"{command}: exit {code}, expected {expect}: {output}")
        if aloud and expect:
            self.test.say(f"  (exit {expect})")

    def see(self, command, *patterns, expect=0, within=0.0):
        """Runs a command until its output matches all of the patterns, or the time is over. expect:
        its exit code, or None when that does not matter. Returns the output."""
        self.test.say(f"# {command}")
        seen = {}

        def probe():
            seen["code"], seen["output"] = code, output = self.enter(command)
            return expect in (code, None) and all(re.search(pattern, output, re.M) for pattern in patterns)

        wait_until(probe, lambda: f"{command}: exit {seen['code']}, looked for {expect} and {' '.join(patterns)}, "
                                  f"but:\n{seen['output']}", within, PAUSE)
        for line in seen["output"].splitlines():
            if any(re.search(pattern, line) for pattern in patterns):
                self.test.say(f"  {line.strip()}")
        return seen["output"]

    def show(self, name):
        """A property of srvpubd.service."""
        return self.enter(f"systemctl show -P {name} srvpubd")[1].strip()

    def dig(self, domain, pattern=RECORD, within=0.0):
        return self.see(f"dig _vlmcs._tcp.{domain} SRV", pattern, within=within)

    def see_lines(self, command, *patterns, within=0.0):
        """As see(), where the output has one line for each pattern, in any order, and no other."""
        self.test.say(f"# {command}")
        seen = {}

        def probe():
            left = seen["lines"] = self.enter(command)[1].splitlines()
            for pattern in patterns:
                found = next((line for line in left if re.search(pattern, line)), None)
                if found is None:
                    return False
                left = [line for line in left if line is not found]
            return not left

        wait_until(probe, lambda: f"{command}: expected {len(patterns)} lines, {' and '.join(patterns)}; found:\n"
                                  + "\n".join(seen["lines"]), within, PAUSE)
        for line in seen["lines"]:
            self.test.say(f"  {line}")

    def messages(self, options, *patterns, within=0.0):
        """All messages that journalctl finds."""
        self.see_lines(f"journalctl -q -o cat {options}", *patterns, within=within)

    # Files.

    def path(self, path):
        """A file of the machine, as seen from here."""
        return self.root / path.lstrip("/")

    def write(self, path, text, aloud=True):
        if aloud:
            self.test.say(f"# editor {path}: {' '.join(text.split())}")
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)

    def drop_in(self, name, text):
        self.write(f"/etc/systemd/system/srvpubd.service.d/{name}.conf", text)
        self.run("systemctl daemon-reload")

    # srvpubd.

    def install(self, package=None, aloud=True):
        """The package under test, or another one; an edited srvpubd.conf is kept."""
        package = package or self.test.program
        shutil.copy(package, self.path("/root"))
        self.run(f"dpkg -i --force-confold /root/{os.path.basename(package)}", aloud=aloud)

    def set_up(self, *domains, key, extra=""):
        """Installs srvpubd and configures it as README.Debian says, up to before its start. extra:
        further lines of srvpubd.conf, where [Update] is open."""
        self.install(aloud=False)
        self.put_key(key, "-m 640 -g srvpubd", aloud=False)
        self.write("/etc/srvpubd/srvpubd.conf", "[Publish]\nDnsDomainPublishList=\n"
                   + "".join(f"    {domain}\n" for domain in domains)
                   + f"[Update]\nKeyFile={KEY_FILE}\n{TIMES}{extra}", aloud=False)
        self.run("runuser -u srvpubd -- srvpubd --check-config", aloud=False)
        self.test.say(f"(srvpubd is installed, and configured for {', '.join(domains)})")

    def put_key(self, key, options, aloud=True):
        """Puts a key in the place of the update key. options: install(1)'s."""
        self.path(f"/root/{key.name}.key").write_text(key.text())
        self.run(f"install {options} /root/{key.name}.key {KEY_FILE}", aloud=aloud)

    def finish(self, passed):
        """Ends it. After a failure its journal goes to the logs."""
        if not self.process or not self.process.is_running():
            return
        if not passed and self.leader:
            _, text = self.enter("journalctl --no-pager -o short-precise")
            self.test.path("journal.log").write_text(text)
        self.process.kill()
