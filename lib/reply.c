/* Judges the answer to a request (rules E3, E4 and E6; RFC 2136 3.8, RFC 8945 5.3).

   In this order: it is a message, and the answer to this request (C20, C21, C28); then, if the
   request was signed, how the answer's signature stands; then the RCODE. What an unauthenticated
   answer says may send the caller elsewhere or make it look again, never more: done and conflict
   come from a verified answer only, unless the request was unsigned too. */
#include "lib/reply.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "lib/wire.h"

enum {
        ANCOUNT_OFFSET = 6,
        ARCOUNT_OFFSET = 10,
};

static ldns_pkt *packet_free(ldns_pkt *packet) {
        ldns_pkt_free(packet);
        return NULL;
}

DEFINE_CLEANUP(ldns_pkt, packet_free)

/* With the upper bits that an OPT RR carries (RFC 6891 6.1.3): BADVERS is not NOERROR. */
static ldns_pkt_rcode full_rcode(const uint8_t *bytes, const WireSurvey *survey) {
        return (survey->opt.ttl >> 24) << 4 | LDNS_RCODE_WIRE(bytes);
}

/* What is read of an answer: of a query's, answer and authority; of an update's, the zone. The
   rest, which may be long, is never built. */
static ldns_status parse_sections(const uint8_t *bytes, const WireSurvey *survey,
                                  ldns_pkt **ret_packet) {
        const bool is_update = LDNS_OPCODE_WIRE(bytes) == LDNS_PACKET_UPDATE;
        const size_t size = is_update ? survey->answer : survey->additional;
        uint8_t head[UINT16_MAX];

        memcpy(head, bytes, size);
        if (is_update)
                memset(head + ANCOUNT_OFFSET, 0, 4);
        memset(head + ARCOUNT_OFFSET, 0, 2);
        return ldns_wire2pkt(ret_packet, head, size);
}

/* Reads octets that hold together; those that ldns does not take give no packet. */
static int parse(const uint8_t *bytes, size_t size, Reply *reply, ldns_pkt **ret_packet) {
        WireSurvey survey;
        ldns_pkt *packet = NULL;

        if (size > UINT16_MAX || !wire_survey(bytes, size, &survey) || survey.n_opt > 1) {
                reply->fault = FAULT_MALFORMED;
                return 0;
        }
        if (survey.n_tsig > 1) {
                reply->fault = FAULT_BAD_TSIG;
                return 0;
        }
        if (survey.is_costly) {
                reply->fault = FAULT_COSTLY;
                return 0;
        }
        ldns_status status = parse_sections(bytes, &survey, &packet);
        if (status == LDNS_STATUS_MEM_ERR)
                return -ENOMEM;
        reply->fault = status == LDNS_STATUS_OK ? FAULT_NONE : FAULT_MALFORMED;
        reply->rcode = full_rcode(bytes, &survey);
        *ret_packet = packet;
        return 0;
}

/* Some servers leave the question or zone out of an error (C21); what is there must be ours. */
static bool question_is_ours(const ldns_pkt *packet, const Request *request) {
        ldns_rr_list *question = ldns_pkt_question(packet);
        Name name;

        if (ldns_rr_list_rr_count(question) == 0)
                return true;
        if (ldns_rr_list_rr_count(question) > 1)
                return false;
        ldns_rr *rr = ldns_rr_list_rr(question, 0);
        ldns_rr_class class =
                request->type == LDNS_RR_TYPE_TKEY ? LDNS_RR_CLASS_ANY : LDNS_RR_CLASS_IN;
        return ldns_rr_get_type(rr) == request->type && ldns_rr_get_class(rr) == class &&
               name_from_rdf(ldns_rr_owner(rr), &name) == 0 && name_equal(&name, &request->name);
}

static ReplyFault find_fault(const ldns_pkt *packet, const Request *request) {
        if (!ldns_pkt_qr(packet))
                return FAULT_NOT_A_REPLY;
        if (ldns_pkt_id(packet) != request->id)
                return FAULT_WRONG_ID;
        if (ldns_pkt_get_opcode(packet) != request->opcode)
                return FAULT_WRONG_OPCODE;
        if (ldns_pkt_tc(packet) && !request->over_udp)
                return FAULT_TRUNCATED;
        if (!question_is_ours(packet, request))
                return FAULT_WRONG_QUESTION;
        return FAULT_NONE;
}

