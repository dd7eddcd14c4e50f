/* daemon/memory: rows of the state <-> items of a ledger. What is written comes back the same (O5,
   O13), and a row that another way to the zone wrote has to be written again. */
#include "daemon/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/support_stderr.h"
#include "tests/unit/unit.h"

/* Takes the place of the C library's for SQLite too, and fails when told. */
static int write_error;

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
        static ssize_t (*original)(int, const void *, size_t, off64_t);

        if (!original)
                original = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT,
                                                                                 "pwrite64");
        errno = __atomic_load_n(&write_error, __ATOMIC_SEQ_CST);
        return errno ? -1 : original(fd, bytes, size, offset);
}

static void disk_is(int error) {
        __atomic_store_n(&write_error, error, __ATOMIC_SEQ_CST);
}

static Scratch scratch;
static State *state;
static AccessTable accesses;
static ZoneTable zones;
static Access *way; /* to the zone */
static Zone *zone;
static Server *server;
static Ledger ledger;
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

static Access *access_make_gss(const char *principal, const char *realm) {
        Settings settings = {
                .security = SECURITY_GSS,
                .keytab = (char *)"/etc/srvpubd/krb5.keytab",
                .principal = (char *)principal,
                .realm = (char *)realm,
        };
        Access *made = NULL;

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
        ledger = (Ledger){0};
}

static void tear_down(void) {
        ledger_done(&ledger);
        (void)offer_unref(kms1);
        (void)offer_unref(kms2);
        (void)server_unref(server);
        (void)zone_unref(zone);
        (void)access_unref(way);
        (void)state_close(state);
        scratch_done(&scratch);
        free(TAKE_PTR(rows));
        ck_assert_uint_eq(accesses.n, 0);
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
        ck_assert_str_eq(row->record, "_vlmcs._tcp.contoso.com");
        ck_assert_str_eq(row->domain, "contoso.com");
        fprintf(userdata, "%s:%u %u %u since %" PRIu64 "%s%s%s by %s at %s%s\n", row->target,
                row->port, row->priority, row->weight, row->since_sec,
                row->derived ? " derived" : "", row->confirmed ? " confirmed" : "",
                row->claimed ? " claimed" : "", row->servers[0] ? row->servers : "-",
                row->primary[0] ? row->primary : "-", row->zone_given ? " given" : "");
        if (row->security == SECURITY_GSS)
                fprintf(userdata, "with %s %s %s\n", row->keytab, row->principal, row->realm);
        else
                ck_assert(!row->keytab[0] && !row->principal[0] && !row->realm[0]);
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
        while ((r = state_each(state, SIZE_MAX, print_row, out)) == -EBUSY)
                ck_assert_int_ge(sd_event_run(scratch.event, USEC_PER_SEC), 0);
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(fclose(out), 0);
        return rows;
}

static LedgerItem item_of(Offer *offer) {
        return (LedgerItem){
                .offer = offer,
                .since_sec = 1700000000,
                .priority = 10,
                .weight = 20,
                .confirmed = true,
                .claimed = true,
                .current = true,
        };
}

/* --- writing ---------------------------------------------------------------------------------- */

START_TEST(handler_is_called_when_the_row_is_durable) {
        LedgerItem item = item_of(kms1);
        MemorySource from = source();
        StateWrite *write = NULL;
        unsigned n_done = 0;

        item.confirmed = item.claimed = false;
        ck_assert_int_eq(memory_write(&from, &item, on_durable, &n_done, &write), 0);
        ck_assert_ptr_nonnull(write);
        ck_assert_uint_eq(n_done, 0);
        wait_for(scratch.event, &n_done, 1);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 10 20 since 1700000000 by - at "
                                     "192.0.2.53:5353\n");
}
END_TEST

/* O13: the same key, so a confirmation takes the place of the intent. */
START_TEST(row_is_replaced) {
        LedgerItem item = item_of(kms2);
        MemorySource from = source();
        const LedgerStore store = memory_store(&from);

        item.confirmed = item.claimed = false;
        store.put(&item, store.userdata);
        item = item_of(kms2);
        from.primary = NULL;
        store.put(&item, store.userdata);
        ck_assert(item.current);
        ck_assert_str_eq(rows_now(), "kms2.contoso.com:1688 10 20 since 1700000000 derived "
                                     "confirmed claimed by - at -\n");
}
END_TEST

