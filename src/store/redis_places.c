/* What Redis knows of a spool's records: which are in the stream, and which are confirmed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/redis_private.h"

/* Of one look at the stream, and of one look at the list: Redis answers nobody else meanwhile. */
#define LOOK "100"
#define POP  "1000"

enum { LOOK_COUNT = 100, POP_COUNT = 1000 };

/*
 * The places of one spool among the next entries of the stream. In Redis itself, so that records
 * need not travel for it. Answers: how many entries it saw, the last one's id, the places.
 */
static const char look[] =
    "local found, last, seen = {}, ARGV[1], 0 "
    "for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do"
    " seen, last = seen + 1, entry[1]"
    " local mine, place = false, nil"
    " for i = 1, #entry[2], 2 do"
    "  if entry[2][i] == 'spool' then mine = entry[2][i + 1] == ARGV[3]"
    "  elseif entry[2][i] == 'place' then place = entry[2][i + 1] end"
    " end"
    " if mine and place then found[#found + 1] = place end "
    "end "
    "return {seen, last, found}";

/* Tells the words of a list. False when it is none. */
static bool tell(const redisReply *list, redis_word word, void *arg)
{
    if (list->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < list->elements; i++)
        if (list->element[i]->type == REDIS_REPLY_STRING)
            word(arg, list->element[i]->str);
    return true;
}

/* One look; `from` is moved behind what it saw. *more: there may be further entries. */
static int look_once(struct redis *redis, const char *stream, const char *spool,
                     char from[REDIS_ID_SIZE], redis_word word, void *arg, bool *more,
                     struct err *err)
{
    redisReply *reply;
    bool good;
    int res = REDIS_ASK(redis, &reply, err, "EVAL", look, "1", stream, from, LOOK, spool);

    if (res)
        return res;
    good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           reply->element[1]->type == REDIS_REPLY_STRING && tell(reply->element[2], word, arg);
    *more = good && reply->element[0]->integer == LOOK_COUNT;
    if (*more)
        good = str_printf(from, REDIS_ID_SIZE, "(%s", reply->element[1]->str) == 0;
    freeReplyObject(reply);
    return good ? 0 : err_set(err, -EREMOTEIO, "Redis: unexpected reply to a look at %s", stream);
}

int redis_look(struct redis *redis, const char *stream, const char *spool, redis_word word,
               void *arg, struct err *err)
{
    char from[REDIS_ID_SIZE] = "-";
    bool more = true;
    int res = 0;

    while (!res && more)
        res = look_once(redis, stream, spool, from, word, arg, &more, err);
    return res;
}

int redis_pop(struct redis *redis, const char *key, redis_word word, void *arg, struct err *err)
{
    redisReply *reply;
    bool more = true;
    int res = 0;

    while (!res && more) {
        res = REDIS_ASK(redis, &reply, err, "LPOP", key, POP);
        if (res)
            return res;
        /* Nil when it is empty. */
        more = tell(reply, word, arg) && reply->elements == POP_COUNT;
        freeReplyObject(reply);
    }
    return res;
}
