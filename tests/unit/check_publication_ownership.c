/* One publication's life beside others', as scripts in the notation of support_publication.h:
   standing by (O6), observing (O7), policies that allow no claim (O10), servers that keep a TTL
   (O12), and what counts as a refresh (E8). */
#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

#define FOUND(servers, primaries) \
        ON(DUE, LOCATE, LOCATING), ON(LOCATED(servers, primaries), OBSERVE, LOCATING)
#define STANDS_BY FOUND(1, 1), ENDS(SEEN(STANDBY), STANDBY, CHECK)
#define WRITES ON(SEEN(PUBLISH), UPDATE, PUBLISHING)
#define WRITES_CLAIM ON(SEEN(PUBLISH, .claim = true), UPDATE, PUBLISHING)
#define CLAIM_DENIED WRITES_CLAIM, ON(ANSWER(DENIED), OBSERVE, PUBLISHING)
#define ANOTHER_TTL SEEN(CHANGE, .ttl_only = true)

/* clang-format off */
static const Script standbys[] = {
{"O6: another holds the name: nothing is written, and it is looked again", LINES(
        STANDS_BY,
        ON(DUE,                   OBSERVE, STANDBY),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK)), .refresh_usec = USEC_PER_HOUR},
{"O6: it is taken over when it is free", LINES(
        STANDS_BY,
        ON(DUE,                   OBSERVE, STANDBY),
        ON(SEEN(PUBLISH, .no_srv = true), REMEMBER, STANDBY),
        ON(REMEMBERED(0),         UPDATE, STANDBY),
        ON(ANSWER(DONE),          OBSERVE, STANDBY),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH))},
{"O6: who comes second stands by", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH, .no_srv = true), UPDATE, PUBLISHING),
        WAITS(ANSWER_RCODE(CONFLICT, YXRRSET), PUBLISHING, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHING),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK)),
        .remembered = true},
{"O6: so does a holder whose record another took", LINES(
        FOUND(1, 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK)),
        .forgets = true},
{"O6: what of ours is left behind goes, and need not be remembered", LINES(
        FOUND(1, 1),
        ON(SEEN(STANDBY, .removes = true), UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK, .wrote = PLAN_STANDBY))},
{"O6: it is not a wildcard's when it has gone meanwhile", LINES(
        FOUND(1, 1),
        ON(SEEN(STANDBY, .removes = true), UPDATE, PUBLISHING),
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHING, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHING),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK))},
{"E4: a removal in standby that is not carried out is a failure", LINES(
        FOUND(1, 1),
        ON(SEEN(STANDBY, .removes = true), UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(SEEN(STANDBY, .removes = true), UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(STANDBY, .removes = true), FAILED, RETRY_MIN, .trouble = TROUBLE_IGNORED, .wrote = PLAN_STANDBY))},
{"O13: a doubt keeps what is remembered in standby too", LINES(
        FOUND(1, 1),
        ON(CHANGED(.overtakes = true), OBSERVE, PUBLISHING),
        ENDS(SEEN(STANDBY),       STANDBY, SETTLE - TICK, .keeps = true),
        ON(DUE,                   OBSERVE, STANDBY),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK)),
        .forgets = true},
{"O6, O13: in standby nothing is held for a former name", LINES(
        FOUND(1, 1),
        ENDS(SEEN(STANDBY, .former = true), STANDBY, CHECK),
        ON(DUE,                   OBSERVE, STANDBY),
        ENDS(SEEN(STANDBY, .former = true), STANDBY, CHECK)),
        .forgets = true},
{"O6: what one look found is not the next one's finding", LINES(
        STANDS_BY,
        ON(DUE,                   OBSERVE, STANDBY),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(STANDBY, .removes = true), UPDATE, PUBLISHED),
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHED, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK))},
{"O6: a server that fails is told in standby as elsewhere", LINES(
        STANDS_BY,
        ON(DUE,                   OBSERVE, STANDBY),
        ENDS(ASKED(TIMEOUT),      FAILED, RETRY_MIN, .trouble = TROUBLE_REPLY),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ENDS(SEEN(STANDBY),       STANDBY, CHECK))},
{"O6, O13: withdrawn while it stands by", LINES(
        STANDS_BY,
        ON(CHANGED(.withdraw = true), OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER))},
};

