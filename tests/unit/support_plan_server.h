/* What four servers make of a plan's updates: how each compares RDATA, what it makes of an RR that
   it has, and whether a TTL is an RR's or the RRset's. Prerequisites are not looked at. */
#pragma once

#include "tests/unit/support_plan.h"

typedef enum Again { /* what an add does to an RR that is there */
                     AGAIN_SETS_TTL,
                     AGAIN_SETS_TTL_AND_CASE,
                     AGAIN_NOTHING,
} Again;

typedef struct PlanServer {
        const char *name;
        bool minds_case;
        bool ttl_of_rrset;
        Again again;
} PlanServer;

extern const PlanServer plan_servers[];
extern const size_t plan_n_servers;

void plan_server_add_srv(const PlanServer *server, Scene *zone, const Srv *srv);

/* The TXT to be added is the last of the scene. */
void plan_server_add_txt(const PlanServer *server, Scene *zone);

/* The plan may have been made from another scene than the zone. */
void plan_server_apply(const PlanServer *server, Scene *zone, const Plan *plan);
