/*
 * A connection to each edge node of the deployment, for questions about this moment that concern
 * all of them: who is registered where, which calls there are. For one request, and one thread.
 *
 * A node that does not answer costs one timeout: it is not asked again in the same request, and the
 * answer is that of the others. Whoever asks can say which were silent.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { EDGE_POOL_MAX = 16, EDGE_POOL_CALL_MS = 1500 };

struct edge_pool;

struct edge_place {
    const char *name;    /* of the node */
    const char *address; /* its inside address, numeric */
    uint16_t rpc_port;
    const char *rpc_token;
};

/*
 * The pool of these nodes, of which the first EDGE_POOL_MAX count; `places` stay the caller's, and
 * there. Connects at the first question. curl_global_init has been called. -ENOMEM, -EINVAL.
 */
int edge_pool_open(struct edge_pool **out, const struct edge_place places[], size_t count,
                   struct err *err) DP_CHECK;
void edge_pool_close(struct edge_pool *pool);

size_t edge_pool_count(const struct edge_pool *pool);
const char *edge_pool_name(const struct edge_pool *pool, size_t node);

/* Whether the node has not answered a question. */
bool edge_pool_is_silent(const struct edge_pool *pool, size_t node);

/* Names of those, as an array that is the caller's; NULL without memory. */
json_t *edge_pool_silent(const struct edge_pool *pool) DP_CHECK;

/*
 * Calls a method of the node with `params`, an array that is taken over (NULL: -ENOMEM). 0 with
 * `result` the caller's; -EREMOTEIO: the method refused, with its code in `code`. Anything else:
 * the node is silent from here on (-ENOTCONN at once).
 */
int edge_pool_call(struct edge_pool *pool, size_t node, const char *method, json_t *params,
                   json_t **result, int *code, struct err *err) DP_CHECK;