static const Script observers[] = {
#define OBSERVED(verdict)                                                                          \
{"O7: " #verdict " is told, not sent", LINES(                                                      \
        FOUND(1, 1),                                                                               \
        ENDS(SEEN(verdict, .observes = true), OBSERVED, CHECK, .keeps = true),                     \
        ON(DUE,                   OBSERVE, OBSERVED),                                              \
        ENDS(SEEN(verdict, .observes = true), OBSERVED, CHECK, .keeps = true)),                    \
        .remembered = true, .refresh_usec = USEC_PER_HOUR}
OBSERVED(IN_ORDER), OBSERVED(PUBLISH), OBSERVED(CHANGE), OBSERVED(WITHDRAW), OBSERVED(STANDBY),
{"O7: a server that gives no answer is told", LINES(
        FOUND(2, 2),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ENDS(ASKED(ELSEWHERE),    FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY),
        ON(DUE,                   LOCATE, FAILED, .server = 1),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ENDS(SEEN(PUBLISH, .observes = true), OBSERVED, CHECK, .keeps = true))},
{"O7, E4: what it observes is what the zone's own server says", LINES(
        FOUND(2, 2),
        ON(SEEN(PUBLISH, .observes = true, .not_authority = true), OBSERVE, LOCATING, .server = 1),
        ENDS(SEEN(PUBLISH, .observes = true), OBSERVED, CHECK, .server = 1, .keeps = true))},
{"O7: the mode is changed", LINES(
        FOUND(1, 1),
        ENDS(SEEN(PUBLISH, .observes = true), OBSERVED, CHECK, .keeps = true),
        ON(CHANGED(.relocate = true), LOCATE, LOCATING),
        ON(LOCATED(1, 1),         OBSERVE, LOCATING),
        WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
};

static const Script denials[] = {
{"O10: policy denies the claim: once without, and published", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true)),
        .remembered = true},
{"O10: it is kept to", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .claims_denied = true),
        ON(CHANGED(),             OBSERVE, PUBLISHING), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true)),
        .remembered = true},
{"O10: denied without it too: it was not the claim", LINES(
        FOUND(2, 2), CLAIM_DENIED, WRITES_CLAIM,
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED),
        ON(DUE,                   LOCATE, DENIED),
        ON(LOCATED(2, 2),         OBSERVE, DENIED),
        ON(SEEN(PUBLISH, .claim = true), UPDATE, DENIED),
        ON(ANSWER(DONE),          OBSERVE, DENIED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"O10: the record is there, only its claim is denied", LINES(
        FOUND(1, 1),
        ON(SEEN(CHANGE, .claim = true, .claim_only = true), UPDATE, PUBLISHING),
        ON(ANSWER(DENIED),        OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .claims_denied = true)),
        .remembered = true},
{"O10: Claims=yes insists", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH, .claim_needed = true), UPDATE, PUBLISHING),
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true},
{"O10: where no claim is written it was not the claim", LINES(
        FOUND(1, 1), WRITES,
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true},
{"O10, E3: a secondary's word says nothing of claims", LINES(
        FOUND(2, 1),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ON(SEEN(PUBLISH, .claim = true), UPDATE, PUBLISHING, .server = 1),
        ENDS(ANSWER(DENIED),      FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY)),
        .remembered = true},
{"O10: neither does another refusal", LINES(
        FOUND(1, 1), WRITES_CLAIM,
        ENDS(ANSWER_RCODE(BAD_KEY, NOTAUTH), FAILED, RETRY_MAX, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
{"O10, O11: a race lost meanwhile says nothing of claims", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHING, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHING), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true)),
        .remembered = true},
{"O10: claims are tried again at the next refresh, and denied again", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER, .claim = true), PUBLISHED, CHECK, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(CHANGE, .claim = true, .claim_only = true), UPDATE, PUBLISHED),
        ON(ANSWER(DENIED),        OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK, .claims_denied = true)),
        .remembered = true, .refresh_usec = 2 * CHECK},
{"O10: ... or allowed by now", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(CHANGE, .claim = true, .claim_only = true), UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true, .refresh_usec = CHECK},
{"O10, E8: ... in a pass of its own: what becomes due while it looks waits for the next", LINES(
        FOUND(1, 1), CLAIM_DENIED, WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER, .claim = true), PUBLISHED, CHECK, .claims_denied = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(CHANGE, .claim = true, .claim_only = true), UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true, .refresh_usec = CHECK + TICK},
{"O10: another way to the server may be allowed more", LINES(
        FOUND(1, 1), CLAIM_DENIED,
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .claims_denied = true),
        ON(CHANGED(.relocate = true), LOCATE, LOCATING),
        ON(LOCATED(1, 1),         OBSERVE, LOCATING), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
};

