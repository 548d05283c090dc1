/* From entries of Redis to rows, and what is said to Redis afterwards. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cdr/insert_edge.h"
#include "cdr/intake.h"
#include "cdr/pack.h"
#include "cdr/stream.h"
#include "cdr/text.h"
#include "cdr/writer_private.h"

int writer_batch_init(struct writer_batch *batch)
{
    *batch = (struct writer_batch){
        .rows = calloc(WRITER_BATCH, sizeof(*batch->rows)),
        .recordings = calloc(WRITER_BATCH, sizeof(*batch->recordings)),
        .notes = calloc(WRITER_BATCH, sizeof(*batch->notes)),
        .dead = calloc(WRITER_BATCH, sizeof(*batch->dead)),
        .back = calloc(WRITER_BATCH, sizeof(*batch->back)),
    };
    buf_init(&batch->plain, INTAKE_BODY_MAX);
    return batch->rows && batch->recordings && batch->notes && batch->dead && batch->back ? 0
                                                                                          : -ENOMEM;
}

void writer_batch_free(struct writer_batch *batch)
{
    redis_entries_free(&batch->entries);
    buf_free(&batch->plain);
    free(batch->rows);
    free(batch->recordings);
    free(batch->notes);
    free(batch->dead);
    free(batch->back);
}

static void add_dead(struct writer_batch *batch, const struct redis_entry *entry,
                     unsigned int deliveries, const char *reason)
{
    struct dead *dead = &batch->dead[batch->dead_count++];

    dead->entry = entry;
    dead->deliveries = deliveries;
    text_copy(dead->reason, sizeof(dead->reason), reason, strlen(reason));
}

static void refuse_row(void *arg, const struct insert_row *row, const char *reason)
{
    struct writer_batch *batch = arg;

    add_dead(batch, row->arg, batch->deliveries + 1, reason);
}

static void refuse_note(void *arg, const struct edge_note *note, const char *reason)
{
    struct writer_batch *batch = arg;

    add_dead(batch, note->arg, batch->deliveries + 1, reason);
}

/* Done with already, all but for the acknowledgement. */
static bool is_deleted(const struct redis_entry *entry)
{
    return !*entry->src && !*entry->node && entry->len == 0;
}

/* The entry's body, unpacked where it came packed. */
static int open_body(struct writer_batch *batch, const struct redis_entry *entry, const char **body,
                     size_t *len, struct err *err)
{
    int res;

    *body = entry->body;
    *len = entry->len;
    if (!pack_is(entry->body, entry->len))
        return 0;
    buf_reset(&batch->plain);
    res = pack_open(&batch->plain, entry->body, entry->len, INTAKE_BODY_MAX, err);
    *body = batch->plain.data;
    *len = batch->plain.len;
    return res;
}

static int parse_note(struct writer_batch *batch, struct redis_entry *entry, const char *body,
                      size_t len, struct err *err)
{
    struct edge_note note;
    int res = edge_note_parse(&note, entry->node, body, len, err);

    if (res)
        return res;
    note.arg = entry;
    batch->notes_count = edge_notes_add(batch->notes, batch->notes_count, &note);
    return 0;
}

static int parse_record(struct writer_batch *batch, struct redis_entry *entry, const char *body,
                        size_t len, struct err *err)
{
    struct insert_row *row = &batch->rows[batch->rows_count];
    int res = cdr_parse(&row->record, entry->src, entry->node, body, len, err);

    if (res)
        return res;
    row->raw = entry->body;
    row->raw_len = entry->len;
    row->arg = entry;
    batch->rows_count++;
    return 0;
}

static int parse_entry(struct writer_batch *batch, struct redis_entry *entry, struct err *err)
{
    const char *body;
    size_t len;
    int res = open_body(batch, entry, &body, &len, err);

    if (res)
        return res;
    if (strcmp(entry->src, intake_name(INTAKE_EDGE)) == 0 && edge_note_is(body, len))
        return parse_note(batch, entry, body, len, err);
    return parse_record(batch, entry, body, len, err);
}

