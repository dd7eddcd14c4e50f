/* daemon/look (E5): SRV, then TXT, from one server over one connection; one query where the first
   answer says it all, or where the server's word does not count (E4). It completes exactly once, or
   not at all when it is given up. */
#include "daemon/look.h"

#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_packet.h"
#include "tests/unit/support_primary.h"
#include "tests/unit/support_world.h"
#include "tests/unit/unit.h"

#define LONG (60 * USEC_PER_SEC)
#define SHORT (200 * USEC_PER_MSEC)
#define OWNER "_vlmcs._tcp.contoso.com. "
#define SRV_1 OWNER "600 IN SRV 1 2 1688 kms1.contoso.com.\n"
#define SRV_2 OWNER "600 IN SRV 3 4 1688 kms2.contoso.com.\n"
#define ID "id=0123456789abcdef0123456789abcdef"
#define CLAIM                                 \
        OWNER "300 IN TXT \"srvpub=1\" \"" ID \
              "\" \"host=kms1\" \"port=1688\" \"ttl=600\" \"since=5\"\n"
#define OTHER OWNER "300 IN TXT \"v=spf1 -all\"\n"

static World world;
static PeerMessage message;
static Look *look;
static int n_done, fd;
static Reply reply; /* without its packet */
static Observation *observation;

static void on_looked(const Reply *end, Observation *seen, void *userdata) {
        ck_assert_ptr_eq(userdata, &world);
        look = NULL;
        n_done++;
        reply = *end;
        reply.packet = NULL;
        ck_assert((seen != NULL) == (end->kind == REPLY_DONE));
        observation = seen;
}

static void start(uint64_t timeout_usec, Reply *first) {
        Name record;

        world_setup(&world, 8, 8);
        n_done = 0;
        fd = -1;
        ck_assert_int_eq(name_from_text("_vlmcs._tcp.contoso.com", &record), 0);
        ck_assert_int_eq(look_new(&(LookRequest){.server = world.server,
                                                 .auth = world.auth,
                                                 .record = &record,
                                                 .first = first,
                                                 .timeout_usec = timeout_usec},
                                  on_looked, &world, &look),
                         0);
        memset(&record, 0, sizeof(record)); /* it has its own */
}

/* The first query is on its way. */
static void begin(uint64_t timeout_usec) {
        start(timeout_usec, NULL);
        ck_assert_int_eq(n_done, 0);
        fd = peer_accept(world.event, world.listener);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(primary_asked_type(&message), LDNS_RR_TYPE_SRV);
}

static void end(void) {
        look = look_free(look);
        observation = observation_free(observation);
        if (fd >= 0)
                close(fd);
        world_teardown(&world);
}

/* The second query comes by the same connection, and asks the same name. */
static void expect_txt_query(void) {
        const PeerMessage first = message;

        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(primary_asked_opcode(&message), LDNS_PACKET_QUERY);
        ck_assert_int_eq(primary_asked_type(&message), LDNS_RR_TYPE_TXT);
        ck_assert_uint_eq(message.size, first.size);
        ck_assert_uint_eq(message.bytes[2] & 1, 0); /* RD: it is a primary */
        ck_assert_int_eq(memcmp(message.bytes + 12, first.bytes + 12, first.size - 12 - 4), 0);
        ck_assert_int_lt(peer_try_accept(world.event, world.listener), 0);
        ck_assert_int_eq(n_done, 0);
}

static void answer_first(const PrimaryAnswer *answer) {
        primary_answer(fd, &message, answer);
}

static void answer_last(const PrimaryAnswer *answer) {
        primary_answer(fd, &message, answer);
        peer_wait(world.event, &n_done, 1);
        ck_assert(!peer_try_receive(world.event, fd, &message));
        ck_assert_int_eq(n_done, 1);
}

