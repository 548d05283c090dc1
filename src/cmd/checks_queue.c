/* Redis, durable as configured; and the writer that takes call records from it. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/checks.h"

/* The writer asks for new entries at least every few seconds. */
enum { WRITER_IDLE_MS = 10000, TIMEOUT_S = 2 };

/* -1 with `err` set; else a reply that is the caller's. */
static redisReply *ask(redisContext *redis, const char *command, const char *argument,
                       struct err *err)
{
    redisReply *reply =
        argument ? redisCommand(redis, command, argument) : redisCommand(redis, command);

    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    err_set(err, -1, "%s", reply ? reply->str : redis->errstr);
    freeReplyObject(reply);
    return NULL;
}

static redisContext *open_redis(const struct cmd_node *node, struct err *err)
{
    const struct topology_node *queue = topology_first(node->topology, ROLE_QUEUE);
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    redisContext *redis;
    redisReply *reply;

    redis = redisConnectWithTimeout(queue->inside, node->topology->queue.port, timeout);
    if (!redis || redis->err) {
        err_set(err, -1, "%s port %u: %s", queue->inside, node->topology->queue.port,
                redis ? redis->errstr : "out of memory");
        redisFree(redis);
        return NULL;
    }
    redisSetTimeout(redis, timeout);
    reply = ask(redis, "AUTH %s", node->secrets.value[SECRET_REDIS_PASSWORD], err);
    if (!reply) {
        redisFree(redis);
        return NULL;
    }
    freeReplyObject(reply);
    return redis;
}

/* The value of a line "name:value" of INFO, "" when there is none. */
static void info_value(const char *info, const char *name, char out[32])
{
    const char *at = strstr(info, name);

    out[0] = '\0';
    if (at)
        snprintf(out, 32, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
}

static void judge_redis(const char *info, struct check_result *out)
{
    char version[32], enabled[32], written[32];

    info_value(info, "redis_version:", version);
    info_value(info, "aof_enabled:", enabled);
    info_value(info, "aof_last_write_status:", written);
    if (strcmp(enabled, "1") != 0) {
        check_set(out, CHECK_FAIL, "version %s, append-only file is off", version);
        check_advise(out, "call records would not survive a crash: start it with the rendered "
                          "redis.conf");
    } else if (strcmp(written, "ok") != 0) {
        check_set(out, CHECK_FAIL, "version %s, writing the append-only file fails", version);
        check_advise(out, "is the disk full?");
    } else {
        check_set(out, CHECK_OK, "version %s, append-only file on", version);
    }
}

void check_redis(const struct cmd_node *node, struct check_result *out)
{
    redisContext *redis;
    redisReply *reply;
    struct err err;

    redis = open_redis(node, &err);
    reply = redis ? ask(redis, "INFO", NULL, &err) : NULL;
    if (reply)
        judge_redis(reply->str, out);
    else
        check_fail(out, node, "redis", &err);
    freeReplyObject(reply);
    redisFree(redis);
}

/* The field of one consumer in XINFO's answer, a flat list of names and values; -1 if absent. */
static long long consumer_field(const redisReply *consumer, const char *name)
{
    for (size_t i = 0; i + 1 < consumer->elements; i += 2)
        if (strcmp(consumer->element[i]->str, name) == 0)
            return consumer->element[i + 1]->integer;
    return -1;
}

static void judge_consumers(const struct cmd_node *node, const redisReply *reply,
                            struct check_result *out)
{
    long long idle, least = -1, pending = 0;

    for (size_t i = 0; i < reply->elements; i++) {
        idle = consumer_field(reply->element[i], "idle");
        pending += consumer_field(reply->element[i], "pending");
        if (idle >= 0 && (least < 0 || idle < least))
            least = idle;
    }
    if (least >= 0 && least < WRITER_IDLE_MS) {
        check_set(out, CHECK_OK, "asked for records %.1f s ago, %lld in hand", (double)least / 1000,
                  pending);
        return;
    }
    if (least < 0)
        check_set(out, CHECK_FAIL, "has not asked for records yet");
    else
        check_set(out, CHECK_FAIL, "last asked for records %lld s ago", least / 1000);
    check_advise(out, "see %s/log/cdr-writer.log; no call record is lost meanwhile", node->state);
}

void check_cdr_writer(const struct cmd_node *node, struct check_result *out)
{
    redisReply *reply = NULL;
    redisContext *redis;
    struct err err = {""};

    redis = open_redis(node, &err);
    if (redis)
        reply = ask(redis, "XINFO CONSUMERS dialplane:cdr writers", NULL, &err);
    if (reply)
        judge_consumers(node, reply, out);
    else
        check_fail(out, node, "cdr-writer", &err);
    /* The writer makes stream and group when it starts for the first time. */
    if (redis &&
        (str_starts_with(err.text, "ERR no such key") || str_starts_with(err.text, "NOGROUP")))
        check_set(out, CHECK_FAIL, "has never run");
    freeReplyObject(reply);
    redisFree(redis);
}
