"""A throw-away Active Directory domain: a Samba DC with its own DNS server and KDC, on an address of the
scenario's loopback. The domain is made once a run and copied for each scenario."""
import fcntl
import os
import pathlib
import shutil

from support.helper import Helper
from support.kerberos import Kdc
from support.servers import Server
from support.waiting import Skip
from support.zone import Zone

ADMIN = pathlib.Path(__file__).with_name("samba-admin")
ADMIN_TIMEOUT = 40
PASSWORD = "Throw-Away-1"
COMPUTERS = ("kms1$", "kms2$")
SERVICE = "vlmcssvc"
GROUP = "vlmcs-publishers"  # nobody is in it at first
# Of nsupdate -g, which finds the answers of 4.17 to what was done signed wrongly.
DONE = ("NOERROR", "; TSIG error with server: tsig verify failure")
DENIED = ("SERVFAIL", "REFUSED")
NO_CONTEXT = ("NOTAUTH", "REFUSED")
# One of each package without which there is no domain.
NEEDED = ("/usr/sbin/samba", "/usr/share/samba/setup/provision.ldif", "/usr/lib/*/samba/ldb/samba_dsdb.so",
          "/usr/lib/python3/dist-packages/samba/samdb.py")


class DomainController(Server, Kdc):
    """It has COMPUTERS, SERVICE and GROUP. Names of the zone that there are not yet anybody with a ticket
    may make; they are then its maker's. options: further lines of smb.conf's [global]."""
    program = "samba"

    def __init__(self, test, realm="CORP.TEST", *, address="127.0.0.1", options=""):
        why_not()
        self.join_realm(test, realm, address)
        self.helper = None
        super().__init__(test, zones=[Zone(realm.lower())], addresses=[address], options=options)

    @property
    def kdc(self):
        """As a named has one."""
        return self

    def configure(self):
        template = once_a_run(self.test, f"samba-{self.realm}-{self.address}", self.make)
        # Its sockets are of processes that have ended.
        shutil.copytree(template, self.directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("msg.*"))
        self.write_config(self.directory)

    def make(self, directory):
        """The domain as every scenario finds it."""
        for name in ("private", "state", "cache", "keytabs"):
            (directory / name).mkdir()
        with Admin(self.write_config(directory), self.log_path) as admin:
            admin.call("provision", self.address, PASSWORD)
            for name in COMPUTERS:
                admin.call("add_computer", name, PASSWORD)
            admin.call("add_user", SERVICE, PASSWORD)
            admin.call("add_group", GROUP)
            for name in (*COMPUTERS, SERVICE):
                admin.call("export_keytab", str(directory / "keytabs" / name), name)

    def write_config(self, directory):
        config = directory / "smb.conf"
        config.write_text(f"""\
[global]
netbios name = DC1
workgroup = {self.realm.partition(".")[0]}
realm = {self.realm}
server role = active directory domain controller
server services = rpc, ldap, cldap, kdc, dns
rpc server dynamic port range = 49152-49200
interfaces = {self.address}
bind interfaces only = yes
private dir = {directory}/private
binddns dir = {directory}/bind-dns
cache directory = {directory}/cache
lock directory = {directory}
state directory = {directory}/state
ncalrpc dir = {directory}/ncalrpc
winbindd socket directory = {directory}/winbindd
ntp signd socket directory = {directory}/ntp
pid directory = {directory}
log file = {directory}/log
log level = 1
tls enabled = no
dns forwarder =
{self.options}
[sysvol]
path = {directory}/sysvol
[netlogon]
path = {directory}/sysvol/scripts
""")
        return config

    def command(self):
        return [*unsynced(self.binary), "-i", "--no-process-group", "-M", "single", "-s", self.directory / "smb.conf"]

    def stop(self):
        super().stop()
        if self.helper:
            self.helper = self.helper.close()

    # Changes by an administrator, also while it runs.

    def admin(self, name, *arguments):
        """See samba-admin for names and arguments."""
        self.helper = self.helper or Admin(self.directory / "smb.conf", self.log_path)
        return self.helper.call(name, *arguments)

    def keytab(self, principal):
        """One that is not written again when the account's password changes."""
        path = self.directory / "keytabs" / principal
        if not path.exists():
            self.admin("export_keytab", str(path), principal)
        copy = self.test.path("keytab")
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        return copy

    def change_password(self, account, password="Throw-Away-2"):
        """Keytabs from before are of no use any more."""
        self.admin("set_password", account, password)
        (self.directory / "keytabs" / account).unlink(missing_ok=True)

    def join(self, *accounts, group=GROUP):
        """Counts in tickets that are got from now on."""
        self.admin("change_members", group, accounts, True)

    def leave(self, *accounts, group=GROUP):
        self.admin("change_members", group, accounts, False)

    def grant(self, owner="_vlmcs._tcp", to=GROUP):
        """Lets an account or the members of a group write the records of a name that there is, relative to
        the zone."""
        self.admin("grant", self.domain, owner, to)

    def add_record(self, type_, text, owner="_vlmcs._tcp"):
        """text as samba-tool takes it: of a SRV the target is the first, not the last."""
        self.admin("change_record", self.address, PASSWORD, self.domain, owner, (type_, text), True)

    def delete_record(self, type_, text, owner="_vlmcs._tcp"):
        """With its last record a name loses its owner and whatever was granted on it."""
        self.admin("change_record", self.address, PASSWORD, self.domain, owner, (type_, text), False)


class Admin(Helper):
    """A samba-admin that runs."""

    def __init__(self, config, log_path):
        super().__init__(unsynced(ADMIN, config), log_path, ADMIN_TIMEOUT)


def unsynced(*argv):
    """What a machine loses that fails at this moment is no loss."""
    return [shutil.which("env"), "TDB_NO_FSYNC=1", *(str(word) for word in argv)]


def why_not():
    for pattern in NEEDED:
        if not list(pathlib.Path("/").glob(pattern.lstrip("/"))):
            raise Skip(f"{pattern} is missing (tests/support/deps install samba)")


def once_a_run(test, name, make):
    """A directory that make(directory) fills for all scenarios of this run, whichever needs it first."""
    parent = pathlib.Path(os.environ.get("SRVPUBD_RUN_DIRECTORY", test.directory))
    done, draft = parent / name, parent / f"{name}.draft"
    with open(parent / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            make(draft)
            draft.rename(done)
    return done
