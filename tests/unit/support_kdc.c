/* See support_kdc.h. Principals get AES keys; a client must authenticate itself before it is given
   a ticket, as with Active Directory. */
#include "tests/unit/support_kdc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        WAIT_MSEC = 10000,
};

static struct {
        char directory[64];
        uint16_t port;
        pid_t pid;
} kdc;

const char *kdc_path(const char *name) {
        static char paths[8][KDC_PATH_MAX];
        static unsigned n;
        char *path = paths[n++ % 8];

        (void)snprintf(path, KDC_PATH_MAX, "%s/%.60s", kdc.directory, name);
        return path;
}

__attribute__((format(printf, 2, 3))) static void write_file(const char *name, const char *text,
                                                             ...) {
        _cleanup_(fclosep) FILE *file = fopen(kdc_path(name), "we");
        va_list arguments;

        ck_assert_ptr_nonnull(file);
        va_start(arguments, text);
        ck_assert_int_gt(vfprintf(file, text, arguments), 0);
        va_end(arguments);
}

/* Nobody's at this moment, for UDP and TCP, and not one that is given out to clients. */
static uint16_t free_port(void) {
        for (uint16_t port = 20000 + getpid() * 16 % 12000;; port++) {
                struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
                address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                bool is_free = bind(udp, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                               bind(tcp, (struct sockaddr *)&address, sizeof(address)) == 0;

                close(udp);
                close(tcp);
                if (is_free)
                        return port;
        }
}

/* It ends with this process. */
static pid_t start(const char *const *argv) {
        int log = open(kdc_path("output"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        ck_assert_int_ge(log, 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)dup2(log, STDOUT_FILENO);
                (void)dup2(log, STDERR_FILENO);
                (void)execvp(argv[0], (char **)argv);
                perror(argv[0]);
                _exit(127);
        }
        close(log);
        return pid;
}

static void run(const char *const *argv) {
        pid_t pid = start(argv);
        int status;

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed: see %s", argv[0],
                      kdc_path("output"));
}

void kdc_configure(const char *defaults, const char *sections) {
        write_file("krb5.conf",
                   "[libdefaults]\ndefault_realm = " KDC_REALM "\ndns_lookup_kdc = false\n%s\n"
                   "[realms]\n" KDC_REALM " = {\nkdc = 127.0.0.1:%u\n}\n"
                   "DARK.TEST = {\nkdc = 127.0.0.1:1\n}\n%s\n",
                   defaults, kdc.port, sections);
}

void kdc_setup(void) {
        const char *base = getenv("TMPDIR") ?: "/tmp";
        _cleanup_(freep) char *path = NULL;

        (void)snprintf(kdc.directory, sizeof(kdc.directory), "%.40s/check_kdc.XXXXXX", base);
        ck_assert_ptr_nonnull(mkdtemp(kdc.directory));
        kdc.port = free_port();
        kdc_configure("", "");
        write_file("kdc.conf",
                   "[kdcdefaults]\nkdc_listen = 127.0.0.1:%u\nkdc_tcp_listen = 127.0.0.1:%u\n"
                   "[realms]\n" KDC_REALM " = {\ndatabase_name = %s\nkey_stash_file = %s\n"
                   "default_principal_flags = +preauth\nmax_life = 10h\n}\n"
                   "[logging]\nkdc = FILE:%s\nadmin_server = FILE:%s\n",
                   kdc.port, kdc.port, kdc_path("principal"), kdc_path("stash"),
                   kdc_path("kdc.log"), kdc_path("kdc.log"));
        setenv("KRB5_CONFIG", kdc_path("krb5.conf"), 1);
        setenv("KRB5_KDC_PROFILE", kdc_path("kdc.conf"), 1);
        setenv("KRB5RCACHENAME", "none:", 1);
        ck_assert_int_gt(asprintf(&path, "%s:/usr/local/sbin:/usr/sbin:/sbin", getenv("PATH")), 0);
        setenv("PATH", path, 1);
        run((const char *[]){"kdb5_util", "-r", KDC_REALM, "create", "-s", "-P", "master", NULL});
        kdc_start();
}

/* Its process id is written to a pipe: when it listens, not before. */
void kdc_start(void) {
        const char *path = kdc_path("pid");
        char pid[16];

        ck_assert(mkfifo(path, 0600) == 0 || errno == EEXIST);
        struct pollfd wait = {.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
                              .events = POLLIN};
        ck_assert_int_ge(wait.fd, 0);
        kdc.pid = start((const char *[]){"krb5kdc", "-n", "-r", KDC_REALM, "-P", path, NULL});
        ck_assert_msg(poll(&wait, 1, WAIT_MSEC) > 0 && read(wait.fd, pid, sizeof(pid)) > 0,
                      "krb5kdc does not start: see %s", kdc_path("output"));
        close(wait.fd);
}

void kdc_stop(void) {
        if (kdc.pid > 0) {
                kill(kdc.pid, SIGKILL);
                ck_assert_int_eq(waitpid(kdc.pid, NULL, 0), kdc.pid);
        }
        kdc.pid = 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
        return remove(path);
}

void kdc_teardown(void) {
        kdc_stop();
        (void)nftw(kdc.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void kdc_admin(const char *command, ...) {
        char text[512];
        va_list arguments;

        va_start(arguments, command);
        (void)vsnprintf(text, sizeof(text), command, arguments);
        va_end(arguments);
        run((const char *[]){"kadmin.local", "-r", KDC_REALM, "-q", text, NULL});
}

const char *kdc_add(const char *principal, const char *keytab) {
        const char *path = kdc_path(keytab);

        kdc_admin("addprinc -randkey %s", principal);
        kdc_admin("ktadd -k %s -norandkey %s", path, principal);
        return path;
}

unsigned kdc_count(const char *text) {
        _cleanup_(fclosep) FILE *file = fopen(kdc_path("kdc.log"), "re");
        char line[1024];
        unsigned n = 0;

        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof(line), file))
                n += strstr(line, text) != NULL;
        return n;
}

struct Acceptor {
        gss_cred_id_t credential;
        gss_ctx_id_t context;
};

static gss_buffer_desc buffer_of(const uint8_t *bytes, size_t size) {
        return (gss_buffer_desc){.length = size, .value = (void *)bytes};
}

Acceptor *acceptor_new(const char *keytab) {
        gss_key_value_element_desc element = {.key = "keytab", .value = keytab};
        gss_key_value_set_desc store = {.count = 1, .elements = &element};
        Acceptor *acceptor = calloc(1, sizeof(*acceptor));
        OM_uint32 minor;

        ck_assert_ptr_nonnull(acceptor);
        ck_assert_uint_eq(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE,
                                                GSS_C_NO_OID_SET, GSS_C_ACCEPT, &store,
                                                &acceptor->credential, NULL, NULL),
                          GSS_S_COMPLETE);
        return acceptor;
}

