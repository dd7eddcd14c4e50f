/* A security context with a name server, over MIT's GSS-API.

   The mechanism is Kerberos itself, not SPNEGO around it: BIND, Samba and Windows take both, there
   is nothing to negotiate, one round is enough, and the minor status is a krb5 error code.

   The server's name is no host-based one: libkrb5 would put it through the resolver, block there,
   and ask for a ticket to whatever name came out.

   Asked for, and insisted on, are mutual authentication, replay and sequence detection, and
   integrity (C60). Sequence makes named 9.18 refuse as forged what reaches it in another order than
   it was signed, or after one that was lost: so a context's requests go over one connection at a
   time, and after a loss the refusal brings a new context. Of answers some may be lost, but none
   comes twice, late or out of order. */
#include "lib/gss.h"

#include <errno.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

static const OM_uint32 WANTED_FLAGS =
        GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_INTEG_FLAG;
static const OM_uint32 UNWANTED_ORDER = GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN | GSS_S_UNSEQ_TOKEN;

struct GssContext {
        GssCredential *credential;
        char *server; /* lower case */
        char *realm;  /* NULL: to be found out */
        gss_name_t name;
        gss_ctx_id_t handle;
        unsigned n_rounds;
        bool is_complete;
};

DEFINE_CLEANUP(GssContext, gss_context_free)

/* Letters, digits, hyphens, dots: what krb5_parse_name() would take for more than a name, a hostile
   zone might hold. */
static bool is_host(const char *server) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._";

        return server[0] && server[strspn(server, allowed)] == '\0';
}

int gss_context_new(GssCredential *credential, const char *server, const char *realm,
                    GssContext **ret_context) {
        if (!is_host(server))
                return -EINVAL;
        _cleanup_(gss_context_freep) GssContext *context = calloc(1, sizeof(*context));
        if (!context || !(context->server = strdup(server)) ||
            (realm && !(context->realm = strdup(realm))))
                return -ENOMEM;
        for (char *c = context->server; *c; c++)
                *c = *c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c;
        context->credential = gss_credential_ref(credential);
        *ret_context = TAKE_PTR(context);
        return 0;
}

static void give_up(GssContext *context) {
        OM_uint32 minor;

        context->is_complete = false;
        context->n_rounds = GSS_ROUNDS_MAX;
        gss_delete_sec_context(&minor, &context->handle, GSS_C_NO_BUFFER);
}

GssContext *gss_context_free(GssContext *context) {
        OM_uint32 minor;

        if (!context)
                return NULL;
        give_up(context);
        gss_release_name(&minor, &context->name);
        gss_credential_unref(context->credential);
        free(context->server);
        free(context->realm);
        free(context);
        return NULL;
}

/* "" is the realm for which libkrb5 asks the KDC. */
static int find_realm(GssContext *context, GssError *ret_error) {
        krb5_context krb5 = NULL;
        char **realms = NULL;
        int r = 0;

        krb5_error_code code = krb5_init_context(&krb5);
        if (code == 0)
                code = krb5_get_host_realm(krb5, context->server, &realms);
        if (code == 0)
                context->realm = strdup(realms[0]);
        if (code == ENOMEM || (code == 0 && !context->realm))
                r = -ENOMEM;
        else if (code != 0)
                *ret_error = gss_error_of_krb5(krb5, code);
        if (realms)
                krb5_free_host_realm(krb5, realms);
        if (krb5)
                krb5_free_context(krb5);
        return r;
}

static int name_server(GssContext *context, GssError *ret_error) {
        _cleanup_(freep) char *principal = NULL;
        OM_uint32 major, minor;

        int r = context->realm ? 0 : find_realm(context, ret_error);
        if (r < 0 || ret_error->fault != GSS_FAULT_NONE)
                return r;
        int size = asprintf(&principal, "DNS/%s@%s", context->server, context->realm);
        if (size < 0) {
                principal = NULL;
                return -ENOMEM;
        }
        gss_buffer_desc text = {.length = size, .value = principal};
        major = gss_import_name(&minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &context->name);
        if (GSS_ERROR(major))
                *ret_error = gss_error_of_status(major, minor);
        return 0;
}

static GssError find_error(const GssContext *context, OM_uint32 major, OM_uint32 minor,
                           OM_uint32 flags, size_t token_size) {
        if (GSS_ERROR(major)) {
                GssError error = gss_error_of_status(major, minor);
                /* What a token of the server's comes to says nothing of the keytab or the KDC. */
                if (context->n_rounds > 1)
                        error.fault = GSS_FAULT_SERVER_TOKEN;
                /* It is the ticket that the KDC does not take; the keytab is not in play here. */
                else if (error.fault == GSS_FAULT_PREAUTH_FAILED)
                        error.fault = GSS_FAULT_OTHER;
                return error;
        }
        if (token_size > GSS_TOKEN_MAX)
                return gss_error_new(GSS_FAULT_OTHER, "a token of %zu octets is too large",
                                     token_size);
        if (major & GSS_S_CONTINUE_NEEDED && token_size == 0)
                return gss_error_new(GSS_FAULT_SERVER_TOKEN,
                                     "it ends in the midst of the exchange");
        if (!(major & GSS_S_CONTINUE_NEEDED) && (flags & WANTED_FLAGS) != WANTED_FLAGS)
                return gss_error_new(GSS_FAULT_FLAGS, "%s", gss_fault_to_string(GSS_FAULT_FLAGS));
        return (GssError){};
}

