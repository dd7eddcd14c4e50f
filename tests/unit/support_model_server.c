/* Prerequisites and updates of RFC 2136 on the SRV and TXT RRsets of one name.

   Four servers differ in what matters to publishers that share RRsets. BIND, PowerDNS and Knot have
   one TTL for an RRset, which any RR that is added sets for all; Knot passes over an add of what is
   there, with its TTL. Samba has a TTL for each RR, takes on the case of what is added, and is
   content if the RRs of a value-dependent prerequisite are among those that are there (3.2.3 asks
   that they are all). PowerDNS takes a target in other letters for another RR.

   Names in use, CNAMEs and deletes of RRsets are not here: no plan has them, or no rule of
   ownership depends on them. */
#include "tests/unit/support_model_server.h"

#include <string.h>

#include "lib/util.h"

const ModelKind model_kinds[] = {
        {.name = "bind"},
        {.name = "knot", .minds_new = true},
        {.name = "powerdns", .minds_case = true},
        {.name = "samba", .subset = true, .ttl_per_rr = true, .renews_case = true},
};
const size_t model_n_kinds = ELEMENTSOF(model_kinds);

void model_contents_copy(ModelContents *to, const ModelContents *from) {
        to->n_srv = from->n_srv;
        to->n_txt = from->n_txt;
        memcpy(to->srv, from->srv, from->n_srv * sizeof(from->srv[0]));
        memcpy(to->txt, from->txt, from->n_txt * sizeof(from->txt[0]));
}

ModelTxt model_txt(const uint8_t *rdata, size_t size, uint32_t ttl) {
        ModelTxt txt = {.ttl = ttl};

        if (size == 0 || size > MODEL_TXT_SIZE_MAX)
                abort(); /* the model is too small */
        txt.size = (uint16_t)size;
        memcpy(txt.rdata, rdata, size);
        txt.is_claim = claim_from_rdata(txt.rdata, txt.size, &txt.claim) == 0;
        return txt;
}

static ModelOp op_of(const PlanOp *op) {
        ModelOp result = {.kind = op->kind, .ttl = op->ttl};
        uint8_t rdata[CLAIM_RDATA_MAX];

        switch (op->kind) {
        case PLAN_REQUIRE_SRV_RR:
        case PLAN_DELETE_SRV:
        case PLAN_ADD_SRV:
                result.srv = op->srv;
                result.srv.ttl = op->ttl;
                break;
        case PLAN_REQUIRE_TXT_RR:
        case PLAN_DELETE_TXT:
                result.txt = model_txt(op->txt->rdata, op->txt->size, op->ttl);
                break;
        case PLAN_ADD_CLAIM:
                result.txt = model_txt(rdata, claim_to_rdata(&op->claim, rdata), op->ttl);
                break;
        case PLAN_REQUIRE_NO_CNAME:
        case PLAN_REQUIRE_SRV:
        case PLAN_REQUIRE_NO_SRV:
        case PLAN_REQUIRE_NO_TXT:
        case _PLAN_OP_MAX:
                break;
        }
        return result;
}

ModelMessage *model_message_new(const Plan *plan, uint8_t author) {
        ModelMessage *message = malloc(sizeof(*message) + plan->n_ops * sizeof(message->ops[0]));

        if (!message)
                abort();
        message->author = author;
        message->n_ops = plan->n_ops;
        for (size_t i = 0; i < plan->n_ops; i++)
                message->ops[i] = op_of(&plan->ops[i]);
        return message;
}

static bool same_srv(const ModelKind *kind, const Srv *a, const Srv *b) {
        return srv_equal(a, b) &&
               (!kind->minds_case || memcmp(a->target.wire, b->target.wire, a->target.length) == 0);
}

static bool same_txt(const ModelTxt *a, const ModelTxt *b) {
        return a->size == b->size && memcmp(a->rdata, b->rdata, a->size) == 0;
}

static ModelSrv *find_srv(ModelContents *contents, const ModelKind *kind, const Srv *srv) {
        for (size_t i = 0; i < contents->n_srv; i++)
                if (same_srv(kind, &contents->srv[i].srv, srv))
                        return &contents->srv[i];
        return NULL;
}

static ModelTxt *find_txt(ModelContents *contents, const ModelTxt *txt) {
        for (size_t i = 0; i < contents->n_txt; i++)
                if (same_txt(&contents->txt[i], txt))
                        return &contents->txt[i];
        return NULL;
}

/* --- prerequisites (3.2) ---------------------------------------------------------------------- */

/* 3.2.3: the RRs required are together the RRset; a plan names each of them once. */
static bool meets_values(ModelServer *server, const ModelMessage *message) {
        ModelContents *contents = &server->contents;
        size_t n_srv = 0, n_txt = 0;

        for (size_t i = 0; i < message->n_ops; i++) {
                const ModelOp *op = &message->ops[i];

                if (op->kind == PLAN_REQUIRE_SRV_RR) {
                        n_srv++;
                        if (!find_srv(contents, server->kind, &op->srv))
                                return false;
                } else if (op->kind == PLAN_REQUIRE_TXT_RR) {
                        n_txt++;
                        if (!find_txt(contents, &op->txt))
                                return false;
                }
        }
        return server->kind->subset || ((n_srv == 0 || n_srv == contents->n_srv) &&
                                        (n_txt == 0 || n_txt == contents->n_txt));
}

