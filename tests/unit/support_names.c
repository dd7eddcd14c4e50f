/* See support_names.h. */
#include "tests/unit/support_names.h"

#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static const char *known[NAMES_ADDRESSES_MAX];
static size_t n_known;
static unsigned n_asked;
static bool is_held;

static int real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                            struct addrinfo **ret_list) {
        __typeof__(getaddrinfo) *real = (__typeof__(real))dlsym(RTLD_NEXT, "getaddrinfo");

        return real(node, service, hints, ret_list);
}

/* One list of many: freeaddrinfo() frees element by element. */
static int make_list(const char *service, const struct addrinfo *hints,
                     struct addrinfo **ret_list) {
        struct addrinfo **end = ret_list;

        if (n_known == 0)
                return EAI_NONAME;
        for (size_t i = 0; i < n_known; i++, end = &(*end)->ai_next)
                if (real_getaddrinfo(known[i], service, hints, end) != 0)
                        abort();
        return 0;
}

int names_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **ret_list) {
        const size_t length = node ? strlen(node) : 0, domain = strlen(NAMES_DOMAIN);
        int r;

        if (length <= domain || strcasecmp(node + length - domain, NAMES_DOMAIN) != 0)
                return real_getaddrinfo(node, service, hints, ret_list);
        pthread_mutex_lock(&lock);
        n_asked++;
        while (is_held)
                pthread_cond_wait(&released, &lock);
        r = make_list(service, hints, ret_list);
        pthread_mutex_unlock(&lock);
        return r;
}

void names_release(void) {
        pthread_mutex_lock(&lock);
        is_held = false;
        pthread_cond_broadcast(&released);
        pthread_mutex_unlock(&lock);
}

void names_hold(void) {
        pthread_mutex_lock(&lock);
        is_held = true;
        pthread_mutex_unlock(&lock);
}

void names_are(const char *const addresses[], size_t n) {
        ck_assert_uint_le(n, NAMES_ADDRESSES_MAX);
        names_release();
        pthread_mutex_lock(&lock);
        memcpy(known, addresses, n * sizeof(*addresses));
        n_known = n;
        n_asked = 0;
        pthread_mutex_unlock(&lock);
}

void name_is(const char *address) {
        names_are(&address, address != NULL);
}

unsigned names_asked(void) {
        pthread_mutex_lock(&lock);
        unsigned n = n_asked;
        pthread_mutex_unlock(&lock);
        return n;
}
