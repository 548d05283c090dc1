#include "cdr/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cdr/insert.h"
#include "cdr/stream.h"
#include "cdr/text.h"
#include "store/redis.h"

enum {
    BATCH = 500,
    BLOCK_MS = 1000, /* how long an idle writer waits in Redis, and with that for its own stop */
    REDIS_MS = 5000,
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
    CLAIM_EVERY_MS = 30 * 1000, /* looking for what others have left */
    CLAIM_IDLE_MS = 60 * 1000,  /* longer than any batch of a living writer takes */
    PARTITIONS_EVERY_MS = 24 * 3600 * 1000,
    REASON_MAX = 256,
};

/* One of the two servers, as far as it being away is concerned. */
struct link {
    const char *name;
    int retry_ms;
    bool away; /* and this was said */
};

struct dead {
    const struct redis_entry *entry;
    char reason[REASON_MAX];
};

struct writer {
    const struct writer_options *options;
    struct writer_stats stats;
    struct link redis_link, pg_link;
    struct redis *redis; /* NULL between two tries */
    PGconn *pg;          /* likewise */
    bool own;            /* look first for what this writer was given before and has not done */
    int64_t claim_ms, partitions_ms; /* when to do so again */

    struct redis_entries entries; /* the batch in hand */
    struct redis_entry *good;     /* those of them that are not dead */
    struct insert_row *rows;      /* BATCH of them */
    struct dead *dead;            /* BATCH of them */
    size_t rows_count, dead_count;
};

static bool wait_stop(const struct writer *writer, int ms)
{
    struct pollfd stop = {.fd = writer->options->stop_fd, .events = POLLIN};

    return poll(&stop, 1, ms) > 0;
}

static bool is_stopping(const struct writer *writer)
{
    return wait_stop(writer, 0);
}

static void link_up(struct link *link)
{
    if (link->away)
        log_info("%s is back", link->name);
    link->away = false;
    link->retry_ms = RETRY_FIRST_MS;
}

