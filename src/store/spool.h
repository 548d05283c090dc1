/*
 * A durable queue of records in a folder: many writers, one reader.
 *
 * spool_append returns when the records are on disk. Writers that come while another one's
 * fdatasync runs are written together and share the next one (group commit), so that the cost of a
 * disk's flush is divided among them.
 *
 * Segments are files of some megabytes, "<number>.seg", only ever appended to. A record is a
 * header (magic, length, CRC-32) and its bytes. The CRC also covers the place (segment and
 * offset), so that bytes inside a record that look like a record are never taken for one. What a
 * crash left half written at the end was never acknowledged, and is cut off at the next start;
 * damage in the middle is skipped up to the next valid record, and counted.
 *
 * The reader's position is kept in the file "checkpoint". A segment that lies wholly behind it is
 * deleted. After a crash records may be read again, but none is passed over.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct spool;

struct spool_options {
    const char *folder;   /* is created where missing; belongs to one process at a time */
    uint64_t size_max;    /* bytes of all segments; more is refused with -ENOSPC */
    size_t segment_bytes; /* a new segment is begun when one is longer */
    size_t record_max;    /* bytes of one record */
    uint64_t free_min;    /* bytes that stay free on the disk, for others; less is -ENOSPC too */
};

struct spool_record {
    const void *data;
    size_t len;
};

/* What the reader took: `list` points into `bytes`. A zeroed struct is an empty batch. */
struct spool_batch {
    struct spool_record *list;
    size_t count, room;
    struct buf bytes;
};

struct spool_stats {
    uint64_t bytes;    /* of all segments */
    uint64_t unread;   /* bytes behind the checkpoint, roughly */
    uint64_t appended; /* records since the start */
    uint64_t commits;  /* groups that were flushed since the start */
    uint64_t damaged;  /* bytes that were skipped since the start */
};

/*
 * Opens or creates the folder and repairs the last segment. -EBUSY when another process has it
 * open.
 */
int spool_open(struct spool **out, const struct spool_options *options, struct err *err) DP_CHECK;

/* No call may be running in another thread. NULL is allowed. */
void spool_close(struct spool *spool);

/*
 * Appends the records in order, all of them or none, and returns when they are on disk.
 * -EMSGSIZE: one is longer than record_max; -ENOSPC: the spool or the disk is full; other errno of
 * write(2) and fdatasync(2). After an error they may still come out at the reader: whoever
 * appends them again has to expect them twice. From any thread.
 */
int spool_append(struct spool *spool, const struct spool_record *records, size_t count,
                 struct err *err) DP_CHECK;

/*
 * The next records behind what was read before: at most `records` and, unless the first alone is
 * longer, at most `bytes`. Waits up to `wait_ms` for the first one; none is success, with
 * batch->count 0. For one thread.
 */
int spool_read(struct spool *spool, struct spool_batch *batch, size_t records, size_t bytes,
               unsigned int wait_ms, struct err *err) DP_CHECK;

/* All that was read so far is done with: moves the checkpoint there, durably. The reader's. */
int spool_commit(struct spool *spool, struct err *err) DP_CHECK;

/* Ends a spool_read that waits, and lets all later ones not wait. From any thread. */
void spool_wake(struct spool *spool);

void spool_batch_free(struct spool_batch *batch);

void spool_stats(struct spool *spool, struct spool_stats *out);
