/* daemon/zone and daemon/locator with GSS-TSIG: under which name a server is asked for a context
   (C70), for how long a zone keeps it, and when the zone's SOA is needed for it. Names are found as
   the suite says, the zone's SOA and NS at a scripted server. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/locator.h"
#include "lib/util.h"
#include "tests/unit/support_names.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

#define ZONE NAMES_DOMAIN

static sd_event *event;
static Worker *worker;
static Hosts *hosts;
static Resolver *resolver;
static AccessTable accesses;
static TicketTable tickets;
static SessionTable sessions;
static ZoneTable zones;
static int udp, listener; /* the scripted server's */
static struct sockaddr_in udp_address, address;
static PeerMessage message;
static int n_told;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list) {
        return names_getaddrinfo(node, service, hints, ret_list);
}

static void set_up(void) {
        char text[ENDPOINT_TEXT_MAX];
        Endpoint endpoint;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(worker_new(event, 1, &worker), 0);
        ck_assert_int_eq(hosts_new(event, worker, &hosts), 0);
        udp = peer_socket(SOCK_DGRAM, -1, &udp_address);
        listener = peer_socket(SOCK_STREAM, 8, &address);
        (void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(udp_address.sin_port));
        ck_assert_int_eq(endpoint_from_text(text, &endpoint), 0);
        ck_assert_int_eq(resolver_new(event, &endpoint, 1, &resolver), 0);
        tickets = (TicketTable){.event = event};
        sessions = (SessionTable){.event = event};
        zones = (ZoneTable){
                .hosts = hosts, .resolver = resolver, .tickets = &tickets, .sessions = &sessions};
        name_is("192.0.2.7");
        n_told = 0;
}

static void tear_down(void) {
        (void)hosts_free(hosts);
        (void)resolver_free(resolver);
        (void)worker_free(worker);
        ck_assert_ptr_null(zones.root);
        ck_assert_uint_eq(accesses.n, 0);
        ck_assert_ptr_null(sessions.first);
        ck_assert_ptr_null(tickets.first);
        (void)sd_event_unref(event);
        close(udp);
        close(listener);
}

/* servers: up to two of Server=, NULL none. */
static Access *access_make(Security security, const char *zone, const char *const servers[2]) {
        Endpoint endpoints[2];
        Settings settings = {
                .servers = endpoints,
                .zone = (char *)zone,
                .security = security,
                .keytab = "/nonexistent/keytab",
                .principal = "KMS1$",
                .realm = "CONTOSO.COM",
                .timeout_usec = 20 * USEC_PER_SEC,
                .max_outstanding = 1,
        };
        Access *access = NULL;

        for (; settings.n_servers < 2 && servers[settings.n_servers]; settings.n_servers++)
                ck_assert_int_eq(endpoint_from_text(servers[settings.n_servers],
                                                    &endpoints[settings.n_servers]),
                                 0);
        ck_assert_int_eq(access_get(&accesses, &settings, &access), 0);
        return access;
}

static Access *gss_access(const char *first, const char *second) {
        return access_make(SECURITY_GSS, NULL, (const char *[]){first, second});
}

static Zone *zone_make(Access *access, const char *mname) {
        Name apex, name;
        Zone *zone = NULL;

        ck_assert_int_eq(name_from_text(ZONE, &apex), 0);
        if (mname)
                ck_assert_int_eq(name_from_text(mname, &name), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, mname ? &name : NULL, access, &zone), 0);
        return zone;
}

static Zone *done(Zone *zone, Access *access) {
        (void)access_unref(access);
        return zone_unref(zone);
}

static void on_ready(ZoneWaiter *waiter, const char *text) {
        ck_assert_msg(!text, "%s", text);
        n_told++;
}

/* An answer to the last question, with RRs in wire format that begin behind their owner. */
static void answer_with(const Octets *rrs, unsigned n, Octets *ret_answer) {
        ret_answer->size = 0;
        octets_add(ret_answer, message.bytes, message.size);
        ret_answer->bytes[2] |= 0x84; /* QR, AA */
        ret_answer->bytes[7] = n;
        octets_add(ret_answer, rrs->bytes, rrs->size);
}

