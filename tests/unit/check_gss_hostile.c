/* Contexts that do not come about: whatever a server answers, or a mechanism might do (points C60,
   C62). The library is called through the suite, which can do in its place what Kerberos would not.
 */
#include "lib/gss.h"

#include <dlfcn.h>
#include <errno.h>
#include <gssapi/gssapi.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_kdc.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(GssCredential, gss_credential_unref)
DEFINE_CLEANUP(GssContext, gss_context_free)
DEFINE_CLEANUP(Acceptor, acceptor_free)

#define SERVER "ns1.example.test"
#define CLIENT "KMS1$@" KDC_REALM
#define MESSAGE ((const uint8_t *)"a message")
#define MESSAGE_SIZE 9

static const char *client_keytab, *server_keytab;

/* The library's, and what Kerberos does not do but another mechanism might. */
static OM_uint32 hidden_flags;
static bool is_endless, is_speechless;
static unsigned n_calls;

OM_uint32 gss_init_sec_context(OM_uint32 *minor, gss_cred_id_t claimant, gss_ctx_id_t *context,
                               gss_name_t target, gss_OID mechanism, OM_uint32 flags,
                               OM_uint32 time_sec, gss_channel_bindings_t bindings,
                               gss_buffer_t token, gss_OID *ret_mechanism, gss_buffer_t ret_token,
                               OM_uint32 *ret_flags, OM_uint32 *ret_time_sec) {
        static __typeof__(gss_init_sec_context) *real;
        OM_uint32 major;

        n_calls++;
        if (is_endless) {
                *ret_token = (gss_buffer_desc){.length = 1, .value = strdup("x")};
                return GSS_S_CONTINUE_NEEDED;
        }
        if (is_speechless)
                return GSS_S_CONTINUE_NEEDED;
        real = real ?: (__typeof__(real))dlsym(RTLD_NEXT, "gss_init_sec_context");
        major = real(minor, claimant, context, target, mechanism, flags, time_sec, bindings, token,
                     ret_mechanism, ret_token, ret_flags, ret_time_sec);
        *ret_flags &= ~hidden_flags;
        return major;
}

static void setup(void) {
        static char client[KDC_PATH_MAX], server[KDC_PATH_MAX];

        kdc_setup();
        client_keytab = strcpy(client, kdc_add("KMS1$", "client.keytab"));
        server_keytab = strcpy(server, kdc_add("DNS/" SERVER, "server.keytab"));
}

/* What is under way, failed or over signs nothing and verifies nothing. */
START_TEST(a_context_that_is_none) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(gss_context_freep) GssContext *context = NULL;
        uint8_t mic[GSS_MIC_MAX] = {};
        size_t size = 7;
        GssStep step;

        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_int_eq(gss_context_sign(context, MESSAGE, MESSAGE_SIZE, mic, &size),
                                 -EINVAL);
                ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, sizeof(mic)));
                ck_assert_uint_eq(gss_context_lifetime_sec(context), 0);
                ck_assert_uint_eq(size, 7);
                ck_assert_int_eq(
                        gss_context_step(context, MESSAGE, i == 0 ? 0 : MESSAGE_SIZE, &step), 0);
                ck_assert_int_eq(step.error.fault,
                                 i == 0 ? GSS_FAULT_NONE : GSS_FAULT_SERVER_TOKEN);
                gss_step_done(&step);
        }
}
END_TEST

/* C62: on whatever a server answers but its token, the context ends in an error, and stays there.
 */
START_TEST(hostile_tokens) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        uint64_t seed = _i;
        GssStep step;

        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context = NULL;
        static Octets token, good;
        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
        ck_assert_int_eq(gss_context_step(context, NULL, 0, &step), 0);
        acceptor_step(acceptor, step.token, step.token_size, &good);
        if (_i == 0)
                octets_add(&good, step.token, step.token_size);
        token = good;
        gss_step_done(&step);
        if (_i == 1)
                token.size = 0;
        else if (_i == 2)
                token.size = GSS_TOKEN_MAX + 1;
        else if (_i > 2)
                octets_mutate(&token, &seed);
        _cleanup_(freep) uint8_t *copy = malloc(token.size + !token.size);
        memcpy(copy, token.bytes, token.size);
        ck_assert_int_eq(gss_context_step(context, copy, token.size, &step), 0);
        /* Not every octet about what is encrypted counts. Complete, it is with this acceptor. */
        uint8_t mic[GSS_MIC_MAX];
        if (step.is_complete)
                ck_assert_msg(gss_context_verify(context, good.bytes, good.size, mic,
                                                 acceptor_sign(acceptor, &good, mic)),
                              "seed %d", _i);
        ck_assert(_i > 2 || !step.is_complete);
        if (!step.is_complete) {
                ck_assert(step.error.fault != GSS_FAULT_NONE && step.error.text[0] && !step.token);
                ck_assert_int_eq(gss_context_step(context, good.bytes, good.size, &step), 0);
                ck_assert_int_eq(step.error.fault, GSS_FAULT_SERVER_TOKEN);
        }
}
END_TEST

