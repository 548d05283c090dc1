/*
 * Keys, session tokens and recovery codes: random numbers of which the database keeps the SHA-256.
 * There is nothing to guess, so a fast digest does; passwords are another matter (password.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

enum {
    API_KEY_PUBLIC = 16, /* hexadecimal digits */
    API_TOKEN = 64,      /* likewise: 256 random bits */
    API_KEY_SIZE = 4 + API_KEY_PUBLIC + 1 + API_TOKEN + 1,
    API_DIGEST_SIZE = 2 + 64 + 1, /* as PostgreSQL reads a bytea: \x and 64 digits */
};

/* dpk_<public id>_<secret> */
struct api_key_text {
    char key[API_KEY_SIZE];
    char public_id[API_KEY_PUBLIC + 1];
    char digest[API_DIGEST_SIZE]; /* of the secret */
};

/* A new key. -EIO or errno of getrandom(2). */
int api_key_make(struct api_key_text *out) DP_CHECK;

/* The key in the value of an Authorization header (RFC 6750). -EINVAL when there is none. */
int api_key_read(const char *authorization, struct api_key_text *out) DP_CHECK;

/* A new token, API_TOKEN digits. */
int api_token_make(char out[API_TOKEN + 1]) DP_CHECK;

/* What the database keeps of it. */
int api_token_digest(const char *token, char out[API_DIGEST_SIZE]) DP_CHECK;

/* What a script of the same site can read and one of another cannot, for a session's writes. */
int api_token_csrf(const char *token, char out[API_TOKEN + 1]) DP_CHECK;

/* The token in the cookie of this name (RFC 6265). -ENOENT when there is none that is a token. */
int api_token_cookie(const char *header, const char *name, char out[API_TOKEN + 1]) DP_CHECK;
