/* The ownership rules as a table: whose a record is, what a claim says, and what is written.
   support_plan.h tells how a row reads. Modes, leases and takeovers: check_plan_modes.c. */
#include "lib/plan.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/support_plan.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
        const char *rule, *scene, *plan;
} cases[] = {
        /* --- O1: whose a record is */
        {"O1 a: what our id claims is ours, known to the state or not; it goes with its claim",
         "srv 0 0 old; claim me old",
         "withdraw: txts, -srv 0 0 old, -claim me old"},
        {"O1 a: its numbers do not count",
         "was old claimed; srv 7 8 old; claim me old",
         "withdraw: txts, -srv 7 8 old, -claim me old"},
        {"O1 a: claimed on another port only: foreign, and the claim has no SRV",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1; srv 0 0 old; claim me old:1689",
         "withdraw: -claim me old:1689"},
        {"O1 a: our id claims what we know nothing of, again though we took it away: a twin's, foreign",
         "strays; want 0 0 kms1; srv 0 0 kms1; claim me kms1; srv 0 0 old; claim me old",
         "in order | strays"},
        {"O1 a: what is remembered is no twin's",
         "strays; was old claimed; srv 0 0 old; claim me old",
         "withdraw: txts, -srv 0 0 old, -claim me old"},
        {"O1 a: nor is what is wanted",
         "strays; want 5 0 kms1; srv 0 0 kms1; claim me kms1",
         "change: -srv 0 0 kms1, +srv 5 0 kms1, +claim me kms1"},
        {"O1 b: unclaimed and as wanted: ours by the operator's word, and claimed from now on",
         "want 0 0 kms1; srv 0 0 kms1",
         "change: +claim me kms1"},
        {"O1 b: with other numbers",
         "want 0 0 kms1; srv 7 7 kms1",
         "change: -srv 7 7 kms1, +srv 0 0 kms1, +claim me kms1"},
        {"O1 b: another port is another offer: foreign",
         "want 0 0 kms1; srv 0 0 kms1:1689",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O1 b: a target that ours begins with is another offer: foreign",
         "want 0 0 kms1.contoso.com; srv 0 0 kms1",
         "publish: +srv 0 0 kms1.contoso.com, +claim me kms1.contoso.com"},
        {"O1 c: unclaimed, published without a claim and no longer wanted: it goes",
         "was old; srv 0 0 old",
         "withdraw: srv, no-txt, -srv 0 0 old"},
        {"O1 c: in whatever case, with whatever numbers",
         "was OLD; srv 3 4 Old",
         "withdraw: srv, no-txt, -srv 3 4 Old"},
        {"O1 c: on another port only: foreign",
         "was old:1689; srv 0 0 old",
         "in order"},
        {"O1 c: beside TXTs: that none has become a claim is proved by all of them",
         "was old; srv 0 0 old; txt v=spf1 -all; claim p2 kms2",
         "withdraw: txts, -srv 0 0 old"},
        {"O1 c: another has claimed it since: foreign",
         "was old; srv 0 0 old; claim p2 old",
         "in order | stays-claimed"},
        {"O1: published with a claim that has gone since: foreign, and it is told",
         "was old claimed; srv 0 0 old",
         "in order | claim-gone"},
        {"O1: the same beside what is wanted",
         "want 0 0 kms1; was old claimed; srv 0 0 old; srv 0 0 kms1; claim me kms1",
         "in order | claim-gone"},
        {"O1: nothing to tell where the record has gone with the claim",
         "was old claimed",
         "in order"},
        {"O1 b: a claim that has gone from what is still wanted is put back",
         "want 0 0 kms1; was kms1 claimed; srv 0 0 kms1",
         "change: +claim me kms1"},
        {"O1: neither wanted, claimed nor remembered: foreign",
         "was old; srv 0 0 other; srv 0 0 older; claim p2 older",
         "in order"},

        /* --- O2: single RRs, to the octet */
        {"O2: the RDATA observed, not the wanted",
         "want 0 0 kms1; srv 5 0 KmS1; claim me kms1",
         "change: -srv 5 0 KmS1, +srv 0 0 kms1, +claim me kms1"},
        {"O2: the TXT observed, with what we do not know in it",
         "srv 0 0 OLD; claim me OLD x=1",
         "withdraw: txts, -srv 0 0 OLD, -claim me OLD x=1"},
        {"O2: single RRs though all of both RRsets goes",
         "srv 0 0 a; srv 0 0 b; claim me a; claim me b",
         "withdraw: txts, -srv 0 0 a, -srv 0 0 b, -claim me a, -claim me b"},
        {"O2: one RR listed twice is one RR: what stays is not deleted",
         "want 0 0 kms1; srv 0 0 kms1; srv 0 0 kms1; claim me kms1; claim me kms1",
         "in order"},
        {"O2: case alone is no reason to write",
         "want 0 0 kms1; srv 0 0 KMS1; claim me KMS1",
         "in order"},
        {"O2: same RDATA in two cases (PowerDNS): ours stays",
         "no-claims; want 0 0 kms1; srv 0 0 KMS1; srv 0 0 kms1",
         "change: -srv 0 0 KMS1, +srv 0 0 kms1"},
        {"O2: two cases, neither is ours: the first stays",
         "no-claims; want 0 0 kms1; srv 0 0 KMS1; srv 0 0 Kms1",
         "change: -srv 0 0 Kms1, +srv 0 0 KMS1"},
        {"O2: two cases, nothing wanted: both go",
         "was kms1; srv 0 0 KMS1; srv 0 0 kms1",
         "withdraw: srv, no-txt, -srv 0 0 KMS1, -srv 0 0 kms1"},

        /* --- O3: shared */
        {"O3: nothing there: added with its claim",
         "want 0 0 kms1",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O3: beside foreign records, claimed or not: added, they stay",
         "want 0 0 kms1; srv 0 0 kms1:1689; srv 0 0 x; srv 1 2 y; claim p2 y; txt v=spf1 -all",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O3: as wanted beside foreign records: nothing to write",
         "want 0 0 kms1; srv 0 0 x; srv 0 0 kms1; claim p2 x; claim me kms1",
         "in order"},
        {"O3: another priority, another weight: replaced in one message",
         "want 10 20 kms1; srv 10 0 kms1; claim me kms1",
         "change: -srv 10 0 kms1, +srv 10 20 kms1, +claim me kms1"},
        {"O3: a foreign record with the same numbers stays",
         "want 10 20 kms1; srv 10 20 x; srv 0 20 kms1; claim me kms1",
         "change: -srv 0 20 kms1, +srv 10 20 kms1, +claim me kms1"},
        {"O3: our SRV is gone: with it comes its claim, should that go meanwhile (O13)",
         "want 0 0 kms1; claim me kms1",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O3: the same, and we cannot write that claim to the octet: it would be a second one",
         "want 0 0 kms1; claim me kms1 x=1",
         "publish: +srv 0 0 kms1"},
        {"O3: nothing wanted, nothing there",
         "was old",
         "in order"},
        {"O3: same offer twice: the right one stays, and is added again should it have gone meanwhile",
         "want 0 0 kms1; srv 10 0 kms1; srv 0 0 kms1; claim me kms1",
         "change: -srv 10 0 kms1, +srv 0 0 kms1, +claim me kms1"},
        {"O3: same offer three times, none right",
         "want 0 0 kms1; srv 1 0 kms1; srv 2 0 KMS1; srv 3 0 kms1; claim me kms1",
         "change: -srv 1 0 kms1, -srv 2 0 KMS1, -srv 3 0 kms1, +srv 0 0 kms1, +claim me kms1"},
        {"O3: a foreign offer twice: both stay",
         "want 0 0 kms1; srv 0 0 x; srv 9 0 x; srv 0 0 kms1; claim me kms1",
         "in order"},
        {"O3: extreme numbers",
         "want 65535 65535 kms1:65535; srv 65535 65534 kms1:65535; claim me kms1:65535",
         "change: -srv 65535 65534 kms1:65535, +srv 65535 65535 kms1:65535, +claim me kms1:65535"},

        /* --- several hosts of one daemon */
        {"O3: three hosts, one is missing",
         "want 0 0 a; want 0 0 b; want 5 0 c; srv 5 0 c; srv 0 0 a; claim me c; claim me a",
         "publish: +srv 0 0 b, +claim me b"},
        {"O3: two hosts, both there in another order",
         "want 0 0 a; want 0 0 b; srv 0 0 b; srv 0 0 a; claim me a; claim me b",
         "in order"},
        {"O3: the numbers of two hosts exchanged",
         "want 0 0 a; want 5 0 b; srv 5 0 a; srv 0 0 b; claim me a; claim me b",
         "change: -srv 5 0 a, -srv 0 0 b, +srv 0 0 a, +srv 5 0 b, +claim me a, +claim me b"},
        {"O3: one is missing, one has other numbers, one is no longer wanted",
         "want 0 0 a; want 5 0 b; srv 0 0 b; srv 0 0 c; claim me b; claim me c",
         "publish: txts, -srv 0 0 b, -srv 0 0 c, -claim me c, +srv 0 0 a, +srv 5 0 b, +claim me "
         "a, +claim me b"},
        {"O3: the same target on two ports",
         "want 0 0 kms1; want 0 0 kms1:1689; srv 0 0 kms1:1689; claim me kms1:1689",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O3: two wanted of one offer: the first counts",
         "want 0 0 kms1; want 10 0 KMS1 since=7; srv 10 0 kms1; claim me kms1 since=7",
         "change: -srv 10 0 kms1, -claim me kms1 since=7, +srv 0 0 kms1, +claim me kms1"},
        {"O5: of two hosts one is shared with another publisher, whose numbers count",
         "want 0 0 a; want 0 0 b; srv 0 0 a; srv 9 0 b; claim me a; claim me b; claim p2 b",
         "in order | numbers-of-other also-claimed"},

        /* --- O4: what a claim says */
        {"O4: a TXT that is no claim we understand is foreign: the record is unclaimed",
         "was old; srv 0 0 old; txt srvpub=1 id=7 host=old port=1688 ttl=3600 since=100",
         "withdraw: txts, -srv 0 0 old"},
        {"O4: of a later version: foreign",
         "srv 0 0 old; txt srvpub=2 id=4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f host=old port=1688 ttl=1 since=1",
         "in order"},
        {"O4: a foreign TXT that names our id stays",
         "txt id=4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f",
         "in order"},
        {"O4: the TTL configured is another one now: rewritten",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 ttl=600",
         "change: -claim me kms1 ttl=600, +claim me kms1"},
        {"O4: numbers configured anew: record and claim are rewritten",
         "want 10 0 kms1 since=200; srv 0 0 kms1; claim me kms1",
         "change: -srv 0 0 kms1, -claim me kms1, +srv 10 0 kms1, +claim me kms1 since=200"},
        {"O4: since= alone, should it be older than ours",
         "want 0 0 kms1 since=150; srv 0 0 kms1; claim me kms1",
         "change: -claim me kms1, +claim me kms1 since=150"},
        {"O4, O5: later than ours: a twin's with our id, its word counts like any other's",
         "want 10 0 kms1 since=50; srv 0 0 kms1; claim me kms1",
         "in order | numbers-of-other"},
        {"O4, O5: an older claim with our id beside it goes, whichever is first",
         "want 10 0 kms1; srv 0 0 kms1; claim me kms1; claim me kms1 since=500",
         "withdraw: -claim me kms1 | numbers-of-other"},
        {"O4, O5: whichever is last",
         "want 10 0 kms1; srv 0 0 kms1; claim me kms1 since=500; claim me kms1",
         "withdraw: -claim me kms1 | numbers-of-other"},
        {"O4, O5: and of two twins' words the latest stays",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 since=500; claim me kms1 since=600",
         "withdraw: -claim me kms1 since=500"},
        {"O4: a lease that is no longer configured",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1003600 lease=3600",
         "change: -claim me kms1 until=1003600 lease=3600, +claim me kms1"},
        {"O4: strings we do not know are no reason to write",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 x=1",
         "in order"},
        {"O4: two claims of ours on one offer: the right one stays",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 ttl=600; claim me kms1",
         "withdraw: -claim me kms1 ttl=600"},
        {"O4: two claims of ours, none right",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1 ttl=600; claim me kms1 since=7",
         "change: -claim me kms1 ttl=600, -claim me kms1 since=7, +claim me kms1"},
        {"O4: one claim too many here, one too few there: no renewal",
         "lease=3600; want 0 0 a; want 0 0 b; srv 0 0 a; srv 0 0 b; "
         "claim me a until=1000001 lease=3600; claim me a until=1003600 lease=3600",
         "change: -claim me a until=1000001 lease=3600, +claim me b until=1003600 lease=3600"},
        {"O4: a claim of ours for what is neither wanted nor there",
         "claim me old",
         "withdraw: -claim me old"},

        /* --- O5: several claims on one offer */
        {"O5: another publisher has the same host: we join, with the same numbers nothing is told",
         "want 0 0 kms1; srv 0 0 kms1; claim p2 kms1 since=50",
         "change: +claim me kms1 | also-claimed"},
        {"O5: configured before the other's numbers: we join and leave them",
         "want 10 0 kms1; srv 0 0 kms1; claim p2 kms1 since=200",
         "change: +claim me kms1 | numbers-of-other also-claimed"},
        {"O5: configured after them: ours count",
         "want 10 0 kms1; srv 0 0 kms1; claim p2 kms1 since=50",
         "change: -srv 0 0 kms1, +srv 10 0 kms1, +claim me kms1 | also-claimed"},
        {"O5: both claim it, the other's are later: left",
         "want 10 0 kms1; srv 0 0 kms1; claim me kms1; claim p9 kms1 since=101",
         "in order | numbers-of-other also-claimed"},
        {"O5: at the same second the smaller id: the other",
         "want 10 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "in order | numbers-of-other also-claimed"},
        {"O5: at the same second the smaller id: we",
         "want 10 0 kms1; srv 0 0 kms1; claim me kms1; claim p9 kms1",
         "change: -srv 0 0 kms1, +srv 10 0 kms1, +claim me kms1 | also-claimed"},
        {"O5: of three the latest",
         "want 10 0 kms1 since=150; srv 0 0 kms1; claim p2 kms1 since=120; claim p9 kms1 since=160",
         "change: +claim me kms1 since=150 | numbers-of-other also-claimed"},
        {"O5: ours configured anew are the latest now",
         "want 10 0 kms1 since=300; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=200",
         "change: -srv 0 0 kms1, -claim me kms1, +srv 10 0 kms1, +claim me kms1 since=300 "
         "| also-claimed"},
        {"O5: claimed by another and not there: added with our numbers",
         "want 10 0 kms1; claim p2 kms1 since=200",
         "publish: +srv 10 0 kms1, +claim me kms1 | also-claimed"},
        {"O5: doubles of an offer whose numbers are another's are left to that one",
         "want 10 0 kms1; srv 0 0 kms1; srv 5 0 kms1; claim me kms1; claim p2 kms1 since=200",
         "in order | numbers-of-other also-claimed"},
        {"O5: withdrawing removes our claim and leaves the record to the others",
         "was kms1 claimed; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "withdraw: txts, -claim me kms1 | stays-claimed"},
        {"O5: the last claim takes the record along",
         "was kms1 claimed; srv 0 0 kms1; claim me kms1; claim p2 kms2; txt v=spf1 -all",
         "withdraw: txts, -srv 0 0 kms1, -claim me kms1"},
        {"O5: withdrawn, the others keep it: finished",
         "srv 0 0 kms1; claim p2 kms1; claim p3 kms1",
         "in order"},

        /* --- O10: without claims */
        {"O10: without claims the record alone",
         "no-claims; want 0 0 kms1",
         "publish: +srv 0 0 kms1"},
        {"O10: ours goes, the record stays",
         "no-claims; want 0 0 kms1; was kms1 claimed; srv 0 0 kms1; claim me kms1",
         "change: -claim me kms1"},
        {"O10: other numbers are still repaired",
         "no-claims; want 10 0 kms1; srv 0 0 kms1; claim p2 kms2",
         "change: -srv 0 0 kms1, +srv 10 0 kms1"},
        {"O10: who does not claim has no say against one who does",
         "no-claims; want 10 0 kms1 since=200; srv 0 0 kms1; claim p2 kms1",
         "in order | numbers-of-other also-claimed"},
        {"O10: what goes has no say in the numbers",
         "no-claims; want 10 0 kms1; srv 0 0 kms1; claim me kms1 since=500",
         "change: -srv 0 0 kms1, -claim me kms1 since=500, +srv 10 0 kms1"},
        {"O10: our claim goes, another's decides from then on",
         "no-claims; want 10 0 kms1 since=200; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "change: -claim me kms1 | numbers-of-other also-claimed"},
        {"O10: what was claimed is still withdrawn",
         "no-claims; srv 0 0 kms1; claim me kms1",
         "withdraw: txts, -srv 0 0 kms1, -claim me kms1"},

        /* --- O11 and E5: the fewest prerequisites */
        {"E5: a CNAME is suspected: an add carries the proof",
         "cname; want 0 0 kms1",
         "publish: no-cname, +srv 0 0 kms1, +claim me kms1"},
        {"E5: a claim alone carries it too",
         "cname; want 0 0 kms1; srv 0 0 kms1",
         "change: no-cname, +claim me kms1"},
        {"E5: in order behind a CNAME: nothing to write",
         "cname; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "in order"},
        {"O11: a removal needs no proof about a CNAME",
         "cname; was old; srv 0 0 old",
         "withdraw: srv, no-txt, -srv 0 0 old"},
        {"O11: with an add the wildcard needs no proof",
         "no-claims; want 0 0 new; was old; srv 0 0 old",
         "publish: no-txt, -srv 0 0 old, +srv 0 0 new"},

        /* --- O13 */
        {"O13: the target changed: new in, old out, in one message",
         "want 0 0 new; was old claimed; srv 0 0 old; claim me old",
         "publish: txts, -srv 0 0 old, -claim me old, +srv 0 0 new, +claim me new"},
        {"O13: the port changed, another publisher stays on the old one",
         "want 0 0 kms1:1689; was kms1 claimed; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "publish: txts, -claim me kms1, +srv 0 0 kms1:1689, +claim me kms1:1689 | stays-claimed"},
        {"O13: a derived target changed: the old one stays for now, with its claim",
         "keep; want 0 0 new; was old claimed; srv 0 0 old; claim me old",
         "publish: +srv 0 0 new, +claim me new"},
        {"O13: an unclaimed one too",
         "keep; want 0 0 new; was old; srv 0 0 old; srv 0 0 new; claim me new",
         "in order"},
        {"O13: no FQDN: nothing wanted, all stays",
         "keep; was old claimed; srv 0 0 old; claim me old",
         "in order"},
        {"O13: what the state does not know of is not kept",
         "keep; want 0 0 new; was old; srv 0 0 older; claim me older; srv 0 0 new; claim me new",
         "withdraw: txts, -srv 0 0 older, -claim me older"},
        {"O13: the old one stays, a double of the new one goes all the same",
         "keep; no-claims; want 0 0 new; was old; srv 0 0 old; srv 0 0 new; srv 9 0 new",
         "change: -srv 9 0 new, +srv 0 0 new"},

        /* --- E8: refresh */
        {"E8: a plain add of what is there, and of its claim",
         "refresh; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "in order: +srv 0 0 kms1, +claim me kms1"},
        {"E8: to the octet, with the TTLs that are there",
         "refresh; want 0 0 kms1; srv 0 0 KMS1/600; srv 0 0 x/600; claim me KMS1/60",
         "in order: +srv 0 0 KMS1/600, +claim me KMS1/60"},
        {"E8: not of a claim that we could not write to the octet: it would be a second one",
         "refresh; want 0 0 kms1; srv 0 0 kms1; claim me kms1 x=1",
         "in order: +srv 0 0 kms1"},
        {"E8: nor of one of the same size",
         "refresh; want 0 0 kms1; srv 0 0 kms1; "
         "txt srvpub=1 id=4F4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f host=kms1 port=1688 ttl=3600 since=100",
         "in order: +srv 0 0 kms1"},
        {"E8: of all our hosts, never of a foreign record or claim",
         "refresh; no-claims; want 0 0 a; want 0 0 b; srv 0 0 b; srv 0 0 x; srv 0 0 a; claim p2 x",
         "in order: +srv 0 0 a, +srv 0 0 b"},
        {"E8: not of what only stays for now",
         "refresh; keep; no-claims; want 0 0 new; was old; srv 0 0 old; srv 0 0 new",
         "in order: +srv 0 0 new"},
        {"E8: not in order: the repair and no more",
         "refresh; want 0 0 a; want 0 0 b; srv 0 0 a; claim me a",
         "publish: +srv 0 0 b, +claim me b"},
        {"E8, E5: it carries the proof about a CNAME",
         "refresh; cname; no-claims; want 0 0 kms1; srv 0 0 kms1",
         "in order: no-cname, +srv 0 0 kms1"},
        {"E8: nothing wanted, nothing refreshed, nothing to prove",
         "refresh; cname; srv 0 0 x; claim p2 x",
         "in order"},
};
/* clang-format on */

START_TEST(table) {
        plan_check(cases[_i].rule, cases[_i].scene, cases[_i].plan);
}
END_TEST

START_TEST(words_print) {
        for (PlanVerdict v = 0; v < _PLAN_VERDICT_MAX; v++)
                for (PlanVerdict w = 0; w < v; w++)
                        ck_assert_str_ne(plan_verdict_to_string(v), plan_verdict_to_string(w));
        for (PlanOpKind kind = 0; kind < _PLAN_OP_MAX; kind++)
                ck_assert(plan_op_is_prerequisite(kind) == (kind < PLAN_DELETE_SRV));
}
END_TEST

/* --- what a driver asks besides --------------------------------------------------------------- */

static const struct {
        const char *rule, *scene, *wanted;
        uint64_t since;
} sinces[] = {
        {"nothing is there", "", "want 10 20 kms1", SCENE_NOW},
        {"our claim says so", "srv 10 20 kms1; claim me kms1", "want 10 20 kms1", SCENE_SINCE},
        {"in other case", "srv 10 20 KMS1; claim me kMs1", "want 10 20 kms1", SCENE_SINCE},
        {"with another TTL", "srv 10 20 kms1/5; claim me kms1", "want 10 20 kms1", SCENE_SINCE},
        {"the record has other numbers", "srv 10 2 kms1; claim me kms1", "want 10 20 kms1",
         SCENE_NOW},
        {"later than another's word too",
         "srv 9 9 kms1; claim p2 kms1 since=2000000; claim p3 kms1", "want 10 20 kms1", 2000001},
        {"another's word about these numbers is no matter",
         "srv 10 20 kms1; claim p2 kms1 since=2000000", "want 10 20 kms1", SCENE_NOW},
        {"nor is its word about another offer", "claim p2 kms2 since=2000000", "want 10 20 kms1",
         SCENE_NOW},
        {"the last second there is", "srv 9 9 kms1; claim p2 kms1 since=9223372036854775807",
         "want 10 20 kms1", SCENE_NOW},
        {"never older than our last word", "srv 10 2 kms1; claim me kms1 since=1000000",
         "want 10 20 kms1", SCENE_NOW + 1},
        {"the record is gone", "claim me kms1", "want 10 20 kms1", SCENE_NOW},
        {"another's claim", "srv 10 20 kms1; claim p2 kms1", "want 10 20 kms1", SCENE_NOW},
        {"on another port", "srv 10 20 kms1; claim me kms1:1689", "want 10 20 kms1", SCENE_NOW},
        {"beside others", "srv 1 2 x; srv 10 20 kms1; claim p2 kms1 since=5; claim me kms1 since=7",
         "want 10 20 kms1", 7},
};

START_TEST(since_of_numbers_the_state_does_not_know) {
        Scene scene, wanted;

        scene_read(&scene, sinces[_i].scene);
        scene_read(&wanted, sinces[_i].wanted);
        ck_assert_msg(plan_since(scene_observe(&scene), &scene.id, &wanted.wanted[0].srv,
                                 SCENE_NOW) == sinces[_i].since,
                      "O5: %s", sinces[_i].rule);
}
END_TEST

static const struct {
        const char *scene, *offer;
        bool claimed;
} claimed[] = {
        {"srv 0 0 kms1; claim me kms1", "kms1", true},
        {"srv 0 0 KMS1; claim me kms1", "Kms1", true},
        {"srv 9 9 kms1/5; claim p2 kms1; claim me kms1 until=1 lease=1", "kms1", true},
        {"srv 0 0 kms1; claim p2 kms1", "kms1", false},
        {"srv 0 0 kms1", "kms1", false},
        {"claim p2 kms1; claim me kms2", "kms1", false},
        {"srv 0 0 kms1; claim me kms1", "kms1:1689", false},
        {"srv 0 0 kms1; claim me kms2", "kms1", false},
};

START_TEST(our_claim_covers_an_offer) {
        Scene scene;
        Srv offer;

        scene_read(&scene, claimed[_i].scene);
        srv_read_offer(&offer, claimed[_i].offer);
        ck_assert_msg(plan_is_claimed(scene_observe(&scene), &scene.id, &offer) ==
                              claimed[_i].claimed,
                      "O1: %s in %s", claimed[_i].offer, claimed[_i].scene);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, table, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, words_print);
        tcase_add_loop_test(tcase, since_of_numbers_the_state_does_not_know, 0, ELEMENTSOF(sinces));
        tcase_add_loop_test(tcase, our_claim_covers_an_offer, 0, ELEMENTSOF(claimed));
}

UNIT_MAIN("plan", add_tests)
