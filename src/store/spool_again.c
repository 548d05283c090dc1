/* Records of the spool that were read before and are needed once more. */
#include <errno.h>
#include <unistd.h>

#include "store/spool_private.h"

/* Appends the record's bytes with its header to the batch's. -ENODATA when they are not there. */
static int add_bytes(struct spool *spool, struct spool_batch *batch,
                     const struct spool_extent *wanted, struct err *err)
{
    size_t len = SPOOL_HEADER + wanted->len, got = 0;
    int res = spool_open_segment(spool, &spool->again, wanted->place.segment, err);

    if (res == -ENOENT)
        return -ENODATA;
    if (!res && buf_reserve(&batch->bytes, len))
        res = err_set(err, -ENOMEM, "no memory for %zu bytes of the spool", len);
    while (!res && got < len) {
        ssize_t some = pread(spool->again.fd, batch->bytes.data + batch->bytes.len + got, len - got,
                             (off_t)(wanted->place.offset + got));

        if (some > 0)
            got += (size_t)some;
        else if (some == 0)
            res = -ENODATA;
        else if (errno != EINTR)
            res = err_sys(err, -errno, "reading the spool again");
    }
    if (!res)
        batch->bytes.len += len;
    return res;
}

/* Now that the bytes stay where they are: points the item to its own, if they are its record. */
static size_t point(struct spool_batch *batch, struct spool_item *item, size_t at)
{
    struct spool_window window = {
        .place = item->at.place,
        .bytes = batch->bytes.data + at,
        .len = SPOOL_HEADER + item->at.len,
        .last = true,
    };
    struct spool_record record;

    item->data = NULL;
    if (spool_scan(&window, &record) && record.len == item->at.len)
        item->data = record.data;
    return window.len;
}

int spool_read_again(struct spool *spool, struct spool_batch *batch,
                     const struct spool_extent *wanted, size_t count, struct err *err)
{
    size_t at = 0;
    int res = 0;

    if (!batch->bytes.data)
        buf_init(&batch->bytes, SIZE_MAX / 2);
    buf_reset(&batch->bytes);
    batch->count = 0;
    for (size_t i = 0; i < count; i++) {
        int found = add_bytes(spool, batch, &wanted[i], err);

        if (found && found != -ENODATA)
            return found;
        /* Until they are pointed to their bytes, this says that there are some. */
        res = spool_batch_add(batch, (struct spool_item){found ? NULL : batch, wanted[i]});
        if (res)
            return err_sys(err, res, "memory for records of the spool");
    }
    for (size_t i = 0; i < count; i++)
        if (batch->list[i].data)
            at += point(batch, &batch->list[i], at);
    return 0;
}
