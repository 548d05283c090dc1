/* The reading half of a follower: lines, the end of a file's time, the next file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cdr/follow_private.h"
#include "cdr/writers.h"

enum { LINES = 500 }; /* of one append to the spool */

/* Opens what is to be read: the rest of a rotation, or the file. No file is success. */
static int open_file(struct follow *follow, struct err *err)
{
    const char *path = follow->aside;
    struct follow_id id;
    int res;

    follow->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (follow->fd < 0 && errno == ENOENT) {
        path = follow->options.path;
        follow->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (follow->fd < 0)
        return errno == ENOENT ? 0 : err_sys(err, -errno, "%s", path);
    res = follow_identify(follow->fd, &id, NULL);
    if (res) {
        close(follow->fd);
        follow->fd = -1;
        return err_sys(err, res, "%s", path);
    }
    if (!follow_same(&id, &follow->mark.id))
        follow->mark = (struct follow_mark){.id = id};
    return 0;
}

static void close_file(struct follow *follow)
{
    close(follow->fd);
    follow->fd = -1;
}

/* Splits complete lines off the bytes. Returns how many; *used gets the bytes they take. */
static size_t split(const char *data, size_t len, struct intake_body *lines, size_t *used)
{
    const char *at = data, *end = data + len, *newline;
    size_t count = 0;

    while (count < LINES && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        if (newline > at)
            lines[count++] = (struct intake_body){at, (size_t)(newline - at)};
        at = newline + 1;
    }
    *used = (size_t)(at - data);
    return count;
}

/* Puts these lines into the spool, then moves the checkpoint behind them. */
static int hand_over(struct follow *follow, const struct intake_body *lines, size_t count,
                     size_t used, bool inside, struct err *err)
{
    const struct follow_options *options = &follow->options;
    int res = 0;

    if (count)
        res = intake_add(options->intake, options->source, lines, count, err);
    if (res)
        return res;
    follow->mark.offset += used;
    follow->mark.inside = inside;
    return follow_save(options->checkpoint, &follow->mark, err);
}

/* The file as it is now; one that is not what it was begins anew. */
static int examine(struct follow *follow)
{
    struct follow_mark *mark = &follow->mark;
    uint64_t size = 0;
    char before = '\n';
    int res = follow_identify(follow->fd, &mark->id, &size);

    if (!res && mark->offset && !mark->inside && mark->offset <= size &&
        pread(follow->fd, &before, 1, (off_t)mark->offset - 1) < 0)
        res = -errno;
    if (!res && (mark->offset > size || before != '\n')) {
        log_warning("%s was truncated: reading it from its beginning", follow->options.path);
        mark->offset = 0;
        mark->inside = false;
    }
    return res;
}

/* Reads up to follow->want bytes from the mark on. */
static int read_chunk(struct follow *follow, struct err *err)
{
    struct buf *chunk = &follow->chunk;
    ssize_t len = 0;
    int res = examine(follow);

    buf_reset(chunk);
    if (!res)
        res = buf_reserve(chunk, follow->want);
    if (!res)
        len = pread(follow->fd, chunk->data, follow->want, (off_t)follow->mark.offset);
    if (len < 0)
        res = -errno;
    if (res)
        return err_sys(err, res, "reading %s", follow->options.path);
    chunk->len = (size_t)len;
    return 0;
}

/* Takes what there is of complete lines, or of one that is longer than any record. *more: there may
 * be more to take. */
static int take_chunk(struct follow *follow, bool *more, struct err *err)
{
    const struct buf *chunk = &follow->chunk;
    const struct intake_body piece = {chunk->data, chunk->len};
    struct intake_body lines[LINES];
    size_t used, count = split(chunk->data, chunk->len, lines, &used);

    *more = true;
    if (used) {
        follow->want = FOLLOW_CHUNK;
        return hand_over(follow, lines, count, used, false, err);
    }
    *more = chunk->len == follow->want;
    if (!*more)
        return 0;
    if (follow->want < INTAKE_BODY_MAX) {
        follow->want = follow->want * 4 < INTAKE_BODY_MAX ? follow->want * 4 : INTAKE_BODY_MAX;
        return 0;
    }
    log_warning("%s has a line of more than %d bytes: it comes in pieces", follow->options.path,
                INTAKE_BODY_MAX);
    return hand_over(follow, &piece, 1, piece.len, true, err);
}

/* Takes the complete lines that are there. What is left in the chunk is of an unfinished one. */
static int drain(struct follow *follow, struct err *err)
{
    bool more = true;
    int res = 0;

    while (!res && more) {
        res = read_chunk(follow, err);
        if (!res)
            res = take_chunk(follow, &more, err);
    }
    /* The memory of a line that was long, once it is taken. */
    if (follow->want == FOLLOW_CHUNK && follow->chunk.cap > 4 * FOLLOW_CHUNK) {
        struct buf rest;

        buf_init(&rest, INTAKE_BODY_MAX);
        if (buf_add(&rest, follow->chunk.data, follow->chunk.len) == 0) {
            buf_free(&follow->chunk);
            follow->chunk = rest;
        }
    }
    return res;
}

/* The last bytes of a file that nobody will write to again: a line whose newline never comes. */
static int take_rest(struct follow *follow, struct err *err)
{
    const struct intake_body line = {follow->chunk.data, follow->chunk.len};

    if (line.len == 0)
        return 0;
    log_warning("%s ends without a newline", follow->options.path);
    return hand_over(follow, &line, 1, line.len, false, err);
}

/*
 * The file has lost its name. Whoever opened it before may still write to it; when nobody has it
 * open any more, what is then read is all there will be.
 */
static int finish_old(struct follow *follow, bool *again, struct err *err)
{
    struct follow_id id;
    int res;

    *again = false;
    if (!writers_gone(follow->fd))
        return 0;
    res = drain(follow, err);
    if (!res)
        res = take_rest(follow, err);
    if (res)
        return res;
    *again = true;
    if (follow_identify_path(follow->aside, &id) == 0 && follow_same(&id, &follow->mark.id) &&
        unlink(follow->aside))
        return err_sys(err, -errno, "removing %s", follow->aside);
    close_file(follow);
    return 0;
}

static int rotate(struct follow *follow, bool *again, struct err *err)
{
    *again = false;
    if (!follow->options.rotate_bytes || follow->mark.offset < follow->options.rotate_bytes)
        return 0;
    if (renameat2(AT_FDCWD, follow->options.path, AT_FDCWD, follow->aside, RENAME_NOREPLACE))
        return err_sys(err, -errno, "renaming %s to %s", follow->options.path, follow->aside);
    *again = true;
    return 0;
}

int follow_look(struct follow *follow, bool *again, struct err *err)
{
    struct follow_id named;
    int res = 0;

    *again = false;
    if (follow->fd < 0)
        res = open_file(follow, err);
    if (res || follow->fd < 0)
        return res;
    res = drain(follow, err);
    if (res)
        return res;
    if (follow_identify_path(follow->options.path, &named) == 0 &&
        follow_same(&named, &follow->mark.id))
        return rotate(follow, again, err);
    return finish_old(follow, again, err);
}
