/* Recorded on loopback between named 9.18 and a client that shares no code with this one, one key
   for each algorithm: query and update, BADTIME, BADSIG, BADKEY. The secrets were made for this. */
#include "tests/unit/support_recorded.h"

#include "lib/util.h"

/* id 1234, opcode QUERY; QUESTION 1: srv.allowed.example.test. SRV IN; ADDITIONAL: counts/TSIG */
#define QUERY(arcount)                      \
        "1234 0000 0001 0000 0000 " arcount \
        " 03737276 07616c6c6f776564 076578616d706c65 0474657374 00 0021 0001 "

/* The same with QR AA; ANSWER 1: @c00c SRV IN 300 0 0 1688 kms1.example.test. */
#define ANSWER                                                                 \
        "1234 8400 0001 0001 0000 0001"                                        \
        " 03737276 07616c6c6f776564 076578616d706c65 0474657374 00 0021 0001 " \
        "c00c 0021 0001 0000012c 0019 0000 0000 0698 046b6d7331 076578616d706c65 0474657374 00 "

/* id 5678, opcode UPDATE; ZONE 1: example.test. SOA IN; ADDITIONAL 1: TSIG */
#define UPDATE_ANSWER(flags) \
        "5678 " flags " 0001 0000 0000 0001 076578616d706c65 0474657374 00 0006 0001 "

/* TSIG ANY 0, as far as the algorithm; then time, fudge 300, and as far as the MAC; at its end
   the original id, error, other length. */
#define TSIG_SHA1 \
        "066b2d73686131 076578616d706c65 00 00fa 00ff 00000000 002f 09686d61632d73686131 00 "
#define TSIG_SHA224                                                                                \
        "086b2d736861323234 076578616d706c65 00 00fa 00ff 00000000 0039 0b686d61632d736861323234 " \
        "00 "
#define TSIG_SHA256(rdlength)                                                 \
        "086b2d736861323536 076578616d706c65 00 00fa 00ff 00000000 " rdlength \
        " 0b686d61632d736861323536 00 "
#define TSIG_SHA384                                                                                \
        "086b2d736861333834 076578616d706c65 00 00fa 00ff 00000000 004d 0b686d61632d736861333834 " \
        "00 "
#define TSIG_SHA512                                                                                \
        "086b2d736861353132 076578616d706c65 00 00fa 00ff 00000000 005d 0b686d61632d736861353132 " \
        "00 "
#define TIME_NOW "00006b02ad34 012c "
#define TIME_HOUR_AGO "00006b029f24 012c "

#define KEY_SHA1 "hmac-sha1:k-sha1.example:shNWx34kd6jA5ye9KqO04+V0eOc="
#define KEY_SHA224 "hmac-sha224:k-sha224.example:6grpwjVHpJilRpGa+dbGuYncZPJ+CfoEoORU+g=="
#define KEY_SHA256 "hmac-sha256:k-sha256.example:0q7v3P1kOashTAtJEay8yKyz6XOrU9IXrcvZtGNpPCI="
#define KEY_SHA384                                                                              \
        "hmac-sha384:k-sha384.example:IQahtt5bGV7sLdXRO5HupIZvlEgQX9v3z9GEHF0haI4nNClKEWuURxqi" \
        "BxOL6Apb"
#define KEY_SHA512                                                                              \
        "hmac-sha512:k-sha512.example:zcnydiBVpQoxUQ3QBqIKIi2V3OVT0h+19Vq0/GpRiEMOf2GbMVfT+jCo" \
        "2bWQMX9EiVZ9ye/ANWdrn6GJKPqIvQ=="

#define MAC_SHA256_QUERY "2af06dfd4896bc32f834fd27da050e2aaef0fd86d3fb8b0045cb0a765b20d07a"

