#include "recording/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MODE = 0640 };

struct sink {
    int fd, error;
    bool sealed;
    uint64_t bytes;
    crypto_hash_sha256_state hash;
    crypto_secretstream_xchacha20poly1305_state state;
    char head[SEAL_HEAD_MAX];
    size_t head_len, used; /* used: of `plain`, what is not written yet */
    unsigned char plain[SEAL_CHUNK];
    unsigned char out[SEAL_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES];
};

static int put(struct sink *sink, const void *data, size_t len)
{
    if (!sink->error)
        sink->error = file_write_all(sink->fd, data, len);
    if (!sink->error) {
        crypto_hash_sha256_update(&sink->hash, data, len);
        sink->bytes += len;
    }
    return sink->error;
}

/* What has gathered goes to the file, as the last chunk or one of many. */
static int flush(struct sink *sink, bool last)
{
    unsigned long long len = sink->used;

    if (sink->sealed)
        crypto_secretstream_xchacha20poly1305_push(
            &sink->state, sink->out, &len, sink->plain, sink->used, (unsigned char *)sink->head,
            sink->head_len, last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    sink->used = 0;
    return put(sink, sink->sealed ? sink->out : sink->plain, (size_t)len);
}

static int put_head(struct sink *sink, const struct seal_key *key, const char *line)
{
    unsigned char header[crypto_secretstream_xchacha20poly1305_HEADERBYTES], size[4];
    size_t len = strlen(line);

    if (str_copy(sink->head, sizeof(sink->head), line))
        return -ENAMETOOLONG;
    sink->head_len = len;
    for (size_t i = 0; i < sizeof(size); i++)
        size[i] = (unsigned char)(len >> 8 * i);
    if (crypto_secretstream_xchacha20poly1305_init_push(&sink->state, header, key->bytes))
        return -EIO;
    sink->sealed = true;
    put(sink, SEAL_MAGIC, strlen(SEAL_MAGIC));
    put(sink, size, sizeof(size));
    put(sink, line, len);
    return put(sink, header, sizeof(header));
}

int sink_open(struct sink **out, const char *path, const struct seal_key *key, const char *line,
              struct err *err)
{
    struct sink *sink = calloc(1, sizeof(*sink));
    int res;

    if (!sink)
        return err_set(err, -ENOMEM, "no memory for %s", path);
    sink->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, MODE);
    res = sink->fd < 0 ? -errno : 0;
    crypto_hash_sha256_init(&sink->hash);
    if (!res && key->id)
        res = put_head(sink, key, line);
    if (res) {
        sink_drop(sink);
        return err_sys(err, res, "%s", path);
    }
    *out = sink;
    return 0;
}

int sink_write(struct sink *sink, const void *data, size_t len)
{
    while (len && !sink->error) {
        size_t room = sizeof(sink->plain) - sink->used, now = len < room ? len : room;

        memcpy(sink->plain + sink->used, data, now);
        sink->used += now;
        data = (const char *)data + now;
        len -= now;
        if (sink->used == sizeof(sink->plain))
            flush(sink, false);
    }
    return sink->error;
}

int sink_finish(struct sink *sink, uint64_t *bytes, char sha256[RECORDING_DIGEST_SIZE],
                struct err *err)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    int res = flush(sink, true);

    if (!res && fsync(sink->fd))
        res = -errno;
    if (!res) {
        crypto_hash_sha256_final(&sink->hash, digest);
        sodium_bin2hex(sha256, RECORDING_DIGEST_SIZE, digest, sizeof(digest));
        *bytes = sink->bytes;
    }
    sink_drop(sink);
    return res ? err_sys(err, res, "writing a recording") : 0;
}

void sink_drop(struct sink *sink)
{
    if (!sink)
        return;
    if (sink->fd >= 0)
        close(sink->fd);
    sodium_memzero(sink, sizeof(*sink));
    free(sink);
}
