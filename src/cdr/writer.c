#include "cdr/writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cdr/link.h"
#include "cdr/stream.h"
#include "cdr/upkeep.h"
#include "cdr/writer_private.h"

enum {
    BLOCK_MS = 1000, /* how long an idle writer waits in Redis, and with that for its own stop */
    REDIS_MS = 5000,
    ANSWER_MS = 5000,           /* what the database gets beyond its own limit for a statement */
    CLAIM_EVERY_MS = 30 * 1000, /* looking for what others have left */
    /* From the beginning of a batch of new entries that was not full to the next one: what a batch
     * costs (transaction, statements, flush) is as much as twenty records. */
    PACE_MS = 20,
    SEEN_EVERY_MS = 3 * 1000, /* while nothing comes: less than doctor minds (cmd/checks_queue.c) */
    CLAIM_IDLE_MS = 60 * 1000, /* longer than any batch of a living writer takes */
    PARSE_S = 30,              /* of a whole batch: milliseconds */
    LOST_MAX = 2, /* connections in a row that a batch has cost; then each entry is looked at */
};

struct writer {
    const struct writer_options *options;
    struct writer_stats stats;
    struct link redis_link, pg_link;
    struct redis *redis; /* NULL between two tries */
    PGconn *pg;          /* likewise */
    struct pg_wait wait; /* for the latter's answers */
    bool own;            /* look first for what this writer was given before and has not done */
    int64_t claim_ms;    /* when to look for what others have left */
    char cursor[REDIS_ID_SIZE]; /* how far that look is, "0-0" before and after it */
    int64_t next_ms;            /* when to take the next batch, at the earliest */
    int64_t seen_ms;            /* when to let Redis see an idle writer */
    struct upkeep upkeep;

    struct writer_batch batch; /* what is in hand */
};

static bool is_stopping(const struct writer *writer)
{
    struct pollfd stop = {.fd = writer->options->stop_fd, .events = POLLIN};

    return poll(&stop, 1, 0) > 0;
}

static void drop_redis(struct writer *writer)
{
    redis_close(writer->redis);
    writer->redis = NULL;
}

static void drop_pg(struct writer *writer)
{
    PQfinish(writer->pg);
    writer->pg = NULL;
}

static int connect_redis(struct writer *writer, struct err *err)
{
    const struct writer_options *options = writer->options;

    if (writer->redis)
        return 0;
    /* What was in hand when the connection broke, or the process was killed. */
    writer->own = true;
    return redis_open(&writer->redis, options->redis_host, options->redis_port,
                      options->redis_password, REDIS_MS, err);
}

/* Some of what others have left is this writer's now. The look goes on at the next call, or is over
 * for a while. */
static int claim_entries(struct writer *writer, struct err *err)
{
    size_t claimed = 0;
    int res = redis_claim(writer->redis, CDR_STREAM, CDR_GROUP, writer->options->consumer,
                          CLAIM_IDLE_MS, WRITER_BATCH, writer->cursor, &claimed, err);

    if (!res && strcmp(writer->cursor, "0-0") == 0)
        writer->claim_ms = clock_mono_ms() + CLAIM_EVERY_MS;
    if (claimed)
        writer->own = true;
    return res;
}

/*
 * What this writer was given before and is not done with. What it had in hand twice goes one by
 * one: if it is an entry that kills it, the count says which.
 */
static int read_own(struct writer *writer, struct err *err)
{
    const char *consumer = writer->options->consumer;
    struct writer_batch *batch = &writer->batch;
    int res =
        redis_deliveries(writer->redis, CDR_STREAM, CDR_GROUP, consumer, &batch->deliveries, err);

    if (!res)
        res = redis_read_own(writer->redis, CDR_STREAM, CDR_GROUP, consumer,
                             batch->deliveries > 1 ? 1 : WRITER_BATCH, &batch->entries, err);
    writer->own = res || batch->entries.count > 0;
    return res;
}

/* Lets more come, where the batch before was not full. */
static void pace(const struct writer *writer)
{
    struct pollfd stop = {.fd = writer->options->stop_fd, .events = POLLIN};
    int64_t left = writer->next_ms - clock_mono_ms();

    if (left > 0)
        (void)poll(&stop, 1, (int)left);
}

/* New entries; none in BLOCK_MS is a success. */
static int read_new(struct writer *writer, struct err *err)
{
    const char *consumer = writer->options->consumer;
    size_t count;
    int64_t now;
    int res;

    pace(writer);
    now = clock_mono_ms();
    if (now >= writer->seen_ms) {
        res = redis_show_consumer(writer->redis, CDR_STREAM, CDR_GROUP, consumer, err);
        if (res)
            return res;
        writer->seen_ms = now + SEEN_EVERY_MS;
    }
    res = redis_read(writer->redis, CDR_STREAM, CDR_GROUP, consumer, WRITER_BATCH, BLOCK_MS,
                     &writer->batch.entries, err);
    count = res ? 0 : writer->batch.entries.count;
    writer->next_ms = count && count < WRITER_BATCH ? clock_mono_ms() + PACE_MS : 0;
    return res;
}

