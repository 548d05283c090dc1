#include "media/asterisk/rests.h"

#include <string.h>

/* Linear, as they are few and short-lived. NULL when he is not there. */
static struct rest *find(struct rests *rests, const char *member)
{
    for (size_t i = 0; i < RESTS_MAX; i++) {
        if (strcmp(rests->rows[i].member, member) == 0)
            return &rests->rows[i];
    }
    return NULL;
}

void rests_begin(struct rests *rests, const char *member, int64_t now_ms)
{
    size_t length = strlen(member);
    struct rest *rest;

    if (!length || length >= RESTS_MEMBER_SIZE)
        return;
    pthread_mutex_lock(&rests->lock);
    rest = find(rests, member);
    if (!rest) {
        rest = &rests->rows[rests->next];
        rests->next = (rests->next + 1) % RESTS_MAX;
        memcpy(rest->member, member, length + 1);
    }
    rest->since_ms = now_ms;
    pthread_mutex_unlock(&rests->lock);
}

bool rests_has(struct rests *rests, const char *member, int seconds, int64_t now_ms)
{
    const struct rest *rest;
    bool has;

    pthread_mutex_lock(&rests->lock);
    rest = *member ? find(rests, member) : NULL;
    has = rest && now_ms - rest->since_ms < (int64_t)seconds * 1000;
    pthread_mutex_unlock(&rests->lock);
    return has;
}
