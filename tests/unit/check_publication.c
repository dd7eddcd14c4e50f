/* One publication's life as scripts: what it does for each event, rule by rule. Each line is an
   event, the action asked for, the state and, where it waits, for how long. */
#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

#define FOUND(servers, primaries) \
        ON(DUE, LOCATE, LOCATING), ON(LOCATED(servers, primaries), OBSERVE, LOCATING)
#define FOUND_TO_WITHDRAW ON(DUE, LOCATE, WITHDRAWING), ON(LOCATED(1, 1), OBSERVE, WITHDRAWING)
#define ALL_IS_WELL FOUND(1, 1), ENDS(SEEN(IN_ORDER), PUBLISHED, CHECK)
#define WRITES ON(SEEN(PUBLISH), UPDATE, PUBLISHING)
#define LOSES(code) \
        WAITS(ANSWER_RCODE(CONFLICT, code), PUBLISHING, SHORTLY), ON(DUE, OBSERVE, PUBLISHING)

/* clang-format off */
static const Script passes[] = {
{"E4, O13: what is absent is remembered, written, read back", LINES(
        ON(DUE,                   LOCATE, LOCATING),
        ON(LOCATED(2, 1),         OBSERVE, LOCATING),
        ON(SEEN(PUBLISH),         REMEMBER, PUBLISHING),
        ON(REMEMBERED(0),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH))},
{"E8: what is in order is not written, and located once", LINES(
        ON(DUE,                   LOCATE, LOCATING),
        ON(LOCATED(1, 1),         OBSERVE, LOCATING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK))},
{"pain 23: a check repairs what somebody changed, and stays published", LINES(
        ALL_IS_WELL,
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)), .remembered = true},
{"O13: nothing is sent before the intent is durable", LINES(
        FOUND(2, 2),
        ON(SEEN(PUBLISH),         REMEMBER, PUBLISHING),
        ENDS(REMEMBERED(-5),      FAILED, RETRY_MIN, .trouble = TROUBLE_STATE))},
{"O13: what stays where another's is removed may be ours from then on: remembered", LINES(
        FOUND(1, 1),
        ON(SEEN(WITHDRAW),        REMEMBER, PUBLISHING),
        ON(REMEMBERED(0),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_WITHDRAW))},
{"O13: withdrawn only when seen to be gone, then at rest", LINES(
        FOUND_TO_WITHDRAW,
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ON(ANSWER(DONE),          OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER, .wrote = PLAN_WITHDRAW)),
        .withdraw = true},
{"O13: a withdrawal is retried for ever", LINES(
        FOUND_TO_WITHDRAW,
        ENDS(ASKED(TIMEOUT),      FAILED, RETRY_MIN, .trouble = TROUBLE_REPLY),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ON(SEEN(WITHDRAW),        UPDATE, FAILED),
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED),
        ON(DUE,                   LOCATE, DENIED),
        ON(LOCATED(1, 1),         OBSERVE, DENIED),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER)),
        .withdraw = true},
{"E7: denied heals when the right is granted", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED),
        ON(DUE,                   LOCATE, DENIED),
        ON(LOCATED(1, 1),         OBSERVE, DENIED),
        ON(SEEN(PUBLISH),         UPDATE, DENIED),
        ON(ANSWER(DONE),          OBSERVE, DENIED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E4, C26: NOERROR without effect is tried twice", LINES(
        FOUND(3, 3),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(PUBLISH),       FAILED, RETRY_MIN, .trouble = TROUBLE_IGNORED, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E4: the second time it is there", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"E4: an update that failed its prerequisite was not ignored", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING), WRITES, LOSES(YXRRSET), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E4: each pass counts its own", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHED)),
        .remembered = true},
{"E4: what was written stays told when a later update loses", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING), WRITES, LOSES(NXRRSET),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"what is wanted changed: a new pass at once", LINES(
        ALL_IS_WELL,
        ON(CHANGED(),             OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK))},
};

