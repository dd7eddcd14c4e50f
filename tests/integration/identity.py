"""Who a publisher is: cloned machines, lost states and lost ids. Whatever happens to it, it withdraws
nothing that may be another's. O1, O4, O13."""
import shutil

from support.client import Srv
from support.daemon import PUBLISHED, WITHDRAWN
from support.scenario import scenario

BOTH = ("named", "knot")
KMS1, KMS2, KMS3 = Srv(), Srv("kms2.contoso.com"), Srv("kms3.contoso.com")
TOO = ("publisher {} publishes kms1.contoso.com:1688 too; the record stays .* "
       "srvpubctl takeover contoso.com --from kms1.contoso.com")


def files(daemon):
    return sorted(path.name for path in daemon.state_directory.iterdir())


def has_file(daemon, beginning):
    return any(name.startswith(beginning) for name in files(daemon))


def two(test):
    name = test.record_name(test.primary())
    first, second = test.publisher(name.server, "kms1"), test.publisher(name.server, "kms2")
    name.wait({first: KMS1, second: KMS2})
    for daemon in (first, second):
        daemon.wait_about("contoso.com", PUBLISHED)
    return first, second, name


class Former:
    """A publisher that is no more, for what expects its claims."""

    def __init__(self, daemon):
        self.publisher_id = daemon.publisher_id


# Clones.

def clone_of(test, server, daemon, host, **config):
    """A machine started from an image of another one."""
    clone = test.publisher(server, host, start=False, **config)
    shutil.copytree(daemon.state_directory, clone.state_directory, dirs_exist_ok=True)
    test.machine_id("2")
    clone.start()
    clone.wait_log("warning: .*another machine.s, of which this one seems to be a clone: a new id was drawn"
                   ".*nothing .* is withdrawn")
    test.check(clone.publisher_id != daemon.publisher_id, "it has an id of its own")
    for beginning in ("publisher-id.clone-", "state.db.clone-"):
        test.check(has_file(clone, beginning), f"{beginning} is kept: {files(clone)}")
    return clone


@scenario(servers=BOTH, cases={"renamed": ("yes",), "nothing": ("no",)})
def clone_withdraws_nothing_of_the_original(test, publishing):
    """Its copy of the state says that kms1 was published and is not wanted any more."""
    test.machine_id("1")
    first, second, name = two(test)
    before = name.read()
    first.kill()
    clone = clone_of(test, name.server, first, "kms3", Publish={"DnsPublishing": publishing})
    after = name.wait({first: KMS1, second: KMS2, **({clone: KMS3} if publishing == "yes" else {})})
    test.equal(after.of("kms1.contoso.com", "kms2.contoso.com"), before.octets, "what others published")
    if publishing == "yes":
        test.write_nothing(clone)
    clone.terminate()
    test.machine_id("1")
    first.start()
    test.write_nothing(first, second)
    test.equal(name.read().octets, after.octets, "what is there in the end")
    test.check(not has_file(first, "publisher-id.clone-"), "the original is no clone")


@scenario(servers=("named",))
def clone_that_publishes_the_same_host_is_told_so(test):
    """Both claim it, and it stays until both have withdrawn it."""
    test.machine_id("1")
    first, second, name = two(test)
    clone = clone_of(test, name.server, first, "kms1")
    name.wait({first: KMS1, clone: KMS1, second: KMS2})
    for daemon, other in ((first, clone), (clone, first)):
        daemon.wait_about("contoso.com", TOO.format(other.publisher_id))
    clone.reload(Publish={"DnsPublishing": "no"})
    name.wait({first: KMS1, second: KMS2})
    clone.wait_about("contoso.com", WITHDRAWN)
    test.write_nothing(first, second)
    clone.terminate()
    test.machine_id("2")
    clone.start()
    clone.wait_ready()
    test.equal(len([name for name in files(clone) if name.startswith("publisher-id")]), 2, "a clone is one only once")