/* Its last one was the delivery before: now nobody looks into it. */
static void bury_poison(struct writer_batch *batch)
{
    const struct redis_entry *entry = &batch->entries.list[0];
    char reason[DEAD_REASON_MAX];

    if (is_deleted(entry))
        return;
    snprintf(reason, sizeof(reason), "given to a writer %u times, which never got done with it",
             batch->deliveries);
    add_dead(batch, entry, batch->deliveries, reason);
}

static void add_recording(struct writer_batch *batch, const struct redis_entry *entry)
{
    struct recording_row *row = &batch->recordings[batch->recordings_count];
    struct err err;

    if (recording_parse(&row->recording, entry->body, entry->len, true, &err)) {
        add_dead(batch, entry, batch->deliveries + 1, err.text);
        return;
    }
    row->arg = entry;
    batch->recordings_count++;
}

static void refuse_recording(void *arg, const struct recording_row *row, const char *reason)
{
    struct writer_batch *batch = arg;

    add_dead(batch, row->arg, batch->deliveries + 1, reason);
}

int writer_batch_parse(struct writer_batch *batch, struct err *err)
{
    batch->rows_count = batch->notes_count = batch->recordings_count = 0;
    batch->dead_count = batch->legs = 0;
    if (batch->deliveries >= WRITER_DELIVERIES && batch->entries.count == 1) {
        bury_poison(batch);
        return 0;
    }
    for (size_t i = 0; i < batch->entries.count; i++) {
        struct redis_entry *entry = &batch->entries.list[i];
        int res;

        if (is_deleted(entry))
            continue;
        if (strcmp(entry->src, "recording") == 0) {
            add_recording(batch, entry);
            continue;
        }
        res = parse_entry(batch, entry, err);
        if (res == -ENOMEM)
            return res;
        if (res == -ENOMSG)
            batch->legs++;
        else if (res)
            add_dead(batch, entry, batch->deliveries + 1, err->text);
    }
    return 0;
}

/* Of what came from the dead letters: all that is not dead again. */
static size_t find_back(struct writer_batch *batch)
{
    const struct redis_entries *entries = &batch->entries;
    bool is_dead[WRITER_BATCH] = {false};
    size_t count = 0;

    for (size_t i = 0; i < batch->dead_count; i++)
        is_dead[batch->dead[i].entry - entries->list] = true;
    for (size_t i = 0; i < entries->count; i++)
        if (*entries->list[i].dead && !is_dead[i])
            batch->back[count++] = &entries->list[i];
    return count;
}

/* First what the edge saw, then the records: in the order in which voip.cdr_reconcile has them. */
int writer_batch_insert(struct writer_batch *batch, PGconn *conn, const struct pg_wait *wait,
                        struct err *err)
{
    const struct insert_edge notes = {conn, wait, refuse_note, batch};
    const struct insert rows = {conn, wait, refuse_row, batch};
    int res = insert_edge_notes(&notes, batch->notes, batch->notes_count, err);

    if (!res)
        res = insert_good_rows(&rows, batch->rows, batch->rows_count, err);
    if (!res)
        res = insert_recordings(conn, wait, batch->recordings, batch->recordings_count,
                                refuse_recording, batch, err);
    if (!res)
        res = dead_add(conn, wait, batch->dead, batch->dead_count, err);
    return res ? res : dead_remove(conn, wait, batch->back, find_back(batch), err);
}

int writer_batch_acknowledge(struct writer_batch *batch, struct redis *redis,
                             struct writer_stats *stats, struct err *err)
{
    const struct redis_entries *entries = &batch->entries;
    int res =
        redis_done(redis, CDR_STREAM, CDR_GROUP, CDR_DONE, entries->list, entries->count, err);

    if (res)
        return res;
    for (size_t i = 0; i < batch->dead_count; i++)
        log_warning("a record of %s, entry %s, is now a dead letter: %s", batch->dead[i].entry->src,
                    batch->dead[i].entry->id, batch->dead[i].reason);
    stats->taken += entries->count;
    stats->dead += batch->dead_count;
    return 0;
}
