/* What the end of a pass is worth telling: once, when it is new, in a sysadmin's words. */
#pragma once

#include "daemon/access.h"
#include "daemon/summary.h"
#include "daemon/zone.h"
#include "lib/name.h"
#include "lib/offer.h"
#include "lib/plan.h"
#include "lib/publication.h"
#include "lib/record.h"

/* What a driver keeps between passes. */
typedef struct News {
        uint32_t told;        /* hash of the trouble that was told last; 0: none */
        uint32_t told_looked; /* hash of what was told of a standby's holder, or observed */
        uint8_t told_notes;   /* PLAN_NOTE_* */
        bool told_ttl;
        bool told_claims_denied;
        bool told_varies;
} News;

/* A finished pass, borrowed. */
typedef struct NewsSource {
        const char *record;
        const char *domain;
        const Publication *publication;
        PublicationState state_before;
        const Plan *plan;               /* the last one; may be NULL */
        const Observation *observation; /* the plan's */
        const PublisherId *id;
        unsigned notes;   /* of all plans of this pass */
        const char *gone; /* what of others was removed, "" nothing */
        const Access *access;
        const Zone *zone; /* may be NULL */
        const Wanted *wanted;
        bool once;          /* there will be no next try */
        const char *detail; /* words that came with the trouble; NULL: none */
        const char *server; /* of a search that failed; else NULL */
} NewsSource;

void news_tell(News *news, const NewsSource *source, Summary *summary, uint64_t now_usec);

/* Cause and cure of a pass that failed. malloc'ed; NULL without memory. */
char *news_trouble_text(const NewsSource *source);

/* E6.3: to be said once of a server (NULL: unknown). */
void news_tell_no_length(const Server *server);

/* What of others a plan removes: "SRV 0 0 1688 old.contoso.com.". malloc'ed; NULL: nothing. */
char *news_gone_text(const Plan *plan);

/* --dry-run: the plan as an nsupdate script on stdout. */
void news_print_plan(const NewsSource *source, const Server *server);

/* The plan as an nsupdate script. malloc'ed; NULL: there is nothing to send. -ENOMEM. */
int news_plan_script(const NewsSource *source, const Server *server, char **ret_script);

/* For who words news beside (daemon/ownership): the fields and the server of a finished pass, and a
   hash to notice that a text differs from the last one, never 0. */
LogFields news_fields(const NewsSource *source, const char *server, char zone[NAME_TEXT_MAX]);
const char *news_server(const NewsSource *source);
uint32_t news_hash(const char *text);
