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

/* Records that are written and flushed together. Lives on until the last waiter has its result. */
struct spool_group {
    const struct spool_record **list; /* of the waiting writers, who keep the bytes alive */
    size_t count, room;
    unsigned int waiters;
    bool done;
    int result;
    struct err err;
};

struct spool {
    struct spool_options options; /* without `folder` */
    int folder;                   /* descriptor; also holds the lock */
    pthread_mutex_t mutex;
    pthread_cond_t written; /* a group is done, or the writing is free */
    pthread_cond_t readable;

    /* Under the mutex. */
    struct spool_segment *segments; /* by number; at most the last one still grows */
    size_t count, room;
    uint64_t next; /* number of the next new segment */
    int active;    /* descriptor of the last segment, or -1: the next group begins a new one */
    bool writing;  /* somebody is the leader: only he touches `active` and `scratch` */
    struct spool_group *gathering;
    bool woken;
    struct spool_place checkpoint_place;
    uint64_t appended, commits, damaged;

    struct buf scratch; /* the leader's */

    /* The reader's own. */
    struct spool_checkpoint checkpoint;
    struct spool_place cursor;
    int reading; /* descriptor of the segment the reader is in, or -1 */
    uint64_t reading_number;
};

/* The file's name of a segment. */
void spool_segment_name(char out[SPOOL_NAME_SIZE], uint64_t number);

/* Forgets and unlinks the segments that end before `place`. With the mutex, or before threads. */
void spool_drop_read(struct spool *spool, struct spool_place place);
