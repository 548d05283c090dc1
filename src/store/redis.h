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

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { REDIS_ID_SIZE = 48 }; /* an entry's id, "milliseconds-number", with its NUL */

struct redis;

/*
 * One entry of a stream: the fields src, node and body. The body may hold any bytes. Of entries
 * that were read, a field that is missing is "" (never NULL) and the strings end with a NUL that
 * `len` does not count; they live until redis_entries_free. `id` is not looked at when adding.
 */
struct redis_entry {
    const char *id;
    const char *src;
    const char *node;
    const char *body;
    size_t len; /* of the body */
};

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
 * Appends the entries in order, all in one write (XADD, pipelined). *added gets, also in the case
 * of an error, the number of entries from the first on that Redis has acknowledged; what comes
 * after them may or may not have been added and is to be added again.
 */
int redis_add(struct redis *redis, const char *stream, const struct redis_entry *entries,
              size_t count, size_t *added, struct err *err) DP_CHECK;

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

/*
 * Takes over up to `count` entries that were given to some consumer (this one included) at least
 * `idle_ms` ago and were not acknowledged (XAUTOCLAIM). `cursor` begins as "0-0" and is moved on;
 * when it is "0-0" again after a call the whole list has been seen, even if out->count was 0 in
 * between.
 */
int redis_claim(struct redis *redis, const char *stream, const char *group, const char *consumer,
                unsigned int idle_ms, size_t count, char cursor[REDIS_ID_SIZE],
                struct redis_entries *out, struct err *err) DP_CHECK;

/* Frees what redis_read and redis_claim gave. Copes with an all-zero struct. */
void redis_entries_free(struct redis_entries *entries);

/*
 * Deletes the entries from the stream and acknowledges them (XDEL and XACK, one write). If Redis
 * ends in between, redis_read_own gives such an entry again, with nothing in its fields.
 */
int redis_ack(struct redis *redis, const char *stream, const char *group,
              const struct redis_entry *entries, size_t count, struct err *err) DP_CHECK;

/* Appends the entry with the further field `reason`: to the stream of what nobody could use. */
int redis_add_dead(struct redis *redis, const char *stream, const struct redis_entry *entry,
                   const char *reason, struct err *err) DP_CHECK;
