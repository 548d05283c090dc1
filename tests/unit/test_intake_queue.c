#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "cdr/intake_queue.h"
#include "cdr/pack.h"
#include "tmpdir.h"

enum { THREADS = 4, EACH = 500 };

struct told {
    atomic_int good, full, other;
    pthread_mutex_t hold; /* the queue stands still while a test has it */
};

/* Which record: its own counter. */
static void tell(void *arg, void *item, int res, const struct err *err)
{
    struct told *told = arg;

    pthread_mutex_lock(&told->hold);
    pthread_mutex_unlock(&told->hold);
    (*(atomic_int *)item)++;
    told->good += res == 0;
    told->full += res == -ENOSPC;
    told->other += res && res != -ENOSPC;
    if (res)
        assert_string_not_equal(err->text, "");
}

static struct spool *open_spool(const char *dir, uint64_t size_max)
{
    const struct spool_options options = {dir, size_max, 1 << 20, INTAKE_RECORD_MAX, 0};
    struct spool *spool;
    struct err err;

    if (spool_open(&spool, &options, &err))
        fail_msg("%s", err.text);
    return spool;
}

static void add(struct intake_queue *queue, const char *text, atomic_int *item)
{
    const struct intake_body body = {text, strlen(text)};

    assert_int_equal(intake_queue_add(queue, INTAKE_FREESWITCH, &body, item, NULL), 0);
}

/* How many records the spool has; each is looked at. */
static size_t count_records(struct spool *spool)
{
    struct spool_batch batch = {0};
    struct redis_entry entry;
    size_t count = 0;

    do {
        assert_int_equal(spool_read(spool, &batch, 100, 1 << 20, 0, NULL), 0);
        for (size_t i = 0; i < batch.count; i++) {
            assert_int_equal(intake_decode(batch.list[i].data, batch.list[i].at.len, &entry), 0);
            assert_string_equal(entry.src, "freeswitch");
            assert_string_equal(entry.node, "one");
            assert_true(pack_is(entry.body, entry.len) == (entry.len > 2));
        }
        count += batch.count;
    } while (batch.count);
    spool_batch_free(&batch);
    return count;
}

struct job {
    struct intake_queue *queue;
    atomic_int items[EACH];
};

static char large[4000];

static void *add_many(void *arg)
{
    struct job *job = arg;

    for (size_t i = 0; i < EACH; i++)
        add(job->queue, i % 2 ? "{}" : large, &job->items[i]);
    return NULL;
}

/* From many threads: each record is in the spool once, and each is told of once. */
static void test_many(void **state)
{
    static struct job jobs[THREADS];
    struct told told = {.hold = PTHREAD_MUTEX_INITIALIZER};
    struct intake intake = {.spool = open_spool(*state, 1 << 26), .node = "one"};
    struct intake_queue *queue;
    pthread_t threads[THREADS];

    for (size_t i = 0; i < sizeof(large) - 1; i++)
        large[i] = (char)(32 + (i * i * 31) % 90);
    assert_int_equal(intake_queue_start(&queue, &intake, tell, &told, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i].queue = queue;
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &jobs[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    intake_queue_stop(queue);
    assert_int_equal(told.good, THREADS * EACH);
    assert_int_equal(intake.accepted[INTAKE_FREESWITCH], THREADS * EACH);
    for (size_t i = 0; i < THREADS * EACH; i++)
        assert_int_equal(jobs[i / EACH].items[i % EACH], 1);
    assert_int_equal(count_records(intake.spool), THREADS * EACH);
    spool_close(intake.spool);
}

/* What gathers while the queue is busy is one group, and what was added is written before the end.
 */
static void test_groups(void **state)
{
    struct told told = {.hold = PTHREAD_MUTEX_INITIALIZER};
    struct intake intake = {.spool = open_spool(*state, 1 << 20), .node = "one"};
    struct intake_queue *queue;
    struct spool_stats stats;
    atomic_int items[20] = {0};

    assert_int_equal(intake_queue_start(&queue, &intake, tell, &told, NULL), 0);
    pthread_mutex_lock(&told.hold);
    add(queue, "{}", &items[0]);
    do
        spool_stats(intake.spool, &stats);
    while (stats.commits == 0);
    for (size_t i = 1; i < 20; i++)
        add(queue, "{}", &items[i]);
    assert_int_equal(told.good, 0);
    pthread_mutex_unlock(&told.hold);
    intake_queue_stop(queue);
    assert_int_equal(told.good, 20);
    spool_stats(intake.spool, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(count_records(intake.spool), 20);
    spool_close(intake.spool);
}

/* Whoever's record is not written hears of it, and what comes later has its own chance. */
static void test_full(void **state)
{
    struct told told = {.hold = PTHREAD_MUTEX_INITIALIZER};
    struct intake intake = {.spool = open_spool(*state, 100), .node = "one"};
    struct intake_queue *queue;
    atomic_int items[3] = {0};
    char big[200];

    memset(big, ' ', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(intake_queue_start(&queue, &intake, tell, &told, NULL), 0);
    add(queue, big, &items[0]);
    while (!items[0])
        ;
    add(queue, "{}", &items[1]);
    intake_queue_stop(queue);
    assert_int_equal(told.full, 1);
    assert_int_equal(told.good, 1);
    assert_int_equal(intake.failed[INTAKE_FREESWITCH], 1);
    assert_int_equal(intake.accepted[INTAKE_FREESWITCH], 1);
    assert_int_equal(count_records(intake.spool), 1);
    spool_close(intake.spool);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("intake_queue", TEST(test_many), TEST(test_groups), TEST(test_full))
