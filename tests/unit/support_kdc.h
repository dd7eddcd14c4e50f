/* A Kerberos realm for suites: MIT's KDC on a port of loopback, its files in a directory that goes
   with it, and the accepting side of a context, as a name server has it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/gss.h"
#include "tests/unit/support_tsig.h"

#define KDC_REALM "EXAMPLE.TEST"

enum {
        KDC_PATH_MAX = 128,
};

/* Makes the realm, starts its KDC, and points this process's Kerberos library to it (KRB5_CONFIG).
   There is one at a time. */
void kdc_setup(void);
void kdc_teardown(void);

void kdc_start(void);
void kdc_stop(void);

/* Rewrites krb5.conf: further lines of [libdefaults], and of a section of their own; "" none. */
void kdc_configure(const char *defaults, const char *sections);

/* One command of kadmin.local(8): "addprinc -randkey host/x". */
__attribute__((format(printf, 1, 2))) void kdc_admin(const char *command, ...);

/* How many lines of the KDC's log have this text. */
unsigned kdc_count(const char *text);

/* A file's path in the realm's directory. The buffer is reused at the 8th call. */
const char *kdc_path(const char *name);

/* A principal with a new random key, which is added to a keytab; kdc_path(keytab) is returned. */
const char *kdc_add(const char *principal, const char *keytab);

/* The accepting side: one context with whoever has a ticket for a principal in the keytab. */
typedef struct Acceptor Acceptor;
Acceptor *acceptor_new(const char *keytab);
Acceptor *acceptor_free(Acceptor *acceptor);

/* Takes the token and answers with one of its own. Without mutual authentication, there is none. */
void acceptor_step(Acceptor *acceptor, const uint8_t *token, size_t size, Octets *ret_token);
/* As SignAs wants it; userdata is the acceptor. */
size_t acceptor_sign(void *userdata, const Octets *octets, uint8_t *ret_mic);
bool acceptor_verify(Acceptor *acceptor, const Octets *octets, const uint8_t *mic, size_t size);

/* A credential, and a complete context of it with an acceptor; they must succeed. */
GssCredential *kdc_credential(const char *keytab, const char *principal);
GssContext *kdc_context(GssCredential *credential, const char *server, Acceptor *acceptor);

/* The fault of an acquisition that must fail, with words. */
GssError kdc_acquire_error(const char *keytab, const char *principal);

#define assert_fault(error, expected, words)                                                      \
        do {                                                                                      \
                GssError error_ = (error);                                                        \
                ck_assert_msg(error_.fault == (expected) && strstr(error_.text, words), "%s: %s", \
                              gss_fault_to_string(error_.fault), error_.text);                    \
        } while (0)
