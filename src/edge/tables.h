/* What Kamailio has in memory, and how it is told to read it again (conf/kamailio/rpc.cfg). */
#pragma once

#include "edge/jsonrpc.h"
#include "tenant/change.h"

/*
 * A table of the edge (conf/kamailio/modules.cfg) and the one of what is known not to be in it, if
 * there is one; what stands before the key in place of the tenant where it is the same for all.
 */
struct edge_table {
    const char *hits, *misses, *prefix;
};

/* The table that has the rows of this one of SQL; NULL when there is none. */
const struct edge_table *edge_table_of(enum change_table changed);

/* Has the node read the row behind the key again. Errors of jsonrpc_call. */
int edge_refresh(struct jsonrpc *rpc, const struct edge_table *table, const char *key,
                 struct err *err) DP_CHECK;

/* Has it read all tables again. */
int edge_reload_tables(struct jsonrpc *rpc, struct err *err) DP_CHECK;
