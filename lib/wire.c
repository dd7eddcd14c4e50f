/* Walks a DNS message in its octets (RFC 1035 4.1).

   ldns builds a packet from octets; some things have to be known before and beside that: where the
   TSIG RR begins, octet for octet, since its MAC covers what stands before it (RFC 8945 4.3), that
   the message has no second OPT or TSIG, which ldns would keep without freeing the first, and where
   a TKEY RR is, whose token is taken as it stands. */
#include "lib/wire.h"

#include <string.h>

enum {
        LABEL_MAX = 63,
        POINTER_MASK = 0xc0,
        QUESTION_FIXED_SIZE = 4, /* type, class */
        RR_FIXED_SIZE = 10,      /* type, class, TTL, RDATA length */
        POINTED_MAX = 0x4000,    /* no pointer leads further */
        FIELDS_OF_RR_MAX = 256,  /* as many strings of 255 octets has the longest TXT */
        FIELDS_MAX = 64 * FIELDS_OF_RR_MAX,
        HOPS_MAX = 256 * 1024,
};

static bool skip_name(const uint8_t *bytes, size_t size, size_t *offset) {
        size_t at = *offset;
        while (at < size && bytes[at] != 0 && bytes[at] <= LABEL_MAX)
                at += 1 + bytes[at];
        if (at >= size)
                return false;
        bool is_pointer = (bytes[at] & POINTER_MASK) == POINTER_MASK;
        if (bytes[at] != 0 && !is_pointer)
                return false;
        at += is_pointer ? 2 : 1;
        if (at > size)
                return false;
        *offset = at;
        return true;
}

static bool read_rr(const uint8_t *bytes, size_t size, size_t *offset, WireRr *ret_rr) {
        size_t at = *offset;
        if (!skip_name(bytes, size, &at) || size - at < RR_FIXED_SIZE)
                return false;
        WireRr rr = {
                .start = *offset,
                .type = ldns_read_uint16(bytes + at),
                .class = ldns_read_uint16(bytes + at + 2),
                .ttl = ldns_read_uint32(bytes + at + 4),
                .rdata = at + RR_FIXED_SIZE,
                .rdata_size = ldns_read_uint16(bytes + at + 8),
        };
        if (size - rr.rdata < rr.rdata_size)
                return false;
        *offset = rr.rdata + rr.rdata_size;
        *ret_rr = rr;
        return true;
}

/* Of the types of which RDATA is a list, and ldns makes something of each item. */
static size_t count_fields(const uint8_t *bytes, const WireRr *rr) {
        size_t n = 0;

        if (rr->type == LDNS_RR_TYPE_HIP)
                return rr->rdata_size / 2; /* names, each of them a pointer */
        if (rr->type != LDNS_RR_TYPE_TXT && rr->type != LDNS_RR_TYPE_SPF)
                return 0;
        for (size_t at = 0; at < rr->rdata_size; at += 1 + bytes[rr->rdata + at])
                n++;
        return n;
}

static bool is_pointer_at(const uint8_t *bytes, size_t size, size_t at) {
        return at + 1 < size && (bytes[at] & POINTER_MASK) == POINTER_MASK;
}

static size_t pointed_at(const uint8_t *bytes, size_t at) {
        return ldns_read_uint16(bytes + at) & (POINTED_MAX - 1);
}

/* No chain of pointers is longer than there are pointers to pointers, wherever its octets stand;
   but for the few that lead through the header, where an id must not make a difference. */
static size_t count_chained(const uint8_t *bytes, size_t size) {
        size_t n = 0;

        for (size_t at = LDNS_HEADER_SIZE; at < size && at < POINTED_MAX; at++)
                n += is_pointer_at(bytes, size, at) && pointed_at(bytes, at) >= LDNS_HEADER_SIZE &&
                     is_pointer_at(bytes, size, pointed_at(bytes, at));
        return n;
}

bool wire_survey(const uint8_t *bytes, size_t size, WireSurvey *ret_survey) {
        WireSurvey survey = {};
        if (size < LDNS_HEADER_SIZE)
                return false;

        size_t offset = LDNS_HEADER_SIZE;
        for (unsigned i = LDNS_QDCOUNT(bytes); i > 0; i--) {
                if (!skip_name(bytes, size, &offset) || size - offset < QUESTION_FIXED_SIZE)
                        return false;
                offset += QUESTION_FIXED_SIZE;
        }

        survey.answer = survey.additional = offset;
        unsigned n_before = LDNS_ANCOUNT(bytes) + LDNS_NSCOUNT(bytes);
        unsigned n_rrs = n_before + LDNS_ARCOUNT(bytes);
        size_t n_fields = 0;
        for (unsigned i = 0; i < n_rrs; i++) {
                if (!read_rr(bytes, size, &offset, &survey.last))
                        return false;
                survey.last_is_additional = i >= n_before;
                if (!survey.last_is_additional) {
                        survey.additional = offset;
                } else if (survey.last.type == LDNS_RR_TYPE_OPT) {
                        survey.n_opt++;
                        survey.opt = survey.last;
                }
                survey.n_tsig += survey.last.type == LDNS_RR_TYPE_TSIG;
                if (survey.last.type == LDNS_RR_TYPE_TKEY) {
                        survey.n_tkey++;
                        survey.tkey = survey.last;
                }
                size_t n = count_fields(bytes, &survey.last);
                n_fields += n;
                survey.is_costly |= n > FIELDS_OF_RR_MAX;
        }
        /* Octets behind the last RR are no part of what the counts announce, nor of what is
           verified. */
        if (offset != size)
                return false;
        /* Few names, or short chains: most messages need not be looked through. */
        size_t n_names = LDNS_QDCOUNT(bytes) + n_rrs + n_fields;
        survey.is_costly |=
                n_fields > FIELDS_MAX ||
                (n_names * size > HOPS_MAX && n_names * count_chained(bytes, size) > HOPS_MAX);
        *ret_survey = survey;
        return true;
}

bool wire_read_name(const uint8_t *bytes, size_t size, size_t *offset, Name *ret_name) {
        Name name = {};
        size_t at = *offset, segment = at, end = 0;
        for (;;) {
                if (at >= size)
                        return false;
                size_t length = bytes[at];
                if ((length & POINTER_MASK) == POINTER_MASK) {
                        if (size - at < 2)
                                return false;
                        size_t target = pointed_at(bytes, at);
                        /* Each jump leads further to the front than the last one: no loop,
                           whatever the octets say. */
                        if (target >= segment)
                                return false;
                        end = end ?: at + 2;
                        at = segment = target;
                        continue;
                }
                if (length > LABEL_MAX || size - at < 1 + length ||
                    name.length + 1 + length > NAME_WIRE_MAX)
                        return false;
                memcpy(name.wire + name.length, bytes + at, 1 + length);
                name.length += 1 + length;
                at += 1 + length;
                if (length == 0)
                        break;
        }
        *offset = end ?: at;
        *ret_name = name;
        return true;
}