static void add_rr(Octets *octets, uint16_t type, const char *name, size_t more) {
        octets_add_u16(octets, 0xc00c); /* the question's name */
        octets_add_u16(octets, type);
        octets_add_u16(octets, 1);
        octets_add_u32(octets, 300);
        octets_add_u16(octets, strlen(name) + 2 + more);
        octets_add_name(octets, name);
}

/* The zone's name servers, as the resolver has them. */
static void answer_ns(const char *const names[2]) {
        static Octets rrs, answer;
        struct sockaddr_in client;
        socklen_t size = sizeof(client);
        ssize_t n = -1;

        for (unsigned i = 0; n < 0; i++) {
                ck_assert_uint_lt(i, 20000);
                ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
                n = recvfrom(udp, message.bytes, sizeof(message.bytes), 0,
                             (struct sockaddr *)&client, &size);
        }
        message.size = n;
        rrs.size = 0;
        unsigned n_names = 0;
        for (; n_names < 2 && names[n_names]; n_names++)
                add_rr(&rrs, LDNS_RR_TYPE_NS, names[n_names], 0);
        answer_with(&rrs, n_names, &answer);
        ck_assert_int_eq(
                sendto(udp, answer.bytes, answer.size, 0, (struct sockaddr *)&client, size),
                (ssize_t)answer.size);
}

static void prepare(Zone *zone, const char *const names[2]) {
        ZoneWaiter waiter = {.on_ready = on_ready};
        int n_before = n_told;

        ck_assert_int_eq(zone_prepare(zone, &waiter), 0);
        if (names)
                answer_ns(names);
        peer_wait(event, &n_told, n_before + 1);
}

/* Whether the zone's session with its i-th server is with the service of that host. */
static bool is_with(Zone *zone, size_t i, const Access *access, const char *host) {
        const TicketKey key = {access->keytab, access->principal, access->realm};
        Session *session = NULL, *expected = NULL;
        Ticket *ticket = NULL;
        Name name;

        ck_assert_int_eq(zone_session(zone, i, &session), 0);
        ck_assert_ptr_eq(zone_known_session(zone, i), session);
        ck_assert_int_eq(ticket_get(&tickets, &key, &ticket), 0);
        ck_assert_int_eq(name_from_text(host, &name), 0);
        ck_assert_int_eq(session_get(&sessions, ticket, zone_server(zone, i), &name, access->realm,
                                     &expected),
                         0);
        (void)session_unref(expected);
        (void)ticket_unref(ticket);
        return session == expected;
}

/* --- under which name ------------------------------------------------------------------------- */

START_TEST(by_the_name_of_server) {
        Access *access = gss_access("dc1." ZONE, "192.0.2.9");
        Zone *zone = zone_make(access, "dc9." ZONE);

        prepare(zone, NULL);
        ck_assert_uint_eq(zone_n_servers(zone), 2);
        ck_assert_ptr_null(zone_known_session(zone, 0));
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        ck_assert(is_with(zone, 1, access, "dc9." ZONE));
        ck_assert_ptr_ne(zone_known_session(zone, 0), zone_known_session(zone, 1));
        ck_assert_ptr_null(zone_known_session(zone, 2));
        done(zone, access);
}
END_TEST

START_TEST(an_address_has_no_name) {
        Access *access = gss_access("192.0.2.9", NULL);
        Zone *zone = zone_make(access, NULL);
        Session *session = NULL;

        prepare(zone, NULL);
        ck_assert_int_eq(zone_session(zone, 0, &session), -ENOENT);
        ck_assert_ptr_null(session);
        (void)zone_unref(zone_make(access, "dc1." ZONE));
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        done(zone, access);
}
END_TEST

START_TEST(by_the_name_of_the_primary) {
        static const char *const others[] = {"dc2." ZONE, "DC1." ZONE};
        Access *access = gss_access(NULL, NULL);
        Zone *zone = zone_make(access, "dc1." ZONE);

        prepare(zone, others);
        ck_assert_uint_ge(zone_n_servers(zone), 1);
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        done(zone, access);
}
END_TEST

/* C56: where all domain controllers take updates, and O6: where it may be now this one, now that.
 */
