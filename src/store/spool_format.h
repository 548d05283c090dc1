/* What is in the spool's files (store/spool.h): records of a segment, slots of the checkpoint. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/spool.h"

enum {
    SPOOL_HEADER = 12,            /* magic, length, CRC-32: four bytes each, little-endian */
    SPOOL_RECORD_LIMIT = 1 << 26, /* no header with a greater length is believed */
};

/* Appends one record as it has to be at this place. The error sticks to `out`. */
void spool_encode(struct buf *out, struct spool_place place, const struct spool_record *record);

/* Some bytes of a segment, beginning at `place`, and how far they have been looked at. */
struct spool_window {
    struct spool_place place;
    const char *bytes;
    size_t len;
    bool last;      /* the segment has nothing behind `len` */
    size_t pos;     /* what lies before was returned or skipped */
    size_t skipped; /* bytes that belong to no valid record */
    size_t wanted;  /* when a record is cut by `len`: the window that shows it whole */
};

/* The next valid record at or behind window->pos. False when there is none within the window. */
bool spool_scan(struct spool_window *window, struct spool_record *out);

/*
 * The checkpoint file is written in place, in turn in one of two slots: it needs no space on a
 * full disk, and a write that a crash has torn leaves the other slot. Positions only grow, so the
 * greater valid one counts.
 */
struct spool_checkpoint {
    int fd;
    unsigned int slot; /* to be written next */
};

/* Opens or creates folder/checkpoint; `place` is {0, 0} when no slot is valid. */
int spool_checkpoint_open(struct spool_checkpoint *checkpoint, int folder,
                          struct spool_place *place, struct err *err) DP_CHECK;
int spool_checkpoint_write(struct spool_checkpoint *checkpoint, struct spool_place place,
                           struct err *err) DP_CHECK;