/* One call of the library. What it gives out is copied: to be freed like all else, and because the
   library does not wipe. */
static int initiate(GssContext *context, const uint8_t *token, size_t token_size, GssStep *step) {
        gss_buffer_desc in = {.length = token_size, .value = (void *)token};
        gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
        OM_uint32 minor, ignored, flags = 0;

        OM_uint32 major = gss_init_sec_context(
                &minor, gss_credential_handle(context->credential), &context->handle, context->name,
                (gss_OID)gss_mech_krb5, WANTED_FLAGS, 0, GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out,
                &flags, NULL);
        if (GSS_ERROR(major) && minor == ENOMEM)
                return -ENOMEM;
        step->error = find_error(context, major, minor, flags, out.length);
        step->is_complete = step->error.fault == GSS_FAULT_NONE && major == GSS_S_COMPLETE;
        if (step->error.fault == GSS_FAULT_NONE && out.length > 0) {
                step->token = malloc(out.length);
                if (step->token)
                        memcpy(step->token, out.value, step->token_size = out.length);
        }
        bool failed = step->error.fault == GSS_FAULT_NONE && out.length > 0 && !step->token;
        if (out.length > 0)
                OPENSSL_cleanse(out.value, out.length);
        gss_release_buffer(&ignored, &out);
        return failed ? -ENOMEM : 0;
}

int gss_context_step(GssContext *context, const uint8_t *token, size_t token_size,
                     GssStep *ret_step) {
        GssStep step = {};
        int r = 0;

        if (context->is_complete || (context->n_rounds > 0) != (token_size > 0) ||
            token_size > GSS_TOKEN_MAX || context->n_rounds == GSS_ROUNDS_MAX)
                step.error = gss_error_new(GSS_FAULT_SERVER_TOKEN,
                                           "a token that is empty, too large or one "
                                           "too many");
        if (step.error.fault == GSS_FAULT_NONE && !context->name)
                r = name_server(context, &step.error);
        if (r == 0 && step.error.fault == GSS_FAULT_NONE) {
                context->n_rounds++;
                r = initiate(context, token, token_size, &step);
        }
        context->is_complete = step.is_complete;
        if (r < 0 || step.error.fault != GSS_FAULT_NONE)
                give_up(context);
        if (r < 0)
                return r;
        *ret_step = step;
        return 0;
}

void gss_step_done(GssStep *step) {
        if (step->token)
                OPENSSL_cleanse(step->token, step->token_size);
        free(TAKE_PTR(step->token));
}

uint32_t gss_context_lifetime_sec(const GssContext *context) {
        OM_uint32 minor, lifetime_sec;

        if (!context->is_complete ||
            gss_context_time(&minor, context->handle, &lifetime_sec) != GSS_S_COMPLETE)
                return 0;
        return lifetime_sec;
}

int gss_context_sign(GssContext *context, const uint8_t *bytes, size_t size,
                     uint8_t ret_mic[static GSS_MIC_MAX], size_t *ret_mic_size) {
        gss_buffer_desc message = {.length = size, .value = (void *)bytes};
        gss_buffer_desc mic = GSS_C_EMPTY_BUFFER;
        OM_uint32 minor, ignored;
        int r = 0;

        if (!context->is_complete)
                return -EINVAL;
        /* The library would sign on (RFC 3645 5.1, C65). */
        if (gss_context_lifetime_sec(context) == 0)
                return -EKEYEXPIRED;
        OM_uint32 major = gss_get_mic(&minor, context->handle, GSS_C_QOP_DEFAULT, &message, &mic);
        if (GSS_ERROR(major))
                r = minor == ENOMEM ? -ENOMEM : -EKEYREJECTED;
        else if (mic.length > GSS_MIC_MAX)
                r = -EKEYREJECTED;
        else
                memcpy(ret_mic, mic.value, *ret_mic_size = mic.length);
        gss_release_buffer(&ignored, &mic);
        return r;
}

/* A message out of order is no less its sender's: that it answers our request is in what was
   signed. */
bool gss_context_verify(GssContext *context, const uint8_t *bytes, size_t size, const uint8_t *mic,
                        size_t mic_size) {
        gss_buffer_desc message = {.length = size, .value = (void *)bytes};
        gss_buffer_desc token = {.length = mic_size, .value = (void *)mic};
        OM_uint32 minor;

        if (!context->is_complete)
                return false;
        OM_uint32 major = gss_verify_mic(&minor, context->handle, &message, &token, NULL);
        return !GSS_ERROR(major) && !(GSS_SUPPLEMENTARY_INFO(major) & UNWANTED_ORDER);
}

const char *gss_context_principal(const GssContext *context) {
        return gss_credential_principal(context->credential);
}
