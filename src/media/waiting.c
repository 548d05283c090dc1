#include "media/waiting.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* uthash reports here, instead of leaving the program, that an element was not added. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

#include "base/log.h"
#include "base/str.h"

struct count {
    UT_hash_handle hh;
    bool lost;
    char new_messages[8], saved_messages[8];
    char mailbox[STR_EXTENSION_MAX + 1];
    char domain[STR_DOMAIN_MAX + 1];
    char key[]; /* mailbox@domain */
};

static struct {
    pthread_mutex_t lock;
    struct count *all;
    void (*wake)(void *arg);
    void *arg;
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

void waiting_start(void (*wake)(void *arg), void *arg)
{
    pthread_mutex_lock(&waiting.lock);
    waiting.wake = wake;
    waiting.arg = arg;
    pthread_mutex_unlock(&waiting.lock);
}

static struct count *count_new(const char *domain, const char *mailbox, const char *new_messages,
                               const char *saved_messages)
{
    size_t size = strlen(mailbox) + 1 + strlen(domain) + 1;
    struct count *count = calloc(1, sizeof(*count) + size);

    if (!count)
        return NULL;
    if (str_copy(count->domain, sizeof(count->domain), domain) ||
        str_copy(count->mailbox, sizeof(count->mailbox), mailbox) ||
        str_copy(count->new_messages, sizeof(count->new_messages), new_messages) ||
        str_copy(count->saved_messages, sizeof(count->saved_messages), saved_messages) ||
        str_printf(count->key, size, "%s@%s", mailbox, domain)) {
        free(count);
        return NULL;
    }
    return count;
}

static struct count *find(const char *key)
{
    struct count *found;

    HASH_FIND_STR(waiting.all, key, found);
    return found;
}

static void take_out(struct count *count)
{
    HASH_DEL(waiting.all, count);
}

/* Takes `count` over. With the lock held. */
static void put(struct count *count)
{
    struct count *old = find(count->key);

    if (old) {
        take_out(old);
        free(old);
    }
    count->lost = HASH_COUNT(waiting.all) >= WAITING_MAX;
    if (!count->lost)
        HASH_ADD_STR(waiting.all, key, count);
    if (count->lost) {
        log_warning("messages waiting in %s are not told: too many wait", count->key);
        free(count);
    }
}

static bool is_count(const char *text)
{
    uint64_t number;

    return str_to_u64(text, 0, WAITING_MESSAGES_MAX - 1, &number) == 0;
}

int waiting_note(const char *domain, const char *mailbox, const char *new_messages,
                 const char *saved_messages)
{
    struct count *count;

    if (!str_is_domain(domain) || !str_is_extension(mailbox) || !is_count(new_messages) ||
        !is_count(saved_messages))
        return -EINVAL;
    count = count_new(domain, mailbox, new_messages, saved_messages);
    if (!count)
        return -EINVAL;
    pthread_mutex_lock(&waiting.lock);
    put(count);
    if (waiting.wake)
        waiting.wake(waiting.arg);
    pthread_mutex_unlock(&waiting.lock);
    return 0;
}

static struct count *take(void)
{
    struct count *count;

    pthread_mutex_lock(&waiting.lock);
    count = waiting.all;
    if (count)
        take_out(count);
    pthread_mutex_unlock(&waiting.lock);
    return count;
}

/* What was not written; unless something newer came meanwhile. */
static void put_back(struct count *count)
{
    pthread_mutex_lock(&waiting.lock);
    if (find(count->key))
        free(count);
    else
        put(count);
    pthread_mutex_unlock(&waiting.lock);
}

int waiting_write(struct listen *listen, struct err *err)
{
    struct count *count;
    PGresult *result;
    int res;

    while ((count = take())) {
        const char *values[] = {count->domain, count->mailbox, count->new_messages,
                                count->saved_messages};

        res = listen_query(listen, "SELECT voip.set_voicemail_counts($1, $2, $3, $4)", 4, values,
                           &result, err);
        if (res == -ENOTCONN || res == -ECANCELED) {
            put_back(count);
            return res;
        }
        if (res)
            log_warning("messages waiting in %s: %s", count->key, err->text);
        else
            PQclear(result);
        free(count);
    }
    return 0;
}

size_t waiting_clear(void)
{
    struct count *count;
    size_t cleared = 0;

    while ((count = take())) {
        free(count);
        cleared++;
    }
    return cleared;
}
