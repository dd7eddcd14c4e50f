/* Growing an array without a field for its capacity. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Makes room for one more behind n items, for an array that only ever grew through here: its
   capacity is n rounded up to a power of two. 0 or -ENOMEM. */
static inline int array_reserve(void **items, size_t n, size_t item_size) {
        if (n & (n - 1))
                return 0;
        void *grown = reallocarray(*items, n ? 2 * n : 1, item_size);
        if (!grown)
                return -ENOMEM;
        *items = grown;
        return 0;
}
