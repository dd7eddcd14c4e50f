/* The floor for memory and start-up: the least that a program can be which does one signed update
   with the libraries that srvpubd has, and then waits in a loop for ever.

       floor ADDRESS PORT KEY-NAME SECRET ZONE RECORD TARGET       (hmac-sha256)

   It says READY=1 when the answer is there, and ends by SIGTERM. */
#include <arpa/inet.h>
#include <err.h>
#include <ldns/ldns.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

static ldns_pkt *make_update(char **argv) {
        char text[1024];
        ldns_rr_list *updates = ldns_rr_list_new();
        ldns_rr *rr;
        ldns_pkt *packet;

        snprintf(text, sizeof(text), "%s 3600 IN SRV 0 0 1688 %s", argv[6], argv[7]);
        if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
                errx(1, "%s", text);
        ldns_rr_list_push_rr(updates, rr);
        packet = ldns_update_pkt_new(ldns_dname_new_frm_str(argv[5]), LDNS_RR_CLASS_IN, NULL,
                                     updates, NULL);
        ldns_pkt_set_random_id(packet);
        if (ldns_pkt_tsig_sign(packet, argv[3], argv[4], 300, "hmac-sha256.", NULL) !=
            LDNS_STATUS_OK)
                errx(1, "cannot sign");
        return packet;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        uint8_t bytes[65535];
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        ldns_pkt *answer;

        if (n < 0 || ldns_wire2pkt(&answer, bytes, (size_t)n) != LDNS_STATUS_OK ||
            ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                errx(1, "the update failed");
        ldns_pkt_free(answer);
        (void)sd_notify(false, "READY=1");
        return 0;
}

static void send_update(sd_event *event, char **argv) {
        struct sockaddr_in server = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)atoi(argv[2]))};
        ldns_pkt *packet = make_update(argv);
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        uint8_t *bytes;
        size_t size;

        if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
            connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0 ||
            ldns_pkt2wire(&bytes, packet, &size) != LDNS_STATUS_OK ||
            send(fd, bytes, size, 0) < 0 ||
            sd_event_add_io(event, NULL, fd, EPOLLIN, on_answer, NULL) < 0)
                err(1, "cannot send to %s", argv[1]);
        free(bytes);
        ldns_pkt_free(packet);
}

int main(int argc, char **argv) {
        sd_event *event;
        sigset_t signals;

        if (argc != 8)
                errx(2, "usage: %s ADDRESS PORT KEY-NAME SECRET ZONE RECORD TARGET", argv[0]);
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigprocmask(SIG_BLOCK, &signals, NULL);
        if (sd_event_new(&event) < 0 || sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL) < 0)
                errx(1, "no loop");
        send_update(event, argv);
        return sd_event_loop(event) < 0;
}
