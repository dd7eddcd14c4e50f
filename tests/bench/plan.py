"""Which scenes a run has, in which sizes: (name, function) each."""
from bench.scenes import Contest
from bench.clients import BATCH
from bench.servers import zone_each, zones_of

ALL = ("srvpubd", "limit", "nsupdate", "nsupdate, zone by SOA", "knsupdate", "nsupdate each")
MAIN = ("srvpubd", "limit", "nsupdate")
AT_ONCE = ("srvpubd, 128 at once", "limit, 128 at once")


def contests(n, n_slow, parties, goes_on):
    """n domains; n_slow for those who go one round trip at a time."""
    slow = {"nsupdate each": min(n, 300)}
    late = {"nsupdate": n_slow}
    return [
        Contest("zones on disk", "named", "disk", zone_each(n), parties, slow, goes_on=goes_on),
        Contest("zones on tmpfs", "named", "tmpfs", zone_each(n), parties[:4], slow, goes_on=goes_on),
        Contest("zones, 10 ms away", "named", "tmpfs", zone_each(n), (*MAIN, *AT_ONCE), late,
                delayed=True),
        Contest("names in one zone", "named", "disk", zones_of(1, n), MAIN, {}, batch=BATCH),
        Contest("knotd: names in one zone", "knot", "disk", zones_of(1, max(300, n // 10)), MAIN, late, batch=BATCH),
        Contest("knotd: zones", "knot", "disk", zone_each(n), MAIN, {}),
    ]


def rounds(bench, name, scene, n):
    def run():
        for bench.round in range(n):
            scene()
        bench.round = 0
    return name, run


def contest_rounds(bench, contest, n):
    return rounds(bench, contest.name, lambda: bench.contest(contest), n)


def full(bench, options):
    n = max(1000, int(10000 * options.scale))
    scenes = [contest_rounds(bench, contest, options.rounds) for contest in contests(n, max(200, n // 10), ALL, True)]
    large = Contest("names in 100 zones", "named", "tmpfs", zones_of(100, n // 10), MAIN, {"nsupdate": n}, batch=BATCH)
    return scenes + [
        contest_rounds(bench, large, options.rounds),
        ("one domain", lambda: bench.one_domain(10, 20)),
        rounds(bench, "growth", lambda: bench.growth((1, n // 10, n, n * 10)), options.rounds),
        ("checks", bench.spread),
        ("a day of checks", bench.day),
    ]


def quick(bench, options):
    n = max(300, int(1000 * options.scale))
    sizes = {  # name -> (domains, rounds); a disk is not the same from one second to the next
        "zones on disk": (n // 2, 3), "zones on tmpfs": (2 * n, 1), "names in one zone": (3 * n, 1),
        "knotd: names in one zone": (5 * n, 1)}
    scenes = [contest_rounds(bench, contest, n_rounds) for name, (size, n_rounds) in sizes.items()
              for contest in contests(size, 200, MAIN, name == "zones on tmpfs") if contest.name == name]
    return scenes + [
        ("one domain", lambda: bench.one_domain(3, 3)),
        ("growth", lambda: bench.growth((1, n, n * 5))),
    ]
