/* Whether a host still answers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
        PROBE_TEXT_MAX = 128,
};

/* Connects by TCP and closes again. false: text says why not. Never takes much longer than
   timeout_usec. */
bool probe_answers(const char *host, uint16_t port, uint64_t timeout_usec,
                   char text[static PROBE_TEXT_MAX]);
