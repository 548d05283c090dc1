#include "store/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* XADD stream * src … node … body … reason … */
enum { ADD_ARGS_MAX = 11, NUMBER_SIZE = 24 };

struct redis {
    redisContext *context;
    unsigned int timeout_ms;
};

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

/* One command of plain words, its reply in `out`. */
static int ask(struct redis *redis, redisReply **out, struct err *err, int count,
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

#define ASK(redis, out, err, ...)                                                                  \
    ask(redis, out, err, (int)DP_COUNT(((const char *[]){__VA_ARGS__})),                           \
        (const char *const[]){__VA_ARGS__})

static int authenticate(struct redis *redis, const char *password, struct err *err)
{
    redisReply *reply;
    int res;

    if (!password || !*password)
        return 0;
    res = ASK(redis, &reply, err, "AUTH", password);
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
    int res = ASK(redis, &reply, err, "PING");

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
    int res = ASK(redis, &reply, &own, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM");

    if (!res)
        freeReplyObject(reply);
    else if (res == -EREMOTEIO && strstr(own.text, "BUSYGROUP"))
        res = 0; /* it is there already */
    return res ? err_set(err, res, "%s", own.text) : 0;
}

int redis_length(struct redis *redis, const char *stream, uint64_t *out, struct err *err)
{
    redisReply *reply;
    int res = ASK(redis, &reply, err, "XLEN", stream);

    if (res)
        return res;
    *out = reply->type == REDIS_REPLY_INTEGER ? (uint64_t)reply->integer : 0;
    freeReplyObject(reply);
    return 0;
}

static void take_field(struct redis_entry *entry, const redisReply *name, const redisReply *value)
{
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(name->str, "src") == 0) {
        entry->src = value->str;
    } else if (strcmp(name->str, "node") == 0) {
        entry->node = value->str;
    } else if (strcmp(name->str, "body") == 0) {
        entry->body = value->str;
        entry->len = (size_t)value->len;
    }
}

/* [id, [name, value, …]]; the fields are nil when the entry was deleted but never acknowledged. */
static bool take_entry(struct redis_entry *entry, const redisReply *reply)
{
    const redisReply *fields;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING)
        return false;
    *entry = (struct redis_entry){.id = reply->element[0]->str, .src = "", .node = "", .body = ""};
    fields = reply->element[1];
    if (fields->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i + 1 < fields->elements; i += 2)
            take_field(entry, fields->element[i], fields->element[i + 1]);
    return true;
}

/* Takes `reply` over, of which `list` (NULL for none) is the part with the entries. */
static int take_entries(struct redis_entries *out, redisReply *reply, const redisReply *list,
                        struct err *err)
{
    size_t most = list && list->type == REDIS_REPLY_ARRAY ? list->elements : 0;

    *out = (struct redis_entries){.reply = reply};
    out->list = calloc(most + 1, sizeof(*out->list));
    if (!out->list) {
        redis_entries_free(out);
        return err_set(err, -ENOMEM, "out of memory for %zu entries", most);
    }
    for (size_t i = 0; i < most; i++)
        out->count += take_entry(&out->list[out->count], list->element[i]);
    return 0;
}

void redis_entries_free(struct redis_entries *entries)
{
    if (entries->reply)
        freeReplyObject(entries->reply);
    free(entries->list);
    *entries = (struct redis_entries){0};
}

/* The list of the only stream in [[stream, list]]; NULL for nil, which means that nothing came. */
static const redisReply *only_stream(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2)
        return NULL;
    return reply->element[0]->element[1];
}

int redis_read(struct redis *redis, const char *stream, const char *group, const char *consumer,
               size_t count, unsigned int block_ms, struct redis_entries *out, struct err *err)
{
    char most[NUMBER_SIZE], block[NUMBER_SIZE];
    redisReply *reply;
    int res;

    if (block_ms >= redis->timeout_ms)
        return err_set(err, -EINVAL, "waiting for %u ms with a timeout of %u ms", block_ms,
                       redis->timeout_ms);
    snprintf(most, sizeof(most), "%zu", count);
    snprintf(block, sizeof(block), "%u", block_ms);
    /* BLOCK 0 would mean for ever. */
    if (block_ms > 0)
        res = ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most,
                  "BLOCK", block, "STREAMS", stream, ">");
    else
        res = ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most,
                  "STREAMS", stream, ">");
    return res ? res : take_entries(out, reply, only_stream(reply), err);
}

int redis_read_own(struct redis *redis, const char *stream, const char *group, const char *consumer,
                   size_t count, struct redis_entries *out, struct err *err)
{
    char most[NUMBER_SIZE];
    redisReply *reply;
    int res;

    snprintf(most, sizeof(most), "%zu", count);
    res = ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most, "STREAMS",
              stream, "0");
    return res ? res : take_entries(out, reply, only_stream(reply), err);
}

int redis_claim(struct redis *redis, const char *stream, const char *group, const char *consumer,
                unsigned int idle_ms, size_t count, char cursor[REDIS_ID_SIZE],
                struct redis_entries *out, struct err *err)
{
    char idle[NUMBER_SIZE], most[NUMBER_SIZE];
    redisReply *reply;
    int res;

    snprintf(idle, sizeof(idle), "%u", idle_ms);
    snprintf(most, sizeof(most), "%zu", count);
    res =
        ASK(redis, &reply, err, "XAUTOCLAIM", stream, group, consumer, idle, cursor, "COUNT", most);
    if (res)
        return res;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        str_copy(cursor, REDIS_ID_SIZE, reply->element[0]->str)) {
        freeReplyObject(reply);
        return err_set(err, -EREMOTEIO, "Redis: unexpected reply to XAUTOCLAIM");
    }
    return take_entries(out, reply, reply->element[1], err);
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
