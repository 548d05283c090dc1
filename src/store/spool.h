/*
 * A durable queue of records in a folder: many writers, one reader.
 *
 * spool_append returns when the records are on disk. Writers that come while another one's
 * fdatasync runs are written together and share the next one (group commit), so that the cost of a
 * disk's flush is divided among them.
 *
 * Segments are files of some megabytes, "<number>.seg", written from beginning to end. A record is
 * a header (magic, length, CRC-32) and its bytes. The CRC also covers the place (segment and
 * offset), so that bytes inside a record that look like a record are never taken for one. What a
 * crash left half written at the end was never acknowledged, and is cut off at the next start;
 * damage in the middle is skipped up to the next valid record, and counted.
 *
 * Reading and being done with a record are two things: the reader may be far ahead of the place up
 * to which everything is done with, and can have any record between the two again. That place is
 * kept in the file "checkpoint"; segments that lie wholly before it are deleted. After a crash
 * records may be read again, but none is passed over.
 *
 * A place is the name of a record for ever: none is used twice. The file "uuid" names the spool, so
 * that what is said of a place is not taken for another spool's; a spool that has lost what keeps
 * its places apart from those of its past gets another uuid.
 */
#pragma once

#include <stdbool.h>
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

/* A byte of the spool: the segment's number and the offset in it. */
struct spool_place {
    uint64_t segment, offset;
};

enum { SPOOL_PLACE_SIZE = 48, SPOOL_UUID_SIZE = 37 }; /* as text, with the NUL */

/* Where a record is, and how many bytes it has. */
struct spool_extent {
    struct spool_place place;
    size_t len;
};

/* A record that was read; `data` is NULL for one that cannot be read again. */
struct spool_item {
    const void *data;
    struct spool_extent at;
};

/* What the reader took: `list` points into `bytes`. A zeroed struct is an empty batch. */
struct spool_batch {
    struct spool_item *list;
    size_t count, room;
    struct buf bytes;
};

/* How near the spool is to taking nothing more, by its own limit or by the disk's free space. */
enum spool_level { SPOOL_EASY, SPOOL_HALF, SPOOL_HIGH, SPOOL_FULL };

struct spool_stats {
    uint64_t bytes;       /* of all segments */
    uint64_t unread;      /* bytes behind the reader */
    uint64_t unconfirmed; /* bytes behind the checkpoint */
    uint64_t appended;    /* records since the start */
    uint64_t commits;     /* groups that were flushed since the start */
    uint64_t damaged;     /* bytes that were skipped since the start */
    uint64_t size_max;    /* as in the options */
    uint64_t free_min;
    uint64_t free; /* bytes of the disk */
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

/*
 * Records that were read before, from places behind the checkpoint, in the order of `wanted`. One
 * that is damaged or gone has no data. For the reader's thread.
 */
int spool_read_again(struct spool *spool, struct spool_batch *batch,
                     const struct spool_extent *wanted, size_t count, struct err *err) DP_CHECK;

/* The place up to which everything was read. The reader's. */
struct spool_place spool_position(const struct spool *spool);

/* All before `place` is done with: moves the checkpoint there, durably. The reader's. */
int spool_commit(struct spool *spool, struct spool_place place, struct err *err) DP_CHECK;

/* Ends a spool_read that waits, and lets all later ones not wait. From any thread. */
void spool_wake(struct spool *spool);

void spool_batch_free(struct spool_batch *batch);

void spool_stats(struct spool *spool, struct spool_stats *out);

/*
 * The level that these figures mean: HALF at 50 % of the limit or less than four times the reserve
 * free on the disk, HIGH at 75 % or less than twice, FULL when an ordinary record would be refused.
 */
enum spool_level spool_level(const struct spool_stats *stats);

/* "ok", "half", "high", "full". */
const char *spool_level_name(enum spool_level level);

/* The spool's own name, as long as its folder lives. */
const char *spool_uuid(const struct spool *spool);

bool spool_is_before(struct spool_place a, struct spool_place b);

/* "<segment>-<offset>", and back: -EINVAL when it is no place. */
void spool_place_format(char out[SPOOL_PLACE_SIZE], struct spool_place place);
int spool_place_parse(const char *text, struct spool_place *out) DP_CHECK;
