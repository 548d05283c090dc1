/* What the files of the Redis client share: redis.c writes, redis_read.c reads. */
#pragma once

#include <hiredis/hiredis.h>

#include "store/redis.h"

struct redis {
    redisContext *context;
    unsigned int timeout_ms;
};

/* One command of plain words, its reply in `out`, for freeReplyObject. Errors as in redis.h. */
int redis_ask(struct redis *redis, redisReply **out, struct err *err, int count,
              const char *const words[]) DP_CHECK;

#define REDIS_ASK(redis, out, err, ...)                                                            \
    redis_ask(redis, out, err, (int)DP_COUNT(((const char *[]){__VA_ARGS__})),                     \
              (const char *const[]){__VA_ARGS__})