static const Script ttls[] = {
{"O12: another TTL is put right", LINES(
        FOUND(1, 1),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"O12: a server that keeps the TTL is no failure, and tried again at the next check", LINES(
        FOUND(1, 1),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(ANOTHER_TTL,         PUBLISHED, CHECK, .wrote = PLAN_CHANGE),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(ANOTHER_TTL,         PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"O12: so when the record was missing: once more for the TTL", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(ANOTHER_TTL,         PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"E4, O12: other numbers beside the TTL are a failure", LINES(
        FOUND(1, 1),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(CHANGE),        FAILED, RETRY_MIN, .trouble = TROUBLE_IGNORED, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"E4, O12: so is what went missing while the TTL was written", LINES(
        FOUND(1, 1),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(PUBLISH),       FAILED, RETRY_MIN, .trouble = TROUBLE_IGNORED, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E1, O12: an update of the TTL without an answer proves nothing", LINES(
        FOUND(1, 1),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING),
        ON(ANOTHER_TTL,           UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
};

static const Script refreshes[] = {
{"E8: a claim alone renews no SRV", LINES(
        FOUND(1, 1),
        ON(SEEN(CHANGE, .claim = true, .claim_only = true), UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"E8: neither does a removal", LINES(
        FOUND(1, 1),
        ON(SEEN(WITHDRAW),        UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_WITHDRAW),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"O8: a lease is renewed and not read back", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER, .claim_needed = true), UPDATE, PUBLISHING),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"E8, O8: which renews no SRV", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER, .claim_needed = true), UPDATE, PUBLISHED),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED)),
        .remembered = true, .refresh_usec = 2 * CHECK},
{"O8, O11: a renewal that another was faster than", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER, .claim_needed = true), UPDATE, PUBLISHING),
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHING, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHING),
        ON(SEEN(IN_ORDER, .claim_needed = true), UPDATE, PUBLISHING),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK)),
        .remembered = true},
{"O8: a renewal that is denied is told", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER, .claim_needed = true), UPDATE, PUBLISHING),
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true},
};

