/*
 * Domain names as plain values (RFC 1035 3.1, 5.1; RFC 4343).
 *
 * A Name is a copy of the wire form, without compression: no pointer to own, and 255 octets are
 * cheap beside a DNS exchange. Every function here but name_from_text() and name_from_rdf() trusts
 * its Name to be well-formed, for those two make no other. A label's length octet is at most 63,
 * below any letter, so that case can be folded over the whole wire form at once.
 */
#include "lib/name.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

/* tolower() follows the locale; RFC 4343 folds A to Z and nothing else. */
static uint8_t octet_fold(uint8_t octet) {
        return octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet;
}

static bool wire_equal(const uint8_t *a, const uint8_t *b, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (octet_fold(a[i]) != octet_fold(b[i]))
                        return false;
        return true;
}

/* True if size octets are labels up to the root label and nothing behind it. */
static bool wire_is_name(const uint8_t *wire, size_t size) {
        if (size > NAME_WIRE_MAX)
                return false;

        size_t at = 0;
        while (at < size && wire[at] > 0 && wire[at] <= LDNS_MAX_LABELLEN)
                at += 1 + wire[at];
        return at + 1 == size && wire[at] == 0;
}

static void name_set(Name *name, const uint8_t *wire, size_t size) {
        memmove(name->wire, wire, size);
        name->length = size;
}

int name_from_text(const char *text, Name *ret_name) {
        ldns_rdf *rdf = NULL;
        ldns_status status = ldns_str2rdf_dname(&rdf, text);

        if (status != LDNS_STATUS_OK)
                return status == LDNS_STATUS_MEM_ERR ? -ENOMEM : -EINVAL;
        if (!rdf)
                return -ENOMEM;

        int r = name_from_rdf(rdf, ret_name);
        ldns_rdf_deep_free(rdf);
        return r;
}

/* What a zone file or a terminal would take for something else gets a backslash. */
static char *octet_to_text(uint8_t octet, char *p) {
        if (octet <= ' ' || octet >= 0x7f) {
                *p++ = '\\';
                *p++ = '0' + octet / 100;
                *p++ = '0' + octet / 10 % 10;
                *p++ = '0' + octet % 10;
                return p;
        }
        if (strchr(".;\\\"()@$", octet))
                *p++ = '\\';
        *p++ = octet;
        return p;
}

const char *name_to_text(const Name *name, char buffer[static NAME_TEXT_MAX]) {
        char *p = buffer;

        for (const uint8_t *label = name->wire; name->length > 1 && *label; label += 1 + *label) {
                if (p > buffer)
                        *p++ = '.';
                for (unsigned i = 1; i <= *label; i++)
                        p = octet_to_text(label[i], p);
        }
        if (name->length == 1)
                *p++ = '.';
        *p = '\0';
        return buffer;
}

int name_from_rdf(const ldns_rdf *rdf, Name *ret_name) {
        if (!rdf || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME)
                return -EINVAL;

        const uint8_t *wire = ldns_rdf_data(rdf);
        size_t size = ldns_rdf_size(rdf);
        if (!wire || !wire_is_name(wire, size))
                return -EINVAL;

        name_set(ret_name, wire, size);
        return 0;
}

/* Mostly in one case. */
bool name_equal(const Name *a, const Name *b) {
        return a->length == b->length && (memcmp(a->wire, b->wire, a->length) == 0 ||
                                          wire_equal(a->wire, b->wire, a->length));
}

bool name_is_within(const Name *name, const Name *apex) {
        size_t at = 0;

        while (name->length - at > apex->length)
                at += 1 + name->wire[at];
        return apex->length > 0 && name->length - at == apex->length &&
               wire_equal(name->wire + at, apex->wire, apex->length);
}

unsigned name_labels(const Name *name) {
        unsigned n = 0;

        for (size_t at = 0; at + 1 < name->length; at += 1 + name->wire[at])
                n++;
        return n;
}

bool name_parent(const Name *name, Name *ret_parent) {
        if (name->length <= 1)
                return false;

        size_t label = 1 + name->wire[0];
        name_set(ret_parent, name->wire + label, name->length - label);
        return true;
}
