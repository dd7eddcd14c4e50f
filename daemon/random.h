/* Unpredictable numbers from the kernel: message ids (C02), and what spreads things in time. */
#pragma once

#include <stdint.h>

/* 0 or the errno of getrandom(2). For the loop's thread only. */
int random_id(uint16_t *ret_id);

/* The same for a use that can bear a bad number: 0 when the kernel has none. */
uint32_t random_u32(void);
