/* Message ids from the kernel's generator, drawn a hundred at a time: an id is all that an
 * off-path forger of UDP answers has to guess beside the port (C02), so it is never derived from
 * anything. Each is used once and wiped from the buffer.
 */
#include "daemon/random.h"

#include <errno.h>
#include <stddef.h>
#include <sys/random.h>

#include "lib/util.h"

int random_id(uint16_t *ret_id) {
        static uint16_t buffer[128]; /* 256 octets: getrandom gives all or none */
        static size_t n_left;

        while (n_left == 0) {
                if (getrandom(buffer, sizeof(buffer), 0) == (ssize_t)sizeof(buffer))
                        n_left = ELEMENTSOF(buffer);
                else if (errno != EINTR)
                        return -errno;
        }
        *ret_id = buffer[--n_left];
        buffer[n_left] = 0;
        return 0;
}

uint32_t random_u32(void) {
        uint16_t high = 0, low = 0;

        (void)random_id(&high);
        (void)random_id(&low);
        return (uint32_t)high << 16 | low;
}
