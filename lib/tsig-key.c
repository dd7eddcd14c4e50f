/* Parses TSIG key files: `key "name" { algorithm a; secret "base64"; };` as tsig-keygen writes and
   named.conf has it, and the one line alg:name:secret that Knot's tools take.

   A token is a view into the text, so nothing but the decoded secret is ever copied, and that is
   wiped. What the file holds is never repeated in an error: where the operator's mistake is, the
   secret may be. Algorithms are those of RFC 8945 6 in full length; md5 is refused by name. */
#include "lib/tsig-key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

#define BASE64_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define ALLOWED "hmac-sha256, hmac-sha224, hmac-sha384, hmac-sha512 or hmac-sha1"

enum {
        /* Whole blocks of three octets for TSIG_SECRET_MAX of them. */
        DECODED_MAX = (TSIG_SECRET_MAX + 2) / 3 * 3,
};

typedef enum TokenKind {
        TOKEN_END,
        TOKEN_WORD,
        TOKEN_STRING, /* without its quotes */
        TOKEN_PUNCTUATION,
        TOKEN_UNTERMINATED, /* a string or comment that nothing ends */
} TokenKind;

typedef struct Token {
        TokenKind kind;
        const char *text;
        size_t size;
} Token;

typedef struct Parser {
        const char *at;
        const char *end;
        unsigned line;       /* where at is */
        Token token;         /* the current one */
        unsigned token_line; /* where it begins */
        TsigKeyError *error;
        TsigKey *key;
        bool has_algorithm;
        bool has_secret;
} Parser;

_printf_(2, 3) static int fail(Parser *parser, const char *format, ...) {
        va_list arguments;
        if (parser->token.kind == TOKEN_UNTERMINATED)
                format = "a string or comment has no end";
        parser->error->line = parser->token_line;
        va_start(arguments, format);
        (void)vsnprintf(parser->error->text, sizeof(parser->error->text), format, arguments);
        va_end(arguments);
        return -EINVAL;
}

static bool starts_with(const Parser *parser, const char *prefix) {
        size_t size = strlen(prefix);
        return (size_t)(parser->end - parser->at) >= size && memcmp(parser->at, prefix, size) == 0;
}

static void advance(Parser *parser, const char *to) {
        for (; parser->at < to; parser->at++)
                parser->line += *parser->at == '\n';
}

static const char *find(const Parser *parser, size_t skip, const char *what) {
        const char *from = parser->at + skip;
        return memmem(from, parser->end - from, what, strlen(what));
}

/* Passes blanks and comments. False in a comment that nothing ends. */
static bool skip_blanks(Parser *parser) {
        while (parser->at < parser->end) {
                if (strchr(" \t\r\n\f\v", *parser->at))
                        advance(parser, parser->at + 1);
                else if (*parser->at == '#' || starts_with(parser, "//"))
                        advance(parser, find(parser, 0, "\n") ?: parser->end);
                else if (starts_with(parser, "/*")) {
                        const char *close = find(parser, 2, "*/");
                        if (!close)
                                return false;
                        advance(parser, close + 2);
                } else
                        break;
        }
        return true;
}

static void set_token(Parser *parser, TokenKind kind, size_t size) {
        parser->token = (Token){kind, parser->at, size};
        advance(parser, parser->at + size);
}

/* A word ends at a blank or punctuation; a comment does not end it: base64 may hold two slashes. */
static void next_token(Parser *parser) {
        bool ok = skip_blanks(parser);
        parser->token_line = parser->line;
        if (!ok) {
                set_token(parser, TOKEN_UNTERMINATED, 0);
        } else if (parser->at == parser->end) {
                set_token(parser, TOKEN_END, 0);
        } else if (*parser->at == '"') {
                const char *close = find(parser, 1, "\"");
                parser->at++;
                set_token(parser, close ? TOKEN_STRING : TOKEN_UNTERMINATED,
                          close ? close - parser->at : 0);
                parser->at += close ? 1 : 0;
        } else if (strchr("{};", *parser->at)) {
                set_token(parser, TOKEN_PUNCTUATION, 1);
        } else {
                const char *end = parser->at;
                while (end < parser->end && !strchr(" \t\r\n\f\v{};\"", *end))
                        end++;
                set_token(parser, TOKEN_WORD, end - parser->at);
        }
}

