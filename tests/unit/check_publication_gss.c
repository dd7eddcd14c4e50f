/* One publication's life where updates are signed with GSS-TSIG: what is made anew before an update
   is sent again (E6.2, E6.4), how often, and what follows when there is nothing to sign with (E7).
   As scripts, like those of check_publication. */
#include <errno.h>
#include <string.h>

#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

#define BOTH (STALE_CONTEXT | STALE_TICKET)
#define FOUND(servers, primaries) \
        ON(DUE, LOCATE, LOCATING), ON(LOCATED(servers, primaries), OBSERVE, LOCATING)
#define WRITES ON(SEEN(PUBLISH), UPDATE, PUBLISHING)
#define WORKS                                          \
        WRITES, ON(ANSWER(DONE), OBSERVE, PUBLISHING), \
                ENDS(SEEN(IN_ORDER), PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)
#define RENEWS(event, what, ...)                                                           \
        {                                                                                  \
                .input = event, .action = ACTION_OBSERVE, .state = PUBLICATION_PUBLISHING, \
                .renewal = RENEW_##what, __VA_ARGS__                                       \
        }
#define UNKNOWN(bits) ANSWER_STALE(BAD_KEY, NOTAUTH, bits)
#define REFUSED(bits) ANSWER_STALE(DENIED, REFUSED, bits)
#define UNUSABLE(why) INPUT(ANSWERED, .reply = REPLY_UNREACHABLE, .error = why)
#define EXPIRED UNUSABLE(EKEYEXPIRED)
#define IS_DENIED(event, ...)                                                                      \
        {                                                                                          \
                .input = event, .ended = true, .state = PUBLICATION_DENIED, .due_usec = RETRY_MAX, \
                .trouble = TROUBLE_DENIED, __VA_ARGS__                                             \
        }

