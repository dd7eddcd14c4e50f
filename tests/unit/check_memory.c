/* daemon/memory: rows of the state as one driver knows them. Rule O13: the intent is durable before
   an update, the confirmation follows the read-back, and a row goes only when its record was seen
   to be gone. */
#include "daemon/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

static Scratch scratch;
static State *state;
static AccessTable accesses;
static ZoneTable zones;
static Access *way; /* to the zone */
static Zone *zone;
static Server *server;
static Memory memory;
static Offer *kms1, *kms2;
static char *rows; /* what the state holds, as text */

static Offer *offer_make(const char *target, uint16_t port, bool derived) {
        Offer *offer = NULL;
        Name name;

        ck_assert_int_eq(name_from_text(target, &name), 0);
        ck_assert_int_eq(offer_new(&name, port, derived, &offer), 0);
        return offer;
}

static Access *access_make(const char *server_text, const char *zone_text) {
        Endpoint endpoint;
        Settings settings = {
                .servers = &endpoint,
                .n_servers = server_text != NULL,
                .zone = (char *)zone_text,
                .security = SECURITY_NONE,
        };
        Access *made = NULL;

        if (server_text)
                ck_assert_int_eq(endpoint_from_text(server_text, &endpoint), 0);
        ck_assert_int_eq(access_get(&accesses, &settings, &made), 0);
        return made;
}

static void set_up(void) {
        /* A name server's name may be as long as a name can be. */
        char name[NAME_TEXT_MAX];
        struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(5353),
                .sin_addr.s_addr = htonl(0xc0000235),
        };
        Name apex;

        memset(name, 'n', 300);
        name[300] = '\0';
        scratch_init(&scratch);
        state = scratch_open(&scratch);
        way = access_make(NULL, NULL);
        ck_assert_int_eq(name_from_text("contoso.com", &apex), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, NULL, way, &zone), 0);
        ck_assert_int_eq(server_new(scratch.event, name, (struct sockaddr *)&address,
                                    sizeof(address), 1, &server),
                         0);
        kms1 = offer_make("kms1.contoso.com", 1688, false);
        kms2 = offer_make("kms2.contoso.com", 1688, true);
        memory = (Memory){0};
}

static void tear_down(void) {
        memory_done(&memory);
        (void)offer_unref(kms1);
        (void)offer_unref(kms2);
        (void)server_unref(server);
        (void)zone_unref(zone);
        (void)access_unref(way);
        (void)state_close(state);
        scratch_done(&scratch);
        free(TAKE_PTR(rows));
        ck_assert_ptr_null(accesses.first);
        ck_assert_ptr_null(zones.root);
}

static MemorySource source(void) {
        return (MemorySource){
                .state = state,
                .record = "_vlmcs._tcp.contoso.com",
                .domain = "contoso.com",
                .access = way,
                .zone = zone,
                .primary = server,
        };
}

static void on_durable(int error, const char *text, void *userdata) {
        ck_assert_msg(error == 0, "%d %s", error, text);
        (*(unsigned *)userdata)++;
}

static int print_row(const StateRow *row, void *userdata) {
        fprintf(userdata, "%s:%u %s%s%s\n", row->target, row->port, row->servers,
                row->derived ? "derived " : "", row->confirmed ? "confirmed" : "intended");
        return 0;
}

/* Waits until all that was written is in the file, and reads it. */
static const char *rows_now(void) {
        unsigned n_done = 0;
        StateWrite *write;
        size_t size;

        /* Writes are carried out in order: when this one is done, all are. */
        ck_assert_int_eq(
                state_remove(state, "none.example", "none.example", 1, on_durable, &n_done, &write),
                0);
        wait_for(scratch.event, &n_done, 1);
        free(TAKE_PTR(rows));
        FILE *out = open_memstream(&rows, &size);
        int r;
        while ((r = state_each(state, print_row, out)) == -EBUSY)
                ck_assert_int_ge(sd_event_run(scratch.event, USEC_PER_SEC), 0);
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(fclose(out), 0);
        return rows;
}

static void intend(Offer *offer) {
        MemorySource from = source();
        StateWrite *write = NULL;
        unsigned n_done = 0;

        ck_assert_int_eq(memory_intend(&memory, &from, offer, on_durable, &n_done, &write), 0);
        ck_assert_uint_eq(n_done, 0);
        wait_for(scratch.event, &n_done, 1);
        memory_find(&memory, offer)->current = true; /* as the driver does */
}

static void settle(Offer *wanted, bool keep) {
        MemorySource from = source();

        memory_settle(&memory, &from, wanted, keep);
}

/* --- writing ---------------------------------------------------------------------------------- */

START_TEST(intent_then_confirmation) {
        intend(kms1);
        ck_assert(!memory_find(&memory, kms1)->confirmed);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 intended\n");
        settle(kms1, false);
        ck_assert(memory_find(&memory, kms1)->confirmed);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 confirmed\n");
        intend(kms1); /* it is missing, or has other numbers */
        ck_assert(!memory_find(&memory, kms1)->confirmed);
        ck_assert_uint_eq(memory.n, 1);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 intended\n");
}
END_TEST

/* O1 b: a record that makes our offer is ours as soon as it is seen in order. */
START_TEST(record_found_in_order_is_remembered) {
        settle(kms2, false);
        ck_assert_str_eq(rows_now(), "kms2.contoso.com:1688 derived confirmed\n");
}
END_TEST

