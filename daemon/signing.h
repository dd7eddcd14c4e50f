/* What an update is to be signed with: ready at once, or after a ticket and a context with the
   server (GSS-TSIG). */
#pragma once

#include "daemon/zone.h"

typedef struct Signing Signing;

/* Called once, from the loop, never from within signing_new(). auth is the signing's; NULL where
   trouble says why. */
typedef void (*SigningHandler)(Signing *signing, Auth *auth, const Trouble *trouble,
                               void *userdata);

/* For the i-th server of a zone with SECURITY_GSS. commanded_usec: since when an operator wants it
   tried (CLOCK_BOOTTIME), what failed or was made before may be mended by now; 0: nobody does.
   *ret_auth is not NULL if it is ready, then the handler is not called. -ENOENT and -ENOMEM as from
   zone_session(). */
int signing_new(Zone *zone, size_t i, const Access *access, uint64_t commanded_usec,
                SigningHandler handler, void *userdata, Signing **ret_signing, Auth **ret_auth);
Signing *signing_free(Signing *signing);

/* What of it is older than the command, or without one than RetryMin=, which is about how long
   nobody would have tried again. */
Staleness signing_staleness(const Signing *signing);

/* The next update is to be signed with something new. */
void signing_renew(const Signing *signing, Renewal renewal);

/* True the first time for a server. */
bool signing_note_no_length(const Signing *signing);
