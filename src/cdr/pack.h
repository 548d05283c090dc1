/*
 * Records in a quarter of their size: one frame of Zstandard (RFC 8878), whose first four bytes
 * say so. No record begins with them: they are neither JSON nor UTF-8.
 *
 * A record is packed where it comes in, so that the spool, Redis and its file, the writer and the
 * database move and sync the small one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

/* Less is not worth it: lines of the edge. */
enum { PACK_MIN = 1024 };

bool pack_is(const void *data, size_t len);

/* Bytes that packing may need at most. */
size_t pack_bound(size_t len);

/* Appends `data` packed. The error (-ENOMEM, or that of `out`) sticks to `out`. From any thread. */
void pack_add(struct buf *out, const void *data, size_t len);

/*
 * Bytes of what is packed, as the frame says. -EINVAL when it is no frame that pack_add has made,
 * or of more than `max` bytes.
 */
int pack_size(const void *data, size_t len, size_t max, size_t *out, struct err *err) DP_CHECK;

/* Appends what is packed. -EINVAL as above, and when the frame is damaged; -ENOMEM. */
int pack_open(struct buf *out, const void *data, size_t len, size_t max, struct err *err) DP_CHECK;
