/* The reading half of the spool: one thread, in order, from the checkpoint on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/spool_private.h"

/* Moves the cursor past segments that are read to their end and will not grow: those before the
 * last. Returns the segment with bytes to read, or NULL. With the mutex. */
static const struct spool_segment *locate(struct spool *spool)
{
    for (size_t i = 0; i < spool->count; i++) {
        const struct spool_segment *segment = &spool->segments[i];

        if (segment->number < spool->cursor.segment)
            continue;
        if (segment->number > spool->cursor.segment)
            spool->cursor = (struct spool_place){segment->number, 0};
        if (spool->cursor.offset < segment->len)
            return segment;
    }
    return NULL;
}

static struct timespec deadline_after(unsigned int ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* The segment to read from now, as it is now; false when nothing came in time. */
static bool wait_readable(struct spool *spool, unsigned int wait_ms, struct spool_segment *out)
{
    struct timespec deadline = deadline_after(wait_ms);
    const struct spool_segment *found;
    int res = 0;

    pthread_mutex_lock(&spool->mutex);
    while (!(found = locate(spool)) && !spool->woken && !res && wait_ms > 0)
        res = pthread_cond_timedwait(&spool->readable, &spool->mutex, &deadline);
    if (found)
        *out = *found;
    pthread_mutex_unlock(&spool->mutex);
    return found;
}

int spool_open_segment(const struct spool *spool, struct spool_file *file, uint64_t number,
                       struct err *err)
{
    char name[SPOOL_NAME_SIZE];

    if (file->fd >= 0 && file->number == number)
        return 0;
    if (file->fd >= 0)
        close(file->fd);
    spool_segment_name(name, number);
    file->fd = openat(spool->folder, name, O_RDONLY | O_CLOEXEC);
    file->number = number;
    return file->fd < 0 ? err_sys(err, -errno, "segment %s of the spool", name) : 0;
}

/* Fills `bytes` with up to `len` bytes from the cursor on. */
static int read_bytes(const struct spool *spool, struct buf *bytes, size_t len, struct err *err)
{
    int res;

    buf_reset(bytes);
    res = buf_reserve(bytes, len);
    if (res)
        return err_sys(err, res, "memory for %zu bytes of the spool", len);
    while (bytes->len < len) {
        ssize_t got = pread(spool->reading.fd, bytes->data + bytes->len, len - bytes->len,
                            (off_t)(spool->cursor.offset + bytes->len));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, -errno, "reading the spool");
        if (got == 0)
            return err_set(err, -EIO, "a segment of the spool has become shorter");
        bytes->len += (size_t)got;
    }
    return 0;
}

int spool_batch_add(struct spool_batch *batch, struct spool_item item)
{
    if (batch->count == batch->room) {
        size_t room = batch->room ? batch->room * 2 : 64;
        struct spool_item *list = realloc(batch->list, room * sizeof(*list));

        if (!list)
            return -ENOMEM;
        batch->list = list;
        batch->room = room;
    }
    batch->list[batch->count++] = item;
    return 0;
}

/* Takes records out of one window; `wanted` becomes the size of a window that would show one. */
static int take_records(struct spool *spool, struct spool_batch *batch, size_t records, bool last,
                        size_t *wanted)
{
    struct spool_window window = {
        .place = spool->cursor,
        .bytes = batch->bytes.data,
        .len = batch->bytes.len,
        .last = last,
    };
    struct spool_record record;
    int res = 0;

    while (!res && batch->count < records && spool_scan(&window, &record)) {
        struct spool_place place = spool->cursor;

        place.offset += window.pos - record.len - SPOOL_HEADER;
        res = spool_batch_add(batch, (struct spool_item){record.data, {place, record.len}});
    }
    if (res)
        return res;
    spool->cursor.offset += window.pos;
    *wanted = window.wanted > window.pos ? window.wanted - window.pos : 0;
    pthread_mutex_lock(&spool->mutex);
    spool->damaged += window.skipped;
    spool->read_place = spool->cursor;
    pthread_mutex_unlock(&spool->mutex);
    return 0;
}

int spool_read(struct spool *spool, struct spool_batch *batch, size_t records, size_t bytes,
               unsigned int wait_ms, struct err *err)
{
    struct spool_segment segment;
    size_t window = bytes;
    int res = 0;

    if (!batch->bytes.data)
        buf_init(&batch->bytes, SIZE_MAX / 2);
    batch->count = 0;
    while (!res && batch->count == 0 && wait_readable(spool, wait_ms, &segment)) {
        uint64_t left = segment.len - spool->cursor.offset;
        size_t len = left < window ? (size_t)left : window;

        res = spool_open_segment(spool, &spool->reading, segment.number, err);
        if (!res)
            res = read_bytes(spool, &batch->bytes, len, err);
        if (res)
            return res;
        res = take_records(spool, batch, records, len == left, &window);
        if (res)
            return err_sys(err, res, "memory for records of the spool");
        if (window < bytes)
            window = bytes;
    }
    return res;
}

struct spool_place spool_position(const struct spool *spool)
{
    return spool->cursor;
}

int spool_commit(struct spool *spool, struct spool_place place, struct err *err)
{
    int res = spool_checkpoint_write(&spool->checkpoint, place, err);

    if (res)
        return res;
    pthread_mutex_lock(&spool->mutex);
    spool->checkpoint_place = place;
    spool_drop_read(spool, place);
    pthread_mutex_unlock(&spool->mutex);
    return 0;
}

void spool_wake(struct spool *spool)
{
    pthread_mutex_lock(&spool->mutex);
    spool->woken = true;
    pthread_cond_broadcast(&spool->readable);
    pthread_mutex_unlock(&spool->mutex);
}

void spool_batch_free(struct spool_batch *batch)
{
    free(batch->list);
    buf_free(&batch->bytes);
    *batch = (struct spool_batch){0};
}
