/* A model of a primary at one record name: RFC 2136 3.2 and 3.4.2 to the letter, and the ways in
   which real servers leave them. What its records carry besides is for the rules (see
   support_model_rules.h), no publisher sees it. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/claim.h"
#include "lib/plan.h"

enum {
        MODEL_SRVS_MAX = 40,
        MODEL_TXTS_MAX = 56,
        MODEL_TXT_SIZE_MAX = 240,
        MODEL_GONE_MAX = 8,
        MODEL_ADMIN = 7, /* as the author of a message */
};

typedef struct ModelSrv {
        Srv srv;
        uint8_t published_by; /* bits: whose message added it, or who wanted it as it was found */
} ModelSrv;

typedef struct ModelTxt {
        uint32_t ttl;
        uint16_t size;
        uint8_t rdata[MODEL_TXT_SIZE_MAX];
        bool is_claim;
        Claim claim;
        uint64_t since_usec; /* it has been there unchanged; to be away for a moment does not count
                              */
} ModelTxt;

typedef struct ModelContents {
        size_t n_srv, n_txt;
        ModelSrv srv[MODEL_SRVS_MAX];
        ModelTxt txt[MODEL_TXTS_MAX];
} ModelContents;

void model_contents_copy(ModelContents *to, const ModelContents *from);
ModelTxt model_txt(const uint8_t *rdata, size_t size, uint32_t ttl);

/* How a server keeps records. */
typedef struct ModelKind {
        const char *name;
        bool subset;      /* a value-dependent prerequisite is met by a part of the RRset */
        bool ttl_per_rr;  /* else adding with another TTL rewrites the RRset's */
        bool minds_new;   /* adding what is there does nothing, whatever its TTL */
        bool minds_case;  /* RDATA of another case is another RR */
        bool renews_case; /* adding what is there takes on the case of what is added */
} ModelKind;

extern const ModelKind model_kinds[];
extern const size_t model_n_kinds;

typedef struct ModelServer {
        const ModelKind *kind;
        bool srv_only; /* by policy REFUSED: whatever would add or delete a TXT */
        size_t n_gone; /* the last TXTs that were deleted, in a ring */
        ModelTxt gone[MODEL_GONE_MAX];
        ModelContents contents;
} ModelServer;

typedef struct ModelOp {
        PlanOpKind kind;
        uint32_t ttl;
        union {
                Srv srv;
                ModelTxt txt;
        };
} ModelOp;

typedef struct ModelMessage {
        uint8_t author;
        size_t n_ops;
        ModelOp ops[];
} ModelMessage;

/* From a plan, in its order. The caller frees it. */
ModelMessage *model_message_new(const Plan *plan, uint8_t author);

/* What it would answer, and then doing it: all of it or nothing. */
ldns_pkt_rcode model_server_judge(ModelServer *server, const ModelMessage *message);
ldns_pkt_rcode model_server_apply(ModelServer *server, const ModelMessage *message,
                                  uint64_t now_usec);

/* The updates alone, whatever the prerequisites say: what the message was meant to come to.
 *ret_missed: how many deletes found nothing. */
void model_contents_update(ModelContents *contents, const ModelKind *kind,
                           const ModelMessage *message, uint64_t now_usec, size_t *ret_missed);
