/* A news desk: the end of a pass of one publication, told at once and caught from stderr. Plans are
   those of scenes (support_plan.h); the record is _vlmcs._tcp.contoso.com at server 192.0.2.1. */
#pragma once

#include "daemon/news.h"
#include "tests/unit/support_plan.h"

typedef struct Desk {
        News news;
        NewsSource source; /* of the next pass; its pointers point into the desk */
        Publication publication;
        Scene scene;
        Plan *plan;
        Wanted wanted; /* kms1:1688, priority 10, weight 20, TTL 1h */
        Access *access;
        Zone *zone;
        uint64_t now_usec;
} Desk;

extern Desk desk;

/* Messages down to this priority are told. */
void desk_open(int log_level);
void desk_close(void);

/* From now on outcomes are gathered, as those of many domains are, until desk_end() tells them. */
void desk_gather(void);
const char *desk_end(void);

/* A pass ended in this state, which was entered now; its plan is the scene's. What was told since
   it was asked last, is returned; valid until the next call. */
const char *desk_tell(PublicationState state, const char *scene);
/* The same for a pass that failed before it came to a plan. */
const char *desk_tell_trouble(PublicationState state, const Trouble *trouble);

/* Further hosts h1 .. hn. */
void desk_add_hosts(size_t n);
