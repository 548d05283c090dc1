/* State of the writer, shared by its loop (writer.c) and what it does with a batch
 * (writer_batch.c). */
#pragma once

#include <stdbool.h>

#include "cdr/insert.h"
#include "cdr/writer.h"
#include "store/redis.h"

enum { WRITER_BATCH = 500, WRITER_REASON_MAX = 256 };

/* An entry that can never become a row. */
struct writer_dead {
    const struct redis_entry *entry;
    char reason[WRITER_REASON_MAX];
};

/* What was read in one go, and what becomes of it. */
struct writer_batch {
    struct redis_entries entries;
    struct redis_entry *good; /* those of them that are not dead */
    struct insert_row *rows;  /* WRITER_BATCH of them, as of the next */
    struct writer_dead *dead;
    size_t rows_count, dead_count, legs;
};

int writer_batch_init(struct writer_batch *batch) DP_CHECK;
void writer_batch_free(struct writer_batch *batch);

/* Entries become rows, dead ones, or legs. -ENOMEM leaves the batch for another try. */
int writer_batch_parse(struct writer_batch *batch, struct err *err) DP_CHECK;

/* For struct insert, whose `arg` is the batch: the row's entry is dead. */
void writer_batch_refuse(void *arg, const struct insert_row *row, const char *reason);

/* Acknowledges all but the dead ones; `stats` is brought up to date, as below. */
int writer_batch_acknowledge(struct writer_batch *batch, struct redis *redis,
                             struct writer_stats *stats, struct err *err) DP_CHECK;

/* Moves dead entries to their stream. -EREMOTEIO when Redis refuses, being full: the others stay
 * where they are. */
int writer_batch_bury(struct writer_batch *batch, struct redis *redis, struct writer_stats *stats,
                      struct err *err) DP_CHECK;