/* An RCODE that can be taken at its word (C22, C23, C25). */
static ReplyKind kind_of_rcode(const Request *request, ldns_pkt_rcode rcode) {
        bool is_update = request->opcode == LDNS_PACKET_UPDATE;

        switch (rcode) {
        case LDNS_RCODE_NOERROR:
                return REPLY_DONE;
        case LDNS_RCODE_NXDOMAIN:
                return is_update ? REPLY_CONFLICT : REPLY_DONE;
        case LDNS_RCODE_YXDOMAIN:
        case LDNS_RCODE_YXRRSET:
        case LDNS_RCODE_NXRRSET:
                return is_update ? REPLY_CONFLICT : REPLY_ELSEWHERE;
        case LDNS_RCODE_REFUSED:
                return REPLY_DENIED;
        case LDNS_RCODE_NOTAUTH:
        case LDNS_RCODE_NOTZONE:
                return REPLY_WRONG_SERVER;
        case LDNS_RCODE_FORMERR:
        case LDNS_RCODE_SERVFAIL:
        case LDNS_RCODE_NOTIMPL:
                break;
        }
        return REPLY_ELSEWHERE;
}

static void set_clocks(Reply *reply, uint64_t our_time_sec, uint64_t server_time_sec) {
        reply->kind = REPLY_BAD_TIME;
        reply->our_time_sec = our_time_sec;
        reply->server_time_sec = server_time_sec;
}

/* The request was unsigned: so is the answer. */
static void judge_plain(const Request *request, Reply *reply) {
        /* It has just spoken for the zone with authority (AA): that it is not its zone is no
           reason. */
        bool is_policy = reply->rcode == LDNS_RCODE_NOTAUTH && request->observed_here;
        reply->kind = is_policy ? REPLY_DENIED : kind_of_rcode(request, reply->rcode);
}

/* E6.1, E6.3: the answer is the server's own (C46). */
static void judge_verified(const Request *request, const TsigResult *tsig, Reply *reply) {
        reply->verified = true;
        reply->no_length = tsig->verdict == TSIG_VERIFIED_NO_LENGTH;
        if (tsig->error == TSIG_BADTIME)
                set_clocks(reply, request->signature.time_sec, tsig->server_time_sec);
        else
                reply->kind = tsig->error ? REPLY_BAD_KEY : kind_of_rcode(request, reply->rcode);
}

/* E6.4: no MAC stands behind the answer, only hints are taken from it (C44, C45, C47). A server
   that has just verified our signature knows the key; what it refuses then, it refuses as its
   policy. */
static void judge_unsigned(const Request *request, const TsigResult *tsig, Reply *reply) {
        ReplyKind refusal = request->observed_here ? REPLY_DENIED : REPLY_BAD_KEY;

        if (reply->rcode == LDNS_RCODE_REFUSED)
                reply->kind = refusal;
        /* Clocks that far apart are told, never set, so a lie about them gains nothing (C46). */
        else if (reply->rcode == LDNS_RCODE_NOTAUTH && tsig->server_time_sec > 0)
                set_clocks(reply, request->signature.time_sec, tsig->server_time_sec);
        else if (reply->rcode == LDNS_RCODE_NOTAUTH && tsig->error == TSIG_BADTIME)
                reply->kind = REPLY_BAD_KEY;
        else if (reply->rcode == LDNS_RCODE_NOTAUTH && tsig->error != 0)
                /* Knot answers so by policy; a GSS context is known or not, whoever used it. */
                reply->kind =
                        auth_security(request->auth) == SECURITY_GSS ? REPLY_BAD_KEY : refusal;
        else if (reply->rcode == LDNS_RCODE_NOTAUTH)
                /* Without a TSIG error it is about the zone; but a server that has just shown that
                   it holds the zone can only mean its policy. */
                reply->kind = request->observed_here ? REPLY_DENIED : REPLY_WRONG_SERVER;
        else if (reply->rcode == LDNS_RCODE_SERVFAIL || reply->rcode == LDNS_RCODE_NOTIMPL ||
                 reply->rcode == LDNS_RCODE_FORMERR)
                reply->kind = REPLY_ELSEWHERE;
        else
                reply->fault = FAULT_UNSIGNED;
}

