/*
 * A growable byte buffer with a hard maximum, for everything whose size somebody else decides.
 *
 * The first failure sticks: later appends do nothing and return the same error. A writer of many
 * pieces therefore appends without looking and checks buf_error() once, before it uses the data.
 * The data is always followed by a NUL that `len` does not count.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf {
    char *data; /* never NULL for a reader: "" while empty */
    size_t len;
    size_t cap; /* 0 while nothing is allocated */
    size_t max; /* largest `len` */
    int error;  /* 0, or the first failure: -ENOMEM, -ENOBUFS (maximum reached), -EINVAL */
};

/* An empty buffer that will hold at most `max` bytes. Allocates nothing. */
void buf_init(struct buf *buf, size_t max);

/* Frees the data; the buffer is then as after buf_init. Copes with an all-zero struct. */
void buf_free(struct buf *buf);

/* Empties the buffer and clears its error; keeps the memory for the next use. */
void buf_reset(struct buf *buf);

/* 0, or the first failure since buf_init or buf_reset. */
int buf_error(const struct buf *buf) DP_CHECK;

/* Room for `more` further bytes behind `len`, to be written by the caller, who then adds to len. */
int buf_reserve(struct buf *buf, size_t more);

int buf_add(struct buf *buf, const void *data, size_t len);
int buf_add_str(struct buf *buf, const char *text);
int buf_add_char(struct buf *buf, char byte);
int buf_printf(struct buf *buf, const char *format, ...) DP_PRINTF(2, 3);
int buf_vprintf(struct buf *buf, const char *format, va_list args) DP_PRINTF(2, 0);

/* Drops the first `count` bytes (all of them when there are fewer). */
void buf_drop(struct buf *buf, size_t count);
