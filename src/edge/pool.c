#include "edge/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "edge/jsonrpc.h"

struct edge_pool {
    const struct edge_place *places;
    size_t count;
    struct jsonrpc *rpc[EDGE_POOL_MAX];
    bool silent[EDGE_POOL_MAX];
};

int edge_pool_open(struct edge_pool **out, const struct edge_place places[], size_t count,
                   struct err *err)
{
    struct edge_pool *pool = calloc(1, sizeof(*pool));
    int res = 0;

    if (!pool)
        return err_set(err, -ENOMEM, "no memory for the edge nodes");
    pool->places = places;
    pool->count = count < EDGE_POOL_MAX ? count : EDGE_POOL_MAX;
    for (size_t i = 0; i < pool->count && !res; i++)
        res =
            jsonrpc_new(&pool->rpc[i], places[i].address, places[i].rpc_port, places[i].rpc_token);
    if (res) {
        edge_pool_close(pool);
        return err_sys(err, res, "JSON-RPC");
    }
    *out = pool;
    return 0;
}

void edge_pool_close(struct edge_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->count; i++)
        jsonrpc_free(pool->rpc[i]);
    free(pool);
}

size_t edge_pool_count(const struct edge_pool *pool)
{
    return pool->count;
}

const char *edge_pool_name(const struct edge_pool *pool, size_t node)
{
    return pool->places[node].name;
}

bool edge_pool_is_silent(const struct edge_pool *pool, size_t node)
{
    return pool->silent[node];
}

json_t *edge_pool_silent(const struct edge_pool *pool)
{
    json_t *names = json_array();

    for (size_t i = 0; i < pool->count && names; i++)
        if (pool->silent[i] && json_array_append_new(names, json_string(pool->places[i].name))) {
            json_decref(names);
            names = NULL;
        }
    return names;
}

int edge_pool_call(struct edge_pool *pool, size_t node, const char *method, json_t *params,
                   json_t **result, int *code, struct err *err)
{
    int res;

    if (pool->silent[node]) {
        json_decref(params);
        return err_set(err, -ENOTCONN, "edge node %s does not answer", edge_pool_name(pool, node));
    }
    res = jsonrpc_call_list(pool->rpc[node], method, params, EDGE_POOL_CALL_MS, result, code, err);
    if (res && res != -EREMOTEIO) {
        pool->silent[node] = true;
        err_prefix(err, "edge node %s", edge_pool_name(pool, node));
    }
    return res;
}
