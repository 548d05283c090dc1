#include "recording/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/seal_stream.h"

_Static_assert(SEAL_KEY == crypto_secretstream_xchacha20poly1305_KEYBYTES &&
                   SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "one size of keys");
_Static_assert(SEAL_WRAPPED == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + SEAL_KEY +
                                   crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce, key, tag");

enum { LABEL_SIZE = 64 };

/* What a wrapped key is good for: it cannot be given to another tenant. */
static size_t put_label(char out[LABEL_SIZE], int64_t owner)
{
    return (size_t)snprintf(out, LABEL_SIZE, "dialplane recordings of %lld", (long long)owner);
}

int seal_platform_key(unsigned char out[SEAL_KEY], const char *secret, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    crypto_generichash(out, SEAL_KEY, (const unsigned char *)secret, strlen(secret), NULL, 0);
    return 0;
}

int seal_make_key(unsigned char out[SEAL_WRAPPED], const unsigned char platform[SEAL_KEY],
                  int64_t owner, struct err *err)
{
    unsigned char key[SEAL_KEY];
    char label[LABEL_SIZE];
    size_t len = put_label(label, owner);

    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    crypto_secretstream_xchacha20poly1305_keygen(key);
    randombytes_buf(out, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
                                               NULL, key, sizeof(key), (unsigned char *)label, len,
                                               NULL, out, platform);
    sodium_memzero(key, sizeof(key));
    return 0;
}

int seal_unwrap(unsigned char out[SEAL_KEY], const unsigned char wrapped[SEAL_WRAPPED],
                const unsigned char platform[SEAL_KEY], int64_t owner, struct err *err)
{
    const size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    char label[LABEL_SIZE];
    size_t len = put_label(label, owner);

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, wrapped + nonce,
                                                   SEAL_WRAPPED - nonce, (unsigned char *)label,
                                                   len, wrapped, platform))
        return err_set(err, -EBADMSG, "the tenant's key was wrapped by another platform's key");
    return 0;
}

/* Up to `len` bytes, fewer only at the end of the file; negative errno. */
static ssize_t read_full(int fd, void *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, (char *)data + done, len - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool read_exactly(int in, void *data, size_t len)
{
    return read_full(in, data, len) == (ssize_t)len;
}

int seal_stream_begin(struct seal_stream *stream, int in, const unsigned char key[SEAL_KEY])
{
    unsigned char magic[sizeof(SEAL_MAGIC) - 1], size[4];
    unsigned char header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];

    if (!read_exactly(in, magic, sizeof(magic)) || memcmp(magic, SEAL_MAGIC, sizeof(magic)) != 0 ||
        !read_exactly(in, size, sizeof(size)))
        return -EBADMSG;
    stream->head_len =
        size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (stream->head_len > sizeof(stream->head) ||
        !read_exactly(in, stream->head, stream->head_len) ||
        !read_exactly(in, header, sizeof(header)))
        return -EBADMSG;
    return crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, header, key) ? -EBADMSG
                                                                                        : 0;
}

int seal_stream_next(struct seal_stream *stream, int in, size_t *len, bool *last)
{
    ssize_t got = read_full(in, stream->sealed, sizeof(stream->sealed));
    unsigned long long plain = 0;
    unsigned char tag = 0, more;

    if (got < 0)
        return (int)got;
    if (crypto_secretstream_xchacha20poly1305_pull(&stream->state, stream->plain, &plain, &tag,
                                                   stream->sealed, (unsigned long long)got,
                                                   stream->head, stream->head_len))
        return -EBADMSG;
    *len = (size_t)plain;
    *last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return *last && read_full(in, &more, 1) ? -EBADMSG : 0;
}

int seal_open(int in, const unsigned char key[SEAL_KEY],
              int (*write)(void *arg, const void *data, size_t len), void *arg, struct err *err)
{
    struct seal_stream *stream = calloc(1, sizeof(*stream));
    bool last = false;
    size_t len = 0;
    int res = stream ? seal_stream_begin(stream, in, key) : -ENOMEM;

    while (!res && !last) {
        res = seal_stream_next(stream, in, &len, &last);
        if (!res)
            res = write(arg, stream->plain, len);
    }
    if (stream)
        sodium_memzero(stream, sizeof(*stream));
    free(stream);
    if (res == -EBADMSG)
        return err_set(err, res, "not whole, changed, or sealed with another key");
    return res ? err_sys(err, res, "decrypting") : 0;
}
