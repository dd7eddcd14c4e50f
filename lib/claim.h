/* The claim: the TXT record beside an SRV with which a publisher marks the SRV as its own (O4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/name.h"
#include "lib/record.h"

enum {
        PUBLISHER_ID_TEXT_MAX = 33,
        CLAIM_HOST_MAX = 250,  /* characters of host=: a character-string holds 255 octets */
        CLAIM_RDATA_MAX = 512, /* of a claim as we write it */
};

/* 128 random bits, drawn once by each publisher. */
typedef struct PublisherId {
        uint8_t bytes[16];
} PublisherId;

bool publisher_id_equal(const PublisherId *a, const PublisherId *b);

/* 32 hexadecimal digits, lower case when written, either case when read. -EINVAL. */
const char *publisher_id_to_text(const PublisherId *id, char buffer[static PUBLISHER_ID_TEXT_MAX]);
int publisher_id_from_text(const char *text, PublisherId *ret_id);

/* A plain value. Times are those of the claimant's clock. */
typedef struct Claim {
        PublisherId id;
        Name host;
        uint16_t port;
        uint32_t ttl;       /* seconds, as configured at that publisher: 1 .. 2^31-1 */
        uint32_t lease_sec; /* how long a claim lives unless renewed; 0: not said */
        uint64_t since_sec; /* when its numbers were configured */
        uint64_t until_sec; /* 0: without a lease */
} Claim;

/* Whether it claims the offer of srv: the same (target, port), the target without case (O1). */
bool claim_covers(const Claim *claim, const Srv *srv);

/* Reads the RDATA of a TXT RR (character-strings, RFC 1035 3.3.14), whatever it holds.
   -EINVAL: it is no claim that we understand, and thereby a foreign TXT: srvpub=1 is not its first
   string, a key we know is missing, there twice or malformed, a number is out of bounds. Keys are
   matched without case; unknown ones are skipped. -ENOMEM. */
int claim_from_rdata(const uint8_t *rdata, size_t size, Claim *ret_claim);

/* srvpub=1 id= host= port= ttl= since=, and with a lease until= and lease=. Returns the size.
   What claim_from_rdata() would refuse gives 0: a host of more than CLAIM_HOST_MAX characters, a
   number out of bounds. */
size_t claim_to_rdata(const Claim *claim, uint8_t rdata[static CLAIM_RDATA_MAX]);
