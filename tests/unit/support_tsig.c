/* Signs answers as a server does (RFC 8945 4.3, 5.3), and wrongly where a suite asks for it. */
#include "tests/unit/support_tsig.h"

#include <ctype.h>
#include <openssl/hmac.h>
#include <string.h>

#include "tests/unit/unit.h"

void octets_add(Octets *octets, const void *bytes, size_t size) {
        ck_assert_uint_le(size, sizeof(octets->bytes) - octets->size);
        memcpy(octets->bytes + octets->size, bytes, size);
        octets->size += size;
}

void octets_add_u16(Octets *octets, uint16_t value) {
        octets_add(octets, (uint8_t[]){value >> 8, value & 0xff}, 2);
}

void octets_add_u32(Octets *octets, uint32_t value) {
        octets_add_u16(octets, value >> 16);
        octets_add_u16(octets, value & 0xffff);
}

void octets_add_name(Octets *octets, const char *name) {
        while (*name) {
                uint8_t length = strcspn(name, ".");
                octets_add(octets, &length, 1);
                octets_add(octets, name, length);
                name += length + (name[length] == '.');
        }
        octets_add(octets, "", 1);
}

void octets_from_hex(Octets *octets, const char *hex) {
        unsigned value;

        octets->size = 0;
        for (; *hex; hex += 2) {
                while (isspace((unsigned char)*hex))
                        hex++;
                if (!*hex)
                        break;
                ck_assert_int_eq(sscanf(hex, "%2x", &value), 1);
                octets_add(octets, &(uint8_t){value}, 1);
        }
}

Message *octets_to_message(const Octets *octets, size_t room) {
        Message *message = malloc(sizeof(*message) + octets->size + room);

        ck_assert_ptr_nonnull(message);
        message->size = octets->size;
        message->capacity = octets->size + room;
        memcpy(message->bytes, octets->bytes, octets->size);
        return message;
}

static void add_lower_name(Octets *octets, const char *name) {
        size_t start = octets->size;

        octets_add_name(octets, name);
        for (; start < octets->size; start++)
                octets->bytes[start] = tolower(octets->bytes[start]);
}

static void add_time(Octets *octets, uint64_t time_sec) {
        octets_add_u16(octets, time_sec >> 32);
        octets_add_u32(octets, time_sec & UINT32_MAX);
}

static const EVP_MD *digest(TsigAlgorithm algorithm) {
        const EVP_MD *digests[] = {EVP_sha1(), EVP_sha224(), EVP_sha256(), EVP_sha384(),
                                   EVP_sha512()};

        return digests[algorithm];
}

static unsigned compute(const Octets *octets, const SignAs *as, const char *name,
                        const char *algorithm, uint8_t mac[static EVP_MAX_MD_SIZE]) {
        static Octets digested;
        unsigned size;

        digested.size = 0;
        if (as->request && !as->no_length)
                octets_add_u16(&digested, as->request->mac_size);
        if (as->request)
                octets_add(&digested, as->request->mac, as->request->mac_size);
        octets_add(&digested, octets->bytes, octets->size);
        add_lower_name(&digested, name);
        octets_add_u16(&digested, 255);
        octets_add_u32(&digested, 0);
        add_lower_name(&digested, algorithm);
        add_time(&digested, as->time_sec);
        octets_add_u16(&digested, 300);
        octets_add_u16(&digested, as->error);
        octets_add_u16(&digested, as->other_size);
        octets_add(&digested, as->other, as->other_size);
        if (as->make_mac)
                return as->make_mac(as->userdata, &digested, mac);
        ck_assert_ptr_nonnull(HMAC(digest(as->key->algorithm), as->key->secret,
                                   as->key->secret_size, digested.bytes, digested.size, mac,
                                   &size));
        return size;
}

void octets_sign(Octets *octets, const SignAs *as) {
        char key_name[NAME_TEXT_MAX];
        const char *name = as->name ?: name_to_text(&as->key->name, key_name);
        const char *algorithm = as->algorithm ?: tsig_algorithm_to_string(as->key->algorithm);
        uint8_t mac[EVP_MAX_MD_SIZE] = {};
        size_t mac_size = compute(octets, as, name, algorithm, mac);

        if (as->mac_size > 0)
                mac_size = as->mac_size;
        if (as->no_mac)
                mac_size = 0;
        uint16_t id = octets->bytes[0] << 8 | octets->bytes[1];
        uint16_t arcount = (octets->bytes[10] << 8 | octets->bytes[11]) + 1;
        octets->bytes[10] = arcount >> 8;
        octets->bytes[11] = arcount & 0xff;

        octets_add_name(octets, name);
        octets_add_u16(octets, 250);
        octets_add_u16(octets, 255);
        octets_add_u32(octets, 0);
        octets_add_u16(octets, strlen(algorithm) + 2 + 16 + mac_size + as->other_size);
        octets_add_name(octets, algorithm);
        add_time(octets, as->time_sec);
        octets_add_u16(octets, 300);
        octets_add_u16(octets, mac_size);
        octets_add(octets, mac, mac_size);
        octets_add_u16(octets, id);
        octets_add_u16(octets, as->error);
        octets_add_u16(octets, as->other_size);
        octets_add(octets, as->other, as->other_size);
}

TsigKey support_key(TsigAlgorithm algorithm) {
        TsigKey key = {.algorithm = algorithm, .secret_size = 20 + algorithm};

        ck_assert_int_eq(name_from_text("key.example", &key.name), 0);
        for (size_t i = 0; i < key.secret_size; i++)
                key.secret[i] = 17 * i + algorithm;
        return key;
}

uint32_t octets_random(uint64_t *state) {
        *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
        return *state >> 33;
}

void octets_mutate(Octets *octets, uint64_t *seed) {
        size_t at = octets_random(seed) % octets->size;
        size_t n = octets_random(seed) % (octets->size - at);

        switch (octets_random(seed) % 6) {
        case 0:
                octets->size = at + 1;
                break;
        case 1:
                memmove(octets->bytes + at, octets->bytes + at + n, octets->size - at - n);
                octets->size -= n;
                break;
        case 2:
                memmove(octets->bytes + at + n, octets->bytes + at, octets->size - at);
                octets->size += n;
                break;
        case 3:
                octets->bytes[at] = 0xc0;
                break;
        default:
                octets->bytes[at] ^= 1 + octets_random(seed) % 255;
        }
}