static ldns_pkt_rcode judge_prerequisites(ModelServer *server, const ModelMessage *message) {
        const ModelContents *contents = &server->contents;

        for (size_t i = 0; i < message->n_ops; i++) {
                const PlanOpKind kind = message->ops[i].kind;

                if (kind == PLAN_REQUIRE_SRV && contents->n_srv == 0)
                        return LDNS_RCODE_NXRRSET;
                if (kind == PLAN_REQUIRE_NO_SRV && contents->n_srv > 0)
                        return LDNS_RCODE_YXRRSET;
                if (kind == PLAN_REQUIRE_NO_TXT && contents->n_txt > 0)
                        return LDNS_RCODE_YXRRSET;
        }
        return meets_values(server, message) ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXRRSET;
}

/* --- updates (3.4.2) -------------------------------------------------------------------------- */

static bool delete_srv(ModelContents *contents, const ModelKind *kind, const Srv *srv) {
        ModelSrv *found = find_srv(contents, kind, srv);

        if (found)
                *found = contents->srv[--contents->n_srv];
        return found != NULL;
}

static bool delete_txt(ModelContents *contents, const ModelTxt *txt) {
        ModelTxt *found = find_txt(contents, txt);

        if (found)
                *found = contents->txt[--contents->n_txt];
        return found != NULL;
}

/* Whose it is after that: an author's own bit, none for the admin. */
static uint8_t bit_of(uint8_t author) {
        return author == MODEL_ADMIN ? 0 : (uint8_t)(1 << author);
}

static void add_srv(ModelContents *contents, const ModelKind *kind, const Srv *srv,
                    uint8_t author) {
        ModelSrv *found = find_srv(contents, kind, srv);

        if (found && kind->minds_new)
                return;
        if (!found) {
                if (contents->n_srv == MODEL_SRVS_MAX)
                        abort(); /* the model is too small */
                found = &contents->srv[contents->n_srv++];
                *found = (ModelSrv){.srv = *srv};
        }
        found->published_by |= bit_of(author);
        found->srv.ttl = srv->ttl;
        if (kind->renews_case)
                found->srv.target = srv->target;
        for (size_t i = 0; !kind->ttl_per_rr && i < contents->n_srv; i++)
                contents->srv[i].srv.ttl = srv->ttl;
}

static void add_txt(ModelContents *contents, const ModelKind *kind, const ModelTxt *txt,
                    uint64_t now_usec) {
        ModelTxt *found = find_txt(contents, txt);

        if (found && kind->minds_new)
                return;
        if (!found) {
                if (contents->n_txt == MODEL_TXTS_MAX)
                        abort(); /* the model is too small */
                found = &contents->txt[contents->n_txt++];
                *found = *txt;
                found->since_usec = now_usec;
        }
        found->ttl = txt->ttl;
        for (size_t i = 0; !kind->ttl_per_rr && i < contents->n_txt; i++)
                contents->txt[i].ttl = txt->ttl;
}

void model_contents_update(ModelContents *contents, const ModelKind *kind,
                           const ModelMessage *message, uint64_t now_usec, size_t *ret_missed) {
        *ret_missed = 0;
        for (size_t i = 0; i < message->n_ops; i++) {
                const ModelOp *op = &message->ops[i];

                if (op->kind == PLAN_DELETE_SRV)
                        *ret_missed += !delete_srv(contents, kind, &op->srv);
                else if (op->kind == PLAN_DELETE_TXT)
                        *ret_missed += !delete_txt(contents, &op->txt);
                else if (op->kind == PLAN_ADD_SRV)
                        add_srv(contents, kind, &op->srv, message->author);
                else if (op->kind == PLAN_ADD_CLAIM)
                        add_txt(contents, kind, &op->txt, now_usec);
        }
}

/* Policy comes first, as on BIND (C24b). The admin stands above it. */
static bool is_refused(const ModelServer *server, const ModelMessage *message) {
        if (!server->srv_only || message->author == MODEL_ADMIN)
                return false;
        for (size_t i = 0; i < message->n_ops; i++)
                if (message->ops[i].kind == PLAN_DELETE_TXT ||
                    message->ops[i].kind == PLAN_ADD_CLAIM)
                        return true;
        return false;
}

static void note_gone(ModelServer *server, const ModelMessage *message) {
        for (size_t i = 0; i < message->n_ops; i++) {
                const ModelOp *op = &message->ops[i];
                const ModelTxt *found =
                        op->kind == PLAN_DELETE_TXT ? find_txt(&server->contents, &op->txt) : NULL;

                if (found)
                        server->gone[server->n_gone++ % MODEL_GONE_MAX] = *found;
        }
}

/* Nobody who looks now and then can tell that what is back has been away. */
static void note_back(ModelServer *server, uint64_t now_usec) {
        for (size_t i = 0; i < server->contents.n_txt; i++) {
                ModelTxt *txt = &server->contents.txt[i];

                for (size_t j = 0; txt->since_usec == now_usec && j < MODEL_GONE_MAX; j++)
                        if (same_txt(txt, &server->gone[j]))
                                txt->since_usec = server->gone[j].since_usec;
        }
}

ldns_pkt_rcode model_server_judge(ModelServer *server, const ModelMessage *message) {
        return is_refused(server, message) ? LDNS_RCODE_REFUSED
                                           : judge_prerequisites(server, message);
}

ldns_pkt_rcode model_server_apply(ModelServer *server, const ModelMessage *message,
                                  uint64_t now_usec) {
        const ldns_pkt_rcode rcode = model_server_judge(server, message);
        size_t missed;

        if (rcode != LDNS_RCODE_NOERROR)
                return rcode;
        note_gone(server, message);
        model_contents_update(&server->contents, server->kind, message, now_usec, &missed);
        note_back(server, now_usec);
        return rcode;
}
