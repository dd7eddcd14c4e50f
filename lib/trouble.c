/* Replies -> troubles. */

#include "lib/trouble.h"

Trouble trouble_new(TroubleKind kind, const Reply *reply, int error) {
        Trouble trouble = {.kind = kind, .error = error};

        if (!reply)
                return trouble;
        trouble.reply = reply->kind;
        trouble.fault = reply->fault;
        trouble.rcode = (uint16_t)reply->rcode;
        trouble.tsig_error = reply->tsig_error;
        trouble.our_time_sec = reply->our_time_sec;
        trouble.server_time_sec = reply->server_time_sec;
        trouble.error = reply->error;
        return trouble;
}

Trouble trouble_of_gss(GssFault fault) {
        Trouble trouble = {.kind = TROUBLE_NO_CREDENTIALS, .gss = fault};

        switch (fault) {
        case GSS_FAULT_SERVER_UNKNOWN:
        case GSS_FAULT_SERVER_TOKEN:
        case GSS_FAULT_FLAGS:
        case GSS_FAULT_OTHER:
                trouble.kind = TROUBLE_NO_CONTEXT;
                break;
        case GSS_FAULT_NONE:
        case GSS_FAULT_NO_KEYTAB:
        case GSS_FAULT_KEYTAB_UNREADABLE:
        case GSS_FAULT_KEYTAB_MALFORMED:
        case GSS_FAULT_NO_PRINCIPAL:
        case GSS_FAULT_NO_REALM:
        case GSS_FAULT_KDC_UNREACHABLE:
        case GSS_FAULT_CLOCK_SKEW:
        case GSS_FAULT_PREAUTH_FAILED:
        case GSS_FAULT_CLIENT_UNKNOWN:
        case GSS_FAULT_CLIENT_LOCKED:
        case GSS_FAULT_EXPIRED:
        case _GSS_FAULT_MAX:
                break;
        }
        return trouble;
}

Trouble trouble_of_tkey(const TkeyAnswer *answer) {
        return (Trouble){
                .kind = TROUBLE_NO_CONTEXT,
                .tkey = answer->verdict,
                .rcode = answer->rcode,
                .tkey_error = answer->error,
        };
}

TroubleKind trouble_of_locating(const Reply *reply, TroubleKind otherwise) {
        if (!reply)
                return otherwise;
        switch (reply->kind) {
        case REPLY_BAD_KEY:
                return TROUBLE_BAD_KEY;
        case REPLY_BAD_TIME:
                return TROUBLE_BAD_TIME;
        case REPLY_DENIED:
        case REPLY_WRONG_SERVER:
                return TROUBLE_WRONG_SERVER;
        case REPLY_DONE:
        case REPLY_CONFLICT:
        case REPLY_ECHO:
        case REPLY_ELSEWHERE:
        case REPLY_GARBAGE:
        case REPLY_TIMEOUT:
        case REPLY_UNREACHABLE:
        case REPLY_CLOSED:
        case _REPLY_KIND_MAX:
                break;
        }
        return TROUBLE_REPLY;
}

bool trouble_is_lasting(TroubleKind kind) {
        return kind == TROUBLE_DENIED || kind == TROUBLE_BAD_KEY || kind == TROUBLE_BAD_TIME ||
               kind == TROUBLE_CNAME;
}
