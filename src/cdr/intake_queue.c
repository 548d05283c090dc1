#include "cdr/intake_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct entry {
    struct entry *next;
    enum intake_source source;
    struct buf bytes; /* as they are in the spool */
    void *item;
};

struct intake_queue {
    struct intake *intake;
    intake_done done;
    void *arg;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct entry *first, **end;
    size_t count;
    bool stopping;
};

static void entry_free(struct entry *entry)
{
    buf_free(&entry->bytes);
    free(entry);
}

static int append(struct intake_queue *queue, const struct entry *first, size_t count,
                  struct err *err)
{
    struct spool_record *records = calloc(count, sizeof(*records));
    size_t i = 0;
    int res;

    if (!records)
        return err_set(err, -ENOMEM, "no memory for %zu records", count);
    for (const struct entry *entry = first; entry; entry = entry->next)
        records[i++] = (struct spool_record){entry->bytes.data, entry->bytes.len};
    res = spool_append(queue->intake->spool, records, count, err);
    free(records);
    return res;
}

/* All of them or none: they were one group of the spool. */
static void put_into_spool(struct intake_queue *queue, struct entry *first, size_t count)
{
    struct intake *intake = queue->intake;
    struct err err = {""};
    int res = append(queue, first, count, &err);
    struct entry *next;

    for (struct entry *entry = first; entry; entry = next) {
        next = entry->next;
        atomic_fetch_add(res ? &intake->failed[entry->source] : &intake->accepted[entry->source],
                         1);
        queue->done(queue->arg, entry->item, res, &err);
        entry_free(entry);
    }
}

static void *run(void *arg)
{
    struct intake_queue *queue = arg;

    pthread_mutex_lock(&queue->mutex);
    while (queue->first || !queue->stopping) {
        struct entry *first = queue->first;
        size_t count = queue->count;

        if (!first) {
            pthread_cond_wait(&queue->changed, &queue->mutex);
            continue;
        }
        queue->first = NULL;
        queue->end = &queue->first;
        queue->count = 0;
        pthread_mutex_unlock(&queue->mutex);
        put_into_spool(queue, first, count);
        pthread_mutex_lock(&queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static void queue_free(struct intake_queue *queue)
{
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

int intake_queue_start(struct intake_queue **out, struct intake *intake, intake_done done,
                       void *arg, struct err *err)
{
    struct intake_queue *queue = calloc(1, sizeof(*queue));
    int res;

    if (!queue)
        return err_set(err, -ENOMEM, "no memory for the queue of records");
    queue->intake = intake;
    queue->done = done;
    queue->arg = arg;
    queue->end = &queue->first;
    /* Neither of these fails with these arguments. */
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    res = -pthread_create(&queue->thread, NULL, run, queue);
    if (res) {
        queue_free(queue);
        return err_sys(err, res, "cannot start the queue of records");
    }
    *out = queue;
    return 0;
}

void intake_queue_stop(struct intake_queue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->stopping = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    pthread_join(queue->thread, NULL);
    queue_free(queue);
}

static struct entry *new_entry(const struct intake *intake, enum intake_source source,
                               const struct intake_body *body)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->source = source;
    buf_init(&entry->bytes, INTAKE_RECORD_MAX);
    intake_encode(intake, source, body, &entry->bytes);
    if (!buf_error(&entry->bytes))
        return entry;
    entry_free(entry);
    return NULL;
}

int intake_queue_add(struct intake_queue *queue, enum intake_source source,
                     const struct intake_body *body, void *item, struct err *err)
{
    struct entry *entry = new_entry(queue->intake, source, body);

    if (!entry) {
        atomic_fetch_add(&queue->intake->failed[source], 1);
        return err_set(err, -ENOMEM, "no memory for a record");
    }
    entry->item = item;
    pthread_mutex_lock(&queue->mutex);
    *queue->end = entry;
    queue->end = &entry->next;
    /* The thread only sleeps when there is nothing. */
    if (queue->count++ == 0)
        pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    return 0;
}