START_TEST(row_is_removed) {
        LedgerItem items[] = {item_of(kms1), item_of(kms2)};
        MemorySource from = source();
        const LedgerStore store = memory_store(&from);

        for (size_t i = 0; i < ELEMENTSOF(items); i++)
                store.put(&items[i], store.userdata);
        ck_assert_int_eq(store.remove(&items[0], store.userdata), 0);
        ck_assert_int_eq(store.remove(&items[0], store.userdata), 0); /* once is enough */
        ck_assert_str_eq(rows_now(), "kms2.contoso.com:1688 10 20 since 1700000000 derived "
                                     "confirmed claimed by - at 192.0.2.53:5353\n");
}
END_TEST

/* What the state does not take is not durable, and is tried again. */
START_TEST(row_that_cannot_be_written_is_not_current) {
        LedgerItem item = item_of(kms1);
        MemorySource from = source();
        const LedgerStore store = memory_store(&from);

        from.record = "_vlmcs._tcp.con\ntoso.com";
        store.put(&item, store.userdata);
        ck_assert(!item.current);
        ck_assert_int_lt(store.remove(&item, store.userdata), 0);
        ck_assert_str_eq(rows_now(), "");
}
END_TEST

static size_t told_after(const LedgerStore *store, int error) {
        LedgerItem item = item_of(kms1);
        size_t n = 0;

        disk_is(error);
        store->put(&item, store->userdata);
        store->put(&item, store->userdata);
        while (state_each(state, SIZE_MAX, NULL, NULL) == -EBUSY)
                ck_assert_int_gt(sd_event_run(scratch.event, 10 * USEC_PER_SEC), 0);
        disk_is(0);
        for (const char *told = stderr_told(); (told = strstr(told, "cannot keep what is")); told++)
                n++;
        return n;
}

/* The daemon goes on; that the file is behind is told once, until it can be written again. */
START_TEST(disk_that_is_full_is_told_once) {
        MemorySource from = source();
        const LedgerStore store = memory_store(&from);

        stderr_catch(LOG_INFO);
        ck_assert_uint_eq(told_after(&store, ENOSPC), 1);
        ck_assert_uint_eq(told_after(&store, ENOSPC), 0);
        ck_assert_uint_eq(told_after(&store, 0), 0);
        ck_assert_uint_eq(told_after(&store, ENOSPC), 1);
        stderr_release();
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------- */

static int load_row(const StateRow *row, void *userdata) {
        return memory_load(&ledger, row, way, userdata);
}

static void load_all(Offer *shared) {
        int r;

        (void)rows_now();
        while ((r = state_each(state, SIZE_MAX, load_row, shared)) == -EBUSY)
                ck_assert_int_ge(sd_event_run(scratch.event, USEC_PER_SEC), 0);
        ck_assert_int_eq(r, 0);
}

/* Bit by bit, so that none stands in for another. */
START_TEST(item_comes_back_as_it_was_written) {
        LedgerItem item = item_of(_i & 1 ? kms1 : kms2);
        MemorySource from = source();
        const LedgerStore store = memory_store(&from);

        item.confirmed = _i & 2;
        item.claimed = _i & 4;
        item.since_sec = _i & 8 ? INT64_MAX : 0;
        item.priority = _i & 16 ? UINT16_MAX : 0;
        item.weight = _i & 32 ? UINT16_MAX : 0;
        store.put(&item, store.userdata);
        load_all(NULL);
        ck_assert_uint_eq(ledger.n, 1);
        const LedgerItem *read = &ledger.items[0];
        ck_assert(offer_equal(read->offer, item.offer) && read->offer != item.offer);
        ck_assert(read->offer->derived == item.offer->derived);
        ck_assert(read->confirmed == item.confirmed && read->claimed == item.claimed);
        ck_assert_uint_eq(read->since_sec, item.since_sec);
        ck_assert_uint_eq(read->priority, item.priority);
        ck_assert_uint_eq(read->weight, item.weight);
        ck_assert(read->current && read->durable);
}
END_TEST

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
                .keytab = "",
                .principal = "",
                .realm = "",
                .derived = true,
                .confirmed = true,
        };
}