Acceptor *acceptor_free(Acceptor *acceptor) {
        OM_uint32 minor;

        gss_delete_sec_context(&minor, &acceptor->context, GSS_C_NO_BUFFER);
        gss_release_cred(&minor, &acceptor->credential);
        free(acceptor);
        return NULL;
}

void acceptor_step(Acceptor *acceptor, const uint8_t *token, size_t size, Octets *ret_token) {
        gss_buffer_desc in = buffer_of(token, size), out = GSS_C_EMPTY_BUFFER;
        OM_uint32 minor;

        OM_uint32 major = gss_accept_sec_context(&minor, &acceptor->context, acceptor->credential,
                                                 &in, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &out,
                                                 NULL, NULL, NULL);
        ck_assert_msg(major == GSS_S_COMPLETE, "%s", gss_error_of_status(major, minor).text);
        ret_token->size = 0;
        octets_add(ret_token, out.value, out.length);
        gss_release_buffer(&minor, &out);
}

size_t acceptor_sign(void *userdata, const Octets *octets, uint8_t *ret_mic) {
        Acceptor *acceptor = userdata;
        gss_buffer_desc message = buffer_of(octets->bytes, octets->size), mic = GSS_C_EMPTY_BUFFER;
        OM_uint32 minor;

        ck_assert_uint_eq(gss_get_mic(&minor, acceptor->context, GSS_C_QOP_DEFAULT, &message, &mic),
                          GSS_S_COMPLETE);
        size_t size = mic.length;
        ck_assert_uint_le(size, GSS_MIC_MAX);
        memcpy(ret_mic, mic.value, size);
        gss_release_buffer(&minor, &mic);
        return size;
}

bool acceptor_verify(Acceptor *acceptor, const Octets *octets, const uint8_t *mic, size_t size) {
        gss_buffer_desc message = buffer_of(octets->bytes, octets->size);
        gss_buffer_desc token = buffer_of(mic, size);
        OM_uint32 minor;

        return gss_verify_mic(&minor, acceptor->context, &message, &token, NULL) == GSS_S_COMPLETE;
}

GssCredential *kdc_credential(const char *keytab, const char *principal) {
        GssCredential *credential = NULL;
        GssError error;

        ck_assert_int_eq(gss_credential_acquire(keytab, principal, &credential, &error), 0);
        ck_assert_msg(credential != NULL, "%s", error.text);
        return credential;
}

GssContext *kdc_context(GssCredential *credential, const char *server, Acceptor *acceptor) {
        GssContext *context = NULL;
        static Octets token;
        GssStep step;

        ck_assert_int_eq(gss_context_new(credential, server, NULL, &context), 0);
        ck_assert_int_eq(gss_context_step(context, NULL, 0, &step), 0);
        ck_assert_msg(step.token != NULL && !step.is_complete, "%s", step.error.text);
        acceptor_step(acceptor, step.token, step.token_size, &token);
        gss_step_done(&step);
        ck_assert_int_eq(gss_context_step(context, token.bytes, token.size, &step), 0);
        ck_assert_msg(step.is_complete && !step.token, "%s", step.error.text);
        gss_step_done(&step);
        return context;
}

GssError kdc_acquire_error(const char *keytab, const char *principal) {
        GssCredential *credential = (GssCredential *)"unset";
        GssError error = {};

        ck_assert_int_eq(gss_credential_acquire(keytab, principal, &credential, &error), 0);
        ck_assert_ptr_null(credential);
        ck_assert(error.text[0] != '\0');
        return error;
}
