/* DNS requests in wire form, and an update as an nsupdate script.

   Queries are RFC 1035 4.1, updates RFC 2136 2: opcode UPDATE, no other flag (ldns's own packet
   would carry RD), one zone of type SOA, then prerequisites and updates, each class, type and TTL
   as 2.4 and 2.5 want them; TTL 0 but for what is added. Rows of one table say so, and what
   nsupdate calls them.

   Nothing is compressed: an SRV target must not be (RFC 2782), nor a TSIG owner. A TXT that is
   named goes out with the very octets that were observed (O2), whatever they are. */
#include "lib/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

enum {
        HEADER_SIZE = 12,
        FLAGS_OFFSET = 2, /* in it */
        QUESTIONS_OFFSET = 4,
        PREREQUISITES_OFFSET = 6,
        UPDATES_OFFSET = 8,
        QUESTION_FIXED_SIZE = 4, /* type, class */
        RR_FIXED_SIZE = 10,      /* type, class, TTL, length of RDATA */
        SRV_FIXED_SIZE = 6,      /* priority, weight, port */
        FLAG_RD = 1 << 8,
        OPCODE_SHIFT = 11,
        ABSOLUTE_TEXT_MAX = NAME_TEXT_MAX + 1,
        /* nsupdate takes what is behind it for a command of its own: a TXT could give orders. */
        SCRIPT_LINE_MAX = 128 * 1024 - 2,
};

typedef struct Form {
        ldns_rr_type type;
        ldns_rr_class rr_class;
        const char *command;
} Form;

static const Form forms[_PLAN_OP_MAX] = {
        [PLAN_REQUIRE_NO_CNAME] = {LDNS_RR_TYPE_CNAME, LDNS_RR_CLASS_NONE, "prereq nxrrset"},
        [PLAN_REQUIRE_SRV] = {LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_ANY, "prereq yxrrset"},
        [PLAN_REQUIRE_NO_SRV] = {LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_NONE, "prereq nxrrset"},
        [PLAN_REQUIRE_NO_TXT] = {LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_NONE, "prereq nxrrset"},
        [PLAN_REQUIRE_SRV_RR] = {LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_IN, "prereq yxrrset"},
        [PLAN_REQUIRE_TXT_RR] = {LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, "prereq yxrrset"},
        [PLAN_DELETE_SRV] = {LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_NONE, "update delete"},
        [PLAN_DELETE_TXT] = {LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_NONE, "update delete"},
        [PLAN_ADD_SRV] = {LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_IN, "update add"},
        [PLAN_ADD_CLAIM] = {LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, "update add"},
};

/* What an op puts behind the length of its RDATA. */
typedef struct Rdata {
        const uint8_t *bytes; /* made, or the observation's */
        size_t size;
        uint8_t made[CLAIM_RDATA_MAX];
} Rdata;

/* The question of a query and the zone of an update have one form. */
static int message_begin(const Name *name, ldns_rr_type type, uint16_t flags,
                         Message **ret_message) {
        const size_t size = HEADER_SIZE + name->length + QUESTION_FIXED_SIZE;
        const size_t capacity = size + MESSAGE_TSIG_ROOM;
        Message *message = malloc(sizeof(Message) + capacity);
        uint8_t *at;

        if (!message)
                return -ENOMEM;
        message->size = size;
        message->capacity = capacity;
        memset(message->bytes, 0, HEADER_SIZE);
        ldns_write_uint16(message->bytes + FLAGS_OFFSET, flags);
        ldns_write_uint16(message->bytes + QUESTIONS_OFFSET, 1);
        at = mempcpy(message->bytes + HEADER_SIZE, name->wire, name->length);
        ldns_write_uint16(at, type);
        ldns_write_uint16(at + 2, LDNS_RR_CLASS_IN);
        *ret_message = message;
        return 0;
}

/* Room for n octets behind it. NULL without memory. */
static uint8_t *message_extend(Message **message, size_t n) {
        const size_t size = (*message)->size + n;

        if (size > (*message)->capacity) {
                Message *larger = realloc(*message, sizeof(Message) + 2 * size);

                if (!larger)
                        return NULL;
                larger->capacity = 2 * size;
                *message = larger;
        }
        (*message)->size = size;
        return (*message)->bytes + size - n;
}

