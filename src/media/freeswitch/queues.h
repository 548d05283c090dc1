/*
 * The queues that a node's mod_callcenter has loaded, compared with the snapshots and put right.
 *
 * mod_callcenter loads a queue when its first caller comes, from the document callcenter.conf
 * (documents.h), but without agents and tiers. From then on it asks for nothing: whatever changes
 * has to be told. So each comparison takes what the node has, and tells it the differences. An
 * agent's status (who is logged in) is the node's own, and never touched.
 *
 * A queue whose parameters differ is unloaded, and fetched again by a command that needs it. That
 * is not `queue reload`: in 1.10.12 it puts the queue into a table without taking the lock that the
 * table's readers hold.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/esl.h"
#include "tenant/registry.h"

/* A node, and what it should be like. */
struct fs_sync {
    struct esl *esl;
    struct registry *registry;
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

/* Deletes agents that are members of no queue. Errors as above. */
int fs_agents_sync(const struct fs_sync *sync, struct err *err) DP_CHECK;

/* "<id>@<domain>", as queues are named. -EINVAL when it is not that. */
int fs_queue_parse(const char *name, int64_t *id, const char **domain) DP_CHECK;
