"""tests/support/deps against a simulated dpkg and apt: what it asks for, and that it leaves no trace."""
import os
import subprocess

from support.scenario import ROOT, mount, scenario

DEPS = ROOT / "tests/support/deps"

# Each logs its call; apt-get install notes what policy-rc.d said at that moment.
FAKES = {
    "dpkg-query": r'''
status=0
for p; do
        case $p in -* | *' '*) continue ;; esac
        grep -qx "$p" "$FAKE/installed" 2>/dev/null && echo "installed $p:amd64" || status=1
done
exit $status''',
    "apt-cache": '[ -e "$FAKE/lists" ]',
    "apt-get": r'''
case "$*" in
*update*) touch "$FAKE/lists" ;;
*install*)
        /usr/sbin/policy-rc.d; echo "policy-rc.d $?" >>"$FAKE/calls"
        [ ! -e "$FAKE/broken" ] || { echo "E: no network"; exit 100; }
        for p; do case $p in -* | install) ;; *) echo "$p" >>"$FAKE/installed" ;; esac; done ;;
esac''',
    "systemctl": ":",
}


def packages(group):
    return subprocess.run([DEPS, "list", group], capture_output=True, text=True, check=True).stdout.split()


class Machine:
    """A machine with nothing installed but bash; /usr/sbin is empty."""

    def __init__(self, test):
        self.test = test
        self.directory = test.path("machine")
        self.directory.mkdir()
        bin_directory = self.directory / "bin"
        bin_directory.mkdir()
        for name, script in FAKES.items():
            path = bin_directory / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$FAKE/calls"\n{script}\n')
            path.chmod(0o755)
        self.sbin = self.directory / "sbin"
        self.sbin.mkdir()
        mount(self.sbin, "/usr/sbin", None, 0x1000)  # MS_BIND
        self.environment = {"FAKE": str(self.directory), "PATH": f"{bin_directory}:/usr/bin:/bin",
                            "HOME": str(self.directory)}

    def deps(self, *words, expect=0):
        done = subprocess.run([DEPS, *words], capture_output=True, text=True, timeout=20, env=self.environment,
                              check=False)
        self.test.equal(done.returncode, expect, f"deps {' '.join(words)}: {done.stderr}; exit code")
        return done.stdout + done.stderr

    def calls(self, program):
        path = self.directory / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(program)]


@scenario()
def deps_installs_what_is_missing_once(test):
    machine = Machine(test)
    text = machine.deps("check", "build", expect=1)
    test.check(text.count("\n") == 1 and all(p in text for p in packages("build")) and "make deps" in text, text)
    test.equal(machine.deps("install", "build"), "", "what it prints")
    test.equal(len(machine.calls("apt-get -q -q update")), 1, "calls of apt-get update")
    test.check("--no-install-recommends" in machine.calls("apt-get -q -q install")[0], "no recommends")
    test.equal(machine.deps("check", "build"), "", "check when all is there")
    n_calls = len(machine.calls("apt-get"))
    machine.deps("install", "build")
    test.equal(len(machine.calls("apt-get")), n_calls, "calls of apt-get when all is there")
    machine.deps("install")
    test.equal(len(machine.calls("apt-get -q -q update")), 1, "apt-get update with lists that know the names")
    test.equal(machine.calls("apt-get -q -q install")[-1].split()[6:], packages("test"), "only what was missing")


@scenario()
def deps_never_lets_a_server_start(test):
    machine = Machine(test)
    machine.deps("install", "test")
    test.equal(machine.calls("policy-rc.d"), ["policy-rc.d 101"], "policy-rc.d during the installation")
    test.equal(os.listdir(machine.sbin), [], "left behind in /usr/sbin")
    test.equal(sorted(line.split()[-1] for line in machine.calls("systemctl --quiet disable")),
               ["knot.service", "krb5-admin-server.service", "krb5-kdc.service", "named.service"], "disabled units")


@scenario()
def deps_leaves_the_administrators_policy_alone(test):
    machine = Machine(test)
    policy = machine.sbin / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 42\n")
    policy.chmod(0o755)
    machine.deps("install", "test")
    test.equal(machine.calls("policy-rc.d"), ["policy-rc.d 42"], "policy-rc.d during the installation")
    test.equal(policy.read_text(), "#!/bin/sh\nexit 42\n", "policy-rc.d afterwards")


@scenario()
def deps_leaves_servers_that_are_there_alone(test):
    machine = Machine(test)
    (machine.directory / "installed").write_text("bind9\n")
    machine.deps("install", "test")
    test.check(not [line for line in machine.calls("systemctl") if "named" in line], "named was touched")


@scenario()
def deps_says_why_apt_failed(test):
    machine = Machine(test)
    (machine.directory / "broken").touch()
    text = machine.deps("install", "build", expect=100)
    test.check("E: no network" in text and "could not install" in text, text)
    test.equal(os.listdir(machine.sbin), [], "left behind in /usr/sbin")
