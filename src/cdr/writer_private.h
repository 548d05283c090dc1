/* State of the writer, shared by its loop (writer.c) and what it does with a batch
 * (writer_batch.c). */
#pragma once

#include <stdbool.h>

#include "cdr/dead.h"
#include "cdr/edge_note.h"
#include "cdr/insert.h"
#include "cdr/insert_recording.h"
#include "cdr/writer.h"
#include "store/redis.h"

enum {
    WRITER_BATCH = 500,
    /* An entry that a writer had in hand this often, and never got done with, kills or hangs it. */
    WRITER_DELIVERIES = 5,
};

/* What was read in one go, and what becomes of it. */
struct writer_batch {
    struct redis_entries entries;
    unsigned int deliveries; /* how often a writer had them in hand before; more than one: it is one
                                entry */
    struct insert_row *rows; /* WRITER_BATCH of them, as of the next two */
    struct edge_note *notes;
    struct dead *dead;               /* what can never become a row */
    const struct redis_entry **back; /* what was a dead letter and is none any more */
    size_t rows_count, notes_count, dead_count, legs;
    struct buf plain;                 /* the record that is being read, where it came packed */
    struct recording_row *recordings; /* WRITER_BATCH of them */
    size_t recordings_count;
};

int writer_batch_init(struct writer_batch *batch) DP_CHECK;
void writer_batch_free(struct writer_batch *batch);

/* Entries become rows, dead ones, or legs. -ENOMEM leaves the batch for another try. */
int writer_batch_parse(struct writer_batch *batch, struct err *err) DP_CHECK;

/* Inserts what is in it, writes what is dead, and takes away what was. Errors as those of
 * cdr/insert_edge.h, cdr/insert.h, cdr/insert_recording.h and cdr/dead.h. */
int writer_batch_insert(struct writer_batch *batch, PGconn *conn, const struct pg_wait *wait,
                        struct err *err) DP_CHECK;

/* All of it is in PostgreSQL: Redis lets it go, and its spools are told. */
int writer_batch_acknowledge(struct writer_batch *batch, struct redis *redis,
                             struct writer_stats *stats, struct err *err) DP_CHECK;
