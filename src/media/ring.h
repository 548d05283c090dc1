/* In which order the members of a ring group are rung; for all media servers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tenant/snapshot.h"

enum { RING_MEMBERS_MAX = 100 }; /* FreeSWITCH forks a call into 128 legs at most */

/*
 * Fills `order` with the members to ring, and returns how many: in the order of their positions, or
 * for strategy "random" in another one each time. Those who cannot be dialled are left out, and
 * those beyond RING_MEMBERS_MAX.
 */
size_t ring_order(const struct snapshot_ring_group *group,
                  const struct snapshot_group_member *order[RING_MEMBERS_MAX]);

/* Whether the members ring together, or else one after the other. */
bool ring_together(const struct snapshot_ring_group *group);
