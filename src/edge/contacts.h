/* Where the phones of a tenant are registered, from the memory of the edge nodes. */
#pragma once

#include "edge/pool.h"

/*
 * Appends the contacts of these users to the array `contacts`, in the order of the users. Names are
 * those of voip.users. Of each contact an object:
 *
 *   aor, username, contact, transport ("udp", "tcp", "tls", "ws", "wss"), user_agent, expires_s
 * (from now), path, received (where it came from behind NAT; both null where there is none), edge
 *
 * -ENOMEM; nodes that do not answer are left out (edge_pool_silent).
 */
int edge_contacts_list(struct edge_pool *pool, const char *domain, const char *const users[],
                       size_t count, json_t *contacts, struct err *err) DP_CHECK;
