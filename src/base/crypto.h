/* The few digests and random numbers the platform needs, from OpenSSL and the kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

enum {
    CRYPTO_MD5_HEX = 33,     /* 32 digits and the NUL */
    CRYPTO_SHA256_HEX = 65,  /* 64 digits and the NUL */
    CRYPTO_HMAC_BASE64 = 45, /* of 32 bytes, and the NUL */
};

enum crypto_digest { CRYPTO_SHA1, CRYPTO_SHA256 };

/* Lower-case hexadecimal digest. -EIO when OpenSSL refuses (a policy without MD5, say). */
int crypto_md5_hex(const void *data, size_t len, char out[CRYPTO_MD5_HEX]) DP_CHECK;
int crypto_sha256_hex(const void *data, size_t len, char out[CRYPTO_SHA256_HEX]) DP_CHECK;

/* Lower-case hexadecimal HMAC-SHA256 (RFC 2104) of `data`. */
int crypto_hmac_sha256_hex(const void *key, size_t key_len, const void *data, size_t len,
                           char out[CRYPTO_SHA256_HEX]) DP_CHECK;

/* Base64 (RFC 4648, padded) of the HMAC of `text`. -EIO as above. */
int crypto_hmac_base64(enum crypto_digest digest, const char *key, const char *text,
                       char out[CRYPTO_HMAC_BASE64]) DP_CHECK;

/*
 * HA1 of digest authentication, RFC 2617 3.2.2.2: MD5 of "user:realm:password". What the
 * platform stores instead of a password. -EINVAL when user or realm contains a colon, because
 * then two different pairs would share one HA1.
 */
int crypto_ha1(const char *user, const char *realm, const char *password,
               char out[CRYPTO_MD5_HEX]) DP_CHECK;

/* `bytes` random bytes of the kernel as 2 * bytes hexadecimal digits and a NUL. At most 256. */
int crypto_random_hex(char *out, size_t bytes) DP_CHECK;

/* Compares in a time that depends only on the lengths. */
bool crypto_equal(const char *a, const char *b);
