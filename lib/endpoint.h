/* A server as an operator writes it: address or name, with an optional port. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
        ENDPOINT_HOST_MAX = 254,
        ENDPOINT_TEXT_MAX = ENDPOINT_HOST_MAX + 10,
};

/* A plain value. family is AF_INET, AF_INET6, or AF_UNSPEC when host is a name. */
typedef struct Endpoint {
        int family;
        uint16_t port;
        char host[ENDPOINT_HOST_MAX]; /* no brackets, no final dot */
} Endpoint;

/* Reads 192.0.2.1, 192.0.2.1:53, 2001:db8::1, [2001:db8::1]:5353, ns1.example.org,
   ns1.example.org:53; fe80::1%eth0 too: a link-local address has its interface, no other has one.
   Port 53 unless given. -EINVAL for anything else: port 0 or over 65535, labels that no host name
   has, octets that are no address. */
int endpoint_from_text(const char *text, Endpoint *ret_endpoint);

/* The same form back; the port only if it is not 53. Returns buffer. */
const char *endpoint_to_text(const Endpoint *endpoint, char buffer[static ENDPOINT_TEXT_MAX]);

/* Socket address of an endpoint whose family is not AF_UNSPEC. -EINVAL else, and for an interface
   that this machine does not have. */
int endpoint_to_sockaddr(const Endpoint *endpoint, struct sockaddr_storage *ret_address,
                         socklen_t *ret_size);
