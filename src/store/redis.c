#include "store/redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/redis_private.h"

static struct timeval to_timeval(unsigned int ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000};
}

static int connection_error(const struct redis *redis, struct err *err)
{
    /* hiredis says "Resource temporarily unavailable". */
    if (redis->context->err == REDIS_ERR_IO && errno == EAGAIN)
        return err_set(err, -EIO, "Redis: no answer within %u ms", redis->timeout_ms);
    return err_set(err, -EIO, "Redis: %s", redis->context->errstr);
}

/* What an error reply means to the caller; the first word is its kind. */
static int refusal(const redisReply *reply, struct err *err)
{
    if (str_starts_with(reply->str, "NOGROUP"))
        return err_set(err, -ENOENT, "Redis: %s", reply->str);
    return err_set(err, -EREMOTEIO, "Redis: %s", reply->str);
}

int redis_next(struct redis *redis, redisReply **out, struct err *err)
{
    void *reply = NULL;
    int res;

    if (redisGetReply(redis->context, &reply) != REDIS_OK || !reply)
        return connection_error(redis, err);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
        res = refusal(reply, err);
        freeReplyObject(reply);
        return res;
    }
    *out = reply;
    return 0;
}

int redis_skip(struct redis *redis, size_t count, struct err *err)
{
    redisReply *reply = NULL;
    int first = 0;

    for (size_t i = 0; i < count && first != -EIO; i++) {
        int res = redis_next(redis, &reply, first ? NULL : err);

        if (!res)
            freeReplyObject(reply);
        else if (!first || res == -EIO)
            first = res;
    }
    return first;
}

int redis_append(struct redis *redis, const struct redis_command *command, struct err *err)
{
    if (redisAppendCommandArgv(redis->context, command->count, command->argv, command->lengths) ==
        REDIS_OK)
        return 0;
    /* The only reason is memory; what was appended before is still in the output buffer, and a
     * half pipeline must not be sent. */
    redis->context->err = REDIS_ERR_OOM;
    return err_set(err, -EIO, "out of memory for a command to Redis");
}

int redis_ask(struct redis *redis, redisReply **out, struct err *err, int count,
              const char *const words[])
{
    const char *argv[16];
    size_t lengths[16];
    struct redis_command command = {argv, lengths, 0};
    int res;

    for (int i = 0; i < count; i++)
        redis_put(&command, words[i], strlen(words[i]));
    res = redis_append(redis, &command, err);
    return res ? res : redis_next(redis, out, err);
}

static int authenticate(struct redis *redis, const char *password, struct err *err)
{
    redisReply *reply;
    int res;

    if (!password || !*password)
        return 0;
    res = REDIS_ASK(redis, &reply, err, "AUTH", password);
    if (!res)
        freeReplyObject(reply);
    return res == -EREMOTEIO ? -EACCES : res;
}

int redis_open(struct redis **out, const char *host, uint16_t port, const char *password,
               unsigned int timeout_ms, struct err *err)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    int res;

    if (!redis)
        return err_set(err, -ENOMEM, "out of memory");
    redis->timeout_ms = timeout_ms;
    redis->context = redisConnectWithTimeout(host, port, to_timeval(timeout_ms));
    if (!redis->context) {
        res = err_set(err, -ENOMEM, "out of memory");
        goto out;
    }
    if (redis->context->err ||
        redisSetTimeout(redis->context, to_timeval(timeout_ms)) != REDIS_OK) {
        res = connection_error(redis, err);
        goto out;
    }
    res = authenticate(redis, password, err);
    if (res)
        goto out;
    *out = redis;
    return 0;
out:
    redis_close(redis);
    return res;
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    if (redis->context)
        redisFree(redis->context);
    free(redis);
}

int redis_ping(struct redis *redis, struct err *err)
{
    redisReply *reply;
    int res = REDIS_ASK(redis, &reply, err, "PING");

    if (!res)
        freeReplyObject(reply);
    return res;
}

int redis_group_create(struct redis *redis, const char *stream, const char *group, struct err *err)
{
    redisReply *reply;
    struct err own;
    int res = REDIS_ASK(redis, &reply, &own, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM");

    if (!res)
        freeReplyObject(reply);
    else if (res == -EREMOTEIO && strstr(own.text, "BUSYGROUP"))
        res = 0; /* it is there already */
    return res ? err_set(err, res, "%s", own.text) : 0;
}
