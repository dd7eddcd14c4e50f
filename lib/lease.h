/* Leases of other publishers' claims: which of them have run out (O8). */
#pragma once

#include "lib/claim.h"
#include "lib/observation.h"

/* A claim with a lease, and since when it was seen as it is. */
typedef struct LeaseSight {
        Claim claim;
        uint64_t since_usec; /* of our own clock of time since boot */
} LeaseSight;

/* What was seen at one record name; a plain value, zero at first, ended with lease_watch_done(). */
typedef struct LeaseWatch {
        size_t n;
        LeaseSight *sights;
} LeaseWatch;

/* Takes in a new observation, and marks in it the claims that are dead: others' with a lease, past
   their until= by our wall clock, and seen unchanged for at least 10 minutes, two check intervals
   and, where the claim says how long its lease is, that long: a publisher that lives renews it
   within that, whatever its clock shows. -ENOMEM: none is marked. */
int lease_watch(LeaseWatch *watch, Observation *observation, const PublisherId *own,
                uint64_t check_interval_usec, uint64_t now_sec, uint64_t now_usec);
/* *ret_copy is the caller's to end. -ENOMEM. */
int lease_watch_copy(const LeaseWatch *watch, LeaseWatch *ret_copy);
void lease_watch_done(LeaseWatch *watch);
