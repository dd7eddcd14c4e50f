/* The other end of a test's connections: a scripted DNS server on the loopback address, driven from
   the same thread as the loop. Every wait is bounded and runs the loop meanwhile. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct PeerMessage {
        size_t size;
        uint8_t bytes[UINT16_MAX];
} PeerMessage;

/* A socket at 127.0.0.1 and a free port; a stream socket listens if backlog >= 0. */
int peer_socket(int type, int backlog, struct sockaddr_in *ret_address);

/* Runs the loop until *count is n. */
void peer_wait(sd_event *event, const int *count, int n);

/* Runs the loop until it has nothing more to do at once. */
void peer_settle(sd_event *event);

/* How many threads this process has; and waits until there are no more than that. */
unsigned peer_count_threads(void);
void peer_wait_for_threads(sd_event *event, unsigned n);

/* A connection from the code under test, non-blocking. peer_try_accept: -1 if there is none. */
int peer_accept(sd_event *event, int listener);
int peer_try_accept(sd_event *event, int listener);

/* One message over TCP. peer_try_receive looks at what is there already. */
void peer_receive(sd_event *event, int fd, PeerMessage *ret_message);
bool peer_try_receive(sd_event *event, int fd, PeerMessage *ret_message);

/* Waits until the code under test closes the connection; nothing may come before. */
void peer_wait_closed(sd_event *event, int fd);

void peer_send(int fd, const void *bytes, size_t size);

/* The answer to a request: its header and sections, QR set, with an RCODE; and sends it, framed. */
void peer_make_answer(const PeerMessage *request, unsigned rcode, PeerMessage *ret_answer);
void peer_answer(int fd, const PeerMessage *request, unsigned rcode);

/* Closes with a reset. */
void peer_reset(int fd);
