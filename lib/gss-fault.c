/* Faults from the codes of MIT's libraries.

   A krb5 error code says what happened. GSS-API hides it in the minor status: with the krb5
   mechanism itself (not under SPNEGO, which gives each a number of its own) the minor status is the
   code. What has none is judged by the major status.

   The text is the library's, which knows the names of files, realms and principals. It may quote
   what a KDC sent: nothing unprintable gets through. */
#include "lib/gss-fault.h"

#include <errno.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/util.h"

static const struct {
        krb5_error_code code;
        GssFault fault;
} faults[] = {
        {ENOENT, GSS_FAULT_NO_KEYTAB},
        {EACCES, GSS_FAULT_KEYTAB_UNREADABLE},
        {EPERM, GSS_FAULT_KEYTAB_UNREADABLE},
        {EISDIR, GSS_FAULT_KEYTAB_UNREADABLE},
        {ENOTDIR, GSS_FAULT_NO_KEYTAB},
        {EIO, GSS_FAULT_KEYTAB_UNREADABLE},
        {KRB5_KEYTAB_BADVNO, GSS_FAULT_KEYTAB_MALFORMED},
        {KRB5_KT_FORMAT, GSS_FAULT_KEYTAB_MALFORMED},
        {KRB5_KT_END, GSS_FAULT_KEYTAB_MALFORMED},
        {KRB5_KT_NOTFOUND, GSS_FAULT_NO_PRINCIPAL},
        {KRB5_CONFIG_NODEFREALM, GSS_FAULT_NO_REALM},
        {KRB5_REALM_UNKNOWN, GSS_FAULT_NO_REALM},
        {KRB5_REALM_CANT_RESOLVE, GSS_FAULT_NO_REALM},
        {KRB5_ERR_HOST_REALM_UNKNOWN, GSS_FAULT_NO_REALM},
        {KRB5KDC_ERR_WRONG_REALM, GSS_FAULT_NO_REALM},
        {KRB5_KDC_UNREACH, GSS_FAULT_KDC_UNREACHABLE},
        {KRB5KRB_AP_ERR_SKEW, GSS_FAULT_CLOCK_SKEW},
        {KRB5_KDCREP_SKEW, GSS_FAULT_CLOCK_SKEW},
        {KRB5KRB_AP_ERR_TKT_NYV, GSS_FAULT_CLOCK_SKEW},
        {KRB5KDC_ERR_PREAUTH_FAILED, GSS_FAULT_PREAUTH_FAILED},
        {KRB5_PREAUTH_FAILED, GSS_FAULT_PREAUTH_FAILED},
        {KRB5KRB_AP_ERR_BAD_INTEGRITY, GSS_FAULT_PREAUTH_FAILED},
        {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, GSS_FAULT_CLIENT_UNKNOWN},
        {KRB5KDC_ERR_CLIENT_REVOKED, GSS_FAULT_CLIENT_LOCKED},
        {KRB5KDC_ERR_NAME_EXP, GSS_FAULT_CLIENT_LOCKED},
        {KRB5KDC_ERR_KEY_EXP, GSS_FAULT_CLIENT_LOCKED},
        {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, GSS_FAULT_SERVER_UNKNOWN},
        {KRB5KRB_AP_ERR_TKT_EXPIRED, GSS_FAULT_EXPIRED},
        {KRB5KRB_AP_ERR_MODIFIED, GSS_FAULT_SERVER_TOKEN},
        {KRB5_MUTUAL_FAILED, GSS_FAULT_SERVER_TOKEN},
};

static GssFault fault_of_code(krb5_error_code code) {
        for (size_t i = 0; i < ELEMENTSOF(faults); i++)
                if (faults[i].code == code)
                        return faults[i].fault;
        return GSS_FAULT_OTHER;
}

static GssFault fault_of_major(OM_uint32 major) {
        switch (GSS_ROUTINE_ERROR(major)) {
        case GSS_S_DEFECTIVE_TOKEN:
        case GSS_S_BAD_SIG:
        case GSS_S_BAD_MECH:
                return GSS_FAULT_SERVER_TOKEN;
        }
        return GSS_FAULT_OTHER;
}

/* One line, and nothing in it that a terminal would obey. */
static void make_printable(char *text) {
        for (; *text; text++)
                if (*text < ' ' || *text > '~')
                        *text = '?';
}

GssError gss_error_new(GssFault fault, const char *format, ...) {
        GssError error = {.fault = fault};
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(error.text, sizeof(error.text), format, arguments);
        va_end(arguments);
        make_printable(error.text);
        return error;
}

GssError gss_error_of_krb5(krb5_context krb5, krb5_error_code code) {
        const char *text = krb5_get_error_message(krb5, code);
        GssError error = gss_error_new(fault_of_code(code), "%s", text);

        krb5_free_error_message(krb5, text);
        return error;
}

GssError gss_error_of_status(OM_uint32 major, OM_uint32 minor) {
        GssFault fault = fault_of_code((krb5_error_code)minor);
        gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
        OM_uint32 ignored, more = 0;

        if (fault == GSS_FAULT_OTHER)
                fault = fault_of_major(major);
        gss_display_status(&ignored, minor ?: major, minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
                           (gss_OID)gss_mech_krb5, &more, &text);
        GssError error = gss_error_new(fault, "%.*s", (int)text.length, (const char *)text.value);
        gss_release_buffer(&ignored, &text);
        return error;
}

const char *gss_fault_to_string(GssFault fault) {
        switch (fault) {
        case GSS_FAULT_NONE:
                return "nothing is wrong";
        case GSS_FAULT_NO_KEYTAB:
                return "there is no keytab";
        case GSS_FAULT_KEYTAB_UNREADABLE:
                return "the keytab cannot be read";
        case GSS_FAULT_KEYTAB_MALFORMED:
                return "the file is no keytab";
        case GSS_FAULT_NO_PRINCIPAL:
                return "the keytab has no key for the principal";
        case GSS_FAULT_NO_REALM:
                return "no KDC is known for the realm";
        case GSS_FAULT_KDC_UNREACHABLE:
                return "the KDC cannot be reached";
        case GSS_FAULT_CLOCK_SKEW:
                return "the clocks are too far apart";
        case GSS_FAULT_PREAUTH_FAILED:
                return "the keytab's key is not the account's";
        case GSS_FAULT_CLIENT_UNKNOWN:
                return "the KDC does not know the principal";
        case GSS_FAULT_CLIENT_LOCKED:
                return "the account is disabled, locked or expired";
        case GSS_FAULT_SERVER_UNKNOWN:
                return "the KDC does not know the name server";
        case GSS_FAULT_EXPIRED:
                return "the ticket has expired";
        case GSS_FAULT_SERVER_TOKEN:
                return "the name server's token is wrong";
        case GSS_FAULT_FLAGS:
                return "the name server does not prove itself or detect replays";
        case GSS_FAULT_OTHER:
                return "Kerberos failed";
        case _GSS_FAULT_MAX:
                break;
        }
        return "?";
}
