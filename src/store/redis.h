/*
 * Redis streams over one blocking connection (hiredis, RESP2), for one thread at a time.
 *
 * Every function that talks to Redis returns
 *   -EIO        the connection is of no more use: close it, open another one
 *   -EREMOTEIO  Redis refused the command (out of memory, still loading, …); the connection stays
 *   -ENOENT     the stream or its group is not there (redis_group_create makes both)
 *   -ENOMEM     no memory here
 * and puts a sentence into `err`, which may be NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum {
    REDIS_ID_SIZE = 48, /* an entry's id, "milliseconds-number", with its NUL */
    REDIS_KEY_SIZE = 128,
};

struct redis;

/*
 * One entry of a stream. The body may hold any bytes. Of entries that were read, a field that is
 * missing is "" (never NULL) and the strings end with a NUL that `len` does not count; they live
 * until redis_entries_free. When adding, `id` is not looked at, and spool, place and dead may be
 * NULL.
 */
struct redis_entry {
    const char *id;
    const char *src;
    const char *node;
    const char *spool; /* uuid of the spool that it came from, */
    const char *place; /* and the record's place there */
    const char *dead;  /* id of the dead letter that it was */
    const char *body;
    size_t len; /* of the body */
};

/* Is told a word of a reply, which lives until it returns. */
typedef void (*redis_word)(void *arg, const char *word);

struct redis_entries {
    struct redis_entry *list;
    size_t count;
    void *reply; /* holds what the list points at */
};

/*
 * Connects and authenticates. `host` is a numeric address; `password` NULL or "" for none.
 * `timeout_ms` limits the connecting and, from then on, each wait for a reply; a server that is
 * silent for longer makes the connection useless. Also -EACCES: wrong password.
 */
int redis_open(struct redis **out, const char *host, uint16_t port, const char *password,
               unsigned int timeout_ms, struct err *err) DP_CHECK;

/* NULL is allowed. */
void redis_close(struct redis *redis);

int redis_ping(struct redis *redis, struct err *err) DP_CHECK;

/*
 * Appends the entries in order, all in one write (XADD, pipelined). added[i], also in the case of
 * an error, says whether Redis has acknowledged the entry. After -EIO nobody knows of the others
 * whether they are there; after -EREMOTEIO they are not.
 */
int redis_add(struct redis *redis, const char *stream, const struct redis_entry *entries,
              size_t count, bool *added, struct err *err) DP_CHECK;

/* Makes stream and group where missing; a new group begins with the stream's first entry. */
int redis_group_create(struct redis *redis, const char *stream, const char *group,
                       struct err *err) DP_CHECK;

/*
 * Up to `count` entries that no consumer of the group has got yet; waits up to `block_ms` for the
 * first one (0: not at all). No entry is success too, with out->count 0. -EINVAL when block_ms is
 * not below the connection's timeout.
 */
int redis_read(struct redis *redis, const char *stream, const char *group, const char *consumer,
               size_t count, unsigned int block_ms, struct redis_entries *out,
               struct err *err) DP_CHECK;

/*
 * Up to `count` of the entries that this consumer was given and has not acknowledged, oldest
 * first: what was under way when it was stopped.
 */
int redis_read_own(struct redis *redis, const char *stream, const char *group, const char *consumer,
                   size_t count, struct redis_entries *out, struct err *err) DP_CHECK;

/*
 * Has XINFO CONSUMERS say of this consumer that it is there. Redis 7.0 notes neither that it waited
 * for new entries in vain (XREADGROUP with BLOCK) nor that it looked for others' (XAUTOCLAIM).
 */
int redis_show_consumer(struct redis *redis, const char *stream, const char *group,
                        const char *consumer, struct err *err) DP_CHECK;

/* How often the oldest of what redis_read_own would give was given already; 0 when there is none.
 * Asking does not count. */
int redis_deliveries(struct redis *redis, const char *stream, const char *group,
                     const char *consumer, unsigned int *out, struct err *err) DP_CHECK;

/*
 * Takes over up to `count` entries that were given to some consumer (this one included) at least
 * `idle_ms` ago and were not acknowledged (XAUTOCLAIM): redis_read_own gives them. That they have
 * another consumer is not counted as having been given to him. `cursor` begins as "0-0" and is
 * moved on; when it is "0-0" again after a call the whole list has been seen, even if *claimed was
 * 0 in between.
 */
int redis_claim(struct redis *redis, const char *stream, const char *group, const char *consumer,
                unsigned int idle_ms, size_t count, char cursor[REDIS_ID_SIZE], size_t *claimed,
                struct err *err) DP_CHECK;

/* Frees what redis_read and redis_read_own gave. Copes with an all-zero struct. */
void redis_entries_free(struct redis_entries *entries);

/*
 * These entries are done with: deletes them from the stream, acknowledges them, and tells the
 * spools that they are of: each one's places go to the end of the list `prefix`<uuid>, which lives
 * for a week. All in one transaction (XDEL, XACK, RPUSH), except while Redis is full and can only
 * delete: then a spool may be told nothing. If Redis ends in between, redis_read_own gives such an
 * entry again, with nothing in its fields.
 */
int redis_done(struct redis *redis, const char *stream, const char *group, const char *prefix,
               const struct redis_entry *entries, size_t count, struct err *err) DP_CHECK;

/* Tells the place of each entry of the stream that is of this spool. What is added or deleted
 * meanwhile may be told or not. */
int redis_look(struct redis *redis, const char *stream, const char *spool, redis_word word,
               void *arg, struct err *err) DP_CHECK;

/* Takes everything off the list, from its beginning on. What was taken when the connection broke
 * may be gone without having been told. */
int redis_pop(struct redis *redis, const char *key, redis_word word, void *arg,
              struct err *err) DP_CHECK;