static const Script conflicts[] = {
{"O11, C29: looks again after a random delay, and plans again", LINES(
        FOUND(1, 1), WRITES,
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHING, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHING),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_CHANGE)),
        .remembered = true},
{"O11: somebody else brought it in order", LINES(
        FOUND(1, 1), WRITES, LOSES(NXDOMAIN),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"O11: a check that loses a race stays published", LINES(
        ALL_IS_WELL,
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHED),
        WAITS(ANSWER_RCODE(CONFLICT, YXDOMAIN), PUBLISHED, SHORTLY),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"O11: bounded", LINES(
        FOUND(2, 2),
        WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET),
        WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET), WRITES,
        ENDS(ANSWER_RCODE(CONFLICT, NXRRSET), FAILED, RETRY_MIN, .trouble = TROUBLE_CONFLICT)),
        .remembered = true},
{"O11: each pass counts its own", LINES(
        FOUND(1, 1), WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(CHANGED(),             OBSERVE, PUBLISHING),
        WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET), WRITES, LOSES(NXRRSET),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"E5: YXRRSET to \"no CNAME\" is the proof of a CNAME", LINES(
        FOUND(2, 2),
        ON(SEEN(PUBLISH, .no_cname = true), UPDATE, PUBLISHING),
        ENDS(ANSWER_RCODE(CONFLICT, YXRRSET), FAILED, RETRY_MAX, .trouble = TROUBLE_CNAME)),
        .remembered = true},
{"E5: a CNAME in an answer is only a suspicion", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH, .no_cname = true), UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E5: other RCODEs, and YXRRSET to another plan, prove no CNAME", LINES(
        FOUND(1, 1),
        ON(SEEN(PUBLISH, .no_cname = true), UPDATE, PUBLISHING), LOSES(NXRRSET),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING), LOSES(YXRRSET),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"O2: nothing to withdraw where a wildcard made the answer", LINES(
        FOUND_TO_WITHDRAW,
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ENDS(ANSWER_RCODE(CONFLICT, NXRRSET), WITHDRAWN, NEVER)), .withdraw = true},
{"O11: another failed prerequisite is no wildcard", LINES(
        FOUND_TO_WITHDRAW,
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        WAITS(ANSWER_RCODE(CONFLICT, NXDOMAIN), WITHDRAWING, SHORTLY),
        ON(DUE,                   OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER)), .withdraw = true},
{"O2: a wildcard serves what is wanted: believed when said twice", LINES(
        FOUND(1, 1),
        ON(SEEN(WITHDRAW),        UPDATE, PUBLISHING), LOSES(NXRRSET),
        ON(SEEN(WITHDRAW),        UPDATE, PUBLISHING),
        ENDS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHED, CHECK)), .remembered = true},
{"O2: or it was a race", LINES(
        FOUND(1, 1),
        ON(SEEN(WITHDRAW),        UPDATE, PUBLISHING), LOSES(NXRRSET), WRITES,
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), PUBLISHING, SHORTLY)), .remembered = true},
};

static const Script echoes[] = {
{"E6.2: an echo, and the wanted state is there", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER_RCODE(ECHO, REFUSED), OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E6.2: an echo with REFUSED, nothing done: denied", LINES(
        FOUND(2, 1), WRITES,
        ON(ANSWER_RCODE(ECHO, REFUSED), OBSERVE, PUBLISHING),
        ENDS(SEEN(PUBLISH),       DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true},
{"E6.2: an echo with SERVFAIL is never E3", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER_RCODE(ECHO, SERVFAIL), OBSERVE, PUBLISHING),
        ENDS(SEEN(PUBLISH),       DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true},
{"E3, E6.2: a secondary's echo is no verdict", LINES(
        FOUND(2, 1),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ON(ANSWER_RCODE(ECHO, REFUSED), OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(PUBLISH),       FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY)),
        .remembered = true},
{"E6.2: the read-back of an echo gets no answer", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER_RCODE(ECHO, REFUSED), OBSERVE, PUBLISHING),
        ON(ASKED(TIMEOUT),        OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1)),
        .remembered = true},
{"E6.2, E8: the echo of a refresh, and all is still in order", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ON(ANSWER_RCODE(ECHO, REFUSED), OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
#define ECHO_OF(code)                                                                              \
{"E6.2, O11: an echo with " #code ": look again, plan again", LINES(                               \
        FOUND(1, 1), WRITES,                                                                       \
        ON(ANSWER_RCODE(ECHO, code), OBSERVE, PUBLISHING),                                           \
        WAITS(SEEN(PUBLISH),      PUBLISHING, SHORTLY),                                        \
        ON(DUE,                   OBSERVE, PUBLISHING),                                                 \
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),                                          \
        .remembered = true}
ECHO_OF(YXDOMAIN), ECHO_OF(YXRRSET), ECHO_OF(NXRRSET), ECHO_OF(NXDOMAIN),
};

