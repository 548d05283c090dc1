#include "store/redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/redis_private.h"

/* XADD stream * src … node … body … reason … */
enum { ADD_ARGS_MAX = 11 };

/* A command as hiredis takes it: any bytes, each piece with its length. */
struct command {
    const char **argv;
    size_t *lengths;
    int count;
};

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

/* The next reply of the pipeline, for freeReplyObject. Error replies become errors. */
static int next_reply(struct redis *redis, redisReply **out, struct err *err)
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

/*
 * Reads `count` replies and forgets them. After an error reply it goes on, so that the connection
 * is at the beginning of a reply again; the first error is what counts.
 */
static int skip_replies(struct redis *redis, size_t count, struct err *err)
{
    redisReply *reply = NULL;
    int first = 0;

    for (size_t i = 0; i < count && first != -EIO; i++) {
        int res = next_reply(redis, &reply, first ? NULL : err);

        if (!res)
            freeReplyObject(reply);
        else if (!first || res == -EIO)
            first = res;
    }
    return first;
}

static void put(struct command *command, const void *data, size_t len)
{
    command->argv[command->count] = data;
    command->lengths[command->count] = len;
    command->count++;
}

static void put_str(struct command *command, const char *text)
{
    put(command, text, strlen(text));
}

static int append(struct redis *redis, const struct command *command, struct err *err)
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
    struct command command = {argv, lengths, 0};
    int res;

    for (int i = 0; i < count; i++)
        put_str(&command, words[i]);
    res = append(redis, &command, err);
    return res ? res : next_reply(redis, out, err);
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

static int append_entry(struct redis *redis, const char *stream, const struct redis_entry *entry,
                        const char *reason, struct err *err)
{
    const char *argv[ADD_ARGS_MAX];
    size_t lengths[ADD_ARGS_MAX];
    struct command command = {argv, lengths, 0};

    put_str(&command, "XADD");
    put_str(&command, stream);
    put_str(&command, "*");
    put_str(&command, "src");
    put_str(&command, entry->src);
    put_str(&command, "node");
    put_str(&command, entry->node);
    put_str(&command, "body");
    put(&command, entry->body, entry->len);
    if (reason) {
        put_str(&command, "reason");
        put_str(&command, reason);
    }
    return append(redis, &command, err);
}

int redis_add(struct redis *redis, const char *stream, const struct redis_entry *entries,
              size_t count, size_t *added, struct err *err)
{
    int res = 0;

    *added = 0;
    for (size_t i = 0; i < count; i++) {
        res = append_entry(redis, stream, &entries[i], NULL, err);
        if (res)
            return res;
    }
    for (size_t i = 0; i < count; i++) {
        redisReply *reply;

        res = next_reply(redis, &reply, err);
        if (res == -EREMOTEIO || res == -ENOENT) {
            /* The rest may be accepted or not; the caller adds it again either way. */
            int rest = skip_replies(redis, count - i - 1, NULL);

            return rest == -EIO ? -EIO : -EREMOTEIO;
        }
        if (res)
            return res;
        freeReplyObject(reply);
        ++*added;
    }
    return 0;
}

int redis_add_dead(struct redis *redis, const char *stream, const struct redis_entry *entry,
                   const char *reason, struct err *err)
{
    int res = append_entry(redis, stream, entry, reason, err);

    return res ? res : skip_replies(redis, 1, err);
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

/* `name` stream [group] id … */
static int append_ids(struct redis *redis, const char *name, const char *stream, const char *group,
                      const struct redis_entry *entries, size_t count, struct err *err)
{
    struct command command = {0};
    int res = -ENOMEM;

    command.argv = calloc(count + 3, sizeof(*command.argv));
    command.lengths = calloc(count + 3, sizeof(*command.lengths));
    if (!command.argv || !command.lengths) {
        err_set(err, res, "out of memory for %zu ids", count);
        goto out;
    }
    put_str(&command, name);
    put_str(&command, stream);
    if (group)
        put_str(&command, group);
    for (size_t i = 0; i < count; i++)
        put_str(&command, entries[i].id);
    res = append(redis, &command, err);
out:
    free(command.argv);
    free(command.lengths);
    return res;
}

/*
 * Deleted first: an entry that is acknowledged but not deleted would never be seen again and stay
 * in the stream for ever. Not in a transaction: while Redis is full it refuses whatever is put into
 * one, and these two commands are what makes room.
 */
int redis_ack(struct redis *redis, const char *stream, const char *group,
              const struct redis_entry *entries, size_t count, struct err *err)
{
    int res;

    if (count == 0)
        return 0;
    res = append_ids(redis, "XDEL", stream, NULL, entries, count, err);
    if (!res)
        res = append_ids(redis, "XACK", stream, group, entries, count, err);
    /* Half of it is in the output buffer: this connection must not be used again. */
    if (res)
        return -EIO;
    return skip_replies(redis, 2, err);
}
