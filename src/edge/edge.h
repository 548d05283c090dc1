/*
 * One edge node's memory, kept true: its Kamailio reads the keys of changed rows again.
 *
 * A thread per node, so that a node that hangs delays nobody. Whatever could have been missed is
 * made up for by having the node read its tables again as a whole: after the start, after it was
 * not reachable, when more keys wait than that is worth, and every so often, because some values
 * are true for a time only: where a schedule leads is known for a fortnight (kamailio.htable_ext).
 *
 * A key is refreshed twice, the second time a second later: a worker of the edge may have read the
 * old row just before the change, and put it into the table just after the first refresh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "tenant/change.h"

struct edge;

struct edge_options {
    const char *name;    /* of the node, for the log */
    const char *address; /* its inside address, numeric */
    uint16_t rpc_port;
    const char *rpc_token;
    uint32_t reload_every_s; /* all tables are read again; more than 0 */
};

/* Starts the node's thread; `options` are copied. curl_global_init has been called. */
int edge_start(struct edge **out, const struct edge_options *options, struct err *err) DP_CHECK;

/* Ends the thread (a call that is under way is given up within a second) and frees. Copes with
 * NULL. */
void edge_stop(struct edge *edge);

/* The row has changed. Returns at once. */
void edge_changed(struct edge *edge, const struct change *change);

/* Changes may have been missed: everything is read again. Returns at once. */
void edge_reload(struct edge *edge);

struct edge_state {
    bool reachable;     /* the last call was answered */
    bool current;       /* nothing waits, or is under way */
    uint64_t refreshed; /* keys, each counted once */
    uint64_t reloads;   /* of all tables */
    uint64_t failures;
};

void edge_state(struct edge *edge, struct edge_state *out);
const char *edge_name(const struct edge *edge);