/* clang-format off */
static const Script renewals[] = {
{"E6.4: the server has restarted: another context, look, send again", LINES(
        FOUND(1, 1), WRITES, RENEWS(UNKNOWN(STALE_CONTEXT), CONTEXT), WORKS),
        .remembered = true},
{"E6.4: once in a pass; it may pass by itself", LINES(
        FOUND(2, 2), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT), WRITES,
        ENDS(UNKNOWN(BOTH),       FAILED, RETRY_MIN, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
{"E6.4: not where the context is new", LINES(
        FOUND(1, 1), WRITES,
        ENDS(UNKNOWN(0),          FAILED, RETRY_MAX, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
{"E6.4: an old ticket is no reason why a context is not known", LINES(
        FOUND(1, 1), WRITES,
        ENDS(UNKNOWN(STALE_TICKET), FAILED, RETRY_MAX, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
#define REFUSED_ON(bits)                                                                           \
{"E6.1: refused on " #bits ": another ticket, where the group may be", LINES(                      \
        FOUND(1, 1), WRITES, RENEWS(REFUSED(bits), TICKET), WORKS),                                    \
        .remembered = true}
REFUSED_ON(STALE_CONTEXT), REFUSED_ON(STALE_TICKET), REFUSED_ON(BOTH),
{"E6.1: refused on what is new", LINES(
        FOUND(1, 1), WRITES, IS_DENIED(REFUSED(0))), .remembered = true},
{"E6.1, E7: refused again; the next pass renews again, and so it heals", LINES(
        FOUND(2, 2), WRITES, RENEWS(REFUSED(BOTH), TICKET), WRITES, IS_DENIED(REFUSED(BOTH)),
        ON(DUE,                   LOCATE, DENIED),
        ON(LOCATED(2, 2),         OBSERVE, DENIED),
        ON(SEEN(PUBLISH),         UPDATE, DENIED),
        ON(REFUSED(BOTH),         OBSERVE, DENIED, .renewal = RENEW_TICKET),
        ON(SEEN(PUBLISH),         UPDATE, DENIED),
        ON(ANSWER(DONE),          OBSERVE, DENIED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E6: the context first, then the ticket, then it is policy", LINES(
        FOUND(1, 1), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT), WRITES, RENEWS(REFUSED(STALE_TICKET), TICKET),
        WRITES, IS_DENIED(REFUSED(0))),
        .remembered = true},
{"E6: with the ticket the context is new too", LINES(
        FOUND(1, 1), WRITES, RENEWS(REFUSED(BOTH), TICKET), WRITES,
        ENDS(UNKNOWN(STALE_CONTEXT), FAILED, RETRY_MIN, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
{"E6: somebody else has written meanwhile", LINES(
        FOUND(1, 1), WRITES, RENEWS(REFUSED(BOTH), TICKET),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true},
{"E3: each server may forget a context once", LINES(
        FOUND(2, 2), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT),
        ON(ASKED(TIMEOUT),        OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        RENEWS(UNKNOWN(BOTH), CONTEXT, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ENDS(UNKNOWN(BOTH),       FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_BAD_KEY)),
        .remembered = true},
{"E3, E6.1: the ticket is new, the context with the other server of before", LINES(
        FOUND(2, 2), WRITES, RENEWS(REFUSED(BOTH), TICKET),
        ON(ASKED(TIMEOUT),        OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        RENEWS(REFUSED(STALE_CONTEXT), CONTEXT, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        IS_DENIED(REFUSED(STALE_CONTEXT), .server = 1)),
        .remembered = true},
{"E3: a secondary's refusal may be due to that too, and is no verdict then", LINES(
        FOUND(2, 0), WRITES, RENEWS(REFUSED(BOTH), TICKET), WRITES,
        ON(REFUSED(0),            OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1)),
        .remembered = true},
{"each pass counts its own", LINES(
        FOUND(1, 1), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK),
        ON(CHANGED(),             OBSERVE, PUBLISHING), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT), WRITES,
        RENEWS(REFUSED(BOTH), TICKET),
        ON(CHANGED(),             OBSERVE, PUBLISHING), WRITES, RENEWS(REFUSED(BOTH), TICKET), WORKS),
        .remembered = true},
{"what is withdrawn is signed with something new as well", LINES(
        ON(DUE,                   LOCATE, WITHDRAWING),
        ON(LOCATED(1, 1),         OBSERVE, WITHDRAWING),
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ON(UNKNOWN(BOTH),         OBSERVE, WITHDRAWING, .renewal = RENEW_CONTEXT),
        ON(SEEN(WITHDRAW),        UPDATE, WITHDRAWING),
        ON(ANSWER(DONE),          OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER, .wrote = PLAN_WITHDRAW)),
        .withdraw = true},
{"queries are not signed: what they are told renews nothing", LINES(
        FOUND(1, 1), WRITES,
        ON(ANSWER_STALE(ECHO, REFUSED, BOTH), OBSERVE, PUBLISHING),
        IS_DENIED(ASKED(DENIED))),
        .remembered = true},
{"C65: the library does not sign with the context", LINES(
        FOUND(1, 1), WRITES, RENEWS(UNUSABLE(EKEYREJECTED), CONTEXT), WORKS),
        .remembered = true},
{"C65: the context ended before the update was signed: once", LINES(
        FOUND(2, 2), WRITES, RENEWS(EXPIRED, CONTEXT), WRITES,
        ON(EXPIRED,               OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        RENEWS(EXPIRED, CONTEXT, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ENDS(EXPIRED,             FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY)),
        .remembered = true},
};

#define ECHO_OF(code, bits) ON(ANSWER_STALE(ECHO, code, bits), OBSERVE, PUBLISHING)

static const Script echoes[] = {
#define ECHO_RENEWS(code, bits)                                                                    \
{"E6.2: an echo with " #code " on " #bits ": look first, then another ticket, once", LINES(        \
        FOUND(1, 1), WRITES, ECHO_OF(code, bits), RENEWS(SEEN(PUBLISH), TICKET), WRITES,               \
        ECHO_OF(code, bits), IS_DENIED(SEEN(PUBLISH))),                                            \
        .remembered = true}
ECHO_RENEWS(REFUSED, STALE_TICKET), ECHO_RENEWS(SERVFAIL, STALE_TICKET),
ECHO_RENEWS(REFUSED, BOTH), ECHO_RENEWS(SERVFAIL, BOTH),
{"E6.2: and then it works", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(SERVFAIL, BOTH), RENEWS(SEEN(PUBLISH), TICKET), WORKS),
        .remembered = true},
{"E6.2: done after all: nothing is renewed", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(REFUSED, BOTH),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E6.2: on what is new it is policy", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(SERVFAIL, 0), IS_DENIED(SEEN(PUBLISH))),
        .remembered = true},
{"E6.2, O11: a failed prerequisite is none of the ticket's", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(NXRRSET, BOTH),
        WAITS(SEEN(PUBLISH),      PUBLISHING, SHORTLY)),
        .remembered = true},
{"E6.2: nor is an echo on NOERROR, which did nothing", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(NOERROR, BOTH),
        ENDS(SEEN(PUBLISH),       FAILED, RETRY_MIN, .trouble = TROUBLE_IGNORED)),
        .remembered = true},
{"E6.2: the next update may be answered otherwise", LINES(
        FOUND(1, 1), WRITES, ECHO_OF(REFUSED, STALE_TICKET), RENEWS(SEEN(PUBLISH), TICKET), WRITES,
        WAITS(ANSWER_STALE(CONFLICT, NXRRSET, BOTH), PUBLISHING, SHORTLY)),
        .remembered = true},
};

#define WRITES_CLAIM ON(SEEN(PUBLISH, .claim = true), UPDATE, PUBLISHING)

static const Script claims[] = {
{"O10: without the claim first, then with another ticket, then without it again", LINES(
        FOUND(1, 1), WRITES_CLAIM,
        ON(REFUSED(BOTH),         OBSERVE, PUBLISHING), WRITES_CLAIM,
        RENEWS(REFUSED(BOTH), TICKET), WRITES_CLAIM,
        ON(REFUSED(0),            OBSERVE, PUBLISHING), WRITES_CLAIM,
        IS_DENIED(REFUSED(0))),
        .remembered = true},
{"O10: with another ticket the claim may be allowed", LINES(
        FOUND(1, 1), WRITES_CLAIM,
        ON(REFUSED(BOTH),         OBSERVE, PUBLISHING), WRITES_CLAIM,
        RENEWS(REFUSED(BOTH), TICKET), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"O10: without it, it works: nothing is renewed", LINES(
        FOUND(1, 1), WRITES_CLAIM,
        ON(REFUSED(BOTH),         OBSERVE, PUBLISHING), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH, .claims_denied = true)),
        .remembered = true},
{"O10: a context that is not known says nothing of the claim", LINES(
        FOUND(1, 1), WRITES_CLAIM, RENEWS(UNKNOWN(STALE_CONTEXT), CONTEXT), WRITES_CLAIM,
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .wrote = PLAN_PUBLISH)),
        .remembered = true},
};

static const Script unsigned_ones[] = {
{"E7: without a ticket no other server helps", LINES(
        FOUND(3, 3), WRITES,
        ENDS(NOT_SIGNED(NO_CREDENTIALS), FAILED, RETRY_MIN, .trouble = TROUBLE_NO_CREDENTIALS),
        ON(DUE,                   LOCATE, FAILED),
        ON(LOCATED(1, 1),         OBSERVE, FAILED),
        ON(SEEN(PUBLISH),         UPDATE, FAILED),
        ENDS(NOT_SIGNED(NO_CREDENTIALS), FAILED, 2 * RETRY_MIN, .trouble = TROUBLE_NO_CREDENTIALS)),
        .remembered = true},
{"E3: without a context with this server the next one may", LINES(
        FOUND(2, 1), WRITES,
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ON(ANSWER(DONE),          OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1, .wrote = PLAN_PUBLISH)),
        .remembered = true},
{"E3: with none", LINES(
        FOUND(2, 2), WRITES,
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ENDS(NOT_SIGNED(NO_CONTEXT), FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_NO_CONTEXT)),
        .remembered = true},
{"E3: it tells more than a server that is silent, in any order", LINES(
        FOUND(3, 3),
        ON(ASKED(TIMEOUT),        OBSERVE, LOCATING, .server = 1),
        ON(SEEN(PUBLISH),         UPDATE, PUBLISHING, .server = 1),
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 2),
        ENDS(ASKED(TIMEOUT),      FAILED, RETRY_MIN, .server = 2, .trouble = TROUBLE_NO_CONTEXT)),
        .remembered = true},
{"E3: a TKEY query without an answer is a reason like others", LINES(
        FOUND(2, 2), WRITES,
        ON(NOT_SIGNED(REPLY),     OBSERVE, PUBLISHING, .server = 1),
        ENDS(ASKED(ELSEWHERE),    FAILED, RETRY_MIN, .server = 1, .trouble = TROUBLE_REPLY)),
        .remembered = true},
{"E6.4: the server forgot the context, and makes no other", LINES(
        FOUND(1, 1), WRITES, RENEWS(UNKNOWN(BOTH), CONTEXT), WRITES,
        ENDS(NOT_SIGNED(NO_CONTEXT), FAILED, RETRY_MIN, .trouble = TROUBLE_NO_CONTEXT)),
        .remembered = true},
{"O13: nothing was sent: there is no doubt whether it may still come", LINES(
        FOUND(1, 1), WRITES,
        ENDS(NOT_SIGNED(NO_CONTEXT), FAILED, RETRY_MIN, .trouble = TROUBLE_NO_CONTEXT),
        ON(CHANGED(.withdraw = true), LOCATE, WITHDRAWING),
        ON(LOCATED(1, 1),         OBSERVE, WITHDRAWING),
        ENDS(SEEN(IN_ORDER),      WITHDRAWN, NEVER)),
        .remembered = true, .forgets = true},
{"E8: a refresh that cannot be signed is told, and no failure: what is there is as wanted", LINES(
        FOUND(2, 2),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ENDS(NOT_SIGNED(NO_CREDENTIALS), PUBLISHED, CHECK, .trouble = TROUBLE_NO_CREDENTIALS),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHED),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"E8: another server may renew it", LINES(
        FOUND(2, 2),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING, .server = 1),
        ENDS(ANSWER(DONE),        PUBLISHED, CHECK, .server = 1),
        ON(DUE,                   OBSERVE, PUBLISHED),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"E8: or none", LINES(
        FOUND(2, 2),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING),
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 1),
        ON(SEEN(IN_ORDER),        UPDATE, PUBLISHING, .server = 1),
        ENDS(NOT_SIGNED(NO_CONTEXT), PUBLISHED, CHECK, .server = 1, .trouble = TROUBLE_NO_CONTEXT)),
        .remembered = true, .refresh_usec = USEC_PER_DAY},
{"nor was it what brought it in order", LINES(
        FOUND(2, 2), WRITES,
        ON(NOT_SIGNED(NO_CONTEXT), OBSERVE, PUBLISHING, .server = 1),
        ENDS(SEEN(IN_ORDER),      PUBLISHED, CHECK, .server = 1)),
        .remembered = true},
};
/* clang-format on */

START_TEST(renewals_are_made_once) {
        run_script(&renewals[_i]);
}
END_TEST

START_TEST(echoes_renew_the_ticket) {
        run_script(&echoes[_i]);
}
END_TEST

START_TEST(claims_go_first) {
        run_script(&claims[_i]);
}
END_TEST

START_TEST(nothing_to_sign_with) {
        run_script(&unsigned_ones[_i]);
}
END_TEST

/* What Kerberos and TKEY said is all in the trouble, and at which server. */
START_TEST(trouble_has_the_cause) {
        const Trouble cause = {
                .kind = TROUBLE_NO_CONTEXT,
                .gss = GSS_FAULT_SERVER_UNKNOWN,
                .tkey = TKEY_REFUSED,
                .rcode = LDNS_RCODE_NOTAUTH,
                .tkey_error = TKEY_BADALG,
                .error = 5,
        };
        PublicationEvent event = {.kind = EVENT_NOT_SIGNED, .cause = &cause};
        Bench bench;

        bench_init(&bench, false);
        bench.publication.remembered_all = true;
        bench_step(&bench, &(Input)DUE);
        bench_step(&bench, &(Input)LOCATED(2, 2));
        bench_step(&bench, &(Input)ASKED(TIMEOUT));
        bench_step(&bench, &(Input)SEEN(PUBLISH));
        ck_assert(publication_step(&bench.publication, &bench.times, &event, bench.now_usec).ended);
        const Trouble *trouble = &bench.publication.trouble;
        ck_assert(trouble->kind == cause.kind && trouble->gss == cause.gss);
        ck_assert(trouble->tkey == cause.tkey && trouble->tkey_error == cause.tkey_error);
        ck_assert(trouble->rcode == cause.rcode && trouble->error == cause.error);
        ck_assert(trouble->observed_here && !trouble->updating && trouble->server == 1);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, renewals_are_made_once, 0, ELEMENTSOF(renewals));
        tcase_add_loop_test(tcase, echoes_renew_the_ticket, 0, ELEMENTSOF(echoes));
        tcase_add_loop_test(tcase, claims_go_first, 0, ELEMENTSOF(claims));
        tcase_add_loop_test(tcase, nothing_to_sign_with, 0, ELEMENTSOF(unsigned_ones));
        tcase_add_test(tcase, trouble_has_the_cause);
}

UNIT_MAIN("publication_gss", add_tests)
