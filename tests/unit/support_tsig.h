/* The server's side of TSIG for suites: written anew over HMAC(), it shares no code with lib/tsig.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/tsig.h"

/* A message that a suite builds or takes apart. */
typedef struct Octets {
        size_t size;
        uint8_t bytes[UINT16_MAX];
} Octets;

void octets_add(Octets *octets, const void *bytes, size_t size);
void octets_add_u16(Octets *octets, uint16_t value);
void octets_add_u32(Octets *octets, uint32_t value);
void octets_add_name(Octets *octets, const char *name);

/* Reads hex digits; blanks are passed. */
void octets_from_hex(Octets *octets, const char *hex);

/* The same octets as a request with room behind it; the caller's (free). */
Message *octets_to_message(const Octets *octets, size_t room);

/* What a server signs with. What is zero is as it should be. */
typedef struct SignAs {
        const TsigKey *key;
        /* Or, in place of a key: makes the MAC over the octets. name and algorithm must be given.
         */
        size_t (*make_mac)(void *userdata, const Octets *digested, uint8_t *ret_mac);
        void *userdata;
        const Signature *request; /* its MAC is digested first */
        uint64_t time_sec;
        uint16_t error;
        const char *name;      /* another key name */
        const char *algorithm; /* another algorithm name; the digest stays the key's */
        size_t mac_size;       /* a truncated MAC */
        bool no_mac;
        bool no_length; /* the request's MAC without its length, as Samba before 4.19.8 */
        uint8_t other[8];
        size_t other_size;
} SignAs;

/* Appends the TSIG RR to a message; ARCOUNT + 1. */
void octets_sign(Octets *octets, const SignAs *as);

/* 31 bits of a fixed sequence; and with it, an octet changed, octets cut out or put in, or the end
   lost. The octets may grow to twice their size. */
uint32_t octets_random(uint64_t *seed);
void octets_mutate(Octets *octets, uint64_t *seed);

/* The key "key.example" with a secret of its own for each algorithm. */
TsigKey support_key(TsigAlgorithm algorithm);
