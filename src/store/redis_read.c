/* Entries of a stream: what is new, one's own, and what others have left. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/redis_private.h"

enum { NUMBER_SIZE = 24 };

static void take_field(struct redis_entry *entry, const redisReply *name, const redisReply *value)
{
    const struct {
        const char *name, **to;
    } fields[] = {
        {"src", &entry->src},     {"node", &entry->node}, {"spool", &entry->spool},
        {"place", &entry->place}, {"dead", &entry->dead}, {"body", &entry->body},
    };

    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
        return;
    for (size_t i = 0; i < DP_COUNT(fields); i++)
        if (strcmp(name->str, fields[i].name) == 0)
            *fields[i].to = value->str;
    if (entry->body == value->str)
        entry->len = (size_t)value->len;
}

/* [id, [name, value, …]]; the fields are nil when the entry was deleted but never acknowledged. */
static bool take_entry(struct redis_entry *entry, const redisReply *reply)
{
    const redisReply *fields;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING)
        return false;
    *entry = (struct redis_entry){
        .id = reply->element[0]->str,
        .src = "",
        .node = "",
        .spool = "",
        .place = "",
        .dead = "",
        .body = "",
    };
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
        res = REDIS_ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most,
                        "BLOCK", block, "STREAMS", stream, ">");
    else
        res = REDIS_ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most,
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
    res = REDIS_ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", most,
                    "STREAMS", stream, "0");
    return res ? res : take_entries(out, reply, only_stream(reply), err);
}

int redis_show_consumer(struct redis *redis, const char *stream, const char *group,
                        const char *consumer, struct err *err)
{
    redisReply *reply;
    int res;

    /* Of what it has in hand, what comes after the last id but one that there can be: nothing. (The
       last one is how Redis itself writes ">", new entries.) */
    res = REDIS_ASK(redis, &reply, err, "XREADGROUP", "GROUP", group, consumer, "COUNT", "1",
                    "STREAMS", stream, "18446744073709551615-18446744073709551614");
    if (!res)
        freeReplyObject(reply);
    return res;
}

int redis_deliveries(struct redis *redis, const char *stream, const char *group,
                     const char *consumer, unsigned int *out, struct err *err)
{
    const redisReply *first;
    redisReply *reply;
    int res = REDIS_ASK(redis, &reply, err, "XPENDING", stream, group, "-", "+", "1", consumer);

    if (res)
        return res;
    /* [[id, consumer, idle, how often]] */
    first = reply->type == REDIS_REPLY_ARRAY && reply->elements ? reply->element[0] : NULL;
    *out = 0;
    if (first && first->type == REDIS_REPLY_ARRAY && first->elements == 4)
        *out = (unsigned int)first->element[3]->integer;
    freeReplyObject(reply);
    return 0;
}

int redis_claim(struct redis *redis, const char *stream, const char *group, const char *consumer,
                unsigned int idle_ms, size_t count, char cursor[REDIS_ID_SIZE], size_t *claimed,
                struct err *err)
{
    char idle[NUMBER_SIZE], most[NUMBER_SIZE];
    redisReply *reply;
    int res;

    snprintf(idle, sizeof(idle), "%u", idle_ms);
    snprintf(most, sizeof(most), "%zu", count);
    res = REDIS_ASK(redis, &reply, err, "XAUTOCLAIM", stream, group, consumer, idle, cursor,
                    "COUNT", most, "JUSTID");
    if (res)
        return res;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_ARRAY ||
        str_copy(cursor, REDIS_ID_SIZE, reply->element[0]->str))
        res = err_set(err, -EREMOTEIO, "Redis: unexpected reply to XAUTOCLAIM");
    else
        *claimed = reply->element[1]->elements;
    freeReplyObject(reply);
    return res;
}
