#include "media/ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/str.h"

/* Who ended a call, in the order of `turn`: a turn is never given twice, and 0 is nobody's. */
static struct {
    pthread_mutex_t lock;
    uint64_t turn;
    struct ended {
        uint64_t who, turn;
    } rows[RING_ENDED_MAX];
} ended = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool ring_together(const struct snapshot_ring_group *group)
{
    return strcmp(group->strategy, "all") == 0;
}

bool ring_by_idle(const struct snapshot_ring_group *group)
{
    return strcmp(group->strategy, "longest_idle") == 0;
}

static const char *number_of(const struct snapshot_group_member *member)
{
    return member->username ? member->username : member->outside;
}

/* FNV-1a, which goes on from `hash`; with the NUL, so that what follows is apart. */
static uint64_t hash_of(const void *data, size_t len, uint64_t hash)
{
    for (const unsigned char *at = data; len > 0; at++, len--)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t who_is(const char *domain, int64_t group, const char *number)
{
    uint64_t hash = hash_of(domain, strlen(domain) + 1, UINT64_C(0xcbf29ce484222325));

    hash = hash_of(&group, sizeof(group), hash);
    return hash_of(number, strlen(number) + 1, hash);
}

/* His row, or the one that was written longest ago. With the lock held. */
static struct ended *row_for(uint64_t who)
{
    struct ended *oldest = &ended.rows[0];

    for (size_t i = 0; i < RING_ENDED_MAX; i++) {
        if (ended.rows[i].turn && ended.rows[i].who == who)
            return &ended.rows[i];
        if (ended.rows[i].turn < oldest->turn)
            oldest = &ended.rows[i];
    }
    return oldest;
}

void ring_ended(const char *domain, int64_t group, const char *number)
{
    uint64_t who = who_is(domain, group, number);

    pthread_mutex_lock(&ended.lock);
    *row_for(who) = (struct ended){.who = who, .turn = ++ended.turn};
    pthread_mutex_unlock(&ended.lock);
}

/* 0 for who ended none. With the lock held. */
static uint64_t turn_of(uint64_t who)
{
    const struct ended *row = row_for(who);

    return row->who == who ? row->turn : 0;
}

/* By their turns; those who have the same, 0, stay in their order. */
static void sort_by_idle(const char *domain, int64_t group,
                         const struct snapshot_group_member *order[], size_t count)
{
    uint64_t turns[RING_MEMBERS_MAX], turn;
    const struct snapshot_group_member *member;
    size_t at;

    pthread_mutex_lock(&ended.lock);
    for (size_t i = 0; i < count; i++) {
        member = order[i];
        turn = turn_of(who_is(domain, group, number_of(member)));
        for (at = i; at > 0 && turns[at - 1] > turn; at--) {
            turns[at] = turns[at - 1];
            order[at] = order[at - 1];
        }
        turns[at] = turn;
        order[at] = member;
    }
    pthread_mutex_unlock(&ended.lock);
}

/* Fisher and Yates. */
static void shuffle(const struct snapshot_group_member *order[], size_t count)
{
    const struct snapshot_group_member *kept;
    size_t other;

    for (size_t i = count; i > 1; i--) {
        other = arc4random_uniform((uint32_t)i);
        kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* The members who can be dialled, and of these perhaps the users only. */
static size_t take(const struct snapshot_ring_group *group, bool users_only,
                   const struct snapshot_group_member *out[RING_MEMBERS_MAX])
{
    const struct snapshot_group_member *member;
    const char *number;
    size_t count = 0;

    for (size_t i = 0; i < group->member_count && count < RING_MEMBERS_MAX; i++) {
        member = &group->members[i];
        number = number_of(member);
        /* '#' would end the number in a URI. */
        if (number && str_is_extension(number) && !strchr(number, '#') &&
            (member->username || !users_only))
            out[count++] = member;
    }
    return count;
}

size_t ring_users(const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *users[RING_MEMBERS_MAX])
{
    return take(group, true, users);
}

size_t ring_order(const char *domain, const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *order[RING_MEMBERS_MAX])
{
    size_t count = take(group, false, order);

    if (strcmp(group->strategy, "random") == 0)
        shuffle(order, count);
    if (ring_by_idle(group))
        sort_by_idle(domain, group->id, order, count);
    return count;
}