/* The name is from a zone's SOA, and may be anything. */
START_TEST(hostile_names) {
        static const char *const names[] = {"",      "a/b",        "a@OTHER.TEST", "a\\.b", "a b",
                                            "a\n.b", "\303\244.b", "a\\@b",        "*.b"};
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        GssContext *context = (GssContext *)"unset";

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                ck_assert_int_eq(gss_context_new(credential, names[i], NULL, &context), -EINVAL);
        ck_assert_str_eq((char *)context, "unset");
}
END_TEST

/* C60: without any one of them it is no context for us. */
START_TEST(flags) {
        static const OM_uint32 all[] = {GSS_C_MUTUAL_FLAG, GSS_C_REPLAY_FLAG, GSS_C_INTEG_FLAG};
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context = NULL;
        uint8_t mic[GSS_MIC_MAX];
        static Octets token;
        GssStep step;
        size_t size;

        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
        ck_assert_int_eq(gss_context_step(context, NULL, 0, &step), 0);
        acceptor_step(acceptor, step.token, step.token_size, &token);
        gss_step_done(&step);
        hidden_flags = all[_i];
        ck_assert_int_eq(gss_context_step(context, token.bytes, token.size, &step), 0);
        hidden_flags = 0;
        assert_fault(step.error, GSS_FAULT_FLAGS, "");
        ck_assert(!step.is_complete && !step.token);
        ck_assert_int_eq(gss_context_sign(context, MESSAGE, MESSAGE_SIZE, mic, &size), -EINVAL);
}
END_TEST

/* C62: ten rounds are tried, no eleventh; nor one more after a failure. */
START_TEST(rounds) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        static const uint8_t large[GSS_TOKEN_MAX + 1];
        unsigned n_rounds = 0;
        GssStep step = {};

        for (unsigned i = 0; i < 3; i++) {
                _cleanup_(gss_context_freep) GssContext *context = NULL;
                ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
                is_endless = true;
                n_calls = 0;
                for (n_rounds = 0; n_rounds < 20 && step.error.fault == GSS_FAULT_NONE;
                     n_rounds++) {
                        is_speechless = i == 1 && n_rounds == 3;
                        is_endless = !is_speechless;
                        size_t size = i == 2 && n_rounds == 3 ? sizeof(large) : n_rounds > 0;
                        ck_assert_int_eq(gss_context_step(context, large, size, &step), 0);
                        gss_step_done(&step);
                }
                is_endless = true;
                ck_assert_int_eq(step.error.fault, GSS_FAULT_SERVER_TOKEN);
                ck_assert_uint_eq(n_rounds, i == 0 ? 11 : 4);
                ck_assert_uint_eq(n_calls, i == 0 ? 10 : i == 1 ? 4 : 3);
                ck_assert_int_eq(gss_context_step(context, large, 1, &step), 0);
                ck_assert_int_eq(step.error.fault, GSS_FAULT_SERVER_TOKEN);
                ck_assert_uint_eq(n_calls, i == 0 ? 10 : i == 1 ? 4 : 3);
                is_endless = is_speechless = false;
                step = (GssStep){};
        }
}
END_TEST

/* A server whose keytab is another's cannot be told by us: it has no token to give. But one that
   answers another's token is. */
START_TEST(the_answer_to_another) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *one = NULL, *two = NULL;
        static Octets token;
        GssStep first, second;

        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &one), 0);
        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &two), 0);
        ck_assert_int_eq(gss_context_step(one, NULL, 0, &first), 0);
        ck_assert_int_eq(gss_context_step(two, NULL, 0, &second), 0);
        acceptor_step(acceptor, first.token, first.token_size, &token);
        gss_step_done(&first);
        gss_step_done(&second);
        ck_assert_int_eq(gss_context_step(two, token.bytes, token.size, &second), 0);
        assert_fault(second.error, GSS_FAULT_SERVER_TOKEN, "");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, setup, kdc_teardown);
        tcase_add_test(tcase, a_context_that_is_none);
        tcase_add_loop_test(tcase, hostile_tokens, 0, 200);
        tcase_add_test(tcase, hostile_names);
        tcase_add_loop_test(tcase, flags, 0, 3);
        tcase_add_test(tcase, rounds);
        tcase_add_test(tcase, the_answer_to_another);
}

UNIT_MAIN("gss_hostile", add_tests)
