/* A GSS-API security context with a name server, Kerberos its mechanism (RFC 3645 3.1, RFC 4121):
   token in / token out, then signatures over octets.

   BLOCKS: gss_context_step() alone asks the KDC: for a worker thread. The rest only computes.

   Threads: a context is one thread's at a time, with no lock of its own: the worker's while a job
   steps it, the loop's before and after. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/gss-credential.h"
#include "lib/gss-fault.h"

enum {
        GSS_MIC_MAX = 64,
        GSS_TOKEN_MAX = 48 * 1024, /* of a token of ours or theirs */
        GSS_ROUNDS_MAX = 10,       /* C62 */
};

typedef struct GssContext GssContext;

/* With the DNS service of the server of that name, DNS/<server, lower case>@<its realm>. realm
   NULL: as krb5.conf maps the server's domain, else as the KDC refers (C70). Takes a reference to
   the credential. -EINVAL if server is no host name, -ENOMEM. */
int gss_context_new(GssCredential *credential, const char *server, const char *realm,
                    GssContext **ret_context);

/* Also in the midst of an exchange; wipes the keys. */
GssContext *gss_context_free(GssContext *context);

/* What to do next: after an error nothing, but freeing the context (C62). Else send the token if
   there is one; and unless it is complete go on with the server's answer to it. */
typedef struct GssStep {
        GssError error;
        bool is_complete;
        size_t token_size;
        uint8_t *token; /* NULL if there is none */
} GssStep;

/* BLOCKS. First with no token, then with each that the server sent (hostile octets). Complete it
   is mutual, detects replays and disorder and signs, or there is an error (C60). The caller ends
   *ret_step with gss_step_done(). 0 or -ENOMEM. */
int gss_context_step(GssContext *context, const uint8_t *token, size_t token_size,
                     GssStep *ret_step);
void gss_step_done(GssStep *step);

/* How long a complete context is still good for; 0 when it is over. */
uint32_t gss_context_lifetime_sec(const GssContext *context);

/* Signs, of a complete context. -EKEYEXPIRED when it is over, -EKEYREJECTED if the library does
   not want to, -ENOMEM. */
int gss_context_sign(GssContext *context, const uint8_t *bytes, size_t size,
                     uint8_t ret_mic[static GSS_MIC_MAX], size_t *ret_mic_size);

/* Whether the other side of a complete context signed just these octets, and this is not a
   signature that was seen already. */
bool gss_context_verify(GssContext *context, const uint8_t *bytes, size_t size, const uint8_t *mic,
                        size_t mic_size);

/* The name it acts under, name@REALM. */
const char *gss_context_principal(const GssContext *context);