static const struct {
        Security security;
        const char *servers[2], *names[2];
        bool replicates, varies;
} controllers[] = {
        {SECURITY_GSS, {NULL}, {"DC1." ZONE}, false, false},
        {SECURITY_GSS, {NULL}, {"dc2." ZONE, "dc1." ZONE}, true, true},
        {SECURITY_GSS, {"dc1." ZONE, NULL}, {NULL}, true, false},
        {SECURITY_GSS, {"dc1." ZONE, "192.0.2.9"}, {NULL}, true, true},
        {SECURITY_NONE, {NULL}, {"dc2." ZONE}, false, false},
        {SECURITY_NONE, {"dc1." ZONE, "192.0.2.9"}, {NULL}, false, false},
};

START_TEST(several_primaries) {
        Access *access = access_make(controllers[_i].security, NULL, controllers[_i].servers);
        Zone *zone = zone_make(access, "dc1." ZONE);

        prepare(zone, controllers[_i].servers[0] ? NULL : controllers[_i].names);
        ck_assert_int_eq(zone_replicates(zone), controllers[_i].replicates);
        ck_assert_int_eq(zone_primary_varies(zone), controllers[_i].varies);
        done(zone, access);
}
END_TEST

/* --- for how long ----------------------------------------------------------------------------- */

START_TEST(kept_with_the_same_servers) {
        static const char *const none[] = {NULL, NULL};
        Access *access = gss_access(NULL, NULL);
        Zone *zone = zone_make(access, "dc1." ZONE);

        prepare(zone, none);
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        const Session *session = zone_known_session(zone, 0);
        zone_doubt(zone);
        prepare(zone, none);
        (void)zone_unref(zone_make(access, "DC1." ZONE));
        ck_assert(zone_is_ready(zone));
        ck_assert_ptr_eq(zone_known_session(zone, 0), session);

        name_is("192.0.2.8");
        hosts_set_resolver(hosts, NULL); /* what is known of names is forgotten */
        zone_doubt(zone);
        prepare(zone, none);
        ck_assert_ptr_null(zone_known_session(zone, 0));
        ck_assert_ptr_null(sessions.first);
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        done(zone, access);
}
END_TEST

/* An MNAME that is mended is asked for a context, also at the address of before. */
START_TEST(another_mname) {
        static const char *const none[] = {NULL, NULL};
        Access *access = gss_access(NULL, NULL);
        Zone *zone = zone_make(access, "old." ZONE);

        prepare(zone, none);
        ck_assert(is_with(zone, 0, access, "old." ZONE));
        unsigned generation = zone_generation(zone);
        (void)zone_unref(zone_make(access, "new." ZONE));
        prepare(zone, none);
        ck_assert_uint_eq(zone_generation(zone), generation);
        ck_assert(is_with(zone, 0, access, "new." ZONE));
        done(zone, access);
}
END_TEST

START_TEST(another_mname_behind_an_address) {
        Access *access = gss_access("192.0.2.9", NULL);
        Zone *zone = zone_make(access, "old." ZONE);

        prepare(zone, NULL);
        ck_assert(is_with(zone, 0, access, "old." ZONE));
        (void)zone_unref(zone_make(access, "new." ZONE));
        ck_assert(zone_is_ready(zone));
        ck_assert(is_with(zone, 0, access, "new." ZONE));
        done(zone, access);
}
END_TEST

/* E7: what is known of a ticket, above all that its key is wrong, outlives the servers that are
   found anew. Resolvers turn NS RRsets round, and each domain controller names itself as MNAME. */
START_TEST(ticket_outlives_servers) {
        static const char *const names[][2] = {{"dc2." ZONE, "dc3." ZONE},
                                               {"dc3." ZONE, "dc2." ZONE}};
        Access *access = gss_access(NULL, NULL);
        Zone *zone = zone_make(access, "dc1." ZONE);

        prepare(zone, names[0]);
        ck_assert(is_with(zone, 0, access, "dc1." ZONE));
        const Ticket *ticket = tickets.first;
        const Session *session = zone_known_session(zone, 0);
        const unsigned generation = zone_generation(zone);
        zone_doubt(zone);
        prepare(zone, names[1]);
        ck_assert_msg(tickets.first == ticket, "NS turned round");
        ck_assert_uint_eq(zone_generation(zone), generation);
        ck_assert_ptr_eq(zone_known_session(zone, 0), session);
        (void)zone_unref(zone_make(access, "dc2." ZONE));
        prepare(zone, names[0]);
        ck_assert_msg(tickets.first == ticket, "another MNAME");
        done(zone, access);
}
END_TEST