START_TEST(srv_then_txt) {
        begin(LONG);
        answer_first(&(PrimaryAnswer){.rrs = SRV_1 SRV_2});
        expect_txt_query();
        answer_last(&(PrimaryAnswer){.rrs = CLAIM OTHER});
        ck_assert_int_eq(reply.kind, REPLY_DONE);
        ck_assert(observation->authoritative && !observation->has_cname);
        ck_assert_uint_eq(observation->n_srv, 2);
        ck_assert_uint_eq(observation->srv[1].weight, 4);
        ck_assert_uint_eq(observation->srv[0].ttl, 600);
        ck_assert_uint_eq(observation->n_txt, 2);
        ck_assert(observation->txt[0].is_claim && !observation->txt[1].is_claim);
        ck_assert_uint_eq(observation->txt[1].ttl, 300);
        end();
}
END_TEST

/* A name with other records only: there may be claims, left behind. */
START_TEST(no_srv_may_still_have_claims) {
        begin(LONG);
        answer_first(&(PrimaryAnswer){});
        expect_txt_query();
        answer_last(&(PrimaryAnswer){.rrs = CLAIM});
        ck_assert(observation->authoritative && observation->n_srv == 0);
        ck_assert_uint_eq(observation->n_txt, 1);
        end();
}
END_TEST

/* What the first answer says, and whether a TXT query follows. */
START_TEST(one_answer_may_be_enough) {
        static const struct {
                PrimaryAnswer answer;
                ReplyKind kind;
                bool authoritative;
        } cases[] = {
                /* No name, no TXT. */
                {{.rcode = LDNS_RCODE_NXDOMAIN}, REPLY_DONE, true},
                /* E4: such an answer says nothing of the zone. */
                {{.not_authority = true, .rrs = SRV_1}, REPLY_DONE, false},
                {{.not_authority = true}, REPLY_DONE, false},
                {{.not_authority = true, .rcode = LDNS_RCODE_NXDOMAIN}, REPLY_DONE, false},
                {{.rcode = LDNS_RCODE_REFUSED}, REPLY_DENIED, false},
                {{.rcode = LDNS_RCODE_SERVFAIL, .rrs = SRV_1}, REPLY_ELSEWHERE, false},
                {{.rcode = LDNS_RCODE_NOTIMPL}, REPLY_ELSEWHERE, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin(LONG);
                answer_last(&cases[i].answer);
                ck_assert_msg(reply.kind == cases[i].kind, "%zu: kind %d", i, reply.kind);
                ck_assert_int_eq(reply.rcode, cases[i].answer.rcode);
                if (observation)
                        ck_assert(observation->authoritative == cases[i].authoritative &&
                                  observation->n_txt == 0);
                end();
        }
}
END_TEST

/* E4, E5: half an observation is none. */
START_TEST(second_answer_may_spoil_it) {
        static const struct {
                PrimaryAnswer answer;
                ReplyKind kind;
        } cases[] = {
                {{.rcode = LDNS_RCODE_REFUSED, .rrs = CLAIM}, REPLY_DENIED},
                {{.rcode = LDNS_RCODE_SERVFAIL}, REPLY_ELSEWHERE},
                {{.rcode = LDNS_RCODE_NOTAUTH}, REPLY_WRONG_SERVER},
                {{.not_authority = true, .rrs = CLAIM}, REPLY_DONE},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin(LONG);
                answer_first(&(PrimaryAnswer){.rrs = SRV_1});
                expect_txt_query();
                answer_last(&cases[i].answer);
                ck_assert_msg(reply.kind == cases[i].kind, "%zu: kind %d", i, reply.kind);
                if (observation)
                        ck_assert(!observation->authoritative);
                end();
        }
}
END_TEST

/* Who has met the first answer already asks only for the second one ... */
START_TEST(first_answer_may_have_come) {
        static const char *const srv[] = {SRV_1};
        Reply first = {.packet = packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, 1, srv)};

        start(LONG, &first);
        ck_assert_int_eq(n_done, 0);
        ck_assert_ptr_null(first.packet);
        fd = peer_accept(world.event, world.listener);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(primary_asked_type(&message), LDNS_RR_TYPE_TXT);
        answer_last(&(PrimaryAnswer){.rrs = CLAIM});
        ck_assert_int_eq(reply.kind, REPLY_DONE);
        ck_assert_uint_eq(observation->n_srv, 1);
        ck_assert_uint_eq(observation->n_txt, 1);
        end();
}
END_TEST