/* The table of E6. The kind is garbage unless something here says otherwise. */
static void judge(const Request *request, const TsigResult *tsig, uint64_t now_sec, Reply *reply) {
        reply->tsig_error = tsig->error;
        switch (tsig->verdict) {
        case TSIG_VERIFIED:
        case TSIG_VERIFIED_NO_LENGTH:
                judge_verified(request, tsig, reply);
                return;
        case TSIG_ECHO:
                reply->kind = REPLY_ECHO;
                return;
        case TSIG_NONE:
        case TSIG_ERROR:
                judge_unsigned(request, tsig, reply);
                return;
        case TSIG_BAD_SERVER_TIME:
                set_clocks(reply, now_sec, tsig->time_sec);
                reply->fault = FAULT_SERVER_TIME;
                return;
        case TSIG_BAD_MAC:
                reply->fault = FAULT_BAD_MAC;
                return;
        case TSIG_BAD_KEY_NAME:
                reply->fault = FAULT_WRONG_KEY;
                return;
        case TSIG_BAD_ALGORITHM:
                reply->fault = FAULT_WRONG_ALGORITHM;
                return;
        case TSIG_MALFORMED:
        case _TSIG_VERDICT_MAX:
                reply->fault = FAULT_BAD_TSIG;
                return;
        }
}

int reply_read(const Request *request, const uint8_t *bytes, size_t size, uint64_t now_sec,
               Reply *ret_reply) {
        _cleanup_(packet_freep) ldns_pkt *packet = NULL;
        Reply reply = {.kind = REPLY_GARBAGE};
        TsigResult tsig;

        int r = parse(bytes, size, &reply, &packet);
        if (r < 0)
                return r;
        if (packet)
                reply.fault = find_fault(packet, request);
        if (reply.fault == FAULT_NONE && !request->signature.is_signed) {
                judge_plain(request, &reply);
        } else if (reply.fault == FAULT_NONE) {
                r = auth_verify(request->auth, &request->signature, bytes, size, now_sec, &tsig);
                if (r < 0)
                        return r;
                judge(request, &tsig, now_sec, &reply);
        }
        if (reply.kind != REPLY_GARBAGE)
                reply.packet = TAKE_PTR(packet);
        *ret_reply = reply;
        return 0;
}

void reply_done(Reply *reply) {
        ldns_pkt_free(TAKE_PTR(reply->packet));
}

const char *reply_fault_to_string(ReplyFault fault) {
        switch (fault) {
        case FAULT_NONE:
                return "nothing is wrong with it";
        case FAULT_MALFORMED:
                return "it is not a well-formed DNS message";
        case FAULT_COSTLY:
                return "it holds more than anybody needs at one name";
        case FAULT_NOT_A_REPLY:
                return "it is not an answer but a request";
        case FAULT_WRONG_ID:
                return "it has another id than the request";
        case FAULT_WRONG_OPCODE:
                return "it has another opcode than the request";
        case FAULT_WRONG_QUESTION:
                return "it answers another question";
        case FAULT_TRUNCATED:
                return "it is truncated";
        case FAULT_UNSIGNED:
                return "it is not signed";
        case FAULT_BAD_MAC:
                return "its signature is wrong";
        case FAULT_WRONG_KEY:
                return "it is signed with another key";
        case FAULT_WRONG_ALGORITHM:
                return "it is signed with another algorithm";
        case FAULT_SERVER_TIME:
                return "it is signed at a time too far from this clock";
        case FAULT_BAD_TSIG:
                return "its TSIG record is malformed or misplaced";
        case _REPLY_FAULT_MAX:
                break;
        }
        return "?";
}