static const Script servers[] = {
{"E1: closed with the update outstanding: look first", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E1: closed, and the update had been done", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E1, E8: done as the look shows: no refresh on top", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"E1: each server may close once", LINES(
        FOUND(2, 2),
        ON(ASKED(CLOSED),         OBSERVE, LOCATING),
        ON(ASKED(CLOSED),         OBSERVE, LOCATING, .server = 1),
        ON(ASKED(CLOSED),         OBSERVE, LOCATING, .server = 1),
        ENDS(ASKED(CLOSED),       FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY))},
{"E3: the next server publishes; the next pass begins at the first", LINES(
        FOUND(2, 2),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1),
        ON(DUE,                   OBSERVE, PUBLISHED))},
{"E3: an update without answer is looked for at the next server", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER(TIMEOUT),       OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E3: what the first one refused, the second one had already", LINES(
        FOUND(2, 0), WRITES,
        ON(ANSWER(DENIED),        OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1)),
        .remembered = true},
{"E4: a read-back elsewhere proves no disregard", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ON(ASKED(TIMEOUT),        OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1)),
        .remembered = true},
{"E3: failed; the next try finds the zone anew", LINES(
        FOUND(1, 1),
        ENDS(ASKED(ELSEWHERE),    FAILED, RETRY_MIN, .trouble = TROUBLE_REPLY),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(2, 2),         OBSERVE, FAILED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK))},
{"E4: an answer without authority is none", LINES(
        FOUND(2, 2),
        ON(SEEN(IN_ORDER, .not_authority = true), OBSERVE, LOCATING, .server = 1),
        ENDS(SEEN(IN_ORDER, .not_authority = true), FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_NOT_AUTHORITATIVE))},
{"E4: neither is a read-back without authority", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER, .not_authority = true), FAILED, RETRY_MIN, .trouble = TROUBLE_NOT_AUTHORITATIVE, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E2: no zone found, and again", LINES(
        ON(DUE,                   LOCATE, LOCATING),
        ENDS(NOT_LOCATED(NOT_LOCATED), FAILED, RETRY_MIN, .trouble = TROUBLE_NOT_LOCATED),
        ON(DUE,                   LOCATE, FAILED),
        ENDS(NOT_LOCATED(NOT_LOCATED), FAILED, 2 * RETRY_MIN, .trouble = TROUBLE_NOT_LOCATED),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK))},
{"something fails here in the middle of a pass", LINES(
        FOUND(2, 2),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ENDS(NOT_LOCATED(NO_CREDENTIALS), FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_NO_CREDENTIALS),
        ON(DUE,                   LOCATE, FAILED, .server = 1))},
};

static const Script times[] = {
{"E8: a refresh adds what is there, and is due again after its interval", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = 2 * CHECK},
{"E8: what was just written needs no refresh", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = 2 * CHECK},
{"E8: a refused refresh tells", LINES(
        FOUND(1, 1),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ENDS(ANSWER(DENIED),      DENIED, RETRY_MAX, .trouble = TROUBLE_DENIED)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"O13: the record under a former name stays for 10 minutes", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER, .former = true), PUBLISHED, STABLE_MAX, .wrote = PLAN_PUBLISH),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(WITHDRAW, .former = true), UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_WITHDRAW)),
        .remembered = true, .forgets = true},
{"O13: stable means without a failed check", LINES(
        FOUND(1, 1),
        ENDS(SEEN(IN_ORDER, .former = true), PUBLISHED, STABLE_MAX),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(ASKED(TIMEOUT),      FAILED, RETRY_MIN, .trouble = TROUBLE_REPLY),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ENDS(SEEN(IN_ORDER, .former = true), PUBLISHED, CHECK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER, .former = true), PUBLISHED, 2 * STABLE_MAX + RETRY_MIN + 2 * TICK - CHECK)),
        .forgets = true},
{"O13: a lost update may still come: not there is no reason to forget", LINES(
        FOUND(1, 1), WRITES,
        ON(CHANGED(.withdraw = true, .overtakes = true), OBSERVE, WITHDRAWING),
        WAITS(SEEN(IN_ORDER),     WITHDRAWING, SETTLE - TICK),
        ON(DUE,                   OBSERVE, WITHDRAWING),
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ON(ANSWER(DONE),          OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER, .wrote = PLAN_WITHDRAW)),
        .remembered = true, .forgets = true},
#define LOST(answer)                                                                               \
{"O13: an update that ended in " #answer " is doubtful too", LINES(                                \
        FOUND(2, 2), WRITES,                                                                       \
        ON(ANSWER(answer),        OBSERVE, PUBLISHING, .server = REPLY_##answer != REPLY_CLOSED),       \
        ON(CHANGED(.withdraw = true), OBSERVE, WITHDRAWING),                                         \
        WAITS(SEEN(IN_ORDER),     WITHDRAWING, SETTLE - 2 * TICK),                             \
        ON(DUE,                   OBSERVE, WITHDRAWING),                                                \
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER)),                                          \
        .remembered = true, .forgets = true}