/* --- locating --------------------------------------------------------------------------------- */

typedef enum Given { BY_ADDRESS, BY_NAME, BY_BOTH } Given;

static const struct {
        Security security;
        const char *zone;
        Given given;
        bool asks; /* for the SOA of the zone, although it is given */
        const char *host;
} places[] = {
        {SECURITY_GSS, ZONE, BY_ADDRESS, true, "dc5." ZONE},
        {SECURITY_GSS, ZONE, BY_BOTH, true, "dc5." ZONE},
        {SECURITY_GSS, ZONE, BY_NAME, false, "dc1." ZONE},
        {SECURITY_NONE, ZONE, BY_ADDRESS, false, NULL},
        {SECURITY_NONE, NULL, BY_ADDRESS, true, NULL},
        {SECURITY_GSS, NULL, BY_ADDRESS, true, "dc5." ZONE},
        {SECURITY_GSS, NULL, BY_NAME, true, "dc1." ZONE},
};

static Zone *located;
static Locator *locator;

static void on_located(Locator *self, const Location *location, void *userdata) {
        ck_assert_ptr_eq(self, locator);
        ck_assert_msg(location->zone != NULL, "%s", location->text);
        located = zone_ref(location->zone);
        n_told++;
}

static void answer_soa(const char *mname) {
        static Octets rrs, answer;
        uint8_t length[2];

        int fd = peer_accept(event, listener);
        peer_receive(event, fd, &message);
        rrs.size = 0;
        add_rr(&rrs, LDNS_RR_TYPE_SOA, mname, 22);
        octets_add(&rrs, "\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 21);
        rrs.bytes[11]--; /* rname is the root */
        answer_with(&rrs, 1, &answer);
        length[0] = answer.size >> 8;
        length[1] = answer.size & 0xff;
        peer_send(fd, length, 2);
        peer_send(fd, answer.bytes, answer.size);
        peer_settle(event);
        close(fd);
}

START_TEST(asked_for_the_mname) {
        char by_address[ENDPOINT_TEXT_MAX], by_name[ENDPOINT_TEXT_MAX];
        Name record, domain;

        (void)snprintf(by_address, sizeof(by_address), "127.0.0.1:%u", ntohs(address.sin_port));
        (void)snprintf(by_name, sizeof(by_name), "dc1." ZONE ":%u", ntohs(address.sin_port));
        name_is("127.0.0.1");
        const char *const servers[2] = {
                places[_i].given == BY_ADDRESS ? by_address : by_name,
                places[_i].given == BY_BOTH ? "192.0.2.9" : NULL,
        };
        Access *access = access_make(places[_i].security, places[_i].zone, servers);
        ck_assert_int_eq(name_from_text(ZONE, &domain), 0);
        ck_assert_int_eq(name_from_text(places[_i].zone ? "_vlmcs._tcp." ZONE : ZONE, &record), 0);
        const LocatorRequest request = {.record = &record, .domain = &domain, .access = access};
        ck_assert_int_eq(locator_new(&zones, &request, on_located, NULL, &locator), 0);
        /* It waits for an answer, or for the address of a name, or for nothing. */
        ck_assert_int_eq(n_told, !places[_i].asks && places[_i].given == BY_ADDRESS);
        if (places[_i].asks)
                answer_soa("dc5." ZONE);
        peer_wait(event, &n_told, 1);
        ck_assert_int_lt(peer_try_accept(event, listener), 0);
        if (places[_i].host)
                ck_assert(is_with(located, places[_i].given == BY_BOTH, access, places[_i].host));
        done(located, access);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, by_the_name_of_server);
        tcase_add_test(tcase, an_address_has_no_name);
        tcase_add_test(tcase, by_the_name_of_the_primary);
        tcase_add_loop_test(tcase, several_primaries, 0, ELEMENTSOF(controllers));
        tcase_add_test(tcase, kept_with_the_same_servers);
        tcase_add_test(tcase, another_mname);
        tcase_add_test(tcase, another_mname_behind_an_address);
        tcase_add_test(tcase, ticket_outlives_servers);
        tcase_add_loop_test(tcase, asked_for_the_mname, 0, ELEMENTSOF(places));
}

UNIT_MAIN("zone_session", add_tests)
