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
    follow->skipping = false;
}

/* Splits complete lines off the bytes. Returns how many; *used gets the bytes they take. */
static size_t split(struct follow *follow, const char *data, size_t len, struct intake_body *lines,
                    size_t *used)
{
    const char *at = data, *end = data + len, *newline;
    size_t count = 0;

    while (count < LINES && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        size_t line = (size_t)(newline - at);

        if (follow->skipping || line > FOLLOW_LINE_MAX) {
            log_warning("%s: dropped a line of more than %d bytes", follow->options.path,
                        FOLLOW_LINE_MAX);
            atomic_fetch_add(&follow->options.intake->dropped[follow->options.source], 1);
        } else if (line > 0) {
            lines[count++] = (struct intake_body){at, line};
        }
        follow->skipping = false;
        at = newline + 1;
    }
    *used = (size_t)(at - data);
    return count;
}

/* Puts these lines into the spool, then moves the checkpoint behind them. */
static int hand_over(struct follow *follow, const struct intake_body *lines, size_t count,
                     size_t used, struct err *err)
{
    const struct follow_options *options = &follow->options;
    int res = 0;

    if (count)
        res = intake_add(options->intake, options->source, lines, count, err);
    if (res)
        return res;
    follow->mark.offset += used;
    return follow_save(options->checkpoint, &follow->mark, err);
}

/* Reads from the mark on; *got gets the bytes. A file that is not what it was begins anew. */
static int read_chunk(struct follow *follow, size_t *got, struct err *err)
{
    struct follow_mark *mark = &follow->mark;
    uint64_t size = 0;
    char before = '\n';
    ssize_t len;
    int res = follow_identify(follow->fd, &mark->id, &size);

    if (!res && mark->offset && !follow->skipping && mark->offset <= size &&
        pread(follow->fd, &before, 1, (off_t)mark->offset - 1) < 0)
        res = -errno;
    if (!res && (mark->offset > size || before != '\n')) {
        log_warning("%s was truncated: reading it from its beginning", follow->options.path);
        mark->offset = 0;
        follow->skipping = false;
    }
    len = res ? 0 : pread(follow->fd, follow->chunk, FOLLOW_CHUNK, (off_t)mark->offset);
    if (len < 0)
        res = -errno;
    if (res)
        return err_sys(err, res, "reading %s", follow->options.path);
    *got = (size_t)len;
    return 0;
}

/* Takes the complete lines that are there. *rest gets the bytes of an unfinished one behind. */
static int drain(struct follow *follow, size_t *rest, struct err *err)
{
    struct intake_body lines[LINES];
    size_t got = 0, used, count;
    int res;

    do {
        res = read_chunk(follow, &got, err);
        if (res)
            return res;
        count = split(follow, follow->chunk, got, lines, &used);
        if (used) {
            res = hand_over(follow, lines, count, used, err);
        } else if (got > FOLLOW_LINE_MAX || (follow->skipping && got)) {
            /* Not into the checkpoint: after a restart this line has to be recognized again. */
            follow->skipping = true;
            follow->mark.offset += got;
            used = got;
        }
    } while (!res && used);
    *rest = got;
    return res;
}

/* The last bytes of a file that nobody will write to again: a line whose newline never comes. */
static int take_rest(struct follow *follow, size_t rest, struct err *err)
{
    const struct intake_body line = {follow->chunk, rest};

    if (rest == 0 || follow->skipping)
        return 0;
    log_warning("%s ends without a newline", follow->options.path);
    return hand_over(follow, &line, 1, rest, err);
}

/*
 * The file has lost its name. Whoever opened it before may still write to it; when nobody has it
 * open any more, what is then read is all there will be.
 */
static int finish_old(struct follow *follow, bool *again, struct err *err)
{
    struct follow_id id;
    size_t rest = 0;
    int res;

    *again = false;
    if (!writers_gone(follow->fd))
        return 0;
    res = drain(follow, &rest, err);
    if (!res)
        res = take_rest(follow, rest, err);
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
    size_t rest;
    int res = 0;

    *again = false;
    if (follow->fd < 0)
        res = open_file(follow, err);
    if (res || follow->fd < 0)
        return res;
    res = drain(follow, &rest, err);
    if (res)
        return res;
    if (follow_identify_path(follow->options.path, &named) == 0 &&
        follow_same(&named, &follow->mark.id))
        return rotate(follow, again, err);
    return finish_old(follow, again, err);
}
