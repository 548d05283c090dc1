/*
 * Encryption of recordings at rest: each file with its tenant's key by libsodium's secretstream
 * (XChaCha20-Poly1305), which also notices what was changed, cut off or put elsewhere; each
 * tenant's key, for the database, with the platform's key, which is in no database.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum {
    SEAL_KEY = 32,     /* bytes of a key, the platform's and a tenant's */
    SEAL_WRAPPED = 72, /* of a tenant's key as it is in the database */
    SEAL_CHUNK = 64 * 1024,
    SEAL_HEAD_MAX = 2048, /* of what stands in clear in front */
};

/* A sealed file: SEAL_MAGIC, length of the head (4 bytes, lowest first), the head, the stream's
 * header, then chunks of SEAL_CHUNK bytes of which the last is shorter and says that it is last.
 * The head is authenticated with each of them. */
#define SEAL_MAGIC "DPSEAL1\n"

struct seal_key {
    int64_t id; /* 0: there is none */
    unsigned char bytes[SEAL_KEY];
};

/* The platform's key from its secret. -EIO when libsodium does not start. */
int seal_platform_key(unsigned char out[SEAL_KEY], const char *secret, struct err *err) DP_CHECK;

/* Makes a tenant's key, wrapped by the platform's. `owner`: id of the tenant, 0 for none. */
int seal_make_key(unsigned char out[SEAL_WRAPPED], const unsigned char platform[SEAL_KEY],
                  int64_t owner, struct err *err) DP_CHECK;

/* The key in it. -EBADMSG when another platform's key, or another tenant's, was wrapped. */
int seal_unwrap(unsigned char out[SEAL_KEY], const unsigned char wrapped[SEAL_WRAPPED],
                const unsigned char platform[SEAL_KEY], int64_t owner, struct err *err) DP_CHECK;

/*
 * Decrypts the file `in` from its beginning and hands what was in it to `write` piece by piece,
 * which returns 0 to go on. -EBADMSG when the file is not whole, was changed or has another key:
 * what was handed out until then is right. Otherwise what `write` returned, or errno of read(2).
 */
int seal_open(int in, const unsigned char key[SEAL_KEY],
              int (*write)(void *arg, const void *data, size_t len), void *arg,
              struct err *err) DP_CHECK;
