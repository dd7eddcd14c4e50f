/* The octets of a DNS message walked without building anything: bounded, for hostile input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/name.h"

/* Offsets into the message. */
typedef struct WireRr {
        size_t start; /* of the owner name */
        uint16_t type;
        uint16_t class;
        uint32_t ttl;
        size_t rdata;
        uint16_t rdata_size;
} WireRr;

typedef struct WireSurvey {
        size_t answer, additional; /* where these sections begin */
        unsigned n_opt;            /* OPT RRs in additional */
        WireRr opt;                /* the last of them; all zero if there is none */
        unsigned n_tsig;           /* TSIG RRs in any section */
        unsigned n_tkey;           /* TKEY RRs in any section */
        WireRr tkey;               /* the last of them; all zero if there is none */
        WireRr last;               /* the last RR; all zero if there is none */
        bool last_is_additional;
        bool is_costly; /* to build a packet of it would hold up the caller for milliseconds */
} WireSurvey;

/* Walks the whole message. False unless its counts and lengths lead exactly to its end. Names in
   RDATA and behind compression pointers are not looked at. */
bool wire_survey(const uint8_t *bytes, size_t size, WireSurvey *ret_survey);

/* Reads the name at *offset, compressed or not (RFC 1035 4.1.4), and moves *offset behind it. A
   pointer must lead backwards, so that no chain of them has an end but the name's. False else,
   with nothing written. */
bool wire_read_name(const uint8_t *bytes, size_t size, size_t *offset, Name *ret_name);
