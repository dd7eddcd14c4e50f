"""Many machines over one list: publishers that know nothing of each other but what DNS tells them. All want
all names alone, some are killed in the middle and some of these come back: in the end each name has one
holder, and that one lives. O6, O8, E9."""
import os
import time
from collections import Counter

from support.client import Srv
from support.clock import Clock
from support.scenario import scenario
from support.waiting import wait_until
from support.zone import Zone, apart

SOAK = os.environ.get("SRVPUBD_SOAK") == "1"
N_DAEMONS, N_NAMES = (10, 1000) if SOAK else (4, 60)
N_KILLED = N_DAEMONS // 2 - 1 if SOAK else 2  # half of them come back
PATIENCE = 240 if SOAK else 30
DOMAINS = [f"site{number}.contoso.com" for number in range(N_NAMES)]
MINUTE = 60
# Who was killed with an update on its way knows for sure twice so long later.
TIMEOUT = "5s" if SOAK else "2s"
LEASE = 4 * MINUTE  # all jumps of the wall clock together are within the fudge of TSIG
CONFIG = {"Ownership": {"Mode": "exclusive", "Lease": f"{LEASE}s", "ReclaimExpired": "yes"},
          "Update": {"Timeout": TIMEOUT, "CheckInterval": "1min"}}


def tells(daemon, number):
    """It tells systemd that it holds so many of the names, and stands by for the others."""
    words = f"STATUS=published {number}/{N_NAMES}" + (f", {N_NAMES - number} standby" if number < N_NAMES else "")
    last = [line for line in daemon.told if line.startswith("STATUS=")][-1:]
    return bool(last) and last[0].startswith(words)


class Contest:
    """hosts: each daemon's SRV. living: those that run."""

    def __init__(self, test, server):
        self.test = test
        self.names = [test.record_name(server, domain) for domain in DOMAINS]
        self.hosts = {}
        for number in range(N_DAEMONS):
            # Two and two begin at the same name: all names are wanted by two at the same moment, and nobody gets all.
            first = number // 2 * N_NAMES // (N_DAEMONS // 2)
            daemon = test.publisher(server, f"kms{number}", start=False, domains=DOMAINS[first:] + DOMAINS[:first],
                                    **CONFIG)
            daemon.clock = Clock(test, daemon)
            self.hosts[daemon] = Srv(f"kms{number}.contoso.com")
        self.living = set(self.hosts)
        for daemon in self.hosts:
            daemon.start()

    def holder(self, name):
        """The daemon that has the name alone, with its claim; None: nobody, or not alone."""
        held = name.read()
        return next((daemon for daemon, srv in self.hosts.items() if name.is_as(held, {daemon: srv})), None)

    def standing(self):
        """How many names each daemon has."""
        return Counter(filter(None, map(self.holder, self.names)))

    def kill(self, daemon):
        daemon.kill()
        self.living.remove(daemon)

    def revive(self, daemon):
        daemon.start()
        self.living.add(daemon)

    def wait_quiet(self):
        """Nothing but the checks that are due each minute, two queries each: what is on its way when the clock
        jumps would be too late."""
        seen, pause = [], 1.0 if SOAK else 0.4
        few = 2 * pause * 2 * N_DAEMONS * N_NAMES / MINUTE

        def probe():
            seen.append(sum(daemon.proxy.counts.total() for daemon in self.hosts))
            return len(seen) > 1 and seen[-1] - seen[-2] <= few

        wait_until(probe, lambda: f"they never rest: {seen[-5:]}", PATIENCE, pause=pause)

    def ahead(self, seconds, wall):
        self.wait_quiet()
        for daemon in self.hosts:
            daemon.clock.ahead(seconds, wall=wall)
        for daemon in self.living:
            daemon.reload()  # changes nothing, and wakes it: a timer that is set does not know

    def wait_each(self, is_right, what):
        """All names, each looked at until it is right once."""
        left = list(self.names)

        def probe():
            left[:] = [name for name in left if not is_right(name)]
            return not left

        wait_until(probe, lambda: f"{what}: not {len(left)} names, such as {left[0].domain}\n    {left[0].read()}",
                   PATIENCE, pause=0.2)

    def wait_one_living_holder_each(self):
        self.wait_each(lambda name: self.holder(name) in self.living, "a living holder")

    def wait_told(self):
        """Each says so much as is so, to systemd too."""
        def wrong():
            standing = self.standing()
            return [(standing[daemon], daemon.told) for daemon in self.living if not tells(daemon, standing[daemon])]

        wait_until(lambda: not wrong(), lambda: f"how many they have, and tell systemd: {wrong()}", PATIENCE, pause=0.2)

    def count(self, what, names):
        """What has passed since the last call: who was late at each of so many names has tried in vain once, and
        learned so with others in one message or alone."""
        counts = Counter()
        for daemon in self.hosts:
            counts.update(daemon.proxy.counts)
            daemon.proxy.reset()
        self.test.say(f"{what}: {counts['update']} updates, {counts['SRV'] + counts['TXT']} queries")
        self.test.check(counts["update"] <= 1.2 * N_DAEMONS * names,
                        f"{counts['update']} updates, {what} of {names} names")