START_TEST(row_is_taken_in_once) {
        StateRow row = row_of("KMS1.contoso.com");

        ck_assert_int_eq(memory_load(&ledger, &row, way, kms1), 0);
        ck_assert_ptr_eq(ledger.items[0].offer, kms1);
        row.confirmed = false;
        ck_assert_int_eq(memory_load(&ledger, &row, way, kms1), 0);
        ck_assert_uint_eq(ledger.n, 1);
        ck_assert(ledger.items[0].confirmed && ledger.items[0].current);
        row = row_of("kms2.contoso.com");
        ck_assert_int_eq(memory_load(&ledger, &row, way, kms1), 0);
        ck_assert_uint_eq(ledger.n, 2);
        ck_assert(ledger_find(&ledger, kms2)->offer->derived);
        row = row_of("a..b");
        ck_assert_int_eq(memory_load(&ledger, &row, way, NULL), -EINVAL);
        ck_assert_uint_eq(ledger.n, 2);
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
        ck_assert_int_eq(memory_load(&ledger, &row, other, NULL), 0);
        ck_assert_msg(ledger.items[0].current == ways[_i].current, "%s", ways[_i].what);
        ck_assert(ledger.items[0].durable); /* something may have been sent */
        (void)access_unref(other);
}
END_TEST

/* ... and says then how it is reached now. */
START_TEST(row_says_the_present_way) {
        LedgerItem item = item_of(kms1);
        MemorySource from;

        (void)access_unref(way);
        way = access_make("192.0.2.1", "contoso.com");
        from = source();
        const LedgerStore store = memory_store(&from);
        store.put(&item, store.userdata);
        ck_assert_str_eq(rows_now(), "kms1.contoso.com:1688 10 20 since 1700000000 confirmed "
                                     "claimed by 192.0.2.1 at 192.0.2.53:5353 given\n");
        load_all(NULL);
        ck_assert(ledger.items[0].current);
}
END_TEST

static const struct {
        const char *what;
        Security security;
        const char *keytab, *principal, *realm;
        bool current;
} kerberos_ways[] = {
        {"the same", SECURITY_GSS, "/etc/srvpubd/krb5.keytab", "KMS1$", "", true},
        {"unsigned", SECURITY_NONE, "/etc/srvpubd/krb5.keytab", "KMS1$", "", false},
        {"another keytab", SECURITY_GSS, "/etc/krb5.keytab", "KMS1$", "", false},
        {"another account", SECURITY_GSS, "/etc/srvpubd/krb5.keytab", "KMS2$", "", false},
        {"any account", SECURITY_GSS, "/etc/srvpubd/krb5.keytab", "", "", false},
        {"another realm", SECURITY_GSS, "/etc/srvpubd/krb5.keytab", "KMS1$", "A.B", false},
};

START_TEST(row_of_another_account_is_not_current) {
        Access *other = access_make_gss("KMS1$", NULL);
        StateRow row = row_of("kms1.contoso.com");

        row.security = kerberos_ways[_i].security;
        row.keytab = kerberos_ways[_i].keytab;
        row.principal = kerberos_ways[_i].principal;
        row.realm = kerberos_ways[_i].realm;
        ck_assert_int_eq(memory_load(&ledger, &row, other, NULL), 0);
        ck_assert_msg(ledger.items[0].current == kerberos_ways[_i].current, "%s",
                      kerberos_ways[_i].what);
        (void)access_unref(other);
}
END_TEST

/* O13: by the account of then; what was not given stays so. */
START_TEST(row_says_the_account) {
        LedgerItem item = item_of(kms1);
        MemorySource from;

        (void)access_unref(way);
        way = access_make_gss(_i ? "KMS1$@CONTOSO.COM" : NULL, _i ? "A.B" : NULL);
        from = source();
        const LedgerStore store = memory_store(&from);
        store.put(&item, store.userdata);
        ck_assert_ptr_nonnull(
                strstr(rows_now(), _i ? "\nwith /etc/srvpubd/krb5.keytab KMS1$@CONTOSO.COM A.B\n"
                                      : "\nwith /etc/srvpubd/krb5.keytab  \n"));
        load_all(NULL);
        ck_assert(ledger.items[0].current);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, handler_is_called_when_the_row_is_durable);
        tcase_add_test(tcase, row_is_replaced);
        tcase_add_test(tcase, row_is_removed);
        tcase_add_test(tcase, row_that_cannot_be_written_is_not_current);
        tcase_add_test(tcase, disk_that_is_full_is_told_once);
        tcase_add_loop_test(tcase, item_comes_back_as_it_was_written, 0, 64);
        tcase_add_test(tcase, row_is_taken_in_once);
        tcase_add_loop_test(tcase, row_of_another_way_is_not_current, 0, ELEMENTSOF(ways));
        tcase_add_test(tcase, row_says_the_present_way);
        tcase_add_loop_test(tcase, row_of_another_account_is_not_current, 0,
                            ELEMENTSOF(kerberos_ways));
        tcase_add_loop_test(tcase, row_says_the_account, 0, 2);
}

UNIT_MAIN("memory", add_tests)
