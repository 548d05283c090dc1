/* From entries of Redis to rows, and what is said to Redis afterwards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cdr/stream.h"
#include "cdr/text.h"
#include "cdr/writer_private.h"

int writer_batch_init(struct writer_batch *batch)
{
    *batch = (struct writer_batch){
        .rows = calloc(WRITER_BATCH, sizeof(*batch->rows)),
        .dead = calloc(WRITER_BATCH, sizeof(*batch->dead)),
        .good = calloc(WRITER_BATCH, sizeof(*batch->good)),
    };
    return batch->rows && batch->dead && batch->good ? 0 : -ENOMEM;
}

void writer_batch_free(struct writer_batch *batch)
{
    redis_entries_free(&batch->entries);
    free(batch->rows);
    free(batch->dead);
    free(batch->good);
}

static void add_dead(struct writer_batch *batch, const struct redis_entry *entry,
                     const char *reason)
{
    struct writer_dead *dead = &batch->dead[batch->dead_count++];

    dead->entry = entry;
    text_copy(dead->reason, sizeof(dead->reason), reason, strlen(reason));
}

void writer_batch_refuse(void *arg, const struct insert_row *row, const char *reason)
{
    add_dead(arg, row->arg, reason);
}

/* Done with already, all but for the acknowledgement. */
static bool is_deleted(const struct redis_entry *entry)
{
    return !*entry->src && !*entry->node && entry->len == 0;
}

int writer_batch_parse(struct writer_batch *batch, struct err *err)
{
    batch->rows_count = batch->dead_count = batch->legs = 0;
    for (size_t i = 0; i < batch->entries.count; i++) {
        struct redis_entry *entry = &batch->entries.list[i];
        struct insert_row *row = &batch->rows[batch->rows_count];
        int res;

        if (is_deleted(entry))
            continue;
        res = cdr_parse(&row->cdr, entry->src, entry->node, entry->body, entry->len, err);
        if (res == -ENOMEM)
            return res;
        if (res == -ENOMSG) {
            batch->legs++;
        } else if (res) {
            add_dead(batch, entry, err->text);
        } else {
            row->raw = entry->body;
            row->raw_len = entry->len;
            row->arg = entry;
            batch->rows_count++;
        }
    }
    return 0;
}

int writer_batch_acknowledge(struct writer_batch *batch, struct redis *redis,
                             struct writer_stats *stats, struct err *err)
{
    const struct redis_entries *entries = &batch->entries;
    bool is_dead[WRITER_BATCH] = {false};
    size_t count = 0;
    int res;

    for (size_t i = 0; i < batch->dead_count; i++)
        is_dead[batch->dead[i].entry - entries->list] = true;
    for (size_t i = 0; i < entries->count; i++)
        if (!is_dead[i])
            batch->good[count++] = entries->list[i];
    res = redis_ack(redis, CDR_STREAM, CDR_GROUP, batch->good, count, err);
    if (!res)
        stats->taken += count;
    return res;
}

static int bury_one(const struct writer_dead *dead, struct redis *redis, struct writer_stats *stats,
                    struct err *err)
{
    int res = redis_add_dead(redis, CDR_DEAD, dead->entry, dead->reason, err);

    if (!res)
        res = redis_ack(redis, CDR_STREAM, CDR_GROUP, dead->entry, 1, err);
    if (res)
        return res;
    log_warning("a record of %s, entry %s, is now in %s: %s", dead->entry->src, dead->entry->id,
                CDR_DEAD, dead->reason);
    stats->dead++;
    stats->taken++;
    return 0;
}

int writer_batch_bury(struct writer_batch *batch, struct redis *redis, struct writer_stats *stats,
                      struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < batch->dead_count; i++)
        res = bury_one(&batch->dead[i], redis, stats, err);
    return res;
}
