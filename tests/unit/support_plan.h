/* What a plan is made from, as a plain value that a line of text can describe, and a plan as text.

   A scene is a list of items with semicolons; what is left out of an item is as it mostly is:

       want 10 20 kms1:1689/600 since=5    wanted; without since= SCENE_SINCE
       was kms1 [claimed]                  what the state knows as published
       srv 0 0 kms1:1689/600               observed; port 1688 and TTL 3600 where not said
       claim me kms1/600 ttl=60 since=5    a claim that is there; also until=, lease=, "dead";
                                           other words are strings of it that we do not know
       txt v=spf1 -all                     any other TXT, a word a string; TTL 3600
       from kms2                           the offer to take over from
       exclusive, observe, no-claims, optional, reclaim, strays, keep, refresh, cname, lease=N

   The publishers are "me" and "p1" .. "p9": the ids of p1 .. p4 are smaller than ours.

   A plan reads "VERDICT: OP, OP | NOTES". Ops: no-cname, srv, no-srv, no-txt; srvs and txts for the
   whole set as observed, value dependent; -srv, -claim, -txt as the scene has them; +srv, +claim.
 */
#pragma once

#include <check.h>
#include <stdbool.h>

#include "lib/plan.h"
#include "lib/util.h"

DEFINE_CLEANUP(Plan, plan_free)

/* ck_assert() for what is done a million times: that one writes to a file though it holds. */
#define must(condition) ((condition) ? (void)0 : ck_abort_msg("%s", #condition))

enum {
        SCENE_SET_MAX = 12,
        SCENE_TXT_SIZE_MAX = 160,
        SCENE_WORDS_MAX = 120,
        SCENE_TEXT_MAX = 2048,
        SCENE_SINCE = 100,
        SCENE_NOW = 1000000,
};

typedef struct SceneTxt {
        uint32_t ttl;
        uint16_t size;
        bool dead;
        uint8_t rdata[SCENE_TXT_SIZE_MAX];
        char words[SCENE_WORDS_MAX]; /* as a plan's text names it; "" where there was no text */
} SceneTxt;

typedef struct Scene {
        PlanInput input; /* policy and counts; scene_plan() sets the pointers */
        PlanWanted wanted[SCENE_SET_MAX];
        PlanRemembered remembered[SCENE_SET_MAX];
        bool has_from, has_cname;
        Srv from;
        size_t n_srv, n_txt;
        Srv srv[SCENE_SET_MAX];
        SceneTxt txt[SCENE_SET_MAX];
        /* Made by scene_observe(). */
        PublisherId id;
        Txt seen[SCENE_SET_MAX];
        Observation observation;
} Scene;

/* "me", "p1" .. "p9". */
PublisherId publisher_id(const char *who);

/* Nothing wanted, remembered or observed; claims are written. */
void scene_init(Scene *scene);
void scene_read(Scene *scene, const char *text);

/* "kms1:1689/600" */
void srv_read_offer(Srv *srv, const char *text);

void scene_add_srv(Scene *scene, const Srv *srv);
void scene_add_rdata(Scene *scene, const uint8_t *rdata, size_t size, uint32_t ttl);
void scene_add_claim(Scene *scene, const Claim *claim, uint32_t ttl);

/* What stands in the scene as an observation, the TXTs read as an answer's are. */
const Observation *scene_observe(Scene *scene);

/* The plan points into the scene, which must stay where it is. */
Plan *scene_plan(Scene *scene);

void scene_print_plan(const Scene *scene, const Plan *plan, char ret_text[static SCENE_TEXT_MAX]);

/* The scene as scene_read() takes it. */
void scene_print(const Scene *scene, char ret_text[static SCENE_TEXT_MAX]);

/* What stands in it. */
size_t scene_count_offer(const Scene *scene, const Srv *srv);
bool scene_has_srv(const Scene *scene, const Srv *srv); /* to the octet */
bool scene_has_txt(const Scene *scene, const Txt *txt);
bool scene_is_our_claim(const Scene *scene, const Txt *txt, const Srv *srv);

/* What the claim covers, as an SRV without numbers. */
Srv claim_offer(const Claim *claim);

/* Same RDATA to the octet (O2). */
bool srv_same_octets(const Srv *a, const Srv *b);
bool txt_same_octets(const SceneTxt *a, const Txt *b);

/* Fails the test unless the scene gives the plan, and its ops stand in the order of a message. */
void plan_check(const char *rule, const char *scene, const char *plan);
