"""What is to hold. Ratios are taken round by round, and their median is judged."""
from bench.table import Goal

LIMIT, NSUPDATE = ("", "limit", ""), ("", "nsupdate", "")
LARGE = "100,000 domains"


def publish(text, scene, bound, over):
    return Goal(text, scene, "publish", ">=", bound, over)


GOALS = (
    publish("zones on disk to the limit", "zones on disk", 0.9, LIMIT),
    publish("zones on disk to nsupdate's batch", "zones on disk", 1.5, NSUPDATE),
    publish("zones on disk to one nsupdate a domain", "zones on disk", 40, ("", "nsupdate each", "")),
    publish("zones on tmpfs to the limit", "zones on tmpfs", 0.75, LIMIT),
    publish("zones on tmpfs to nsupdate's batch", "zones on tmpfs", 2, NSUPDATE),
    publish("zones 10 ms away to nsupdate's batch", "zones, 10 ms away", 15, NSUPDATE),
    Goal("zones 10 ms away, MaxOutstanding=128, to nsupdate's batch", "zones, 10 ms away", "publish", ">=", 15, NSUPDATE,
         party="srvpubd, 128 at once"),
    publish("names in one zone to the limit", "names in one zone", 0.8, LIMIT),
    publish("names in one zone to nsupdate's batch", "names in one zone", 10, NSUPDATE),
    publish("Knot: names in one zone to nsupdate's batch", "knotd: names in one zone", 15, NSUPDATE),
    publish("Knot: zones to nsupdate's batch", "knotd: zones", 1, NSUPDATE),
    Goal("unchanged restart to the limit of a check", "zones on tmpfs", "restart", ">=", 0.7, ("", "limit", "check")),
    Goal("updates of an unchanged restart", "zones on tmpfs", "restart: updates", "<=", 0, unit=""),
    Goal("updates of a check of all", "zones on tmpfs", "check: updates", "<=", 0, unit=""),
    Goal("CPU of a publication to that of nsupdate's update", "zones on disk", "publish: CPU", "<=", 0.5, NSUPDATE),
    Goal("RSS with one domain to the floor's", "one domain", "RSS", "<=", 1.5, ("", "floor", "")),
    Goal("anonymous memory a domain", "growth", "anonymous memory a domain", "<=", 1024, unit="octets"),
    Goal("memory gained in a day of checks", "a day of checks", "anonymous memory gained", "<=", 64, unit="KiB"),
    Goal("one domain published after exec", "one domain", "published after exec", "<=", 50, unit="ms"),
    Goal("wake-ups at rest with one domain", "one domain", "wake-ups at rest", "<=", 0.1, unit="/s"),
    Goal("most checks in a second to the mean", "checks", "most in a second to the mean", "<=", 1.5, unit=""),
    Goal("wake-ups a check: its time, two answers, its server", "checks", "wake-ups a check", "<=", 4, unit=""),
    Goal("100,000 domains: exec to READY", LARGE, "exec to READY, fresh", "<=", 1000, unit="ms"),
    Goal("100,000 domains: exec to READY with their state", LARGE, "exec to READY, with state", "<=", 1000, unit="ms"),
    Goal("100,000 domains: longest turn while publishing", LARGE, "longest turn, publication", "<=", 20, unit="ms"),
    Goal("100,000 domains: longest turn in a reload", LARGE, "longest turn, reload", "<=", 20, unit="ms"),
    Goal("100,000 domains: longest turn of a restart", LARGE, "longest turn, restart", "<=", 20, unit="ms"),
    Goal("100,000 domains: longest turn while all are told", LARGE, "longest turn, status", "<=", 20, unit="ms"),
    Goal("100,000 domains: a bus call while publishing", LARGE, "bus during publication: max", "<=", 100, unit="ms"),
    Goal("100,000 domains: bus calls that failed", LARGE, "bus during publication: failed", "<=", 0, unit=""),
    Goal("100,000 domains: reload of one line", LARGE, "reload of one line", "<=", 500, unit="ms"),
    Goal("100,000 domains: updates for it", LARGE, "reload of one line: updates", "<=", 1, unit=""),
    Goal("100,000 domains: queries then, and for checks", LARGE, "reload of one line: queries", "<=", 20, unit=""),
    Goal("100,000 domains: check of the configuration", LARGE, "check of the configuration", "<=", 1000, unit="ms"),
    Goal("100,000 domains: status of all", LARGE, "status of all", "<=", 1000, unit="ms"),
    Goal("time a domain with most domains to that with fewer", "growth", "time a domain, most to fewer", "<=", 1.3),
    Goal("CPU a domain with most domains to that with fewer", "growth", "CPU a domain, most to fewer", "<=", 1.3),
    Goal("memory a domain with most domains to that with fewer", "growth", "anonymous memory a domain, most to fewer",
         "<=", 1.3),
)
