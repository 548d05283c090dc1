#include "base/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 256 }; /* most lines and headers fit without growing again */

/* What an unallocated buffer points at, so that `data` is a string from the start. Never written:
 * every write goes through buf_reserve, which allocates first. */
static char empty[1];

void buf_init(struct buf *buf, size_t max)
{
    /* One byte less than SIZE_MAX, for the NUL. */
    *buf = (struct buf){.data = empty, .max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void buf_free(struct buf *buf)
{
    if (buf->cap)
        free(buf->data);
    buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->error = 0;
    if (buf->cap)
        buf->data[0] = '\0';
}

int buf_error(const struct buf *buf)
{
    return buf->error;
}

int buf_reserve(struct buf *buf, size_t more)
{
    size_t need, cap;
    char *data;

    if (buf->error)
        return buf->error;
    if (more > buf->max - buf->len)
        return buf->error = -ENOBUFS;
    need = buf->len + more + 1;
    if (need <= buf->cap)
        return 0;
    cap = buf->cap ? buf->cap : BUF_FIRST;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    data = realloc(buf->cap ? buf->data : NULL, cap);
    if (!data)
        return buf->error = -ENOMEM;
    if (!buf->cap)
        data[0] = '\0';
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
    int err = buf_reserve(buf, len);

    if (err)
        return err;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int buf_add_str(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

int buf_add_char(struct buf *buf, char byte)
{
    return buf_add(buf, &byte, 1);
}

int buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    int len, err;

    if (buf->error)
        return buf->error;
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return buf->error = -EINVAL;
    err = buf_reserve(buf, (size_t)len);
    if (err)
        return err;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
    return 0;
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = buf_vprintf(buf, format, args);
    va_end(args);
    return err;
}

void buf_drop(struct buf *buf, size_t count)
{
    if (count > buf->len)
        count = buf->len;
    if (!count)
        return;
    memmove(buf->data, buf->data + count, buf->len - count + 1);
    buf->len -= count;
}
