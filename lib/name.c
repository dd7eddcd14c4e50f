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

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Moves *text behind \X or \DDD. -1: it is neither. */
static int escape_from_text(const char **text) {
        const char *p = *text;
        int octet = 0;

        if (*p++ != '\\' || !*p)
                return -1;
        if (!is_digit(*p)) {
                *text = p + 1;
                return (uint8_t)*p;
        }
        for (const char *end = p + 3; p < end; p++) {
                if (!is_digit(*p))
                        return -1;
                octet = 10 * octet + *p - '0';
        }
        *text = p;
        return octet <= UINT8_MAX ? octet : -1;
}

/* label: where its length goes; at: behind it, then where the next label's first octet goes. */
static bool label_end(uint8_t wire[static NAME_WIRE_MAX], size_t *label, size_t *at) {
        const size_t length = *at - *label - 1;

        if (length == 0 || length > LDNS_MAX_LABELLEN || *at == NAME_WIRE_MAX)
                return false;
        wire[*label] = (uint8_t)length;
        *label = (*at)++;
        return true;
}

/* ldns' own asks for memory, and a publication has its names read a dozen times. */
int name_from_text(const char *text, Name *ret_name) {
        uint8_t wire[NAME_WIRE_MAX];
        size_t label = 0, at = 1;

        if (!*text)
                return -EINVAL;
        if (strcmp(text, ".") == 0)
                text++;
        while (*text) {
                while (*text && *text != '.' && *text != '\\' && at < NAME_WIRE_MAX)
                        wire[at++] = (uint8_t)*text++;
                if (*text == '.') {
                        text++;
                        if (!label_end(wire, &label, &at))
                                return -EINVAL;
                } else if (*text) {
                        const int octet = escape_from_text(&text);
                        if (octet < 0 || at == NAME_WIRE_MAX)
                                return -EINVAL;
                        wire[at++] = (uint8_t)octet;
                }
        }
        if (at > label + 1 && !label_end(wire, &label, &at))
                return -EINVAL;
        wire[label] = 0;
        name_set(ret_name, wire, at);
        return 0;
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
