/* getaddrinfo() as a suite says, for the hosts of NAMES_DOMAIN; all others are looked up as ever.
   The suite defines getaddrinfo() itself, with what is here. */
#pragma once

#include <netdb.h>
#include <stddef.h>

#define NAMES_DOMAIN "contoso.com"

enum {
        NAMES_ADDRESSES_MAX = 64,
};

int names_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **ret_list);

/* From now on every host has these addresses, in this order; none: there is no such host. Forgets
   how often was asked, and holds nothing back. */
void names_are(const char *const addresses[], size_t n);
void name_is(const char *address);

/* Calls stay in their thread, until names_release(). */
void names_hold(void);
void names_release(void);

/* How many calls began, of what hosts ever. */
unsigned names_asked(void);
