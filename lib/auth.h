/* One interface over the ways to authenticate a request: none, TSIG, GSS-TSIG. */
#pragma once

#include <stdint.h>

#include "lib/gss.h"
#include "lib/message.h"
#include "lib/tsig.h"

typedef enum Security {
        SECURITY_NONE,
        SECURITY_TSIG,
        SECURITY_GSS,
        _SECURITY_MAX,
} Security;

/* Reference counted: transactions under way hold it while a reload replaces it. */
typedef struct Auth Auth;

int auth_new_none(Auth **ret_auth);
int auth_new_tsig(const TsigKey *key, Auth **ret_auth);

/* The context must be complete; it is taken over on success. One for each server (see
   gss_tsig_new): a server knows no other's. */
int auth_new_gss(GssContext *context, const Name *key_name, Auth **ret_auth);
Auth *auth_ref(Auth *auth);
Auth *auth_unref(Auth *auth);

Security auth_security(const Auth *auth);

/* The key as messages name it ("hmac-sha256 key tsigkey", "Kerberos principal KMS1$@CONTOSO.COM"),
   "" without one. Owned by auth. */
const char *auth_description(const Auth *auth);

/* Signs the message in place; with SECURITY_NONE leaves it and sets is_signed = false. Never
   blocks. -EKEYEXPIRED when a GSS context is over: negotiate another. */
int auth_sign(Auth *auth, Message *message, uint64_t now_sec, Signature *ret_signature);

/* See tsig_verify(). With SECURITY_NONE the verdict is TSIG_NONE whatever the answer carries. */
int auth_verify(Auth *auth, const Signature *request, const uint8_t *bytes, size_t size,
                uint64_t now_sec, TsigResult *ret_result);
