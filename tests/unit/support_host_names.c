/* See support_host_names.h. */
#include "tests/unit/support_host_names.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_packet.h"
#include "tests/unit/support_peer.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)

typedef struct Question {
        struct sockaddr_in client;
        socklen_t client_size;
        ssize_t size;
        uint8_t bytes[512];
        ldns_rr_type type;
} Question;

Finding finding;

static int fd; /* the scripted resolver's */
static Question late;
static unsigned n_asked[2]; /* A, AAAA */

void hosts_have(const char *const addresses[], size_t n) {
        names_are(addresses, n);
        memcpy(finding.known, addresses, n * sizeof(*addresses));
        finding.n_known = n;
        memset(n_asked, 0, sizeof(n_asked));
}

void host_has(const char *address) {
        hosts_have(&address, address != NULL);
}

void hold(void) {
        names_hold();
        finding.is_held = true;
}

void release(void) {
        names_release();
        finding.is_held = false;
}

unsigned count_asked(void) {
        if (finding.source == MACHINE)
                return names_asked();
        ck_assert_uint_eq(n_asked[0], n_asked[1]);
        return n_asked[0];
}

void finding_setup(void) {
        struct sockaddr_in address;
        char text[ENDPOINT_TEXT_MAX];
        Endpoint endpoint;

        ck_assert_int_ge(sd_event_new(&finding.event), 0);
        ck_assert_int_eq(worker_new(finding.event, 2, &finding.worker), 0);
        ck_assert_int_eq(host_names_new(finding.event, finding.worker, &finding.names), 0);
        fd = peer_socket(SOCK_DGRAM, -1, &address);
        (void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
        ck_assert_int_eq(endpoint_from_text(text, &endpoint), 0);
        ck_assert_int_eq(resolver_new(finding.event, &endpoint, 1, &finding.resolver), 0);
        memset(finding.waiters, 0, sizeof(finding.waiters));
        finding.n_told = 0;
        late.size = 0;
        finding.rcode = LDNS_RCODE_NOERROR;
        finding.late_type = 0;
        release();
        host_has("192.0.2.1");
}

void finding_teardown(void) {
        (void)host_names_free(finding.names);
        (void)resolver_free(finding.resolver);
        (void)worker_free(finding.worker);
        (void)sd_event_unref(finding.event);
        close(fd);
}

void use(Source which) {
        finding.source = which;
        host_names_set_resolver(finding.names, which == RESOLVER ? finding.resolver : NULL);
}

static void push_address(ldns_pkt *packet, ldns_rr_type type, const char *address) {
        char *owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0)));
        char text[400];
        ldns_rr *rr;

        (void)snprintf(text, sizeof(text), "%s 60 IN %s %s", owner,
                       type == LDNS_RR_TYPE_A ? "A" : "AAAA", address);
        ck_assert_int_eq(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
        ck_assert(ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr));
        free(owner);
}

static void answer(const Question *question) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(question->bytes, question->size);
        _cleanup_(freep) uint8_t *wire = NULL;
        size_t size;

        ldns_pkt_set_qr(packet, true);
        ldns_pkt_set_rcode(packet, finding.rcode);
        for (size_t i = 0; i < finding.n_known && finding.rcode == LDNS_RCODE_NOERROR; i++)
                if ((strchr(finding.known[i], ':') != NULL) ==
                    (question->type == LDNS_RR_TYPE_AAAA))
                        push_address(packet, question->type, finding.known[i]);
        ck_assert_int_eq(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
        ck_assert_int_eq(sendto(fd, wire, size, 0, (const struct sockaddr *)&question->client,
                                question->client_size),
                         (ssize_t)size);
}

static void serve(void) {
        Question question = {.client_size = sizeof(question.client)};

        question.size = recvfrom(fd, question.bytes, sizeof(question.bytes), 0,
                                 (struct sockaddr *)&question.client, &question.client_size);
        if (question.size < 0)
                return;
        ldns_pkt *packet = packet_from_wire(question.bytes, question.size);
        question.type = ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
        ldns_pkt_free(packet);
        n_asked[question.type == LDNS_RR_TYPE_AAAA]++;
        if (question.type == finding.late_type && n_asked[0] != n_asked[1]) {
                late = question;
                return;
        }
        answer(&question);
        if (late.size > 0) {
                peer_settle(finding.event);
                answer(&late);
                late.size = 0;
        }
}

void serve_once(void) {
        if (!finding.is_held)
                serve();
        ck_assert_int_ge(sd_event_run(finding.event, USEC_PER_MSEC), 0);
}

void wait_told(int n) {
        const time_t deadline = time(NULL) + 20;

        while (finding.n_told < n) {
                ck_assert_msg(time(NULL) < deadline, "waited in vain");
                serve_once();
        }
        peer_settle(finding.event);
        ck_assert_int_eq(finding.n_told, n);
}

static void on_found(HostWaiter *waiter, const HostAddress *addresses, size_t n,
                     const char *reason) {
        Waiter *self = (Waiter *)waiter;
        size_t at = 0;

        ck_assert_ptr_null(waiter->host);
        ck_assert_uint_le(n, HOST_ADDRESSES_MAX);
        self->text[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                const HostAddress *address = &addresses[i];
                char text[INET6_ADDRSTRLEN];
                const void *octets = address->any.sa_family == AF_INET
                                             ? (const void *)&address->in.sin_addr
                                             : (const void *)&address->in6.sin6_addr;
                ck_assert_ptr_nonnull(
                        inet_ntop(address->any.sa_family, octets, text, sizeof(text)));
                at += (size_t)snprintf(self->text + at, sizeof(self->text) - at, "%s%s",
                                       i > 0 ? " " : "", text);
        }
        if (n == 0)
                (void)snprintf(self->text, sizeof(self->text), "! %s", reason);
        self->n_told++;
        finding.n_told++;
        if (self->then)
                self->then(self);
}

int try_to_ask(Waiter *waiter, const char *name) {
        waiter->waiter.on_found = on_found;
        return host_names_find(finding.names, name, TIMEOUT_USEC, &waiter->waiter);
}

void ask(Waiter *waiter, const char *name) {
        ck_assert_int_eq(try_to_ask(waiter, name), 0);
}

void expect_known(const char *name, const char *text) {
        Waiter waiter = {0};
        const unsigned n_before = count_asked();

        ask(&waiter, name);
        finding.n_told -= waiter.n_told;
        ck_assert_int_eq(waiter.n_told, 1);
        ck_assert_str_eq(waiter.text, text);
        ck_assert_uint_eq(count_asked(), n_before);
}

void expect_found(const char *name, const char *text) {
        Waiter waiter = {0};
        const unsigned n_before = count_asked();

        ask(&waiter, name);
        ck_assert_int_eq(waiter.n_told, 0);
        wait_told(finding.n_told + 1);
        finding.n_told--;
        ck_assert_str_eq(waiter.text, text);
        ck_assert_uint_eq(count_asked(), n_before + 1);
}
