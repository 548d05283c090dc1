#include "recording/take.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "recording/sound.h"

enum { READ_STEP = 64 * 1024, FOLDER_MODE = 0750 };

/* What is made of one file. */
struct taking {
    const struct take_options *options;
    struct recording recording;
    struct seal_key key;
    struct sound sound;
    char final[PATH_MAX], unfinished[PATH_MAX];
};

/* RFC 9562, version 8: of the node, the file's name, length and last change. */
static void set_id(struct recording *recording, const char *path, const struct stat *st)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char of[PATH_MAX + 128], hex[2 * 16 + 1];
    int len = snprintf(of, sizeof(of), "%s/%s/%lld/%lld.%09ld", recording->node, name,
                       (long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);

    crypto_hash_sha256(digest, (const unsigned char *)of, (unsigned long long)len);
    digest[6] = (unsigned char)(0x80 | (digest[6] & 0x0f));
    digest[8] = (unsigned char)(0x80 | (digest[8] & 0x3f));
    sodium_bin2hex(hex, sizeof(hex), digest, 16);
    snprintf(recording->id, sizeof(recording->id), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
             hex + 12, hex + 16, hex + 20);
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), res = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd))
        res = -errno;
    close(fd);
    return res;
}

/* Makes the day's folder, if it is its first recording, with those above it in the store; each is
 * on disk before something in it counts. */
static int make_folder(const struct taking *taking, struct err *err)
{
    char path[PATH_MAX];
    char *slash;
    int res;

    if (str_copy(path, sizeof(path), taking->final))
        return err_sys(err, -ENAMETOOLONG, "%s", taking->final);
    *strrchr(path, '/') = '\0';
    if (access(path, F_OK) == 0)
        return 0;
    res = file_make_dirs(path, FOLDER_MODE, err);
    /* The day, the month, the year, "recordings": four names, each in the folder above. */
    for (int i = 0; !res && i < 4 && (slash = strrchr(path, '/')); i++) {
        *slash = '\0';
        res = sync_folder(path);
        if (res)
            err_sys(err, res, "%s", path);
    }
    return res;
}

static int encode(struct taking *taking, struct sink *sink, struct err *err)
{
    const struct recording *recording = &taking->recording;
    struct buf line;
    int res;

    buf_init(&line, RECORDING_LINE_MAX);
    recording_write_line(recording, &line);
    res = buf_error(&line) ? err_sys(err, buf_error(&line), "the head of a recording")
          : strcmp(recording->format, "opus") == 0
              ? sound_to_opus(&taking->sound, line.data, sink, err)
              : sound_to_wav(&taking->sound, line.data, sink, err);
    buf_free(&line);
    return res;
}

static int open_sink(struct taking *taking, struct sink **out, struct err *err)
{
    struct buf line;
    int res;

    buf_init(&line, RECORDING_LINE_MAX);
    recording_write_line(&taking->recording, &line);
    res = buf_error(&line);
    res = res ? err_sys(err, res, "the head of a recording")
              : sink_open(out, taking->unfinished, &taking->key, line.data, err);
    buf_free(&line);
    return res;
}

/* The copy: whole, on disk, and then under its name. */
static int make_copy(struct taking *taking, struct err *err)
{
    struct recording *recording = &taking->recording;
    struct sink *sink = NULL;
    int res = open_sink(taking, &sink, err), written;

    if (res)
        return res;
    res = encode(taking, sink, err);
    if (res == -EINVAL) {
        sink_drop(sink);
        return res;
    }
    /* What was wrong with the disk is a better reason than that the encoder could not go on. */
    written = sink_finish(sink, &recording->bytes, recording->sha256, res ? NULL : err);
    if (!res)
        res = written;
    if (!res)
        res = make_folder(taking, err);
    if (!res && rename(taking->unfinished, taking->final))
        res = err_sys(err, -errno, "%s", taking->final);
    return res;
}

