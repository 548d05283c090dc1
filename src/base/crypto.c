#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"

/* getrandom(2) gives up to 256 bytes without being interrupted or cut short. */
enum { RANDOM_MAX = 256, HA1_INPUT_MAX = 4096 };

/* Looking an algorithm up costs more than hashing a line with it: fetched once, never freed. */
static struct {
    pthread_once_t once;
    EVP_MD *md5;
    EVP_MD *sha1, *sha256;
} digests = {.once = PTHREAD_ONCE_INIT};

static void fetch_digests(void)
{
    digests.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    digests.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    digests.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void to_hex(const unsigned char *bytes, size_t count, char *out)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        *out++ = digit[bytes[i] >> 4];
        *out++ = digit[bytes[i] & 15];
    }
    *out = '\0';
}

static int digest_hex(const EVP_MD *digest, const void *data, size_t len, char *out)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int count = 0;

    if (!digest || EVP_Digest(data, len, hash, &count, digest, NULL) != 1)
        return -EIO;
    to_hex(hash, count, out);
    return 0;
}

int crypto_md5_hex(const void *data, size_t len, char out[CRYPTO_MD5_HEX])
{
    pthread_once(&digests.once, fetch_digests);
    return digest_hex(digests.md5, data, len, out);
}

int crypto_sha256_hex(const void *data, size_t len, char out[CRYPTO_SHA256_HEX])
{
    pthread_once(&digests.once, fetch_digests);
    return digest_hex(digests.sha256, data, len, out);
}

static int hmac(const EVP_MD *digest, const void *key, size_t key_len, const void *data, size_t len,
                unsigned char out[EVP_MAX_MD_SIZE], unsigned int *count)
{
    if (!digest || key_len > INT_MAX || !HMAC(digest, key, (int)key_len, data, len, out, count))
        return -EIO;
    return 0;
}

int crypto_hmac_sha256_hex(const void *key, size_t key_len, const void *data, size_t len,
                           char out[CRYPTO_SHA256_HEX])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int count = 0;

    pthread_once(&digests.once, fetch_digests);
    if (hmac(digests.sha256, key, key_len, data, len, hash, &count))
        return -EIO;
    to_hex(hash, count, out);
    return 0;
}

int crypto_hmac_base64(enum crypto_digest digest, const char *key, const char *text,
                       char out[CRYPTO_HMAC_BASE64])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int count = 0;

    pthread_once(&digests.once, fetch_digests);
    if (hmac(digest == CRYPTO_SHA1 ? digests.sha1 : digests.sha256, key, strlen(key), text,
             strlen(text), hash, &count))
        return -EIO;
    EVP_EncodeBlock((unsigned char *)out, hash, (int)count);
    return 0;
}

int crypto_ha1(const char *user, const char *realm, const char *password, char out[CRYPTO_MD5_HEX])
{
    struct buf input;
    int res;

    if (strchr(user, ':') || strchr(realm, ':'))
        return -EINVAL;
    buf_init(&input, HA1_INPUT_MAX);
    res = buf_printf(&input, "%s:%s:%s", user, realm, password);
    if (!res)
        res = crypto_md5_hex(input.data, input.len, out);
    /* The password was in there. */
    if (input.cap)
        OPENSSL_cleanse(input.data, input.cap);
    buf_free(&input);
    return res;
}

int crypto_random_hex(char *out, size_t bytes)
{
    unsigned char raw[RANDOM_MAX];

    if (bytes > sizeof(raw))
        return -EINVAL;
    if (getrandom(raw, bytes, 0) != (ssize_t)bytes)
        return errno ? -errno : -EIO;
    to_hex(raw, bytes, out);
    OPENSSL_cleanse(raw, sizeof(raw));
    return 0;
}

bool crypto_equal(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
