"""Wrong answers of a server (support/faults.py): never a crash, never "published" without proof, and
right again as soon as the server is. Rules E1, E3, E4, E6; C20-C50."""
from support import faults
from support.client import OURS
from support.daemon import PUBLISHED
from support.scenario import scenario

# Each: (fault, words of the log line that must come; None: it may pass without a word).
NOT_DONE = {
    "close-before": (faults.close_before(), "clos"),
    "silence": (faults.silence(), "answer"),
    "garbage": (faults.garbage(), "answer|message"),
    "long-garbage": (faults.garbage(size=60000), "answer|message"),
    "empty": (faults.empty(), "answer|message|clos"),
    "header-only": (faults.header_only(), "answer|message"),
    "badkey": (faults.badkey(), "key|policy"),
    "badsig": (faults.badsig(), "secret|BADSIG|policy|key"),
    "badtime": (faults.badtime(), "clock"),
    "notauth-signed": (faults.rcode("NOTAUTH"), "NOTAUTH"),
    "notauth-unsigned": (faults.rcode("NOTAUTH", signed=False), "NOTAUTH|key|sign"),
    "notzone": (faults.rcode("NOTZONE"), "NOTZONE"),
    "refused-signed": (faults.rcode("REFUSED"), "REFUSED"),
    "refused-unsigned": (faults.rcode("REFUSED", signed=False), "REFUSED"),
    "servfail": (faults.rcode("SERVFAIL"), "SERVFAIL"),
    "servfail-unsigned": (faults.rcode("SERVFAIL", signed=False), "SERVFAIL|sign"),
    "notimp": (faults.rcode("NOTIMP"), "NOTIMP"),
    "formerr": (faults.rcode("FORMERR"), "FORMERR"),
    "formerr-unsigned": (faults.rcode("FORMERR", signed=False), "FORMERR|sign"),
    "yxdomain": (faults.rcode("YXDOMAIN"), None),
    "yxrrset": (faults.rcode("YXRRSET"), None),
    "nxrrset": (faults.rcode("NXRRSET"), None),
    "nxdomain": (faults.rcode("NXDOMAIN"), None),
    "noerror-unsigned": (faults.rcode("NOERROR", signed=False), "sign"),
    "lie": (faults.lie(), "NOERROR|hold|not there"),
    "echo-refused": (faults.echo("REFUSED"), None),
    "echo-servfail": (faults.echo("SERVFAIL"), None),
    "echo-noerror": (faults.echo("NOERROR"), None),
}
DONE = {
    "done-then-close": faults.done_then_close(), "close-within": faults.close_within(),
    "close-after": faults.close_after(), "close-later": faults.close_later(), "done-then-silence": faults.done_then_silence(),
    "truncated": faults.truncated(), "tc": faults.tc(), "wrong-id": faults.wrong_id(),
    "wrong-question": faults.wrong_question(), "wrong-opcode": faults.wrong_opcode(),
    "not-a-reply": faults.not_a_reply(), "unsigned": faults.unsigned(), "bad-mac": faults.bad_mac(),
    "wrong-key-name": faults.wrong_key_name(), "wrong-algorithm": faults.wrong_algorithm(),
    "server-time": faults.server_time(), "server-time-behind": faults.server_time(-3600),
    "echo-done": faults.echo("NOERROR", done=True), "echo-refused-done": faults.echo("REFUSED", done=True),
}
OF_UPDATES_ONLY = ("lie", "yxdomain", "yxrrset", "nxrrset", "nxdomain", "notzone")
QUERY = {**{name: fault for name, (fault, _) in NOT_DONE.items() if name not in OF_UPDATES_ONLY},
         **{name: fault for name, fault in DONE.items() if not name.startswith("echo")},
         "no-aa": faults.no_aa()}


def cases(table):
    return {name: row if isinstance(row, tuple) else (row,) for name, row in table.items()}


@scenario(cases=cases({name: fault for name, (fault, _) in NOT_DONE.items()}))
def update_is_answered_wrongly_once(test, fault):
    """It was not done: tried again, and done."""
    server = test.primary(kind="scripted")
    server.script("update", fault)
    test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    test.check(server.counts["update"] >= 2, "the update was sent again")


@scenario(cases=cases(NOT_DONE))
def update_is_answered_wrongly_for_long(test, fault, words):
    """Never published, no crash, no hammering; and published when the server is right again."""
    server = test.primary(kind="scripted")
    server.always("update", fault)
    daemon = test.daemon()
    server.wait_count("update", 1)
    test.srv_stays(server, "contoso.com", [], seconds=2)
    test.check(server.counts["update"] <= 25, f"{server.counts['update']} updates in 2 s")
    test.check(not daemon.said_about("contoso.com", PUBLISHED), "it says published, and is not")
    if words:
        daemon.wait_about("contoso.com", words, r"127\.0\.0\.1")
    server.always("update", None)
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario(cases=cases(DONE))
def update_is_done_but_answered_wrongly(test, fault):
    """What the server holds decides (E4): read back, published, and not sent for ever."""
    server = test.primary(kind="scripted")
    server.always("update", fault)
    daemon = test.daemon()
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)
    server.wait_count("SRV", 3)
    test.check(server.counts["update"] <= 3, f"{server.counts['update']} updates for one record")


