#include "media/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

bool ring_together(const struct snapshot_ring_group *group)
{
    return strcmp(group->strategy, "all") == 0;
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

size_t ring_order(const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *order[RING_MEMBERS_MAX])
{
    const char *number;
    size_t count = 0;

    for (size_t i = 0; i < group->member_count && count < RING_MEMBERS_MAX; i++) {
        number =
            group->members[i].username ? group->members[i].username : group->members[i].outside;
        /* '#' would end the number in a URI. */
        if (number && str_is_extension(number) && !strchr(number, '#'))
            order[count++] = &group->members[i];
    }
    if (strcmp(group->strategy, "random") == 0)
        shuffle(order, count);
    return count;
}
