/*
 * A sealed file is a chain: each chunk's nonce is made of the one before and that chunk's tag. The
 * first 8 bytes of every tag are therefore enough to come to any chunk, without decrypting what is
 * in front of it: 8 bytes in 64 KiB are read. What they say need not be believed, since with a
 * wrong nonce no chunk opens.
 */
#include "recording/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/seal_stream.h"

/* The nonce of libsodium's secretstream: a counter, lowest byte first, and the chained part. */
enum { COUNTER = 4, CHAINED = 8, TAG = 16 };

_Static_assert(sizeof(((crypto_secretstream_xchacha20poly1305_state *)0)->nonce) ==
                   COUNTER + CHAINED,
               "the stream's nonce");
_Static_assert(crypto_secretstream_xchacha20poly1305_ABYTES == 1 + TAG, "the stream's tag");

struct reading {
    int fd;
    uint64_t size; /* of the sound */
    /* Of a sealed file. */
    struct seal_stream *stream; /* NULL: it is not sealed */
    crypto_secretstream_xchacha20poly1305_state first;
    uint64_t start;   /* place of the first chunk in the file */
    uint64_t chunks;  /* at least 1, and the last is shorter */
    uint64_t next;    /* stream->state is that of this chunk */
    uint64_t current; /* what is in stream->plain; `chunks`: nothing */
    size_t current_len;
};

static int begin_sealed(struct reading *reading, const unsigned char key[SEAL_KEY], uint64_t bytes)
{
    uint64_t rest;
    off_t at;
    int res;

    reading->stream = calloc(1, sizeof(*reading->stream));
    if (!reading->stream)
        return -ENOMEM;
    res = seal_stream_begin(reading->stream, reading->fd, key);
    if (res)
        return res;
    at = lseek(reading->fd, 0, SEEK_CUR);
    if (at < 0)
        return -errno;
    reading->start = (uint64_t)at;
    reading->first = reading->stream->state;
    rest = (bytes - reading->start) % SEALED_CHUNK;
    if (rest < crypto_secretstream_xchacha20poly1305_ABYTES)
        return -EBADMSG;
    reading->chunks = (bytes - reading->start) / SEALED_CHUNK + 1;
    reading->current = reading->chunks;
    reading->size =
        (reading->chunks - 1) * SEAL_CHUNK + rest - crypto_secretstream_xchacha20poly1305_ABYTES;
    return 0;
}

static int begin(struct reading *reading, const char *path, const unsigned char *key,
                 uint64_t bytes)
{
    struct stat st;

    reading->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (reading->fd < 0 || fstat(reading->fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
        return -EBADMSG;
    reading->size = bytes;
    return key ? begin_sealed(reading, key, bytes) : 0;
}

int reading_open(struct reading **out, const char *path, const unsigned char key[SEAL_KEY],
                 uint64_t bytes, struct err *err)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    int res;

    if (!reading)
        return err_set(err, -ENOMEM, "out of memory");
    res = begin(reading, path, key, bytes);
    if (res) {
        reading_close(reading);
        return res == -EBADMSG
                   ? err_set(err, res, "%s is not whole, or sealed with another key", path)
                   : err_sys(err, res, "%s", path);
    }
    *out = reading;
    return 0;
}

int reading_take(struct reading **out, int fd, struct err *err)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    struct stat st;

    if (!reading || fstat(fd, &st)) {
        int res = reading ? -errno : -ENOMEM;

        free(reading);
        close(fd);
        return err_sys(err, res, "a file that is open");
    }
    *reading = (struct reading){.fd = fd, .size = (uint64_t)st.st_size};
    *out = reading;
    return 0;
}

uint64_t reading_size(const struct reading *reading)
{
    return reading->size;
}

static uint64_t place_of(const struct reading *reading, uint64_t chunk)
{
    return reading->start + chunk * SEALED_CHUNK;
}

/* From the state of one chunk to that of the next. No counter runs over: that takes 256 TiB. */
static void step(crypto_secretstream_xchacha20poly1305_state *state,
                 const unsigned char tag[CHAINED])
{
    for (size_t i = 0; i < CHAINED; i++)
        state->nonce[COUNTER + i] ^= tag[i];
    sodium_increment(state->nonce, COUNTER);
}

/* Has the state of this chunk ready, and the file at its place. */
static int go_to(struct reading *reading, uint64_t chunk)
{
    unsigned char tag[CHAINED];

    if (chunk < reading->next) {
        reading->stream->state = reading->first;
        reading->next = 0;
    }
    for (; reading->next < chunk; reading->next++) {
        ssize_t got = pread(reading->fd, tag, sizeof(tag),
                            (off_t)(place_of(reading, reading->next + 1) - TAG));

        if (got != sizeof(tag))
            return got < 0 ? -errno : -EBADMSG;
        step(&reading->stream->state, tag);
    }
    return lseek(reading->fd, (off_t)place_of(reading, chunk), SEEK_SET) < 0 ? -errno : 0;
}

static int load(struct reading *reading, uint64_t chunk)
{
    bool last = false;
    int res;

    if (reading->current == chunk)
        return 0;
    reading->current = reading->chunks;
    res = go_to(reading, chunk);
    if (!res)
        res = seal_stream_next(reading->stream, reading->fd, &reading->current_len, &last);
    if (res || last != (chunk + 1 == reading->chunks))
        return res ? res : -EBADMSG;
    reading->next = chunk + 1;
    reading->current = chunk;
    return 0;
}

static ssize_t read_sealed(struct reading *reading, uint64_t at, void *out, size_t len)
{
    uint64_t chunk = at / SEAL_CHUNK;
    size_t from = (size_t)(at % SEAL_CHUNK), there;
    int res = load(reading, chunk);

    if (res)
        return res;
    there = reading->current_len - from;
    if (len > there)
        len = there;
    memcpy(out, reading->stream->plain + from, len);
    return (ssize_t)len;
}

ssize_t reading_at(struct reading *reading, uint64_t at, void *out, size_t len)
{
    ssize_t got;

    if (at >= reading->size)
        return 0;
    if (reading->stream)
        return read_sealed(reading, at, out, len);
    do
        got = pread(reading->fd, out, len, (off_t)at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    /* It was as long as that when it was opened. */
    return got ? got : -EBADMSG;
}

void reading_close(struct reading *reading)
{
    if (!reading)
        return;
    if (reading->fd >= 0)
        close(reading->fd);
    if (reading->stream)
        sodium_memzero(reading->stream, sizeof(*reading->stream));
    free(reading->stream);
    sodium_memzero(reading, sizeof(*reading));
    free(reading);
}
