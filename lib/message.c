/* DNS requests in wire form, and an update as an nsupdate script.

   Queries are RFC 1035 4.1, updates RFC 2136 2: opcode UPDATE, no other flag (ldns's own packet
   would carry RD), one zone of type SOA, then prerequisites and updates, each class, type and TTL
   as 2.4 and 2.5 want them; TTL 0 but for what is added. Rows of one table say so, and what
   nsupdate calls them.

   Nothing is compressed: an SRV target must not be (RFC 2782), a TSIG owner must not be, and
   without it the size is known before a buffer is made, so that it can never overflow. A TXT that
   is named goes out with the very octets that were observed (O2), whatever they are. */
#include "lib/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

enum {
        HEADER_SIZE = 12,
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

static inline ldns_buffer *buffer_free(ldns_buffer *buffer) {
        ldns_buffer_free(buffer);
        return NULL;
}
DEFINE_CLEANUP(ldns_buffer, buffer_free)

static int message_from_buffer(const ldns_buffer *buffer, Message **ret_message) {
        const size_t size = ldns_buffer_position(buffer);
        const size_t capacity = size + MESSAGE_TSIG_ROOM;
        Message *message = calloc(1, sizeof(Message) + capacity);

        if (!message)
                return -ENOMEM;
        message->size = size;
        message->capacity = capacity;
        memcpy(message->bytes, ldns_buffer_begin(buffer), size);
        *ret_message = message;
        return 0;
}

static void write_header(ldns_buffer *buffer, uint16_t flags, uint16_t n_prerequisites,
                         uint16_t n_updates) {
        ldns_buffer_write_u16(buffer, 0); /* the id */
        ldns_buffer_write_u16(buffer, flags);
        ldns_buffer_write_u16(buffer, 1);
        ldns_buffer_write_u16(buffer, n_prerequisites);
        ldns_buffer_write_u16(buffer, n_updates);
        ldns_buffer_write_u16(buffer, 0);
}

/* The question of a query, or the zone of an update: they have one form. */
static void write_question(ldns_buffer *buffer, const Name *name, ldns_rr_type type) {
        ldns_buffer_write(buffer, name->wire, name->length);
        ldns_buffer_write_u16(buffer, type);
        ldns_buffer_write_u16(buffer, LDNS_RR_CLASS_IN);
}

int message_new_query(const Name *name, ldns_rr_type type, bool recurse, Message **ret_message) {
        _cleanup_(buffer_freep) ldns_buffer *buffer =
                ldns_buffer_new(HEADER_SIZE + name->length + QUESTION_FIXED_SIZE);

        if (!buffer)
                return -ENOMEM;
        write_header(buffer, recurse ? FLAG_RD : 0, 0, 0);
        write_question(buffer, name, type);
        return message_from_buffer(buffer, ret_message);
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

/* What parts will take in a message. */
typedef struct Measure {
        size_t size;
        size_t n_prerequisites, n_updates;
} Measure;

static int parts_measure(const Name *zone, const UpdatePart *parts, size_t n_parts,
                         Measure *ret_measure) {
        Measure measure = {.size = HEADER_SIZE + zone->length + QUESTION_FIXED_SIZE};
        Rdata rdata;

        for (size_t i = 0; i < n_parts; i++) {
                if (!name_is_within(parts[i].record, zone))
                        return -EINVAL;
                for (size_t j = 0; j < parts[i].plan->n_ops; j++) {
                        const PlanOp *op = &parts[i].plan->ops[j];

                        int r = op_rdata(op, &rdata);
                        if (r < 0)
                                return r;
                        measure.size += parts[i].record->length + RR_FIXED_SIZE + rdata.size;
                        if (plan_op_is_prerequisite(op->kind))
                                measure.n_prerequisites++;
                        else
                                measure.n_updates++;
                }
        }
        /* TCP frames carry 65535 octets, and a signature is still to come. */
        if (measure.size > MESSAGE_SIZE_MAX)
                return -EMSGSIZE;
        *ret_measure = measure;
        return 0;
}

static void write_op(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata) {
        ldns_buffer *buffer = userdata;

        ldns_buffer_write(buffer, record->wire, record->length);
        ldns_buffer_write_u16(buffer, forms[op->kind].type);
        ldns_buffer_write_u16(buffer, forms[op->kind].rr_class);
        ldns_buffer_write_u32(buffer, op_adds(op) ? op->ttl : 0);
        ldns_buffer_write_u16(buffer, rdata->size);
        ldns_buffer_write(buffer, rdata->bytes, rdata->size);
}

typedef void (*OpVisitor)(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata);

/* RFC 2136 2: all prerequisites, then all updates, in the order of the plans. */
static void parts_walk(const UpdatePart *parts, size_t n_parts, OpVisitor visit, void *userdata) {
        Rdata rdata;

        for (int updates = 0; updates < 2; updates++)
                for (size_t i = 0; i < n_parts; i++)
                        for (size_t j = 0; j < parts[i].plan->n_ops; j++) {
                                const PlanOp *op = &parts[i].plan->ops[j];

                                if (plan_op_is_prerequisite(op->kind) == !updates &&
                                    op_rdata(op, &rdata) >= 0)
                                        visit(userdata, parts[i].record, op, &rdata);
                        }
}

int message_new_update(const Name *zone, const UpdatePart *parts, size_t n_parts,
                       Message **ret_message) {
        Measure measure;

        int r = parts_measure(zone, parts, n_parts, &measure);
        if (r < 0)
                return r;

        _cleanup_(buffer_freep) ldns_buffer *buffer = ldns_buffer_new(measure.size);
        if (!buffer)
                return -ENOMEM;
        write_header(buffer, LDNS_PACKET_UPDATE << OPCODE_SHIFT, measure.n_prerequisites,
                     measure.n_updates);
        write_question(buffer, zone, LDNS_RR_TYPE_SOA);
        parts_walk(parts, n_parts, write_op, buffer);
        return message_from_buffer(buffer, ret_message);
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

static void print_op(void *userdata, const Name *record, const PlanOp *op, const Rdata *rdata) {
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
}

static bool lines_fit(const char *script) {
        for (const char *end; (end = strchr(script, '\n')); script = end + 1)
                if (end - script > SCRIPT_LINE_MAX)
                        return false;
        return true;
}

int message_update_script(const char *server, const Name *zone, const UpdatePart *parts,
                          size_t n_parts, char **ret_script) {
        _cleanup_(freep) char *text = NULL;
        char apex[ABSOLUTE_TEXT_MAX];
        Measure measure;
        size_t size;

        int r = parts_measure(zone, parts, n_parts, &measure);
        if (r < 0)
                return r;

        FILE *script = open_memstream(&text, &size);
        if (!script)
                return -ENOMEM;
        if (server)
                fprintf(script, "server %s\n", server);
        fprintf(script, "zone %s\n", name_to_absolute(zone, apex));
        parts_walk(parts, n_parts, print_op, script);
        fputs("send\n", script);

        const bool failed = ferror(script);
        if (fclose(script) != 0 || failed)
                return -ENOMEM;
        if (!lines_fit(text))
                return -EMSGSIZE;
        *ret_script = TAKE_PTR(text);
        return 0;
}