@scenario(servers=("named", "knot"), timeout=900 if SOAK else 90, cases={"one-zone": (True,), "many-zones": (False,)})
def each_name_has_one_living_holder(test, is_one_zone):
    contest = Contest(test, test.primary(zones=[Zone("contoso.com")] if is_one_zone else apart(DOMAINS)))
    wait_until(lambda: contest.standing().total() >= N_NAMES / 2, "no race begins", PATIENCE)
    standing = contest.standing()
    killed = sorted(contest.hosts, key=lambda daemon: -standing[daemon])[:N_KILLED]
    dead = set([daemon for daemon in killed if standing[daemon]][-(N_KILLED // 2):])
    for daemon in killed:
        contest.kill(daemon)
    for daemon in set(killed) - dead:
        contest.revive(daemon)
    contest.wait_each(contest.holder, "a holder")
    contest.wait_each(lambda name: contest.holder(name) in contest.living | dead, "a known holder")
    standing = contest.standing()
    test.say(f"holders: {sorted(standing.values())}, of the dead {[standing[daemon] for daemon in dead]}")
    test.check(all(standing[daemon] for daemon in dead), "the dead have left names behind")
    contest.wait_told()
    contest.count("race", N_NAMES)

    # Who lives renews; who does not has run out then, and been seen unchanged for long enough.
    begun = int(time.time())
    contest.ahead(90, wall=LEASE * 6 // 10)
    contest.wait_each(lambda name: contest.holder(name) in dead or all(claim.until > begun + LEASE
                                                                       for claim in name.read().claims), "a new lease")
    contest.ahead(90, wall=0)  # all see the new ones
    contest.wait_quiet()
    contest.count("renewal", N_NAMES // N_DAEMONS)
    contest.ahead(11 * MINUTE, wall=LEASE * 45 // 100)
    wait_until(lambda: any(daemon.proxy.counts["update"] for daemon in contest.living), "nobody takes over", PATIENCE)
    hasty = max(contest.living, key=lambda daemon: daemon.proxy.counts["update"])
    contest.kill(hasty)
    contest.revive(hasty)
    contest.wait_one_living_holder_each()
    contest.wait_told()
    contest.count("takeover", sum(standing[daemon] for daemon in dead))
    after = contest.standing()
    test.say(f"holders: {sorted(after.values())}")
    test.check(all(after[daemon] >= standing[daemon] for daemon in contest.living), "nobody who lives has lost a name")
    test.equal([line for daemon in contest.hosts for line in daemon.said("others beside ours")], [], "warnings")
    for daemon in dead:
        contest.revive(daemon)
    contest.wait_told()
    test.equal(contest.standing(), after, "names of each when the dead are back")
