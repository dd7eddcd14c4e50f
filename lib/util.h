/* Cleanup by attribute, units and small helpers that every layer uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))
#define _cleanup_(function) __attribute__((cleanup(function)))
#define _unused_ __attribute__((unused))
/* An enum of one octet, for what there is a hundred thousand of. */
#define _packed_ __attribute__((packed))
#define _printf_(text, first) __attribute__((format(printf, text, first)))

/* Hands a pointer over: evaluates to it and leaves NULL behind, so that cleanup does nothing. */
#define TAKE_PTR(pointer)                               \
        ({                                              \
                __typeof__(pointer) taken_ = (pointer); \
                (pointer) = NULL;                       \
                taken_;                                 \
        })

/* Defines FUNCTION##p(Type **), the form _cleanup_() wants. FUNCTION must accept NULL. */
#define DEFINE_CLEANUP(Type, function)                            \
        static inline _unused_ void function##p(Type **pointer) { \
                (void)function(*pointer);                         \
        }

static inline _unused_ void freep(void *pointer) {
        free(*(void **)pointer);
}

static inline _unused_ void fclosep(FILE **pointer) {
        if (*pointer)
                fclose(*pointer);
}
