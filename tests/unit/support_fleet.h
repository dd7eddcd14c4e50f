/* A fleet over a state of its own, and a scripted primary at the loopback address that holds one
   zone, contoso.com. */
#pragma once

#include "daemon/driver.h"
#include "daemon/fleet.h"
#include "tests/unit/support_config.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/support_state.h"

enum {
        CONNECTIONS_MAX = 32,
        UPDATES_TEXT_MAX = 4000,
};

typedef struct FleetWorld {
        Scratch scratch;
        State *state;
        Worker *worker;
        Hosts *hosts;
        ZoneTable zones;
        ConfigBox *box;
        Fleet *fleet;
        const char *fqdn; /* published instead of Target=kms1.contoso.com, if it is set */
        int n_changed;    /* times that there was something to count */
        int n_ended;      /* passes */
        int n_applied;    /* configurations */
        int n_done;

        /* The primary: what it answers to SRV and TXT queries, whatever the name, and to updates.
           One that is accepted puts what is "after" in the place of both. */
        int listener;
        struct sockaddr_in address;
        int fds[CONNECTIONS_MAX];
        size_t n_fds;
        ldns_pkt_rcode query_rcode, update_rcode;
        const char *srv, *txt, *srv_after, *txt_after;
        int n_queries, n_updates;
        char updates[UPDATES_TEXT_MAX]; /* as text, all that came */
} FleetWorld;

extern FleetWorld fleet_world;

void fleet_world_open(void);
void fleet_world_close(void);

/* A row that the state holds before the fleet begins. */
void fleet_world_remember(const char *service, const char *domain, const char *target,
                          bool derived);
/* ... that was published with gss-tsig; principal and realm may be "". */
void fleet_world_remember_gss(const char *domain, const char *keytab, const char *principal,
                              const char *realm);

/* Only the fleet. */
void fleet_world_make(void);
/* Begins a fleet, and applies a configuration: the words of DnsDomainPublishList=, lines for
   [Service] (NULL: none), and what is to follow [Update] (NULL: nothing). */
void fleet_world_start(const char *list, const char *service, const char *sections);
void fleet_world_apply(const char *list, const char *service, const char *sections);
/* ... only begins to. */
void fleet_world_begin(const char *list, const char *service, const char *sections);
/* The end, until all is given up or being withdrawn; returns how many withdrawals. */
size_t fleet_world_end(void);
/* The fleet ends; the state and the zone stay. */
void fleet_world_stop(void);

/* Runs the loop and the primary until *count is n. */
void fleet_world_wait(const int *count, int n);
/* ... until there is nothing more to do at once. */
void fleet_world_settle(void);

/* All rows of the state as text: "RECORD TARGET" a line. Valid until the next call. */
const char *fleet_world_rows(void);

Driver *fleet_world_find(const char *domain);