int take_digest(const char *path, struct recording *recording, struct err *err)
{
    unsigned char digest[crypto_hash_sha256_BYTES], bytes[READ_STEP];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), res = fd < 0 ? -errno : 0;
    crypto_hash_sha256_state hash;
    uint64_t total = 0;
    ssize_t got = 1;

    crypto_hash_sha256_init(&hash);
    while (!res && got) {
        got = read(fd, bytes, sizeof(bytes));
        if (got < 0 && errno != EINTR)
            res = -errno;
        if (got > 0) {
            crypto_hash_sha256_update(&hash, bytes, (unsigned long long)got);
            total += (uint64_t)got;
        }
    }
    if (fd >= 0)
        close(fd);
    if (res)
        return err_sys(err, res, "%s", path);
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(recording->sha256, sizeof(recording->sha256), digest, sizeof(digest));
    recording->bytes = total;
    return 0;
}

/* Somebody may have come this far before; the name is on disk for certain in either case. */
static int store(struct taking *taking, struct err *err)
{
    char folder[PATH_MAX];
    int res = access(taking->final, F_OK) == 0 ? take_digest(taking->final, &taking->recording, err)
                                               : make_copy(taking, err);

    if (res)
        return res;
    if (str_copy(folder, sizeof(folder), taking->final))
        return err_sys(err, -ENAMETOOLONG, "%s", taking->final);
    *strrchr(folder, '/') = '\0';
    res = sync_folder(folder);
    return res ? err_sys(err, res, "%s", folder) : 0;
}

int take_record(const struct take_options *options, const struct recording *recording,
                struct err *err)
{
    struct intake_body body;
    struct buf json;
    int res;

    buf_init(&json, RECORDING_LINE_MAX);
    recording_write(recording, true, &json);
    body = (struct intake_body){json.data, json.len};
    res = buf_error(&json);
    res = res ? err_sys(err, res, "the record of a recording")
              : intake_add(options->intake, INTAKE_RECORDING, &body, 1, err);
    buf_free(&json);
    return res;
}

/* Whose it is, how long, and what it will be called. */
static int describe(struct taking *taking, const char *path, const struct media_name *name,
                    const struct policy *policy, const struct stat *st, struct err *err)
{
    const struct take_options *options = taking->options;
    struct recording *recording = &taking->recording;
    int res;

    *recording = (struct recording){
        .started_us = name->started_us,
        .key_id = policy->key.id,
        .duration_ms = sound_duration_ms(&taking->sound),
    };
    memcpy(recording->call_id, name->call_id, sizeof(recording->call_id));
    memcpy(recording->domain, name->domain, sizeof(recording->domain));
    memcpy(recording->format, policy->format, sizeof(recording->format));
    res = str_copy(recording->node, sizeof(recording->node), options->node);
    set_id(recording, path, st);
    recording_set_path(recording);
    if (!res)
        res = str_printf(taking->final, sizeof(taking->final), "%s/%s", options->store,
                         recording->path);
    if (!res)
        res = str_printf(taking->unfinished, sizeof(taking->unfinished), "%s/%s/%s", options->store,
                         TAKE_UNFINISHED, recording->id);
    return res ? err_sys(err, res, "%s", path) : 0;
}

/* -ENODATA: there is no sound in it. */
static int look_at(struct taking *taking, int fd, const char *path, const struct media_name *name,
                   const struct policy *policy, struct err *err)
{
    struct stat st;
    int res = fstat(fd, &st) ? err_sys(err, -errno, "%s", path)
                             : sound_open(&taking->sound, fd, name->raw, err);

    if (!res && !taking->sound.frames)
        return -ENODATA;
    return res ? res : describe(taking, path, name, policy, &st, err);
}

int take_file(const struct take_options *options, const char *path, const struct media_name *name,
              const struct policy *policy, bool *taken, struct err *err)
{
    struct taking taking = {.options = options, .key = policy->key};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int res =
        fd < 0 ? err_sys(err, -errno, "%s", path) : look_at(&taking, fd, path, name, policy, err);

    *taken = !res;
    if (!res)
        res = store(&taking, err);
    if (!res)
        res = take_record(options, &taking.recording, err);
    if (fd >= 0)
        close(fd);
    sodium_memzero(&taking.key, sizeof(taking.key));
    if ((!res || res == -ENODATA) && unlink(path))
        return err_sys(err, -errno, "%s", path);
    return res == -ENODATA ? 0 : res;
}
