/*
 * One media node's FreeSWITCH, told what has changed through its event socket.
 *
 * A thread per node, so that a node that hangs delays nobody. It holds one connection, looks every
 * STATUS_MS whether the node answers and how many sessions it has, and keeps what the node has
 * loaded as the snapshots say: queues with their agents and tiers (queues.h), and the cache of
 * directory users. Nothing is in that cache as long as documents say nothing about caching
 * (documents.h); flushing it is for whoever turns that on.
 *
 * Whatever could have been missed is made up for by comparing everything: after a connection to the
 * node or to the database was made, and when more changes wait than that is worth.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "tenant/change.h"
#include "tenant/registry.h"

struct fs_node;

struct fs_node_options {
    const char *name;    /* of the node, for the log */
    const char *address; /* its inside address, numeric */
    uint16_t event_port;
    const char *password;
    struct registry *registry; /* outlives the node */
};

/* Starts the node's thread; `options` are copied. */
int fs_node_start(struct fs_node **out, const struct fs_node_options *options,
                  struct err *err) DP_CHECK;

/* Ends the thread within milliseconds and frees. Copes with NULL. */
void fs_node_stop(struct fs_node *node);

/*
 * The rest is for any thread, and returns at once.
 *
 * A row has changed. The node is told when the tenant's snapshot is the one with the change:
 * fs_node_loaded.
 */
void fs_node_changed(struct fs_node *node, const struct change *change);

/*
 * A media server has asked for the document of a queue, "<id>@<domain>": that of this node,
 * perhaps, which then has the queue, but nobody in it (queues.h). The node also learns this from an
 * event of its own for each caller, but that may come half a second later. Told before all else:
 * somebody waits.
 */
void fs_node_asked(struct fs_node *node, const char *queue);

/* What the registry has of the tenant is as new as every change that was reported before. */
void fs_node_loaded(struct fs_node *node, const char *domain);

/* Changes of any tenant may have been missed: everything is compared, after fs_node_settled. */
void fs_node_missed(struct fs_node *node);

/* As fs_node_loaded, of every tenant. */
void fs_node_settled(struct fs_node *node);

struct fs_node_state {
    bool reachable;    /* the last command was answered */
    bool current;      /* nothing waits */
    uint64_t sessions; /* channels on the node, as of some seconds ago; 0 unless reachable */
    uint64_t commands; /* sent since the start */
    uint64_t failures; /* of connecting, or of a command */
};

void fs_node_state(struct fs_node *node, struct fs_node_state *out);
const char *fs_node_name(const struct fs_node *node);
