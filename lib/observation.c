/*
 * Answers to an SRV and a TXT query -> what the primary holds at the record name.
 *
 * Only RRs of class IN whose owner is the record name count: behind a CNAME a server adds the
 * target's records, and those are not ours to judge (RFC 1034 4.3.2). Whether the answers speak for
 * the zone (AA, rule E4) and whether a CNAME is really there (rule E5) is for the reader to weigh.
 *
 * RDATA that a server has made up must neither stop the daemon nor be taken for half a record: ldns
 * refuses most of it with the whole message, and what it lets pass with fields missing makes the
 * observation fail. What a TXT says is another matter: anything, and without a claim in it that we
 * understand it is foreign (O4).
 *
 * An observation is one allocation: itself, its TXTs, its SRVs, then the TXTs' RDATA.
 */
#include "lib/observation.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

DEFINE_CLEANUP(Observation, observation_free)

static bool rr_is_at(const ldns_rr *rr, ldns_rr_type type, const Name *record) {
        Name owner;

        return ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
               name_from_rdf(ldns_rr_owner(rr), &owner) >= 0 && name_equal(&owner, record);
}

/* The next RR of the RRset in the answer from *at on, which is moved behind it. NULL: there is no
   more, or no packet. */
static const ldns_rr *next_rr(const ldns_pkt *packet, ldns_rr_type type, const Name *record,
                              size_t *at) {
        const ldns_rr_list *rrs = packet ? ldns_pkt_answer(packet) : NULL;

        while (*at < ldns_rr_list_rr_count(rrs)) {
                const ldns_rr *rr = ldns_rr_list_rr(rrs, (*at)++);

                if (rr_is_at(rr, type, record))
                        return rr;
        }
        return NULL;
}

/* ldns keeps each character-string with its length octet: together they are the RDATA. */
static size_t rr_rdata_size(const ldns_rr *rr) {
        size_t size = 0;

        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                size += ldns_rdf_size(ldns_rr_rdf(rr, i));
        return size;
}

/* Returns how many RRs, and how many octets of RDATA they have. */
static size_t count_rrs(const ldns_pkt *packet, ldns_rr_type type, const Name *record,
                        size_t *ret_size) {
        const ldns_rr *rr;
        size_t n = 0;

        *ret_size = 0;
        for (size_t at = 0; (rr = next_rr(packet, type, record, &at)); n++)
                *ret_size += rr_rdata_size(rr);
        return n;
}

static bool has_cname(const ldns_pkt *packet, const Name *record) {
        return next_rr(packet, LDNS_RR_TYPE_CNAME, record, &(size_t){0});
}

/* Copies the RDATA to room, which has rr_rdata_size() octets. */
static int txt_from_rr(const ldns_rr *rr, uint8_t *room, Txt *ret_txt) {
        const size_t size = rr_rdata_size(rr);
        const uint32_t ttl = ldns_rr_ttl(rr);
        /* RFC 2181 8: a TTL with the top bit set is 0. */
        Txt txt = {.ttl = ttl > INT32_MAX ? 0 : ttl, .size = size, .rdata = room};

        /* RFC 1035 3.3.14: one character-string at least, and RDLENGTH has 16 bits. */
        if (size == 0 || size > UINT16_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                const ldns_rdf *string = ldns_rr_rdf(rr, i);

                memcpy(room, ldns_rdf_data(string), ldns_rdf_size(string));
                room += ldns_rdf_size(string);
        }

        int r = claim_from_rdata(txt.rdata, txt.size, &txt.claim);
        if (r < 0 && r != -EINVAL)
                return r;
        txt.is_claim = r >= 0;
        *ret_txt = txt;
        return 0;
}

static int read_answers(const ldns_pkt *srv, const ldns_pkt *txt, const Name *record, uint8_t *room,
                        Observation *observation) {
        const ldns_rr *rr;

        for (size_t at = 0; (rr = next_rr(srv, LDNS_RR_TYPE_SRV, record, &at));) {
                if (srv_from_rr(rr, &observation->srv[observation->n_srv]) < 0)
                        return -EBADMSG;
                observation->n_srv++;
        }
        for (size_t at = 0; (rr = next_rr(txt, LDNS_RR_TYPE_TXT, record, &at));) {
                int r = txt_from_rr(rr, room, &observation->txt[observation->n_txt]);
                if (r < 0)
                        return r;
                room += observation->txt[observation->n_txt].size;
                observation->n_txt++;
        }
        return 0;
}

int observation_new(const ldns_pkt *srv, const ldns_pkt *txt, const Name *record,
                    Observation **ret_observation) {
        size_t srv_size, txt_size;
        const size_t n_srv = count_rrs(srv, LDNS_RR_TYPE_SRV, record, &srv_size);
        const size_t n_txt = count_rrs(txt, LDNS_RR_TYPE_TXT, record, &txt_size);

        _cleanup_(observation_freep) Observation *observation = calloc(
                1, sizeof(*observation) + n_txt * sizeof(Txt) + n_srv * sizeof(Srv) + txt_size);
        if (!observation)
                return -ENOMEM;
        observation->txt = (Txt *)(observation + 1);
        observation->srv = (Srv *)(observation->txt + n_txt);
        observation->authoritative = ldns_pkt_aa(srv) && (!txt || ldns_pkt_aa(txt));
        observation->has_cname = has_cname(srv, record) || has_cname(txt, record);

        int r = read_answers(srv, txt, record, (uint8_t *)(observation->srv + n_srv), observation);
        if (r < 0)
                return r;
        *ret_observation = TAKE_PTR(observation);
        return 0;
}

Observation *observation_free(Observation *observation) {
        free(observation);
        return NULL;
}