int message_new_query(const Name *name, ldns_rr_type type, bool recurse, Message **ret_message) {
        return message_begin(name, type, recurse ? FLAG_RD : 0, ret_message);
}

static size_t srv_to_rdata(const Srv *srv, uint8_t *rdata) {
        ldns_write_uint16(rdata, srv->priority);
        ldns_write_uint16(rdata + 2, srv->weight);
        ldns_write_uint16(rdata + 4, srv->port);
        memcpy(rdata + SRV_FIXED_SIZE, srv->target.wire, srv->target.length);
        return SRV_FIXED_SIZE + srv->target.length;
}

/* -EINVAL for a claim that cannot be written. */
static int op_rdata(const PlanOp *op, Rdata *rdata) {
        rdata->bytes = rdata->made;
        rdata->size = 0;

        switch (op->kind) {
        case PLAN_REQUIRE_NO_CNAME:
        case PLAN_REQUIRE_SRV:
        case PLAN_REQUIRE_NO_SRV:
        case PLAN_REQUIRE_NO_TXT:
                return 0;
        case PLAN_REQUIRE_SRV_RR:
        case PLAN_DELETE_SRV:
        case PLAN_ADD_SRV:
                rdata->size = srv_to_rdata(&op->srv, rdata->made);
                return 0;
        case PLAN_REQUIRE_TXT_RR:
        case PLAN_DELETE_TXT:
                rdata->bytes = op->txt->rdata;
                rdata->size = op->txt->size;
                return 0;
        case PLAN_ADD_CLAIM:
                rdata->size = claim_to_rdata(&op->claim, rdata->made);
                return rdata->size > 0 ? 0 : -EINVAL;
        case _PLAN_OP_MAX:
                break;
        }
        return -EINVAL;
}

static bool op_adds(const PlanOp *op) {
        return op->kind == PLAN_ADD_SRV || op->kind == PLAN_ADD_CLAIM;
}

typedef int (*OpVisitor)(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata);

/* RFC 2136 2: all prerequisites, then all updates, in the order of the plans. */
static int parts_walk(const UpdatePart *parts, size_t n_parts, OpVisitor visit, void *userdata) {
        Rdata rdata;
        int r = 0;

        for (int updates = 0; updates < 2; updates++)
                for (size_t i = 0; i < n_parts; i++)
                        for (size_t j = 0; r >= 0 && j < parts[i].plan->n_ops; j++) {
                                const PlanOp *op = &parts[i].plan->ops[j];

                                if (plan_op_is_prerequisite(op->kind) == updates)
                                        continue;
                                r = op_rdata(op, &rdata);
                                if (r >= 0)
                                        r = visit(userdata, parts[i].record, op, &rdata);
                        }
        return r;
}

static int write_op(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata) {
        Message **message = userdata;
        uint8_t *at = message_extend(message, record->length + RR_FIXED_SIZE + rdata->size);

        if (!at)
                return -ENOMEM;
        /* TCP frames carry 65535 octets, and a signature is still to come. */
        if ((*message)->size > MESSAGE_SIZE_MAX)
                return -EMSGSIZE;
        at = mempcpy(at, record->wire, record->length);
        ldns_write_uint16(at, forms[op->kind].type);
        ldns_write_uint16(at + 2, forms[op->kind].rr_class);
        ldns_write_uint32(at + 4, op_adds(op) ? op->ttl : 0);
        ldns_write_uint16(at + 8, rdata->size);
        memcpy(at + RR_FIXED_SIZE, rdata->bytes, rdata->size);

        at = (*message)->bytes +
             (plan_op_is_prerequisite(op->kind) ? PREREQUISITES_OFFSET : UPDATES_OFFSET);
        ldns_write_uint16(at, ldns_read_uint16(at) + 1);
        return 0;
}

