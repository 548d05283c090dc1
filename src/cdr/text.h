/* Text of records: what PostgreSQL takes, whatever a phone has sent. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

/* How many of the bytes, from the first on, text_clean would leave as they are. */
size_t text_good(const char *bytes, size_t len);

/*
 * Appends the bytes as UTF-8 (RFC 3629) that PostgreSQL takes: each byte that is none, and each
 * NUL, becomes U+FFFD. The error sticks to `out`.
 */
void text_clean(struct buf *out, const char *bytes, size_t len);

/*
 * Copies into `out` of `size` bytes as text_clean does, but cut to fit, between characters. For
 * columns; the raw record keeps the whole value.
 */
void text_copy(char *out, size_t size, const char *bytes, size_t len);

/* The last microsecond of the year 9999: readers of dates go no further. */
#define TEXT_US_MAX INT64_C(253402300799999999)

/*
 * "1795224922.352172": seconds since 1970 with up to six further digits that count, to
 * microseconds. -EINVAL when it is no such number or lies after TEXT_US_MAX.
 */
int text_to_us(const char *text, int64_t *out) DP_CHECK;