static bool token_is(const Token *token, TokenKind kind, const char *text) {
        return token->kind == kind && token->size == strlen(text) &&
               strncasecmp(token->text, text, token->size) == 0;
}

static bool token_is_value(const Token *token) {
        return token->kind == TOKEN_WORD || token->kind == TOKEN_STRING;
}

const char *tsig_algorithm_to_string(TsigAlgorithm algorithm) {
        switch (algorithm) {
        case TSIG_HMAC_SHA1:
                return "hmac-sha1";
        case TSIG_HMAC_SHA224:
                return "hmac-sha224";
        case TSIG_HMAC_SHA256:
                return "hmac-sha256";
        case TSIG_HMAC_SHA384:
                return "hmac-sha384";
        case TSIG_HMAC_SHA512:
                return "hmac-sha512";
        case _TSIG_ALGORITHM_MAX:
                break;
        }
        return "?";
}

static int set_algorithm(Parser *parser, const char *text, size_t size) {
        Token name = {TOKEN_WORD, text, size};
        if (name.size > 0 && text[size - 1] == '.')
                name.size--;
        if (parser->has_algorithm)
                return fail(parser, "the key has two algorithms");
        if (token_is(&name, TOKEN_WORD, "hmac-md5") ||
            token_is(&name, TOKEN_WORD, "hmac-md5.sig-alg.reg.int"))
                return fail(parser, "hmac-md5 must not be used any more (RFC 8945 section 6): make "
                                    "a new key with tsig-keygen -a hmac-sha256");
        for (TsigAlgorithm i = 0; i < _TSIG_ALGORITHM_MAX; i++)
                if (token_is(&name, TOKEN_WORD, tsig_algorithm_to_string(i))) {
                        parser->key->algorithm = i;
                        parser->has_algorithm = true;
                        return 0;
                }
        return fail(parser, "unknown algorithm: allowed are " ALLOWED);
}

static int set_name(Parser *parser, const char *text, size_t size) {
        char buffer[NAME_TEXT_MAX];
        if (size >= sizeof(buffer))
                return fail(parser, "the key's name is too long");
        memcpy(buffer, text, size);
        buffer[size] = '\0';
        int r = name_from_text(buffer, &parser->key->name);
        if (r == -EINVAL || (r == 0 && parser->key->name.length <= 1))
                return fail(parser, "the key's name is not a domain name");
        return r;
}

/* RFC 4648 4 without leniency: only the alphabet, padded to whole groups, no bits left over. */
static int decode_base64(const char *text, size_t size, uint8_t decoded[static DECODED_MAX],
                         size_t *ret_size) {
        size_t n = 0, padding = 0;
        while (n < size && memchr(BASE64_ALPHABET, text[n], sizeof(BASE64_ALPHABET) - 1))
                n++;
        while (n + padding < size && text[n + padding] == '=')
                padding++;
        if (n + padding != size || size % 4 != 0 || padding > 2)
                return -EINVAL;
        if (size / 4 * 3 > DECODED_MAX)
                return -EMSGSIZE;
        /* It takes padding for octets of zero and counts them; bits left over would be lost in
           silence. */
        if (EVP_DecodeBlock(decoded, (const uint8_t *)text, size) < 0)
                return -EINVAL;
        size_t decoded_size = size / 4 * 3 - padding;
        for (size_t i = 0; i < padding; i++)
                if (decoded[decoded_size + i] != 0)
                        return -EINVAL;
        *ret_size = decoded_size;
        return 0;
}

static int set_secret(Parser *parser, const char *text, size_t size) {
        uint8_t decoded[DECODED_MAX];
        size_t decoded_size = 0;
        if (parser->has_secret)
                return fail(parser, "the key has two secrets");
        if (size == 0)
                return fail(parser, "the secret is empty");

        int r = decode_base64(text, size, decoded, &decoded_size);
        if (r == 0 && decoded_size <= TSIG_SECRET_MAX) {
                memcpy(parser->key->secret, decoded, decoded_size);
                parser->key->secret_size = decoded_size;
                parser->has_secret = true;
        }
        OPENSSL_cleanse(decoded, sizeof(decoded));
        if (r == -EMSGSIZE || decoded_size > TSIG_SECRET_MAX)
                return fail(parser, "the secret is longer than %d octets", TSIG_SECRET_MAX);
        if (r < 0)
                return fail(parser, "the secret is not base64");
        return 0;
}

