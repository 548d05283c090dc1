#include "webhook/receivers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* So many that fail are remembered; the next one is tried as if it were well. */
enum { REMEMBERED_MAX = 4096, GROW = 64 };

void receivers_free(struct receivers *receivers)
{
    free(receivers->list);
    *receivers = (struct receivers){0};
}

static struct receiver *find(struct receivers *receivers, int64_t id)
{
    for (size_t i = 0; i < receivers->count; i++)
        if (receivers->list[i].id == id)
            return &receivers->list[i];
    return NULL;
}

static struct receiver *add(struct receivers *receivers, int64_t id)
{
    size_t capacity = receivers->capacity + GROW;
    struct receiver *list;

    if (receivers->count == receivers->capacity) {
        list = reallocarray(receivers->list, capacity, sizeof(*list));
        if (!list)
            return NULL;
        receivers->list = list;
        receivers->capacity = capacity;
    }
    receivers->list[receivers->count] = (struct receiver){.id = id};
    return &receivers->list[receivers->count++];
}

int receivers_begin(struct receivers *receivers, int64_t id)
{
    struct receiver *receiver = find(receivers, id);

    if (!receiver)
        receiver = add(receivers, id);
    if (!receiver)
        return -ENOMEM;
    receiver->in_flight++;
    receivers->in_flight++;
    receivers->failing_in_flight += receiver->failing;
    return 0;
}

void receivers_end(struct receivers *receivers, int64_t id, bool failed)
{
    struct receiver *receiver = find(receivers, id);

    if (!receiver)
        return;
    if (receiver->failing)
        receivers->failing_in_flight -= receiver->in_flight;
    receiver->failing = failed;
    receiver->in_flight--;
    receivers->in_flight--;
    if (failed)
        receivers->failing_in_flight += receiver->in_flight;
    if (receiver->in_flight == 0 && (!failed || receivers->count > REMEMBERED_MAX))
        *receiver = receivers->list[--receivers->count];
}

static unsigned places_of(const struct receiver *receiver, unsigned *failing)
{
    if (!receiver->failing)
        return receiver->in_flight < RECEIVERS_EACH ? RECEIVERS_EACH - receiver->in_flight : 0;
    if (receiver->in_flight || *failing == 0)
        return 0;
    --*failing;
    return 1;
}

unsigned receivers_room(struct receivers *receivers, struct buf *ids, struct buf *places)
{
    unsigned failing = receivers->failing_in_flight < RECEIVERS_FAILING_PLACES
                           ? RECEIVERS_FAILING_PLACES - receivers->failing_in_flight
                           : 0;

    receivers->turn++;
    for (size_t i = 0; i < receivers->count; i++) {
        const struct receiver *at = &receivers->list[(receivers->turn + i) % receivers->count];

        buf_printf(ids, "%c%" PRId64, i ? ',' : '{', at->id);
        buf_printf(places, "%c%u", i ? ',' : '{', places_of(at, &failing));
    }
    buf_add_str(ids, receivers->count ? "}" : "{}");
    buf_add_str(places, receivers->count ? "}" : "{}");
    return receivers->in_flight < RECEIVERS_PLACES ? RECEIVERS_PLACES - receivers->in_flight : 0;
}
