/* What the end of a pass is worth telling: once, when it is new, in a sysadmin's words. */
#pragma once

#include "daemon/access.h"
#include "daemon/summary.h"
#include "daemon/zone.h"
#include "lib/name.h"
#include "lib/plan.h"
#include "lib/publication.h"
#include "lib/record.h"

/* What a driver keeps between passes, and words that come with an event. */
typedef struct News {
        uint32_t told; /* hash of the trouble that was told last; 0: none */
        bool told_ttl;
        const char *detail; /* for the trouble of the event at hand; borrowed, else NULL */
        const char *server; /* of a search that failed; borrowed, else NULL */
} News;

/* A finished pass, borrowed. */
typedef struct NewsSource {
        const char *record;
        const char *domain;
        const Publication *publication;
        PublicationState state_before;
        const Plan *plan; /* the last one; may be NULL */
        const Access *access;
        const Zone *zone;  /* may be NULL */
        const Srv *wanted; /* NULL: nothing */
        bool once;         /* there will be no next try */
} NewsSource;

void news_tell(News *news, const NewsSource *source, Summary *summary, uint64_t now_usec);

/* --dry-run: the plan as an nsupdate script on stdout. */
void news_print_plan(const NewsSource *source, const Server *server);
