/*
 * The queues that a node's mod_callcenter has loaded, compared with the snapshots and put right.
 *
 * mod_callcenter loads a queue when its first caller comes, from the document callcenter.conf
 * (documents.h), but without agents and tiers. From then on it asks for nothing: whatever changes
 * has to be told. So each comparison takes what the node has, and tells it the differences. Who
 * takes calls, has a pause or is logged out is said by voip.queue_agents, not by the node.
 *
 * A queue whose parameters differ is unloaded, and fetched again by a command that needs it. That
 * is not `queue reload`: in 1.10.12 it puts the queue into a table without taking the lock that the
 * table's readers hold. Unloading frees a queue that a thread of the module may just be using for
 * one of its callers, so it has to wait until nobody waits in it or talks to a member: members come
 * and go at once, but a queue's own parameters change when it is empty (`later`).
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/changes.h"
#include "media/freeswitch/esl.h"
#include "tenant/registry.h"

/* A node, and what it should be like. */
struct fs_sync {
    struct esl *esl;
    struct registry *registry;
    struct fs_changes *later; /* what cannot be done now, and is worth another try in a while */
};

/*
 * Puts right what the node has of a queue (`id` 0: of every queue of the domain; `domain` NULL: of
 * all). Nothing is done for a queue that is not loaded.
 *
 * -EAGAIN: a tenant cannot be told now. -EREMOTEIO: the node refused a command. After these two the
 * rest was done; otherwise as of esl_api, or -ENOMEM.
 */
int fs_queues_sync(const struct fs_sync *sync, const char *domain, int64_t id,
                   struct err *err) DP_CHECK;

/*
 * Deletes agents that are members of no queue, and puts right who takes calls: after a restart
 * nobody is rung who went home meanwhile. Errors as above.
 */
int fs_agents_sync(const struct fs_sync *sync, struct err *err) DP_CHECK;

/* "<id>@<domain>", as queues are named. -EINVAL when it is not that. */
int fs_queue_parse(const char *name, int64_t *id, const char **domain) DP_CHECK;