/* ... and hears at once that there is no name. */
START_TEST(first_answer_may_have_been_enough) {
        Reply first = {
                .rcode = LDNS_RCODE_NXDOMAIN,
                .packet = packet_from_text(LDNS_RCODE_NXDOMAIN, LDNS_SECTION_ANSWER, 0, NULL),
        };

        start(LONG, &first);
        ck_assert_int_eq(n_done, 1);
        ck_assert_int_eq(reply.kind, REPLY_DONE);
        ck_assert(observation->authoritative && observation->n_srv == 0);
        ck_assert_int_lt(peer_try_accept(world.event, world.listener), 0);
        reply_done(&first);
        end();
}
END_TEST

/* The name went between the two answers: that is for the plan's prerequisites to find out. */
START_TEST(name_may_go_meanwhile) {
        begin(LONG);
        answer_first(&(PrimaryAnswer){.rrs = SRV_1});
        expect_txt_query();
        answer_last(&(PrimaryAnswer){.rcode = LDNS_RCODE_NXDOMAIN});
        ck_assert(observation->authoritative && observation->n_srv == 1);
        ck_assert_uint_eq(observation->n_txt, 0);
        end();
}
END_TEST

/* E5: what is behind a CNAME is not at the name. */
START_TEST(cname_is_a_suspicion) {
        begin(LONG);
        answer_first(&(PrimaryAnswer){.rrs = OWNER
                                      "60 IN CNAME x.contoso.com.\n"
                                      "x.contoso.com. 60 IN SRV 0 0 1688 kms1.contoso.com.\n"});
        expect_txt_query();
        answer_last(&(PrimaryAnswer){.rrs = OWNER "60 IN CNAME x.contoso.com.\n"});
        ck_assert(observation->has_cname && observation->n_srv == 0);
        end();
}
END_TEST

/* E1: what went over a kept connection is asked once more; then it is over. */
START_TEST(connection_may_close) {
        begin(LONG);
        if (_i > 0) {
                answer_first(&(PrimaryAnswer){.rrs = SRV_1});
                expect_txt_query();
                peer_reset(fd);
                fd = peer_accept(world.event, world.listener);
                peer_receive(world.event, fd, &message);
                ck_assert_int_eq(primary_asked_type(&message), LDNS_RR_TYPE_TXT);
        }
        peer_reset(fd);
        peer_wait(world.event, &n_done, 1);
        ck_assert_int_eq(reply.kind, REPLY_CLOSED);
        fd = -1;
        end();
}
END_TEST

/* Each query has its own time. */
START_TEST(answer_may_never_come) {
        begin(SHORT);
        if (_i > 0) {
                answer_first(&(PrimaryAnswer){.rrs = SRV_1});
                expect_txt_query();
        }
        peer_wait(world.event, &n_done, 1);
        ck_assert_int_eq(reply.kind, REPLY_TIMEOUT);
        end();
}
END_TEST

/* Given up before the first answer, after it, and before the second: no callback, no leak. */
START_TEST(given_up_it_says_nothing) {
        begin(LONG);
        if (_i > 0) {
                answer_first(&(PrimaryAnswer){.rrs = SRV_1});
                expect_txt_query();
        }
        if (_i > 1)
                primary_answer(fd, &message, &(PrimaryAnswer){.rrs = CLAIM});
        look = look_free(look);
        peer_settle(world.event);
        ck_assert_int_eq(n_done, 0);
        ck_assert_ptr_null(look_free(NULL));
        end();
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, srv_then_txt);
        tcase_add_test(tcase, no_srv_may_still_have_claims);
        tcase_add_test(tcase, one_answer_may_be_enough);
        tcase_add_test(tcase, second_answer_may_spoil_it);
        tcase_add_test(tcase, first_answer_may_have_come);
        tcase_add_test(tcase, first_answer_may_have_been_enough);
        tcase_add_test(tcase, name_may_go_meanwhile);
        tcase_add_test(tcase, cname_is_a_suspicion);
        tcase_add_loop_test(tcase, connection_may_close, 0, 2);
        tcase_add_loop_test(tcase, answer_may_never_come, 0, 2);
        tcase_add_loop_test(tcase, given_up_it_says_nothing, 0, 3);
}

UNIT_MAIN("look", add_tests)