LOST(TIMEOUT), LOST(CLOSED), LOST(GARBAGE),
{"O13: with nothing to forget there is nothing to wait for", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER(CLOSED),        OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E1: what an overtaken update undoes is seen when it can come no more, not at the next check", LINES(
        FOUND(1, 1),
        ON(CHANGED(.overtakes = true), OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, SETTLE - TICK),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHED),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E1: so with one that had no answer when the wish changed", LINES(
        FOUND(2, 2), WRITES,
        ON(ANSWER(TIMEOUT),       OBSERVE, PUBLISHING, .server = 1),
        ON(CHANGED(),             OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, SETTLE - 2 * TICK)),
        .remembered = true},
{"O13: a doubt holds where a wildcard ends the pass", LINES(
        FOUND_TO_WITHDRAW,
        ON(CHANGED(.withdraw = true, .overtakes = true), OBSERVE, WITHDRAWING),
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        WAITS(ANSWER_RCODE(CONFLICT, NXRRSET), WITHDRAWING, SETTLE - 2 * TICK),
        ON(DUE,                   OBSERVE, WITHDRAWING),
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ENDS(ANSWER_RCODE(CONFLICT, NXRRSET), WITHDRAWN, NEVER)),
        .withdraw = true, .forgets = true},
{"O13: a doubt holds where a refresh ends the pass: it looks again, and forgets then", LINES(
        FOUND(1, 1),
        ON(CHANGED(.overtakes = true), OBSERVE, PUBLISHING),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ENDS(ANSWER(DONE),        PUBLISHED, SETTLE - 2 * TICK, .keeps = true),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .forgets = true, .refresh_usec = USEC_PER_DAY},
{"O13: where something is published a doubt delays only the forgetting", LINES(
        FOUND(1, 1),
        ON(CHANGED(.overtakes = true), OBSERVE, PUBLISHING),
        ON(SEEN(CHANGE),          UPDATE, PUBLISHING),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, SETTLE - 3 * TICK, .wrote = PLAN_CHANGE, .keeps = true)),
        .remembered = true, .forgets = true},
};
/* clang-format on */

START_TEST(passes_look_and_write) {
        run_script(&passes[_i]);
}
END_TEST

START_TEST(conflicts_are_looked_into) {
        run_script(&conflicts[_i]);
}
END_TEST

START_TEST(echoes_prove_nothing) {
        run_script(&echoes[_i]);
}
END_TEST

START_TEST(servers_are_tried_in_turn) {
        run_script(&servers[_i]);
}
END_TEST

START_TEST(times_are_kept) {
        run_script(&times[_i]);
}
END_TEST

/* O13: a withdrawal may have to wait; whatever was under way ends at once, and due is its start. */
START_TEST(change_may_begin_later) {
        Bench bench;
        PublicationStep step;

        bench_init(&bench, false);
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)LOCATED(1, 1));
        step = bench_step(&bench,
                          &(Input)CHANGED(.withdraw = true, .start_usec = bench.now_usec + STABLE));
        ck_assert(step.action == ACTION_WAIT && !step.ended && !bench.publication.in_pass);
        ck_assert_int_eq(bench.publication.state, PUBLICATION_WITHDRAWING);
        ck_assert_uint_eq(bench.publication.due_usec, bench.now_usec + STABLE);
        bench.now_usec += STABLE;
        step = bench_step(&bench, &(Input)DUE);
        ck_assert(step.action == ACTION_OBSERVE && bench.publication.in_pass);
        step = bench_step(&bench, &(Input)CHANGED(.start_usec = bench.now_usec));
        ck_assert(step.action == ACTION_OBSERVE && bench.publication.in_pass);
}
END_TEST

/* At a start every row is in doubt: that delays the forgetting, and is no reason to look twice. */
START_TEST(doubt_of_a_start_looks_once) {
        Bench bench;
        PublicationStep step;

        bench_init(&bench, false);
        publication_doubt(&bench.publication, &bench.times, bench.now_usec);
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)LOCATED(1, 1));
        step = bench_step(&bench, &(Input)SEEN(IN_ORDER));
        ck_assert(step.ended && !bench.publication.keeps);
        ck_assert_uint_eq(bench.publication.due_usec, bench.now_usec + CHECK);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, passes_look_and_write, 0, ELEMENTSOF(passes));
        tcase_add_loop_test(tcase, conflicts_are_looked_into, 0, ELEMENTSOF(conflicts));
        tcase_add_loop_test(tcase, echoes_prove_nothing, 0, ELEMENTSOF(echoes));
        tcase_add_loop_test(tcase, servers_are_tried_in_turn, 0, ELEMENTSOF(servers));
        tcase_add_loop_test(tcase, times_are_kept, 0, ELEMENTSOF(times));
        tcase_add_test(tcase, change_may_begin_later);
        tcase_add_test(tcase, doubt_of_a_start_looks_once);
}

UNIT_MAIN("publication", add_tests)
