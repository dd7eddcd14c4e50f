/* Requests that named 9.18 took and the answers it gave, octet for octet. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/tsig.h"

enum {
        RECORDED_SEC = 1795337524, /* when named was asked */
};

/* id 5678, opcode UPDATE; ZONE 1: example.test. SOA IN; UPDATE 1 */
#define RECORDED_UPDATE "5678 2800 0001 0000 0001 0000 076578616d706c65 0474657374 00 0006 0001 "

/* new.allowed.example.test. SRV IN 300 0 0 1688 kms1.example.test. */
#define RECORDED_ADD                                                                             \
        "036e6577 07616c6c6f776564 076578616d706c65 0474657374 00 0021 0001 0000012c 0019 0000 " \
        "0000 0698 046b6d7331 076578616d706c65 0474657374 00 "

typedef struct Recorded {
        const char *what;
        const char *key; /* alg:name:secret */
        uint64_t request_sec;
        const char *request;
        const char *signed_request; /* NULL: not kept */
        const char *answer;
        TsigVerdict verdict;
        uint16_t error;
        uint64_t server_time_sec;
} Recorded;

extern const Recorded recorded[];
extern const size_t n_recorded;
