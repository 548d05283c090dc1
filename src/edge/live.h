/*
 * What a running edge knows of this moment (tenant/explain.h): registered devices, calls in
 * progress, silent gateways, media nodes, and its memory. Asked over JSON-RPC, one question after
 * the other.
 */
#pragma once

#include <stddef.h>

#include "edge/jsonrpc.h"
#include "tenant/explain.h"

struct edge_live;

/* A media node of the deployment: its name, and how the edge's list calls it. */
struct edge_live_node {
    const char *name, *uri;
};

/*
 * Asks `rpc`, which stays the caller's, for the list of media nodes and so whether anybody is
 * there; errors of jsonrpc_call. `nodes` are copied by reference.
 */
int edge_live_open(struct edge_live **out, struct jsonrpc *rpc, const struct edge_live_node nodes[],
                   size_t count, struct err *err) DP_CHECK;
void edge_live_close(struct edge_live *live);

/* The functions of `live`, which is their argument. */
void edge_live_explain(struct edge_live *live, struct explain_live *out);

/* How dispatcher hashes a service to choose a node (algorithm 7): before the modulo. */
unsigned int edge_dispatcher_hash(const char *text);
