#include "edge/tables.h"

enum {
    CALL_MS = 2000,
    RELOAD_MS = 15000, /* 100,000 rows take a second */
};

static const struct edge_table tables[] = {
    [CHANGE_USERS] = {"user", "user_miss", NULL},
    [CHANGE_EXTENSIONS] = {"ext", "ext_miss", NULL},
    [CHANGE_TRUNKS] = {"trunk", NULL, NULL},
    [CHANGE_OUTBOUND_ROUTES] = {"route", NULL, NULL},
    [CHANGE_INBOUND_NUMBERS] = {"did", NULL, "did"},
    [CHANGE_GATEWAYS] = {"gateway", NULL, "gateway"},
    [CHANGE_LIMITS] = {"limit", NULL, NULL},
    [CHANGE_RECORDINGS] = {"record", NULL, NULL},
    [CHANGE_VOICEMAIL_COUNTS] = {"mwi", NULL, NULL},
};

const struct edge_table *edge_table_of(enum change_table changed)
{
    return changed < DP_COUNT(tables) && tables[changed].hits ? &tables[changed] : NULL;
}

int edge_refresh(struct jsonrpc *rpc, const struct edge_table *table, const char *key,
                 struct err *err)
{
    const char *const params[] = {table->hits, key};
    int code = 0;
    int res = jsonrpc_call(rpc, "dialplane.refresh", params, 2, CALL_MS, NULL, &code, err);

    if (res)
        err_prefix(err, "dialplane.refresh %s %s", table->hits, key);
    return res;
}

static int call_table(struct jsonrpc *rpc, const char *method, const char *table, struct err *err)
{
    int code, res;

    if (!table)
        return 0;
    res = jsonrpc_call(rpc, method, &table, 1, RELOAD_MS, NULL, &code, err);
    if (res)
        err_prefix(err, "%s %s", method, table);
    return res;
}

int edge_reload_tables(struct jsonrpc *rpc, struct err *err)
{
    int res = call_table(rpc, "htable.reload", "premium", err);

    for (size_t i = 0; i < DP_COUNT(tables) && !res; i++) {
        res = call_table(rpc, "htable.reload", tables[i].hits, err);
        if (!res)
            res = call_table(rpc, "htable.flush", tables[i].misses, err);
    }
    return res;
}