const Recorded recorded[] = {
        {"hmac-sha1", KEY_SHA1, RECORDED_SEC, QUERY("0000"),
         QUERY("0001") TSIG_SHA1 TIME_NOW "0014 f2aff104dc70c2382f442f0650a397ff446a4ac7"
                                          "1234 0000 0000",
         ANSWER TSIG_SHA1 TIME_NOW "0014 dc6c45e9b74cd58224d9008f301ab3f013c116dd 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"hmac-sha224", KEY_SHA224, RECORDED_SEC, QUERY("0000"),
         QUERY("0001") TSIG_SHA224 TIME_NOW
         "001c 5ac5b65187878ffcfe30ea4e3a0ecbe374c434fc6b6d8ecf5e6e4e8f 1234 0000 0000",
         ANSWER TSIG_SHA224 TIME_NOW
         "001c bd80623fc09e3d554877c0b73b6fd2959f7a02339a6ede6bed911eba 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"hmac-sha256", KEY_SHA256, RECORDED_SEC, QUERY("0000"),
         QUERY("0001") TSIG_SHA256("003d") TIME_NOW "0020" MAC_SHA256_QUERY "1234 0000 0000",
         ANSWER TSIG_SHA256("003d") TIME_NOW
         "0020 dc48444b35623184b757046dbd31009e72031d26081b1213ccc6d0a9067b104a 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"hmac-sha384", KEY_SHA384, RECORDED_SEC, QUERY("0000"),
         QUERY("0001") TSIG_SHA384 TIME_NOW
         "0030 098db08b3a9431277db1a436be98cd1699191f2c5521d00bcef9a20840b02f8a"
         "4e50870a375d86bb15428df5c0d4367e 1234 0000 0000",
         ANSWER TSIG_SHA384 TIME_NOW
         "0030 3fae908659581587a305de0b46208b7b3c7dba2c27e1cd46c5740e233c0ba5fc"
         "b5085ba6f3c29c05d56cc237c8d57cee 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"hmac-sha512", KEY_SHA512, RECORDED_SEC, QUERY("0000"),
         QUERY("0001") TSIG_SHA512 TIME_NOW
         "0040 c061baf8bd21cde5fc7748fbbce7b06277a7cc3c8f9ca3606527f16fa52ad33d"
         "15f9f6527c81b98b4eac8e4a20f35eb459aaf3acafd3182b63041ec3ef4d1e4d 1234 0000 0000",
         ANSWER TSIG_SHA512 TIME_NOW
         "0040 9217780760642abe5edbb0d8eec6edb7ba7d8ea316850db7de94b7e4f6d9ed17"
         "c087e1e42db170f8775b3fe3f091984ad5f10db6dcb8af72d076cd3dcedae749 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"C43: a key named in upper case signs as in lower case",
         "hmac-sha256:K-SHA256.Example:0q7v3P1kOashTAtJEay8yKyz6XOrU9IXrcvZtGNpPCI=", RECORDED_SEC,
         QUERY("0000"),
         QUERY("0001") TSIG_SHA256("003d") TIME_NOW "0020" MAC_SHA256_QUERY "1234 0000 0000",
         ANSWER TSIG_SHA256("003d") TIME_NOW
         "0020 dc48444b35623184b757046dbd31009e72031d26081b1213ccc6d0a9067b104a 1234 0000 0000",
         TSIG_VERIFIED, 0, 0},
        {"C46: BADTIME is signed, at our time, with the server's", KEY_SHA256, RECORDED_SEC - 3600,
         RECORDED_UPDATE RECORDED_ADD, NULL,
         UPDATE_ANSWER("a809") TSIG_SHA256("0043") TIME_HOUR_AGO
         "0020 043fe759289a075c7ce294dd37b7ff6886a08fba896a00b5015360453b727aee 5678 0012 0006"
         "00006b02ad34",
         TSIG_VERIFIED, TSIG_BADTIME, RECORDED_SEC},
        {"C47: BADSIG has no MAC", KEY_SHA256, RECORDED_SEC, RECORDED_UPDATE RECORDED_ADD, NULL,
         UPDATE_ANSWER("a809") TSIG_SHA256("001d") TIME_NOW "0000 5678 0010 0000", TSIG_ERROR,
         TSIG_BADSIG, 0},
        {"C47: BADKEY has no MAC", "hmac-sha256:nokey.example:AAAA", RECORDED_SEC,
         RECORDED_UPDATE RECORDED_ADD, NULL,
         UPDATE_ANSWER("a809") "056e6f6b6579 076578616d706c65 00 00fa 00ff 00000000 001d"
                               "0b686d61632d736861323536 00" TIME_NOW "0000 5678 0011 0000",
         TSIG_ERROR, TSIG_BADKEY, 0},
};

const size_t n_recorded = ELEMENTSOF(recorded);
