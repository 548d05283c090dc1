/* State of a spool, shared by its writing (spool.c) and its reading half (spool_read.c). */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "store/spool.h"
#include "store/spool_format.h"

enum { SPOOL_NAME_SIZE = 32 };

struct spool_segment {
    uint64_t number;
    uint64_t len; /* bytes that are on disk for certain; the reader goes no further */
};

/* A segment that is open for reading; fd is -1 where none is. */
struct spool_file {
    int fd;
    uint64_t number;
};

/* Records that are written and flushed together. Lives on until the last waiter has its result. */
struct spool_group {
    const struct spool_record **list; /* of the waiting writers, who keep the bytes alive */
    size_t count, room;
    unsigned int waiters;
    pthread_cond_t written; /* it is done, or one of the waiters shall write it */
    bool done;
    int result;
    struct err err;
};

struct spool {
    struct spool_options options; /* without `folder` */
    char uuid[SPOOL_UUID_SIZE];
    int folder; /* descriptor; also holds the lock */
    pthread_mutex_t mutex;
    pthread_cond_t readable;

    /* Under the mutex. */
    struct spool_segment *segments; /* by number; at most the last one still grows */
    size_t count, room;
    uint64_t next;  /* number of the next new segment */
    int active;     /* descriptor of the last segment, or -1: the next group begins a new one */
    bool has_spare; /* a file that was a segment, to become one again */
    bool writing;   /* somebody is the leader: only he touches `active` and `scratch` */
    struct spool_group *gathering;
    bool woken;
    struct spool_place checkpoint_place;
    struct spool_place read_place; /* the cursor, as others may see it */
    uint64_t appended, commits, damaged;

    struct buf scratch; /* the leader's */

    /* The reader's own. */
    struct spool_checkpoint checkpoint;
    struct spool_place cursor;
    struct spool_file reading; /* the segment the reader is in */
    struct spool_file again;   /* of spool_read_again */
};

/* Bytes of the segments from `place` on. With the mutex. */
uint64_t spool_bytes_behind(const struct spool *spool, struct spool_place place);

/* The file's name of a segment. */
void spool_segment_name(char out[SPOOL_NAME_SIZE], uint64_t number);

/* Before threads: looks for the spare file; a `fresh` spool, whose places begin anew, loses it. */
void spool_find_spare(struct spool *spool, bool fresh);

/* Begins a segment, whose name is on disk before anything in it is acknowledged; and ends the
 * active one, whose good bytes are `len`. The leader's. */
int spool_begin_segment(struct spool *spool, struct err *err) DP_CHECK;
void spool_end_segment(struct spool *spool, uint64_t len);

/* Has this segment open in `file`, which may have another one open. */
int spool_open_segment(const struct spool *spool, struct spool_file *file, uint64_t number,
                       struct err *err) DP_CHECK;

/* Puts an item at the end of the batch's list. -ENOMEM. */
int spool_batch_add(struct spool_batch *batch, struct spool_item item) DP_CHECK;

/* Gives the spool its uuid: that of the folder, or, for a `fresh` spool and where there is none, a
 * new one. */
int spool_name(struct spool *spool, const char *folder, bool fresh, struct err *err) DP_CHECK;

/* Forgets and lets go of the segments that end before `place`. With the mutex, or before threads.
 */
void spool_drop_read(struct spool *spool, struct spool_place place);