#define FREE_OR_CNAME(prerequisite)                                                                \
{"E5, O6: somebody was faster (" #prerequisite "), and no CNAME is there", LINES(                  \
        FOUND(1, 1),                                                                               \
        ON(SEEN(PUBLISH, .no_cname = true, .prerequisite = true), UPDATE, PUBLISHING),             \
        WAITS(ANSWER_RCODE(CONFLICT, YXRRSET), PUBLISHING, SHORTLY),                               \
        ON(DUE,                   OBSERVE, PUBLISHING),                                            \
        ENDS(SEEN(STANDBY),       STANDBY, CHECK)),                                                \
        .remembered = true},                                                                       \
{"E5, O6: nobody was there (" #prerequisite "): it is the CNAME", LINES(                           \
        FOUND(2, 2),                                                                               \
        ON(SEEN(PUBLISH, .no_cname = true, .prerequisite = true), UPDATE, PUBLISHING),             \
        WAITS(ANSWER_RCODE(CONFLICT, YXRRSET), PUBLISHING, SHORTLY),                               \
        ON(DUE,                   OBSERVE, PUBLISHING),                                            \
        ON(SEEN(PUBLISH, .no_cname = true, .prerequisite = true), UPDATE, PUBLISHING),             \
        ENDS(ANSWER_RCODE(CONFLICT, YXRRSET), FAILED, RETRY_MAX, .trouble = TROUBLE_CNAME)),       \
        .remembered = true},                                                                       \
{"E5, O6: without a suspicion it is a race each time (" #prerequisite ")", LINES(                  \
        FOUND(1, 1),                                                                               \
        ON(SEEN(PUBLISH, .prerequisite = true), UPDATE, PUBLISHING),                               \
        WAITS(ANSWER_RCODE(CONFLICT, YXRRSET), PUBLISHING, SHORTLY),                               \
        ON(DUE,                   OBSERVE, PUBLISHING),                                            \
        ON(SEEN(PUBLISH, .prerequisite = true), UPDATE, PUBLISHING),                               \
        WAITS(ANSWER_RCODE(CONFLICT, YXRRSET), PUBLISHING, SHORTLY)),                              \
        .remembered = true}
static const Script races[] = {FREE_OR_CNAME(no_srv), FREE_OR_CNAME(no_txt)};
/* clang-format on */

START_TEST(another_holds_the_name) {
        run_script(&standbys[_i]);
}
END_TEST

START_TEST(observing_writes_nothing) {
        run_script(&observers[_i]);
}
END_TEST

START_TEST(claims_may_be_denied) {
        run_script(&denials[_i]);
}
END_TEST

START_TEST(ttl_may_be_kept) {
        run_script(&ttls[_i]);
}
END_TEST

START_TEST(refresh_adds_the_srv) {
        run_script(&refreshes[_i]);
}
END_TEST

START_TEST(race_is_told_from_cname) {
        run_script(&races[_i]);
}
END_TEST

/* O1: claims with our id that we know nothing of are removed once after a start, by a pass that
   ends well; they are another machine's should they come back. */
START_TEST(strays_are_removed_once) {
        const Publication *p;
        Bench bench;

        bench_init(&bench, false);
        p = &bench.publication;
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)LOCATED(1, 1));
        bench_step(&bench, &(Input)SEEN(WITHDRAW, .strays = true));
        ck_assert(bench_step(&bench, &(Input)ANSWER(DENIED)).ended && !p->strays_removed);
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)LOCATED(1, 1));
        ck_assert(bench_step(&bench, &(Input)SEEN(IN_ORDER)).ended && !p->strays_removed);
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)SEEN(WITHDRAW, .strays = true));
        bench_step(&bench, &(Input)ANSWER(DONE));
        ck_assert(bench_step(&bench, &(Input)SEEN(IN_ORDER)).ended && p->strays_removed);
        bench_step(&bench, &(Input)CHANGED());
        ck_assert(bench_step(&bench, &(Input)SEEN(IN_ORDER)).ended && p->strays_removed);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, another_holds_the_name, 0, ELEMENTSOF(standbys));
        tcase_add_loop_test(tcase, observing_writes_nothing, 0, ELEMENTSOF(observers));
        tcase_add_loop_test(tcase, claims_may_be_denied, 0, ELEMENTSOF(denials));
        tcase_add_loop_test(tcase, ttl_may_be_kept, 0, ELEMENTSOF(ttls));
        tcase_add_loop_test(tcase, refresh_adds_the_srv, 0, ELEMENTSOF(refreshes));
        tcase_add_loop_test(tcase, race_is_told_from_cname, 0, ELEMENTSOF(races));
        tcase_add_test(tcase, strays_are_removed_once);
}

UNIT_MAIN("publication_ownership", add_tests)