static int expect(Parser *parser, const char *punctuation, const char *after) {
        if (!token_is(&parser->token, TOKEN_PUNCTUATION, punctuation))
                return fail(parser, "expected '%s' after %s", punctuation, after);
        next_token(parser);
        return 0;
}

static int parse_statement(Parser *parser) {
        bool is_algorithm = token_is(&parser->token, TOKEN_WORD, "algorithm");
        if (!is_algorithm && !token_is(&parser->token, TOKEN_WORD, "secret"))
                return fail(parser, "expected algorithm, secret or '}'");
        next_token(parser);
        if (!token_is_value(&parser->token))
                return fail(parser, "expected a value after %s",
                            is_algorithm ? "algorithm" : "secret");

        Token value = parser->token;
        int r = is_algorithm ? set_algorithm(parser, value.text, value.size)
                             : set_secret(parser, value.text, value.size);
        if (r < 0)
                return r;
        next_token(parser);
        return expect(parser, ";", is_algorithm ? "the algorithm" : "the secret");
}

/* name { algorithm a; secret "s"; }; */
static int parse_key_statement(Parser *parser) {
        next_token(parser);
        if (!token_is_value(&parser->token))
                return fail(parser, "expected the key's name after key");
        int r = set_name(parser, parser->token.text, parser->token.size);
        if (r < 0)
                return r;
        next_token(parser);
        r = expect(parser, "{", "the key's name");
        while (r == 0 && !token_is(&parser->token, TOKEN_PUNCTUATION, "}"))
                r = parse_statement(parser);
        if (r < 0)
                return r;
        if (!parser->has_algorithm)
                return fail(parser, "the key has no algorithm");
        if (!parser->has_secret)
                return fail(parser, "the key has no secret");
        next_token(parser);
        return expect(parser, ";", "'}'");
}

/* alg:name:secret */
static int parse_line(Parser *parser) {
        const char *text = parser->token.text, *end = text + parser->token.size;
        const char *colon = memchr(text, ':', end - text);
        const char *second = colon ? memchr(colon + 1, ':', end - colon - 1) : NULL;
        if (!second || parser->token.kind != TOKEN_WORD)
                return fail(parser, "expected key \"name\" { ... }; or algorithm:name:secret");

        int r = set_algorithm(parser, text, colon - text);
        if (r == 0)
                r = set_name(parser, colon + 1, second - colon - 1);
        if (r == 0)
                r = set_secret(parser, second + 1, end - second - 1);
        if (r < 0)
                return r;
        next_token(parser);
        return 0;
}

static int parse(Parser *parser) {
        next_token(parser);
        if (parser->token.kind == TOKEN_END)
                return fail(parser, "there is no key in it");

        int r = token_is(&parser->token, TOKEN_WORD, "key") ? parse_key_statement(parser)
                                                            : parse_line(parser);
        if (r < 0)
                return r;
        if (token_is(&parser->token, TOKEN_WORD, "key"))
                return fail(parser, "there is more than one key in it");
        if (parser->token.kind != TOKEN_END)
                return fail(parser, "there is something behind the key");
        return 0;
}

int tsig_key_parse(const char *text, size_t size, TsigKey *ret_key, TsigKeyError *ret_error) {
        TsigKey key = {};
        Parser parser = {
                .at = text,
                .end = text + size,
                .line = 1,
                .token_line = 1,
                .error = ret_error,
                .key = &key,
        };
        if (size > TSIG_KEY_FILE_MAX)
                return fail(&parser, "it is longer than %d octets", TSIG_KEY_FILE_MAX);
        /* Text functions would stop there and take the rest for nothing. */
        const char *nul = memchr(text, '\0', size);
        if (nul) {
                advance(&parser, nul);
                parser.token_line = parser.line;
                return fail(&parser, "there is a NUL octet in it");
        }

        int r = parse(&parser);
        if (r == 0)
                *ret_key = key;
        tsig_key_wipe(&key);
        return r;
}

void tsig_key_wipe(TsigKey *key) {
        if (key)
                OPENSSL_cleanse(key, sizeof(*key));
}
