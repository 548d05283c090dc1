/* What goes into Redis: entries, and what is done with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/redis_private.h"

/* XADD stream * src … node … spool … place … dead … body … */
enum { ADD_ARGS_MAX = 15 };

/* Seconds after which nobody is expected any more to ask for confirmations. */
#define DONE_EXPIRES "604800"

void redis_put(struct redis_command *command, const void *data, size_t len)
{
    command->argv[command->count] = data;
    command->lengths[command->count] = len;
    command->count++;
}

static void put_str(struct redis_command *command, const char *text)
{
    redis_put(command, text, strlen(text));
}

/* A field that an entry need not have. */
static void put_field(struct redis_command *command, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    put_str(command, name);
    put_str(command, value);
}

static int append_entry(struct redis *redis, const char *stream, const struct redis_entry *entry,
                        struct err *err)
{
    const char *argv[ADD_ARGS_MAX];
    size_t lengths[ADD_ARGS_MAX];
    struct redis_command command = {argv, lengths, 0};

    put_str(&command, "XADD");
    put_str(&command, stream);
    put_str(&command, "*");
    put_str(&command, "src");
    put_str(&command, entry->src);
    put_str(&command, "node");
    put_str(&command, entry->node);
    put_field(&command, "spool", entry->spool);
    put_field(&command, "place", entry->place);
    put_field(&command, "dead", entry->dead);
    put_str(&command, "body");
    redis_put(&command, entry->body, entry->len);
    return redis_append(redis, &command, err);
}

int redis_add(struct redis *redis, const char *stream, const struct redis_entry *entries,
              size_t count, bool *added, struct err *err)
{
    int first = 0;

    memset(added, 0, count * sizeof(*added));
    for (size_t i = 0; i < count; i++) {
        int res = append_entry(redis, stream, &entries[i], err);

        if (res)
            return res;
    }
    /* After a refusal too: the connection has to be at the beginning of a reply again. */
    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        int res = redis_next(redis, &reply, first ? NULL : err);

        if (res == -EIO)
            return res;
        added[i] = !res;
        if (res)
            first = -EREMOTEIO;
        else
            freeReplyObject(reply);
    }
    return first;
}

/* A command of many words that are as long as they are: `name` `key` [`more`] and `count` others.
 */
static int begin(struct redis_command *command, size_t count, const char *name, const char *key,
                 const char *more)
{
    *command = (struct redis_command){
        .argv = calloc(count + 3, sizeof(*command->argv)),
        .lengths = calloc(count + 3, sizeof(*command->lengths)),
    };
    if (!command->argv || !command->lengths)
        return -ENOMEM;
    put_str(command, name);
    put_str(command, key);
    if (more)
        put_str(command, more);
    return 0;
}

static int finish(struct redis *redis, struct redis_command *command, int res, struct err *err)
{
    if (res)
        err_set(err, res, "out of memory for a command to Redis");
    else
        res = redis_append(redis, command, err);
    free(command->argv);
    free(command->lengths);
    return res;
}

static int append_ids(struct redis *redis, const char *name, const char *stream, const char *group,
                      const struct redis_entry *entries, size_t count, struct err *err)
{
    struct redis_command command;
    int res = begin(&command, count, name, stream, group);

    for (size_t i = 0; !res && i < count; i++)
        put_str(&command, entries[i].id);
    return finish(redis, &command, res, err);
}

static int append_words(struct redis *redis, size_t *replies, struct err *err, int count,
                        const char *const words[])
{
    struct redis_command command;
    int res = begin(&command, (size_t)count, words[0], words[1], NULL);

    for (int i = 2; !res && i < count; i++)
        put_str(&command, words[i]);
    ++*replies;
    return finish(redis, &command, res, err);
}

/* An entry that a spool waits for. */
static bool is_of_spool(const struct redis_entry *entry)
{
    return str_is_uuid(entry->spool) && *entry->place;
}

