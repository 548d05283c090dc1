/* What the files of the Redis client share: redis.c is the connection, redis_write.c writes,
 * redis_read.c reads, redis_places.c asks about a spool's records. */
#pragma once

#include <hiredis/hiredis.h>

#include "store/redis.h"

struct redis {
    redisContext *context;
    unsigned int timeout_ms;
};

/* A command as hiredis takes it: any bytes, each piece with its length. */
struct redis_command {
    const char **argv;
    size_t *lengths;
    int count;
};

/* Adds a word, for which there has to be room. */
void redis_put(struct redis_command *command, const void *data, size_t len);

/* Puts the command into the pipeline. -EIO: the connection is of no more use. */
int redis_append(struct redis *redis, const struct redis_command *command,
                 struct err *err) DP_CHECK;

/* The next reply of the pipeline, for freeReplyObject. Error replies become errors. */
int redis_next(struct redis *redis, redisReply **out, struct err *err) DP_CHECK;

/*
 * Reads `count` replies and forgets them. After an error reply it goes on, so that the connection
 * is at the beginning of a reply again; the first error is what counts.
 */
int redis_skip(struct redis *redis, size_t count, struct err *err) DP_CHECK;

/* One command of plain words, its reply in `out`, for freeReplyObject. Errors as in redis.h. */
int redis_ask(struct redis *redis, redisReply **out, struct err *err, int count,
              const char *const words[]) DP_CHECK;

#define REDIS_ASK(redis, out, err, ...)                                                            \
    redis_ask(redis, out, err, (int)DP_COUNT(((const char *[]){__VA_ARGS__})),                     \
              (const char *const[]){__VA_ARGS__})
