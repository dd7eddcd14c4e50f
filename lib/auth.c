/* Ways to authenticate a request behind one interface: a tag and what the tag needs.

   The object is shared by every zone and transaction that uses one key, so that the HMAC or GSS
   context with its key is made once. It belongs to the event loop's thread: the count is a plain
   number, and one message is signed or verified at a time. */
#include "lib/auth.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/gss-tsig.h"
#include "lib/util.h"

struct Auth {
        unsigned n_refs;
        Security security;
        TsigContext *tsig; /* but with SECURITY_NONE */
        char *description;
};

DEFINE_CLEANUP(Auth, auth_unref)

static int auth_new(Security security, Auth **ret_auth) {
        Auth *auth = calloc(1, sizeof(*auth));
        if (!auth)
                return -ENOMEM;
        auth->n_refs = 1;
        auth->security = security;
        *ret_auth = auth;
        return 0;
}

int auth_new_none(Auth **ret_auth) {
        return auth_new(SECURITY_NONE, ret_auth);
}

int auth_new_tsig(const TsigKey *key, Auth **ret_auth) {
        _cleanup_(auth_unrefp) Auth *auth = NULL;
        char name[NAME_TEXT_MAX];

        int r = auth_new(SECURITY_TSIG, &auth);
        if (r < 0)
                return r;
        r = tsig_context_new(key, &auth->tsig);
        if (r < 0)
                return r;
        if (asprintf(&auth->description, "%s key %s", tsig_algorithm_to_string(key->algorithm),
                     name_to_text(&key->name, name)) < 0) {
                auth->description = NULL;
                return -ENOMEM;
        }
        *ret_auth = TAKE_PTR(auth);
        return 0;
}

int auth_new_gss(GssContext *context, const Name *key_name, Auth **ret_auth) {
        _cleanup_(auth_unrefp) Auth *auth = NULL;

        int r = auth_new(SECURITY_GSS, &auth);
        if (r < 0)
                return r;
        if (asprintf(&auth->description, "Kerberos principal %s", gss_context_principal(context)) <
            0) {
                auth->description = NULL;
                return -ENOMEM;
        }
        /* Last: with it the context has changed hands. */
        r = gss_tsig_new(context, key_name, &auth->tsig);
        if (r < 0)
                return r;
        *ret_auth = TAKE_PTR(auth);
        return 0;
}

Auth *auth_ref(Auth *auth) {
        if (auth)
                auth->n_refs++;
        return auth;
}

Auth *auth_unref(Auth *auth) {
        if (!auth || --auth->n_refs > 0)
                return NULL;
        tsig_context_free(auth->tsig);
        free(auth->description);
        free(auth);
        return NULL;
}

Security auth_security(const Auth *auth) {
        return auth->security;
}

const char *auth_description(const Auth *auth) {
        return auth->description ?: "";
}

int auth_sign(Auth *auth, Message *message, uint64_t now_sec, Signature *ret_signature) {
        switch (auth->security) {
        case SECURITY_NONE:
                *ret_signature = (Signature){};
                return 0;
        case SECURITY_TSIG:
        case SECURITY_GSS:
                return tsig_sign(auth->tsig, message, now_sec, ret_signature);
        case _SECURITY_MAX:
                break;
        }
        return -EINVAL;
}

int auth_verify(Auth *auth, const Signature *request, const uint8_t *bytes, size_t size,
                uint64_t now_sec, TsigResult *ret_result) {
        switch (auth->security) {
        case SECURITY_NONE:
                *ret_result = (TsigResult){.verdict = TSIG_NONE};
                return 0;
        case SECURITY_TSIG:
        case SECURITY_GSS:
                return tsig_verify(auth->tsig, request, bytes, size, now_sec, ret_result);
        case _SECURITY_MAX:
                break;
        }
        return -EINVAL;
}
