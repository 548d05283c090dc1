#include "api/bucket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* A failed allocation leaves the table as it was. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { MINUTE_US = 60 * 1000000, SWEEP_COUNT = 4096 };

struct bucket {
    int64_t id;
    /* When the bucket is full again, if nobody takes anything: says everything there is to know. */
    int64_t full_us;
    UT_hash_handle hh;
};

struct api_buckets {
    pthread_mutex_t lock;
    struct bucket *all;
};

int api_buckets_new(struct api_buckets **out)
{
    struct api_buckets *made = calloc(1, sizeof(*made));

    if (!made)
        return -ENOMEM;
    pthread_mutex_init(&made->lock, NULL);
    *out = made;
    return 0;
}

static void drop(struct api_buckets *buckets, struct bucket *bucket)
{
    HASH_DEL(buckets->all, bucket);
    free(bucket);
}

void api_buckets_free(struct api_buckets *buckets)
{
    struct bucket *at, *next;

    if (!buckets)
        return;
    HASH_ITER(hh, buckets->all, at, next)
    drop(buckets, at);
    pthread_mutex_destroy(&buckets->lock);
    free(buckets);
}

/* A full bucket is as good as none: of keys that are not used any more nothing stays. */
static void sweep(struct api_buckets *buckets, int64_t now_us)
{
    struct bucket *at, *next;

    if (HASH_COUNT(buckets->all) % SWEEP_COUNT)
        return;
    HASH_ITER(hh, buckets->all, at, next)
    if (at->full_us <= now_us)
        drop(buckets, at);
}

static struct bucket *find(struct api_buckets *buckets, int64_t id, int64_t now_us)
{
    struct bucket *found;

    HASH_FIND(hh, buckets->all, &id, sizeof(id), found);
    if (found)
        return found;
    sweep(buckets, now_us);
    found = calloc(1, sizeof(*found));
    if (!found)
        return NULL;
    found->id = id;
    HASH_ADD(hh, buckets->all, id, sizeof(found->id), found);
    if (!found->hh.tbl) {
        free(found);
        return NULL;
    }
    return found;
}

unsigned int api_bucket_take(struct api_buckets *buckets, int64_t id, unsigned int per_minute,
                             int64_t now_us)
{
    int64_t token_us = MINUTE_US / per_minute;
    int64_t size = per_minute > 10 ? per_minute / 10 : 1, wait_us = 0;
    struct bucket *bucket;

    pthread_mutex_lock(&buckets->lock);
    bucket = find(buckets, id, now_us);
    if (bucket) {
        int64_t full_us = bucket->full_us > now_us ? bucket->full_us : now_us;

        /* After this one it would be missing more than it holds. */
        wait_us = full_us + token_us - now_us - size * token_us;
        if (wait_us <= 0)
            bucket->full_us = full_us + token_us;
    }
    pthread_mutex_unlock(&buckets->lock);
    return wait_us <= 0 ? 0 : (unsigned int)((wait_us + 999999) / 1000000);
}