@scenario(cases=cases(QUERY))
def observation_is_answered_wrongly(test, fault):
    """Nothing is sent on the strength of a bad observation."""
    server = test.primary(kind="scripted")
    server.always("SRV", fault)
    daemon = test.daemon()
    if test.scenario.case in ("close-after", "close-later"):  # these are right
        test.wait_srv(server, "contoso.com", [OURS])
        return
    server.wait_count("SRV", 2)
    daemon.wait_about("contoso.com", r"127\.0\.0\.1")
    test.equal(server.counts["update"], 0, "updates sent")
    server.always("SRV", None)
    test.wait_srv(server, "contoso.com", [OURS])
    daemon.wait_about("contoso.com", PUBLISHED)


@scenario(cases=cases(QUERY))
def read_back_is_answered_wrongly(test, fault):
    """E4: the first SRV query is right, the one after the update is not: not published before it is."""
    server = test.primary(kind="scripted")
    server.script("SRV", None, fault)
    daemon = test.daemon()
    server.wait_count("update", 1)
    daemon.wait_about("contoso.com", PUBLISHED)
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(cases=cases({name: QUERY[name] for name in (
    "close-before", "silence", "garbage", "long-garbage", "empty", "header-only", "truncated", "wrong-id",
    "wrong-question", "wrong-opcode", "not-a-reply", "refused-unsigned", "servfail-unsigned", "formerr-unsigned")}))
def discovery_is_answered_wrongly(test, fault):
    server = test.primary(kind="scripted")
    server.always("SOA", fault)
    daemon = test.daemon()
    server.wait_count("SOA", 2)
    daemon.wait_about("contoso.com", "resolver|zone|127.0.0.1")
    test.equal(server.counts["update"], 0, "updates sent")
    server.always("SOA", None)
    test.wait_srv(server, "contoso.com", [OURS])


@scenario(cases=cases({name: fault for name, (fault, _) in NOT_DONE.items() if name in (
    "servfail", "notimp", "close-before", "silence", "garbage", "noerror-unsigned")}))
def second_server_takes_over(test, fault):
    """E3: SERVFAIL, NOTIMP, no answer or garbage: the next server of the list."""
    bad = test.primary(kind="scripted")
    bad.always("update", fault)
    good = test.primary(kind="scripted", address="127.0.0.2")
    test.daemon(Update={"Server": "127.0.0.1 127.0.0.2"})
    test.wait_srv(good, "contoso.com", [OURS])


@scenario()
def conflicts_are_bounded(test):
    """O11: on a failed prerequisite observe and plan again, but not without end."""
    server = test.primary(kind="scripted")
    server.always("update", faults.rcode("NXRRSET"))
    daemon = test.daemon(Update={"RetryMin": "1h", "RetryMax": "1h", "CheckInterval": "7d"})
    daemon.wait_about("contoso.com", "try|conflict|changed")
    count = server.counts["update"]
    test.check(2 <= count <= 20, f"{count} updates")
    test.srv_stays(server, "contoso.com", [], seconds=1)
    test.equal(server.counts["update"], count, "updates afterwards")


@scenario()
def requests_obey_the_protocol(test):
    """C01-C10, C40: what goes out, octet by octet as a strict server reads it."""
    server = test.primary(kind="scripted")
    daemon = test.daemon()
    daemon.wait_about("contoso.com", PUBLISHED)
    daemon.reload(Service={"Priority": 4})
    test.wait_srv(server, "contoso.com", [OURS._replace(priority=4)])
    daemon.reload(Publish={"DnsPublishing": "no"})
    test.wait_srv(server, "contoso.com", [])
    test.equal(server.malformed, [], "malformed requests")
    updates = server.messages("update")
    test.check(len(updates) >= 3, "an update each")
    test.equal(len({message.id for message in updates + server.messages("SRV")}) > 3, True, "ids differ")
    for message in updates:
        test.equal((message.flags, message.rcode, message.opcode), (0, 0, 5), "header")
        test.equal(message.question, [("contoso.com", "SOA", 1)], "zone section")
        for rr in message.answer:
            test.equal(rr.ttl, 0, "TTL of a prerequisite")
        for rr in message.authority:
            test.check(rr.type == "SRV" or (rr.type == "TXT" and rr.rdata.startswith(b"\x08srvpub=1")),
                       f"only SRVs and claims: {rr}")
            test.check(rr.cls in (1, 254), f"only single RRs: {rr}")
            test.check(rr.rdata and (rr.cls == 1 or rr.ttl == 0), f"RDATA and TTL of {rr}")
        test.equal([rr.type for rr in message.additional], ["TSIG"], "additional section")
    test.equal(server.counts["udp"] - server.counts["SOA"] - server.counts["A"] - server.counts["AAAA"]
               - server.counts["NS"], 0, "requests over UDP that are not discovery")
