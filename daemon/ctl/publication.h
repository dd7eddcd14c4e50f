/* Publications, as the daemon tells of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/ctl/client.h"

/* Strings are borrowed from the list. Times are those of the wall clock; 0: none. */
typedef struct CtlPublication {
        const char *domain;
        const char *record;
        char **srv; /* as dig shows them, up to a NULL */
        const char *state;
        const char *mode;
        int held; /* withdrawn by command; an int, as sd_bus_message_read() wants it */
        uint64_t since_usec;
        const char *zone;
        const char *server;
        const char *next;
        uint64_t next_usec;
        const char *error;
        uint32_t ttl;
        uint32_t n_foreign;
        char **notes; /* up to a NULL */
} CtlPublication;

typedef struct CtlPublicationList {
        CtlPublication *publications;
        size_t n, n_allocated;
        sd_bus_message **replies; /* which the strings belong to */
        size_t n_replies;
} CtlPublicationList;

/* All of them, or the one of a domain; release with publication_list_done(), in each case. */
CtlExit publication_list_read(Client *client, const char *domain, CtlPublicationList *ret_list);
void publication_list_done(CtlPublicationList *list);

/* The domains of those that is_meant says (NULL: of all): an array that is the caller's, of the
   list's strings. */
CtlExit publication_list_domains(const CtlPublicationList *list,
                                 bool (*is_meant)(const CtlPublication *publication),
                                 const char ***ret_domains, size_t *ret_n);

/* denied or failed. */
bool publication_is_in_trouble(const CtlPublication *publication);