/* Says so once per outage, then waits longer from try to try. */
static void link_down(const struct writer *writer, struct link *link, const struct err *err)
{
    if (!link->away)
        log_warning("%s: %s (call records are kept; trying again)", link->name, err->text);
    link->away = true;
    (void)wait_stop(writer, link->retry_ms);
    link->retry_ms = link->retry_ms * 2 < RETRY_LAST_MS ? link->retry_ms * 2 : RETRY_LAST_MS;
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

/* Whether the table can take the coming months. Failing that is no reason not to insert. */
static void ensure_partitions(struct writer *writer)
{
    struct err err;

    if (clock_mono_ms() < writer->partitions_ms)
        return;
    writer->partitions_ms = clock_mono_ms() + PARTITIONS_EVERY_MS;
    if (pg_exec(writer->pg, "SELECT voip.cdr_ensure_partitions()", &err))
        log_error("partitions of voip.cdr: %s", err.text);
}

static int connect_pg(struct writer *writer, struct err *err)
{
    int res;

    if (writer->pg)
        return 0;
    res = pg_connect(&writer->pg, &writer->options->database, err);
    if (!res)
        writer->partitions_ms = 0;
    return res;
}

/* The next entries: this writer's own, those that others have left, or new ones. */
static int read_entries(struct writer *writer, struct err *err)
{
    const char *consumer = writer->options->consumer;
    char cursor[REDIS_ID_SIZE] = "0-0";
    int res;

    if (writer->own) {
        res = redis_read_own(writer->redis, CDR_STREAM, CDR_GROUP, consumer, BATCH,
                             &writer->entries, err);
        writer->own = res || writer->entries.count > 0;
        return res;
    }
    if (clock_mono_ms() >= writer->claim_ms) {
        res = redis_claim(writer->redis, CDR_STREAM, CDR_GROUP, consumer, CLAIM_IDLE_MS, BATCH,
                          cursor, &writer->entries, err);
        /* More of them: at once. */
        if (!res && strcmp(cursor, "0-0") == 0)
            writer->claim_ms = clock_mono_ms() + CLAIM_EVERY_MS;
        return res;
    }
    return redis_read(writer->redis, CDR_STREAM, CDR_GROUP, consumer, BATCH, BLOCK_MS,
                      &writer->entries, err);
}

static void add_dead(struct writer *writer, const struct redis_entry *entry, const char *reason)
{
    struct dead *dead = &writer->dead[writer->dead_count++];

    dead->entry = entry;
    text_copy(dead->reason, sizeof(dead->reason), reason, strlen(reason));
}

static void refuse_row(void *arg, const struct insert_row *row, const char *reason)
{
    add_dead(arg, row->arg, reason);
}

/* Done with already, all but for the acknowledgement. */
static bool is_deleted(const struct redis_entry *entry)
{
    return !*entry->src && !*entry->node && entry->len == 0;
}

/* Entries become rows, dead ones, or nothing. -ENOMEM leaves the batch for another try. */
static int parse_entries(struct writer *writer, size_t *legs, struct err *err)
{
    *legs = 0;
    writer->rows_count = writer->dead_count = 0;
    for (size_t i = 0; i < writer->entries.count; i++) {
        struct redis_entry *entry = &writer->entries.list[i];
        struct insert_row *row = &writer->rows[writer->rows_count];
        int res;

        if (is_deleted(entry))
            continue;
        res = cdr_parse(&row->cdr, entry->src, entry->node, entry->body, entry->len, err);

        if (res == -ENOMEM)
            return res;
        if (res == -ENOMSG) {
            ++*legs;
        } else if (res) {
            add_dead(writer, entry, err->text);
        } else {
            row->raw = entry->body;
            row->raw_len = entry->len;
            row->arg = entry;
            writer->rows_count++;
        }
    }
    return 0;
}

static int insert_batch(struct writer *writer, struct err *err)
{
    int res = connect_pg(writer, err);

    if (res)
        return res;
    ensure_partitions(writer);
    return insert_good_rows(writer->pg, writer->rows, writer->rows_count, refuse_row, writer, err);
}

/* Tries until the rows are committed. False when it is time to stop. */
static bool insert_surely(struct writer *writer)
{
    size_t dead_before = writer->dead_count;
    struct err err;
    int res;

    if (writer->rows_count == 0)
        return true;
    while ((res = insert_batch(writer, &err))) {
        writer->dead_count = dead_before;
        /* A refusal that is not the data's fault may be this server's: a standby, shutting down. */
        drop_pg(writer);
        link_down(writer, &writer->pg_link, &err);
        if (is_stopping(writer))
            return false;
    }
    link_up(&writer->pg_link);
    writer->stats.batches++;
    return true;
}

/* Acknowledges all but the dead ones. */
static int acknowledge(struct writer *writer, struct err *err)
{
    const struct redis_entries *entries = &writer->entries;
    bool is_dead[BATCH] = {false};
    size_t count = 0;
    int res;

    for (size_t i = 0; i < writer->dead_count; i++)
        is_dead[writer->dead[i].entry - entries->list] = true;
    for (size_t i = 0; i < entries->count; i++)
        if (!is_dead[i])
            writer->good[count++] = entries->list[i];
    res = redis_ack(writer->redis, CDR_STREAM, CDR_GROUP, writer->good, count, err);
    if (!res)
        writer->stats.taken += count;
    return res;
}

static int bury_one(struct writer *writer, const struct dead *dead, struct err *err)
{
    int res = redis_add_dead(writer->redis, CDR_DEAD, dead->entry, dead->reason, err);

    if (!res)
        res = redis_ack(writer->redis, CDR_STREAM, CDR_GROUP, dead->entry, 1, err);
    if (res)
        return res;
    log_warning("a record of %s, entry %s, is now in %s: %s", dead->entry->src, dead->entry->id,
                CDR_DEAD, dead->reason);
    writer->stats.dead++;
    writer->stats.taken++;
    return 0;
}

/*
 * Moves dead entries to their stream. When Redis refuses, being full, they stay where they are
 * until they are claimed again: what makes room are the rows, so the dead must not hold them up.
 */
static int bury(struct writer *writer, struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < writer->dead_count; i++)
        res = bury_one(writer, &writer->dead[i], err);
    if (res != -EREMOTEIO)
        return res;
    log_error("records that can be no row stay in %s for now: %s", CDR_STREAM, err->text);
    writer->own = false;
    return 0;
}

/* Entries into rows and out of Redis. What fails leaves them there, as this writer's own. */
static int process(struct writer *writer, struct err *err)
{
    size_t legs;
    int res = parse_entries(writer, &legs, err);

    if (!res && !insert_surely(writer))
        res = -ECANCELED;
    if (!res)
        res = acknowledge(writer, err);
    if (!res)
        res = bury(writer, err);
    if (res)
        writer->own = true;
    else
        writer->stats.legs += legs;
    return res;
}

/* One turn: some entries read, and done with. */
static int turn(struct writer *writer, struct err *err)
{
    int res = connect_redis(writer, err);

    if (!res)
        res = read_entries(writer, err);
    if (res == -ENOENT)
        res = redis_group_create(writer->redis, CDR_STREAM, CDR_GROUP, err);
    if (res)
        return res;
    link_up(&writer->redis_link);
    if (writer->entries.count)
        res = process(writer, err);
    redis_entries_free(&writer->entries);
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
        link_down(writer, &writer->redis_link, &err);
    }
}

int writer_run(const struct writer_options *options, struct writer_stats *stats, struct err *err)
{
    struct writer writer = {
        .options = options,
        .redis_link = {"Redis", RETRY_FIRST_MS, false},
        .pg_link = {"PostgreSQL", RETRY_FIRST_MS, false},
    };
    int res = 0;

    writer.rows = calloc(BATCH, sizeof(*writer.rows));
    writer.dead = calloc(BATCH, sizeof(*writer.dead));
    writer.good = calloc(BATCH, sizeof(*writer.good));
    if (writer.rows && writer.dead && writer.good)
        loop(&writer);
    else
        res = err_set(err, -ENOMEM, "out of memory");
    *stats = writer.stats;
    drop_redis(&writer);
    drop_pg(&writer);
    free(writer.rows);
    free(writer.dead);
    free(writer.good);
    return res;
}
