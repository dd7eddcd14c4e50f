/* DNS requests in wire form, and an update as an nsupdate script.

   Queries are RFC 1035 4.1, updates RFC 2136 2: opcode UPDATE, no other flag (ldns's own packet
   would carry RD), one zone of type SOA, then prerequisites and updates, each class, type and TTL
   as 2.4 and 2.5 want them. Rows of one table say so, and what nsupdate calls them.

   Nothing is compressed: an SRV target must not be (RFC 2782), a TSIG owner must not be, and
   without it the size is known before a buffer is made, so that it can never overflow. */
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
};

typedef struct Form {
        bool is_prerequisite;
        bool has_rdata;
        ldns_rr_class rr_class;
        ldns_rr_type type;
        const char *command;
} Form;

static const Form forms[_PLAN_OP_MAX] = {
        [PLAN_REQUIRE_NO_CNAME] = {true, false, LDNS_RR_CLASS_NONE, LDNS_RR_TYPE_CNAME,
                                   "prereq nxrrset"},
        [PLAN_REQUIRE_SRV] = {true, false, LDNS_RR_CLASS_ANY, LDNS_RR_TYPE_SRV, "prereq yxrrset"},
        [PLAN_DELETE] = {false, true, LDNS_RR_CLASS_NONE, LDNS_RR_TYPE_SRV, "update delete"},
        [PLAN_ADD] = {false, true, LDNS_RR_CLASS_IN, LDNS_RR_TYPE_SRV, "update add"},
};

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

static size_t op_size(const Name *record, const PlanOp *op) {
        size_t size = record->length + RR_FIXED_SIZE;

        if (forms[op->kind].has_rdata)
                size += SRV_FIXED_SIZE + op->srv.target.length;
        return size;
}

static void write_op(ldns_buffer *buffer, const Name *record, const PlanOp *op) {
        const Form *form = &forms[op->kind];
        const Srv *srv = &op->srv;

        ldns_buffer_write(buffer, record->wire, record->length);
        ldns_buffer_write_u16(buffer, form->type);
        ldns_buffer_write_u16(buffer, form->rr_class);
        ldns_buffer_write_u32(buffer, op->kind == PLAN_ADD ? srv->ttl : 0);
        if (!form->has_rdata) {
                ldns_buffer_write_u16(buffer, 0);
                return;
        }
        ldns_buffer_write_u16(buffer, SRV_FIXED_SIZE + srv->target.length);
        ldns_buffer_write_u16(buffer, srv->priority);
        ldns_buffer_write_u16(buffer, srv->weight);
        ldns_buffer_write_u16(buffer, srv->port);
        ldns_buffer_write(buffer, srv->target.wire, srv->target.length);
}

static void write_section(ldns_buffer *buffer, const UpdatePart *parts, size_t n_parts,
                          bool prerequisites) {
        for (size_t i = 0; i < n_parts; i++)
                for (size_t j = 0; j < parts[i].plan->n_ops; j++) {
                        const PlanOp *op = &parts[i].plan->ops[j];

                        if (forms[op->kind].is_prerequisite == prerequisites)
                                write_op(buffer, parts[i].record, op);
                }
}

static bool parts_are_within(const Name *zone, const UpdatePart *parts, size_t n_parts) {
        for (size_t i = 0; i < n_parts; i++)
                if (!name_is_within(parts[i].record, zone))
                        return false;
        return true;
}

int message_new_update(const Name *zone, const UpdatePart *parts, size_t n_parts,
                       Message **ret_message) {
        size_t size = HEADER_SIZE + zone->length + QUESTION_FIXED_SIZE;
        size_t n_prerequisites = 0, n_updates = 0;

        if (!parts_are_within(zone, parts, n_parts))
                return -EINVAL;
        for (size_t i = 0; i < n_parts; i++)
                for (size_t j = 0; j < parts[i].plan->n_ops; j++) {
                        const PlanOp *op = &parts[i].plan->ops[j];

                        size += op_size(parts[i].record, op);
                        if (forms[op->kind].is_prerequisite)
                                n_prerequisites++;
                        else
                                n_updates++;
                }
        /* TCP frames carry 65535 octets, and a signature is still to come. */
        if (size > MESSAGE_SIZE_MAX)
                return -EMSGSIZE;

        _cleanup_(buffer_freep) ldns_buffer *buffer = ldns_buffer_new(size);
        if (!buffer)
                return -ENOMEM;
        write_header(buffer, LDNS_PACKET_UPDATE << OPCODE_SHIFT, n_prerequisites, n_updates);
        write_question(buffer, zone, LDNS_RR_TYPE_SOA);
        write_section(buffer, parts, n_parts, true);
        write_section(buffer, parts, n_parts, false);
        return message_from_buffer(buffer, ret_message);
}

/* With the final dot that keeps nsupdate from taking a name as relative. */
static const char *name_to_absolute(const Name *name, char buffer[static ABSOLUTE_TEXT_MAX]) {
        name_to_text(name, buffer);
        if (name->length > 1)
                strcat(buffer, ".");
        return buffer;
}

static void print_op(FILE *script, const Name *record, const PlanOp *op) {
        const Form *form = &forms[op->kind];
        char owner[ABSOLUTE_TEXT_MAX], rdata[SRV_TEXT_MAX];

        fprintf(script, "%s %s ", form->command, name_to_absolute(record, owner));
        if (op->kind == PLAN_ADD)
                fprintf(script, "%" PRIu32 " ", op->srv.ttl);
        fputs(form->type == LDNS_RR_TYPE_CNAME ? "CNAME" : "SRV", script);
        if (form->has_rdata)
                fprintf(script, " %s", srv_to_text(&op->srv, rdata));
        fputc('\n', script);
}

static void print_section(FILE *script, const UpdatePart *parts, size_t n_parts,
                          bool prerequisites) {
        for (size_t i = 0; i < n_parts; i++)
                for (size_t j = 0; j < parts[i].plan->n_ops; j++) {
                        const PlanOp *op = &parts[i].plan->ops[j];

                        if (forms[op->kind].is_prerequisite == prerequisites)
                                print_op(script, parts[i].record, op);
                }
}

int message_update_script(const char *server, const Name *zone, const UpdatePart *parts,
                          size_t n_parts, char **ret_script) {
        _cleanup_(freep) char *text = NULL;
        char apex[ABSOLUTE_TEXT_MAX];
        size_t size;

        if (!parts_are_within(zone, parts, n_parts))
                return -EINVAL;

        FILE *script = open_memstream(&text, &size);
        if (!script)
                return -ENOMEM;
        if (server)
                fprintf(script, "server %s\n", server);
        fprintf(script, "zone %s\n", name_to_absolute(zone, apex));
        print_section(script, parts, n_parts, true);
        print_section(script, parts, n_parts, false);
        fputs("send\n", script);

        const bool failed = ferror(script);
        if (fclose(script) != 0 || failed)
                return -ENOMEM;
        *ret_script = TAKE_PTR(text);
        return 0;
}
