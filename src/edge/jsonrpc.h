/*
 * JSON-RPC 2.0 client for Kamailio's jsonrpcs module over HTTP (conf/kamailio/rpc.cfg): one
 * connection, kept open, one call at a time. Not for two threads at once.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct jsonrpc;

/*
 * A client of http://`host`:`port`/rpc with `token` as bearer; connects at the first call. `host`
 * is a numeric address. curl_global_init has been called. -ENOMEM, -EINVAL.
 */
int jsonrpc_new(struct jsonrpc **out, const char *host, uint16_t port, const char *token) DP_CHECK;
void jsonrpc_free(struct jsonrpc *rpc);

/*
 * Calls `method` with the strings `params` and waits at most `timeout_ms`.
 *
 * 0: done; `result` (unless NULL) is the caller's. -EREMOTEIO: the method refused, `*code` is its
 * error code. -ETIMEDOUT, -ECONNREFUSED, -EIO: nobody there, or nobody who speaks JSON-RPC;
 * -EACCES: wrong token. Whether the method was run is then not known, except with the last.
 */
int jsonrpc_call(struct jsonrpc *rpc, const char *method, const char *const params[], size_t count,
                 int timeout_ms, json_t **result, int *code, struct err *err) DP_CHECK;

/*
 * The same with parameters of any type: `params`, an array, is taken over, also when it fails. NULL
 * is -ENOMEM.
 */
int jsonrpc_call_list(struct jsonrpc *rpc, const char *method, json_t *params, int timeout_ms,
                      json_t **result, int *code, struct err *err) DP_CHECK;

/* Ends a call that is under way within a second, and every later one at once. From any thread. */
void jsonrpc_cancel(struct jsonrpc *rpc);
