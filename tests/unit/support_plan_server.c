/* Models of servers, as they were measured: RFC 2136 3.4.2 leaves each some freedom. */
#include "tests/unit/support_plan_server.h"

#include <string.h>

const PlanServer plan_servers[] = {
        {"BIND", false, true, AGAIN_SETS_TTL},
        {"Knot", false, true, AGAIN_NOTHING},
        {"PowerDNS", true, true, AGAIN_SETS_TTL},
        {"Samba", false, false, AGAIN_SETS_TTL_AND_CASE},
};
const size_t plan_n_servers = ELEMENTSOF(plan_servers);

static Srv *server_find(const PlanServer *server, Scene *zone, const Srv *srv) {
        for (size_t i = 0; i < zone->n_srv; i++)
                if (server->minds_case ? srv_same_octets(&zone->srv[i], srv)
                                       : srv_equal(&zone->srv[i], srv))
                        return &zone->srv[i];
        return NULL;
}

void plan_server_add_srv(const PlanServer *server, Scene *zone, const Srv *srv) {
        Srv *there = server_find(server, zone, srv);

        if (there && server->again == AGAIN_NOTHING)
                return;
        if (!there)
                scene_add_srv(zone, srv);
        else if (server->again == AGAIN_SETS_TTL_AND_CASE)
                there->target = srv->target;
        there = server_find(server, zone, srv);
        there->ttl = srv->ttl;
        for (size_t i = 0; server->ttl_of_rrset && i < zone->n_srv; i++)
                zone->srv[i].ttl = srv->ttl;
}

static void server_delete_srv(const PlanServer *server, Scene *zone, const Srv *srv) {
        Srv *there = server_find(server, zone, srv);

        if (there)
                *there = zone->srv[--zone->n_srv];
}

static void server_delete_txt(Scene *zone, const Txt *txt) {
        for (size_t i = 0; i < zone->n_txt; i++)
                if (txt_same_octets(&zone->txt[i], txt)) {
                        zone->txt[i] = zone->txt[--zone->n_txt];
                        return;
                }
}

void plan_server_add_txt(const PlanServer *server, Scene *zone) {
        const SceneTxt *added = &zone->txt[zone->n_txt - 1];
        const uint32_t ttl = added->ttl;

        for (size_t i = 0; i + 1 < zone->n_txt; i++) {
                SceneTxt *there = &zone->txt[i];

                if (there->size != added->size ||
                    memcmp(there->rdata, added->rdata, added->size) != 0)
                        continue;
                zone->n_txt--;
                if (server->again == AGAIN_NOTHING)
                        return;
                there->ttl = ttl;
                break;
        }
        for (size_t i = 0; server->ttl_of_rrset && i < zone->n_txt; i++)
                zone->txt[i].ttl = ttl;
}

void plan_server_apply(const PlanServer *server, Scene *zone, const Plan *plan) {
        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                switch (op->kind) {
                case PLAN_DELETE_SRV:
                        server_delete_srv(server, zone, &op->srv);
                        break;
                case PLAN_DELETE_TXT:
                        server_delete_txt(zone, op->txt);
                        break;
                case PLAN_ADD_SRV:
                        must(op->srv.ttl == op->ttl);
                        plan_server_add_srv(server, zone, &op->srv);
                        break;
                case PLAN_ADD_CLAIM:
                        scene_add_claim(zone, &op->claim, op->ttl);
                        plan_server_add_txt(server, zone);
                        break;
                case PLAN_REQUIRE_NO_CNAME:
                case PLAN_REQUIRE_SRV:
                case PLAN_REQUIRE_NO_SRV:
                case PLAN_REQUIRE_NO_TXT:
                case PLAN_REQUIRE_SRV_RR:
                case PLAN_REQUIRE_TXT_RR:
                case _PLAN_OP_MAX:
                        break;
                }
        }
}