int message_new_update(const Name *zone, const UpdatePart *parts, size_t n_parts,
                       Message **ret_message) {
        _cleanup_(freep) Message *message = NULL;
        int r = 0;

        for (size_t i = 0; i < n_parts; i++)
                if (!name_is_within(parts[i].record, zone))
                        return -EINVAL;
        r = message_begin(zone, LDNS_RR_TYPE_SOA, LDNS_PACKET_UPDATE << OPCODE_SHIFT, &message);
        if (r >= 0)
                r = parts_walk(parts, n_parts, write_op, &message);
        if (r >= 0 && !message_extend(&message, MESSAGE_TSIG_ROOM))
                r = -ENOMEM;
        if (r < 0)
                return r;
        message->size -= MESSAGE_TSIG_ROOM;
        message->capacity = message->size + MESSAGE_TSIG_ROOM;
        *ret_message = TAKE_PTR(message);
        return 0;
}

/* With the final dot that keeps nsupdate from taking a name as relative. */
static const char *name_to_absolute(const Name *name, char buffer[static ABSOLUTE_TEXT_MAX]) {
        name_to_text(name, buffer);
        if (name->length > 1)
                strcat(buffer, ".");
        return buffer;
}

/* A TXT's character-strings, quoted and escaped (RFC 1035 5.1), so that a terminal shows them as
   they are and nsupdate reads the same octets back. */
static void print_strings(FILE *script, const uint8_t *rdata, size_t size) {
        for (size_t at = 0, end; at < size; at = end) {
                end = at + 1 + rdata[at];
                if (end > size)
                        end = size;

                fputs(" \"", script);
                for (size_t i = at + 1; i < end; i++) {
                        if (rdata[i] < ' ' || rdata[i] >= 0x7f)
                                fprintf(script, "\\%03u", rdata[i]);
                        else if (rdata[i] == '"' || rdata[i] == '\\')
                                fprintf(script, "\\%c", rdata[i]);
                        else
                                fputc(rdata[i], script);
                }
                fputc('"', script);
        }
}

static const char *type_to_string(ldns_rr_type type) {
        return type == LDNS_RR_TYPE_CNAME ? "CNAME" : type == LDNS_RR_TYPE_SRV ? "SRV" : "TXT";
}

static int print_op(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata) {
        const Form *form = &forms[op->kind];
        char owner[ABSOLUTE_TEXT_MAX], text[SRV_TEXT_MAX];
        FILE *script = userdata;

        fprintf(script, "%s %s ", form->command, name_to_absolute(record, owner));
        if (op_adds(op))
                fprintf(script, "%" PRIu32 " ", op->ttl);
        fputs(type_to_string(form->type), script);
        if (rdata->size > 0 && form->type == LDNS_RR_TYPE_SRV)
                fprintf(script, " %s", srv_to_text(&op->srv, text));
        else
                print_strings(script, rdata->bytes, rdata->size);
        fputc('\n', script);
        return 0;
}

static bool lines_fit(const char *script) {
        for (const char *end; (end = strchr(script, '\n')); script = end + 1)
                if (end - script > SCRIPT_LINE_MAX)
                        return false;
        return true;
}

int message_update_script(const char *server, const Name *zone, const UpdatePart *parts,
                          size_t n_parts, char **ret_script) {
        _cleanup_(freep) Message *message = NULL;
        _cleanup_(freep) char *text = NULL;
        char apex[ABSOLUTE_TEXT_MAX];
        size_t size;

        /* What could not be sent has no script. */
        int r = message_new_update(zone, parts, n_parts, &message);
        if (r < 0)
                return r;

        FILE *script = open_memstream(&text, &size);
        if (!script)
                return -ENOMEM;
        if (server)
                fprintf(script, "server %s\n", server);
        fprintf(script, "zone %s\n", name_to_absolute(zone, apex));
        (void)parts_walk(parts, n_parts, print_op, script);
        fputs("send\n", script);

        const bool failed = ferror(script);
        if (fclose(script) != 0 || failed)
                return -ENOMEM;
        if (!lines_fit(text))
                return -EMSGSIZE;
        *ret_script = TAKE_PTR(text);
        return 0;
}
