/* lib/offer: what is wanted at a record name, the target's offer first and those of [Host]s after
   it. Offers and lists of hosts are shared by reference: the sanitizers count. */
#include "lib/offer.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

static Name name_make(const char *text) {
        Name name;

        ck_assert_int_eq(name_from_text(text, &name), 0);
        return name;
}

static Offer *offer_make(const char *target, uint16_t port, bool derived) {
        const Name name = name_make(target);
        Offer *offer = NULL;

        ck_assert_int_eq(offer_new(&name, port, derived, &offer), 0);
        return offer;
}

/* Hosts "h1" .. "hn", priority 1 .. n, weight 10 .. 10n. */
static HostList *hosts_make(size_t n) {
        HostList *list = NULL;
        char name[8];

        ck_assert_int_eq(host_list_new(n, &list), 0);
        ck_assert_uint_eq(list->n, 0);
        for (size_t i = 1; i <= n; i++) {
                (void)snprintf(name, sizeof(name), "h%zu", i);
                list->hosts[list->n++] =
                        (HostOffer){offer_make(name, 1688, false), i, (uint16_t)(10 * i)};
        }
        return list;
}

/* --- offers ----------------------------------------------------------------------------------- */

/* O1: (target, port), the target without case; how it came to be does not count. */
START_TEST(offers_are_equal_by_target_and_port) {
        static const struct {
                const char *target;
                uint16_t port;
                bool derived, equal;
        } cases[] = {
                {"kms1.contoso.com", 1688, false, true},  {"KMS1.Contoso.com", 1688, false, true},
                {"kms1.contoso.com", 1688, true, true},   {"kms1.contoso.com", 1689, false, false},
                {"kms2.contoso.com", 1688, false, false}, {"kms1.contoso.co", 1688, false, false},
        };
        Offer *offer = offer_make("kms1.contoso.com", 1688, false);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Offer *other = offer_make(cases[i].target, cases[i].port, cases[i].derived);
                ck_assert_msg(offer_equal(offer, other) == cases[i].equal, "%zu", i);
                ck_assert_msg(offer_equal(other, offer) == cases[i].equal, "%zu", i);
                (void)offer_unref(other);
        }
        ck_assert(offer_equal(offer, offer) && offer_equal(NULL, NULL));
        ck_assert(!offer_equal(offer, NULL) && !offer_equal(NULL, offer));
        (void)offer_unref(offer);
}
END_TEST

START_TEST(offer_lives_as_long_as_its_references) {
        Offer *offer = offer_make("kms1", 1688, true);

        ck_assert_ptr_eq(offer_ref(offer), offer);
        ck_assert_ptr_null(offer_unref(offer));
        ck_assert(offer->derived && offer->port == 1688);
        ck_assert_ptr_null(offer_unref(offer));
        ck_assert_ptr_null(offer_unref(NULL));
}
END_TEST

START_TEST(offer_as_srv_has_no_numbers) {
        Offer *offer = offer_make("KMS1.contoso.com", 1689, false);
        const Srv srv = offer_srv(offer);

        ck_assert(srv.priority == 0 && srv.weight == 0 && srv.ttl == 0 && srv.port == 1689);
        ck_assert_int_eq(memcmp(&srv.target, &offer->target, sizeof(Name)), 0); /* O2: its case */
        (void)offer_unref(offer);
}
END_TEST

/* --- what is wanted --------------------------------------------------------------------------- */

START_TEST(target_comes_first) {
        HostList *hosts = hosts_make(2);
        Wanted wanted = {
                .offer = offer_make("kms1", 1689, false),
                .priority = 7,
                .weight = 8,
                .ttl_sec = 600,
                .hosts = hosts,
        };
        Srv srv = wanted_srv(&wanted, 0);

        ck_assert_uint_eq(wanted_count(&wanted), 3);
        ck_assert_ptr_eq(wanted_offer(&wanted, 0), wanted.offer);
        ck_assert(srv.priority == 7 && srv.weight == 8 && srv.ttl == 600 && srv.port == 1689);
        for (size_t i = 1; i <= 2; i++) {
                srv = wanted_srv(&wanted, i);
                ck_assert_ptr_eq(wanted_offer(&wanted, i), hosts->hosts[i - 1].offer);
                ck_assert(srv.priority == i && srv.weight == 10 * i && srv.port == 1688);
                ck_assert_uint_eq(srv.ttl, 600);
        }
        wanted.hosts = NULL;
        ck_assert_uint_eq(wanted_count(&wanted), 1);
        (void)host_list_unref(hosts);
        (void)offer_unref(wanted.offer);
}
END_TEST

START_TEST(nothing_wanted_is_nothing) {
        HostList *hosts = hosts_make(1);
        Wanted nothing = {.hosts = hosts, .ttl_sec = 600};

        ck_assert_uint_eq(wanted_count(&nothing), 0);
        (void)host_list_unref(hosts);
        ck_assert_ptr_null(host_list_unref(NULL));
}
END_TEST

/* Each way in which a wish may differ from "kms1 7 8 600, with h1 and h2". */
typedef struct Difference {
        const char *what;
        void (*make)(Wanted *wanted);
        bool equal;
} Difference;

