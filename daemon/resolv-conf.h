/* The name servers of /etc/resolv.conf (resolv.conf(5)), read again when the file changes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/endpoint.h"

enum {
        RESOLV_CONF_SERVERS_MAX = 8,
};

typedef struct ResolvConf ResolvConf;

/* Reads nothing yet. -ENOMEM. */
int resolv_conf_new(const char *path, ResolvConf **ret_conf);
ResolvConf *resolv_conf_free(ResolvConf *conf);

/* The servers, never none: without a usable nameserver line, or without the file, 127.0.0.1 as
   libc does. Looks at the file if the last look was a second or more before now_usec. The array is
   conf's, until the next call. */
const Endpoint *resolv_conf_servers(ResolvConf *conf, uint64_t now_usec, size_t *ret_n);