/* The places of all entries of one spool, from the first of them on, to that spool's list. */
static int append_places(struct redis *redis, const char *prefix, const struct redis_entry *entries,
                         size_t count, size_t *replies, struct err *err)
{
    struct redis_command command;
    char key[REDIS_KEY_SIZE];
    int res = str_printf(key, sizeof(key), "%s%s", prefix, entries->spool);

    if (res)
        return err_sys(err, res, "name of a list in Redis");
    res = begin(&command, count, "RPUSH", key, NULL);
    for (size_t i = 0; !res && i < count; i++)
        if (is_of_spool(&entries[i]) && strcmp(entries[i].spool, entries->spool) == 0)
            put_str(&command, entries[i].place);
    ++*replies;
    res = finish(redis, &command, res, err);
    if (res)
        return res;
    return append_words(redis, replies, err, 3, (const char *[]){"EXPIRE", key, DONE_EXPIRES});
}

/* Whether an entry before this one has the same spool. */
static bool was_before(const struct redis_entry *entries, size_t at)
{
    /* As a rule all are of one or two spools: found at once. */
    for (size_t i = 0; i < at; i++)
        if (is_of_spool(&entries[i]) && strcmp(entries[i].spool, entries[at].spool) == 0)
            return true;
    return false;
}

static int append_lists(struct redis *redis, const char *prefix, const struct redis_entry *entries,
                        size_t count, size_t *replies, struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < count; i++)
        if (is_of_spool(&entries[i]) && !was_before(entries, i))
            res = append_places(redis, prefix, entries + i, count - i, replies, err);
    return res;
}

/*
 * Deleted first: an entry that is acknowledged but not deleted would never be seen again and stay
 * in the stream for ever.
 */
static int append_end(struct redis *redis, const char *stream, const char *group,
                      const struct redis_entry *entries, size_t count, size_t *replies,
                      struct err *err)
{
    int res = append_ids(redis, "XDEL", stream, NULL, entries, count, err);

    *replies += 2;
    return res ? res : append_ids(redis, "XACK", stream, group, entries, count, err);
}

static int append_all(struct redis *redis, const char *stream, const char *group,
                      const char *prefix, const struct redis_entry *entries, size_t count,
                      size_t *replies, struct err *err)
{
    static const char *const multi[] = {"MULTI"}, *const exec[] = {"EXEC"};
    struct redis_command command = {(const char **)multi, (size_t[]){5}, 1};
    int res = redis_append(redis, &command, err);

    if (!res)
        res = append_end(redis, stream, group, entries, count, replies, err);
    if (!res)
        res = append_lists(redis, prefix, entries, count, replies, err);
    command = (struct redis_command){(const char **)exec, (size_t[]){4}, 1};
    *replies += 2;
    return res ? res : redis_append(redis, &command, err);
}

/*
 * While Redis is full it refuses a transaction in which something is added, and these commands are
 * what makes room. Then the deleting goes first and alone, and the confirmations follow if they
 * can; the spool finds out about one that is missing.
 */
static int end_without_room(struct redis *redis, const char *stream, const char *group,
                            const char *prefix, const struct redis_entry *entries, size_t count,
                            struct err *err)
{
    size_t replies = 0;
    int res = append_end(redis, stream, group, entries, count, &replies, err);

    if (res)
        return -EIO;
    res = redis_skip(redis, replies, err);
    if (res)
        return res;
    replies = 0;
    res = append_lists(redis, prefix, entries, count, &replies, err);
    if (res)
        return -EIO;
    return redis_skip(redis, replies, err) == -EIO ? -EIO : 0;
}

int redis_done(struct redis *redis, const char *stream, const char *group, const char *prefix,
               const struct redis_entry *entries, size_t count, struct err *err)
{
    size_t replies = 0;
    int res;

    if (count == 0)
        return 0;
    /* Of what fails in between, half is in the output buffer: the connection is of no more use. */
    if (append_all(redis, stream, group, prefix, entries, count, &replies, err))
        return -EIO;
    res = redis_skip(redis, replies, err);
    if (res == -EREMOTEIO)
        res = end_without_room(redis, stream, group, prefix, entries, count, err);
    return res;
}