static void keep_all(Wanted *wanted) {}

static void change_offer(Wanted *wanted) {
        (void)offer_unref(wanted->offer);
        wanted->offer = offer_make("kms1", 1689, false);
}

static void change_origin(Wanted *wanted) {
        (void)offer_unref(wanted->offer);
        wanted->offer = offer_make("KMS1", 1688, true);
}

static void change_priority(Wanted *wanted) {
        wanted->priority++;
}

static void change_weight(Wanted *wanted) {
        wanted->weight++;
}

static void change_ttl(Wanted *wanted) {
        wanted->ttl_sec++;
}

static void drop_offer(Wanted *wanted) {
        wanted->offer = offer_unref(wanted->offer);
}

static void drop_hosts(Wanted *wanted) {
        wanted->hosts = host_list_unref(wanted->hosts);
}

static void drop_host(Wanted *wanted) {
        HostList *hosts = wanted->hosts;

        hosts->n--;
        hosts->hosts[hosts->n].offer = offer_unref(hosts->hosts[hosts->n].offer);
}

static void change_host(Wanted *wanted) {
        (void)offer_unref(wanted->hosts->hosts[1].offer);
        wanted->hosts->hosts[1].offer = offer_make("h3", 1688, false);
}

static void change_host_priority(Wanted *wanted) {
        wanted->hosts->hosts[1].priority++;
}

static void change_host_weight(Wanted *wanted) {
        wanted->hosts->hosts[0].weight++;
}

static const Difference differences[] = {
        {"the same in another list", keep_all, true},
        {"port", change_offer, false},
        {"case and origin of the target", change_origin, true},
        {"priority", change_priority, false},
        {"weight", change_weight, false},
        {"TTL", change_ttl, false},
        {"nothing wanted", drop_offer, false},
        {"no hosts", drop_hosts, false},
        {"a host less", drop_host, false},
        {"another host", change_host, false},
        {"a host's priority", change_host_priority, false},
        {"a host's weight", change_host_weight, false},
};

static Wanted wanted_make(void) {
        return (Wanted){
                .offer = offer_make("kms1", 1688, false),
                .priority = 7,
                .weight = 8,
                .ttl_sec = 600,
                .hosts = hosts_make(2),
        };
}

static void wanted_done(Wanted *wanted) {
        (void)offer_unref(wanted->offer);
        (void)host_list_unref(wanted->hosts);
}

/* A reload that changes nothing starts no pass; any other does. */
START_TEST(wishes_are_compared_whole) {
        Wanted a = wanted_make(), b = wanted_make();

        differences[_i].make(&b);
        ck_assert_msg(wanted_equal(&a, &b) == differences[_i].equal, "%s", differences[_i].what);
        ck_assert_msg(wanted_equal(&b, &a) == differences[_i].equal, "%s", differences[_i].what);
        wanted_done(&a);
        wanted_done(&b);
}
END_TEST

START_TEST(nothing_equals_nothing_whatever_its_numbers) {
        const Wanted a = {.priority = 1, .ttl_sec = 60}, b = {.weight = 5};

        ck_assert(wanted_equal(&a, &b));
}
END_TEST

/* An empty list of hosts is no list. */
START_TEST(no_hosts_are_no_hosts) {
        Wanted a = wanted_make(), b = wanted_make();

        drop_hosts(&a);
        drop_host(&b);
        drop_host(&b);
        ck_assert(wanted_equal(&a, &b) && wanted_equal(&b, &a));
        wanted_done(&a);
        wanted_done(&b);
}
END_TEST

START_TEST(replacing_takes_references_of_its_own) {
        Wanted kept = {0}, a = wanted_make(), b = wanted_make();

        wanted_replace(&kept, &a);
        wanted_done(&a);
        ck_assert_uint_eq(kept.hosts->n_refs, 1);
        wanted_replace(&kept, &kept); /* the same again */
        ck_assert_uint_eq(wanted_count(&kept), 3);
        wanted_replace(&kept, &b);
        ck_assert(kept.offer == b.offer && kept.hosts == b.hosts);
        ck_assert_uint_eq(b.hosts->n_refs, 2);
        wanted_replace(&kept, &(Wanted){0});
        ck_assert_uint_eq(b.hosts->n_refs, 1);
        wanted_done(&b);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, offers_are_equal_by_target_and_port);
        tcase_add_test(tcase, offer_lives_as_long_as_its_references);
        tcase_add_test(tcase, offer_as_srv_has_no_numbers);
        tcase_add_test(tcase, target_comes_first);
        tcase_add_test(tcase, nothing_wanted_is_nothing);
        tcase_add_loop_test(tcase, wishes_are_compared_whole, 0, ELEMENTSOF(differences));
        tcase_add_test(tcase, nothing_equals_nothing_whatever_its_numbers);
        tcase_add_test(tcase, no_hosts_are_no_hosts);
        tcase_add_test(tcase, replacing_takes_references_of_its_own);
}

UNIT_MAIN("offer", add_tests)