/* A check that finds all in order writes nothing. */
START_TEST(confirmed_row_is_not_written_again) {
        settle(kms1, false);
        (void)rows_now();
        ck_assert_int_eq(state_remove(state, "_vlmcs._tcp.contoso.com", "kms1.contoso.com", 1688,
                                      NULL, NULL, NULL),
                         0);
        settle(kms1, false);
        ck_assert_str_eq(rows_now(), "");
}
END_TEST

START_TEST(former_offers_are_forgotten_or_kept) {
        bool keep = _i & 1, wants = _i & 2;

        intend(kms1);
        intend(kms2);
        settle(wants ? kms2 : NULL, keep);
        ck_assert_str_eq(rows_now(), keep && wants ? "kms1.contoso.com:1688 intended\n"
                                                     "kms2.contoso.com:1688 derived confirmed\n"
                                     : keep        ? "kms1.contoso.com:1688 intended\n"
                                                     "kms2.contoso.com:1688 derived intended\n"
                                     : wants       ? "kms2.contoso.com:1688 derived confirmed\n"
                                                   : "");
        ck_assert_uint_eq(memory.n, keep ? 2 : wants);
        ck_assert((memory_find(&memory, kms1) != NULL) == keep);
}
END_TEST

/* Another Server=: the row has to say so, although the record is as it was. */
START_TEST(row_follows_the_access) {
        settle(kms1, false);
        (void)access_unref(way);
        way = access_make("192.0.2.1", "contoso.com");
        memory_outdate(&memory);
        settle(kms1, false);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 192.0.2.1confirmed\n");
}
END_TEST

/* O13: the same name, but now the operator's word. */
START_TEST(row_follows_the_origin_of_the_target) {
        Offer *configured = offer_make("KMS2.contoso.com", 1688, false);

        settle(kms2, false);
        ck_assert_str_eq(rows_now(), "kms2.contoso.com:1688 derived confirmed\n");
        settle(configured, false);
        ck_assert_str_eq(rows_now(), "KMS2.contoso.com:1688 confirmed\n");
        ck_assert_ptr_eq(memory.items[0].offer, configured);
        ck_assert_uint_eq(memory.n, 1);
        (void)offer_unref(configured);
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------- */

static StateRow row_of(const char *target) {
        return (StateRow){
                .record = "_vlmcs._tcp.contoso.com",
                .target = target,
                .port = 1688,
                .domain = "contoso.com",
                .zone = "contoso.com",
                .servers = "",
                .primary = "",
                .key_file = "",
                .derived = true,
                .confirmed = true,
        };
}

START_TEST(row_is_taken_in_once) {
        StateRow row = row_of("KMS1.contoso.com");

        ck_assert_int_eq(memory_load(&memory, &row, way, kms1), 0);
        ck_assert_ptr_eq(memory.items[0].offer, kms1);
        row.confirmed = false;
        ck_assert_int_eq(memory_load(&memory, &row, way, kms1), 0);
        ck_assert_uint_eq(memory.n, 1);
        ck_assert(memory.items[0].confirmed && memory.items[0].current);
        row = row_of("kms2.contoso.com");
        ck_assert_int_eq(memory_load(&memory, &row, way, kms1), 0);
        ck_assert_uint_eq(memory.n, 2);
        ck_assert(memory_find(&memory, kms2)->offer->derived);
        row = row_of("a..b");
        ck_assert_int_eq(memory_load(&memory, &row, way, NULL), -EINVAL);
        ck_assert_uint_eq(memory.n, 2);
}
END_TEST

static const struct {
        const char *what;
        const char *servers;
        bool zone_given;
        Security security;
        const char *key_file;
        bool current;
} ways[] = {
        {"the same", "192.0.2.1", true, SECURITY_NONE, "", true},
        {"another server", "192.0.2.2", true, SECURITY_NONE, "", false},
        {"no server", "", true, SECURITY_NONE, "", false},
        {"the zone was found", "192.0.2.1", false, SECURITY_NONE, "", false},
        {"signed", "192.0.2.1", true, SECURITY_TSIG, "", false},
        {"with a key", "192.0.2.1", true, SECURITY_NONE, "/etc/srvpubd/key", false},
};

/* A row written by another way has to be written again before an update by the present one. */
START_TEST(row_of_another_way_is_not_current) {
        Access *other = access_make("192.0.2.1", "contoso.com");
        StateRow row = row_of("kms1.contoso.com");

        row.servers = ways[_i].servers;
        row.zone_given = ways[_i].zone_given;
        row.security = ways[_i].security;
        row.key_file = ways[_i].key_file;
        ck_assert_int_eq(memory_load(&memory, &row, other, NULL), 0);
        ck_assert_msg(memory.items[0].current == ways[_i].current, "%s", ways[_i].what);
        memory_outdate(&memory);
        ck_assert(!memory.items[0].current);
        (void)access_unref(other);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, intent_then_confirmation);
        tcase_add_test(tcase, record_found_in_order_is_remembered);
        tcase_add_test(tcase, confirmed_row_is_not_written_again);
        tcase_add_loop_test(tcase, former_offers_are_forgotten_or_kept, 0, 4);
        tcase_add_test(tcase, row_follows_the_access);
        tcase_add_test(tcase, row_follows_the_origin_of_the_target);
        tcase_add_test(tcase, row_is_taken_in_once);
        tcase_add_loop_test(tcase, row_of_another_way_is_not_current, 0, ELEMENTSOF(ways));
}

UNIT_MAIN("memory", add_tests)
