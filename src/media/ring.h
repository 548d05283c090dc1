/* In which order the members of a ring group are rung; for all media servers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenant/snapshot.h"

enum {
    RING_MEMBERS_MAX = 100, /* FreeSWITCH forks a call into 128 legs at most */
    RING_ENDED_MAX = 4096,  /* ends of calls that are remembered */
};

/*
 * Fills `order` with the members to ring, and returns how many: in the order of their positions;
 * for strategy "random" in another one each time; for "longest_idle" those first who had no call
 * through this group, and then by when their last one ended (ring_ended), longest ago first. Those
 * who cannot be dialled are left out, and those beyond RING_MEMBERS_MAX. From any thread.
 */
size_t ring_order(const char *domain, const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *order[RING_MEMBERS_MAX]);

/*
 * The same for paging the group: its users, in the order of their positions. Nobody outside is
 * asked to answer by himself.
 */
size_t ring_users(const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *users[RING_MEMBERS_MAX]);

/* Whether the members ring together, or else one after the other. */
bool ring_together(const struct snapshot_ring_group *group);

/* Whether ring_ended is of interest to this group. */
bool ring_by_idle(const struct snapshot_ring_group *group);

/*
 * A call that the member `number` (a user's name, or a number outside) had taken through the group
 * has ended. In memory only: after a restart all have been idle for ever, as who is forgotten
 * because others ended RING_ENDED_MAX calls since. From any thread.
 */
void ring_ended(const char *domain, int64_t group, const char *number);