@scenario(servers=("named",))
def copy_that_cannot_be_told_from_the_original_comes_to_rest(test):
    """The same machine id: both have one id, and each takes the other's record for one that it left. Once."""
    test.machine_id("1")
    name = test.record_name(test.primary())
    first = test.publisher(name.server, "kms1")
    name.wait({first: KMS1})
    copy = test.publisher(name.server, "kms2", start=False)
    first.terminate()
    shutil.copytree(first.state_directory, copy.state_directory, dirs_exist_ok=True)
    first.start()
    copy.start()
    first.wait_about("contoso.com", "another machine runs with")
    copy.wait_about("contoso.com", "another machine runs with")
    name.wait({first: KMS1, copy: KMS2})
    test.write_nothing(first, copy)


# Losses.

@scenario(servers=BOTH)
def lost_state_makes_it_a_stranger_that_says_so(test):
    """The state directory was emptied: the former claim stays, for nobody can know whose it was."""
    first, second, name = two(test)
    before = name.read()
    former = Former(first)
    first.kill()
    for path in first.state_directory.iterdir():
        path.unlink()
    first.start()
    first.wait_about("contoso.com", TOO.format(former.publisher_id))
    after = name.wait({former: KMS1, first: KMS1, second: KMS2})
    test.check(before.octets <= after.octets, "nothing is taken away")
    test.write_nothing(first, second)
    first.reload(Publish={"DnsPublishing": "no"})
    first.wait_about("contoso.com", "the record stays.*another publisher claims it too")
    test.equal(name.wait({former: KMS1, second: KMS2}).octets, before.octets, "what stays")
    first.reload(Publish={}, Service={"Target": "kms3.contoso.com"})
    test.check(before.octets <= name.wait({former: KMS1, first: KMS3, second: KMS2}).octets, "nothing is taken away")


@scenario(servers=BOTH)
def claims_tell_what_a_lost_database_forgot(test):
    """The id is in a file of its own: what it claims is still known as ours."""
    first, second, name = two(test)
    before = name.read()
    first.kill()
    for path in first.state_directory.glob("state.db*"):
        path.unlink()
    first.configure(Service={"Target": "kms3.contoso.com"})
    first.start()
    after = name.wait({first: KMS3, second: KMS2})
    test.equal(after.of("kms2.contoso.com"), before.of("kms2.contoso.com"), "the other's")
    test.write_nothing(first, second)


@scenario(servers=("named",), cases={"gone": (lambda path: path.unlink(), ""),
                                     "damaged": (lambda path: path.write_text("what is this\n"), "publisher-id.bad-")})
def lost_id_withdraws_nothing(test, lose, kept):
    first, second, name = two(test)
    former = Former(first)
    first.kill()
    lose(first.state_directory / "publisher-id")
    first.start()
    name.wait({former: KMS1, first: KMS1, second: KMS2})
    first.wait_about("contoso.com", TOO.format(former.publisher_id))
    if not kept:
        first.wait_log("publisher-id is missing although there is a state: a new publisher id was drawn")
    else:
        first.wait_log("publisher-id cannot be understood; .* new publisher id")
        test.check(has_file(first, kept), f"it is kept: {files(first)}")
    first.restart(Service={"Target": "kms3.contoso.com"})
    name.wait({former: KMS1, first: KMS3, second: KMS2})
    test.write_nothing(first, second)


@scenario(servers=BOTH)
def claim_that_was_taken_away_gives_the_record_away(test):
    """O1: published with a claim that has gone since. Left alone, and said once."""
    first, second, name = two(test)
    claim = name.read().claim_of(first.publisher_id).rdata()
    first.terminate()
    test.nsupdate(name.server, f"update delete _vlmcs._tcp.contoso.com. TXT {claim}")
    first.configure(Service={"Target": "kms3.contoso.com"})
    first.start()
    name.wait({first: KMS3, second: KMS2}, srvs=[KMS1])
    first.wait_about("contoso.com", "lost its claim")
    test.write_nothing(first, second)
    test.equal(len(first.said("lost its claim")), 1, "times that it says so")
