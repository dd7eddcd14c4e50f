/*
 * Servers as operators write them: an address or a host name, with an optional port.
 *
 * One colon divides a host from its port, two make an IPv6 address, which needs brackets to carry a
 * port (RFC 3986 3.2.2); a link-local one needs its interface behind % and no other has one (RFC
 * 4007 11). Host names obey RFC 952 and RFC 1123 2.1: letters, digits and inner hyphens, and a last
 * label that is no number, so that a mistyped address is never looked up as a name.
 */
#include "lib/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

enum {
        PORT_DNS = 53,
        LABEL_MAX = 63,
};

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int port_from_text(const char *text, uint16_t *ret_port) {
        size_t n_digits = strspn(text, DIGITS);
        if (n_digits > 5 || text[n_digits] != '\0')
                return -EINVAL;

        unsigned long port = strtoul(text, NULL, 10);
        if (port == 0 || port > UINT16_MAX)
                return -EINVAL;
        *ret_port = port;
        return 0;
}

/* interface: what is behind %, or NULL. */
static bool split_ipv6(const char *host, struct in6_addr *ret_address, const char **ret_interface) {
        char address[INET6_ADDRSTRLEN];
        size_t size = strcspn(host, "%");

        if (size >= sizeof(address))
                return false;
        memcpy(address, host, size);
        address[size] = '\0';
        *ret_interface = host[size] == '%' ? host + size + 1 : NULL;
        return inet_pton(AF_INET6, address, ret_address) == 1;
}

static bool host_is_ipv6(const char *host) {
        const char *interface;
        struct in6_addr in6;

        if (!split_ipv6(host, &in6, &interface))
                return false;
        if (!interface)
                return !IN6_IS_ADDR_LINKLOCAL(&in6);
        size_t length = strlen(interface);
        return IN6_IS_ADDR_LINKLOCAL(&in6) && length > 0 && length < IF_NAMESIZE &&
               strspn(interface, LETTERS DIGITS "._-@:") == length;
}

static bool host_is_name(const char *host) {
        const char *label = host;

        for (;;) {
                size_t length = strspn(label, LETTERS DIGITS "-");
                if (length == 0 || length > LABEL_MAX || label[0] == '-' ||
                    label[length - 1] == '-')
                        return false;
                if (label[length] == '\0')
                        return strspn(label, DIGITS) < length;
                if (label[length] != '.')
                        return false;
                label += length + 1;
        }
}

static int host_from_text(const char *text, size_t size, Endpoint *endpoint) {
        bool has_final_dot = size > 1 && text[size - 1] == '.';
        struct in_addr in;

        size -= has_final_dot;
        if (size >= sizeof(endpoint->host))
                return -EINVAL;
        memcpy(endpoint->host, text, size);
        endpoint->host[size] = '\0';

        if (strchr(endpoint->host, ':')) {
                endpoint->family = AF_INET6;
                return host_is_ipv6(endpoint->host) && !has_final_dot ? 0 : -EINVAL;
        }
        if (inet_pton(AF_INET, endpoint->host, &in) == 1) {
                endpoint->family = AF_INET;
                return !has_final_dot ? 0 : -EINVAL;
        }
        endpoint->family = AF_UNSPEC;
        return host_is_name(endpoint->host) ? 0 : -EINVAL;
}

int endpoint_from_text(const char *text, Endpoint *ret_endpoint) {
        Endpoint endpoint = {.port = PORT_DNS};
        const char *colon = strchr(text, ':'), *host = text, *end = text + strlen(text);
        const char *port = NULL;
        int r = 0;

        if (text[0] == '[') {
                host = text + 1;
                end = strchr(host, ']');
                /* Brackets are for IPv6 alone (RFC 3986 3.2.2). */
                if (!end || (end[1] != '\0' && end[1] != ':') ||
                    !memchr(host, ':', (size_t)(end - host)))
                        return -EINVAL;
                port = end[1] == ':' ? end + 2 : NULL;
        } else if (colon && !strchr(colon + 1, ':')) {
                end = colon;
                port = colon + 1;
        }

        if (port)
                r = port_from_text(port, &endpoint.port);
        if (r >= 0)
                r = host_from_text(host, end - host, &endpoint);
        if (r < 0)
                return r;
        *ret_endpoint = endpoint;
        return 0;
}

const char *endpoint_to_text(const Endpoint *endpoint, char buffer[static ENDPOINT_TEXT_MAX]) {
        bool is_ipv6 = endpoint->family == AF_INET6;

        if (endpoint->port == PORT_DNS)
                snprintf(buffer, ENDPOINT_TEXT_MAX, "%s", endpoint->host);
        else
                snprintf(buffer, ENDPOINT_TEXT_MAX, "%s%s%s:%u", is_ipv6 ? "[" : "", endpoint->host,
                         is_ipv6 ? "]" : "", endpoint->port);
        return buffer;
}

static int ipv4_to_sockaddr(const Endpoint *endpoint, struct sockaddr_in *ret_address) {
        *ret_address = (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons(endpoint->port),
        };
        return inet_pton(AF_INET, endpoint->host, &ret_address->sin_addr) == 1 ? 0 : -EINVAL;
}

/* An interface may go by its number too (RFC 4007 11.2). */
static int ipv6_to_sockaddr(const Endpoint *endpoint, struct sockaddr_in6 *ret_address) {
        unsigned long scope = 0;
        const char *interface;
        char *end = NULL;

        *ret_address = (struct sockaddr_in6){
                .sin6_family = AF_INET6,
                .sin6_port = htons(endpoint->port),
        };
        if (!split_ipv6(endpoint->host, &ret_address->sin6_addr, &interface))
                return -EINVAL;
        if (interface && (scope = if_nametoindex(interface)) == 0) {
                scope = strtoul(interface, &end, 10);
                if (*end != '\0' || scope == 0 || scope > UINT32_MAX)
                        return -EINVAL;
        }
        ret_address->sin6_scope_id = (uint32_t)scope;
        return 0;
}

int endpoint_to_sockaddr(const Endpoint *endpoint, struct sockaddr_storage *ret_address,
                         socklen_t *ret_size) {
        const bool is_ipv6 = endpoint->family == AF_INET6;
        int r = -EINVAL;

        if (is_ipv6)
                r = ipv6_to_sockaddr(endpoint, (struct sockaddr_in6 *)ret_address);
        else if (endpoint->family == AF_INET)
                r = ipv4_to_sockaddr(endpoint, (struct sockaddr_in *)ret_address);
        if (r == 0)
                *ret_size = is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        return r;
}