/* The next entries: this writer's own, those that others have left, or new ones. */
static int read_entries(struct writer *writer, struct err *err)
{
    writer->batch.deliveries = 0;
    if (writer->own)
        return read_own(writer, err);
    if (clock_mono_ms() >= writer->claim_ms)
        return claim_entries(writer, err);
    return read_new(writer, err);
}

/* Connected, and the tables can take the coming time. */
static int prepare_pg(struct writer *writer, struct err *err)
{
    int res = 0;

    if (!writer->pg) {
        res = pg_connect(&writer->pg, &writer->options->database, err);
        /* Somebody who has the table for longer is no fault of what is in hand (LOST_MAX). */
        if (!res)
            res = pg_exec(writer->pg, "SET lock_timeout = '10s'", err);
        if (!res)
            res = insert_prepare(writer->pg, &writer->wait, err);
        writer->upkeep.due_ms = 0;
    }
    if (!res && upkeep_is_due(&writer->upkeep))
        res = upkeep_run(&writer->upkeep, writer->pg, &writer->wait, err);
    return res;
}

static int insert_batch(struct writer *writer, struct err *err)
{
    int res = prepare_pg(writer, err);

    return res ? res : writer_batch_insert(&writer->batch, writer->pg, &writer->wait, err);
}

/*
 * Tries until the rows are committed. False when it is time to stop, and when the connection was
 * lost with this batch again and again, although there was one: then it may be an entry that does
 * this, and its deliveries have to count.
 */
static bool insert_surely(struct writer *writer)
{
    size_t dead_before = writer->batch.dead_count;
    int res, lost = 0;
    struct err err;

    while ((res = insert_batch(writer, &err))) {
        writer->batch.dead_count = dead_before;
        if (writer->pg && (res == -ENOTCONN || PQstatus(writer->pg) != CONNECTION_OK))
            lost++;
        /* A refusal that is not the data's fault may be this server's: a standby, shutting down. */
        drop_pg(writer);
        link_down(&writer->pg_link, writer->options->stop_fd, &err);
        if (is_stopping(writer) || lost >= LOST_MAX)
            return false;
    }
    link_up(&writer->pg_link);
    writer->stats.batches += writer->batch.rows_count > 0;
    return true;
}

/* Entries into rows and out of Redis. What fails leaves them there, as this writer's own. */
static int process(struct writer *writer, struct err *err)
{
    int res;

    /* A record that is looked at without end: the process is killed, and started again. */
    alarm(PARSE_S);
    res = writer_batch_parse(&writer->batch, err);
    alarm(0);
    if (!res && !insert_surely(writer))
        res = -ECANCELED;
    if (!res)
        res = writer_batch_acknowledge(&writer->batch, writer->redis, &writer->stats, err);
    if (res)
        writer->own = true;
    else
        writer->stats.legs += writer->batch.legs;
    return res;
}

/* Nothing is taken while the database is away: to be taken counts as a try (WRITER_DELIVERIES). */
static bool has_pg(struct writer *writer)
{
    struct err err;

    if (prepare_pg(writer, &err) == 0)
        return true;
    drop_pg(writer);
    link_down(&writer->pg_link, writer->options->stop_fd, &err);
    return false;
}

/* One turn: some entries read, and done with. */
static int turn(struct writer *writer, struct err *err)
{
    int res = connect_redis(writer, err);

    if (!res)
        res = has_pg(writer) ? read_entries(writer, err) : -ECANCELED;
    if (res == -ENOENT)
        res = redis_group_create(writer->redis, CDR_STREAM, CDR_GROUP, err);
    if (res)
        return res;
    link_up(&writer->redis_link);
    if (writer->batch.entries.count)
        res = process(writer, err);
    redis_entries_free(&writer->batch.entries);
    return res;
}

static void loop(struct writer *writer)
{
    struct err err;
    int res;

    while (!is_stopping(writer)) {
        res = turn(writer, &err);
        if (!res || res == -ECANCELED)
            continue;
        if (res != -EREMOTEIO)
            drop_redis(writer);
        link_down(&writer->redis_link, writer->options->stop_fd, &err);
    }
}

int writer_run(const struct writer_options *options, struct writer_stats *stats, struct err *err)
{
    struct writer writer = {
        .options = options,
        .redis_link = {"Redis", LINK_FIRST_MS, false},
        .pg_link = {"PostgreSQL", LINK_FIRST_MS, false},
        .cursor = "0-0",
        .upkeep = {options->keep_months, options->keep_raw_days, options->keep_audit_days, 0},
    };
    int res = writer_batch_init(&writer.batch);

    writer.wait = (struct pg_wait){
        .timeout_ms = (int)options->database.statement_timeout_ms + ANSWER_MS,
        .stop_fd = options->stop_fd,
    };
    if (res)
        err_set(err, res, "out of memory");
    else
        loop(&writer);
    *stats = writer.stats;
    drop_redis(&writer);
    drop_pg(&writer);
    writer_batch_free(&writer.batch);
    return res;
}
