/* What the files about calls share: what is asked of them, what is done to them, the routes. */
#pragma once

#include "api/live.h"

/* What a handler has in hand. */
struct live_call {
    const struct live_nodes *nodes;
    struct edge_pool *pool;
    struct edge_call call;
};

/* The call of the path, if the caller may see it. Negative: the response is a problem. */
int live_call_find(struct api_request *request, struct live_call *out) DP_CHECK;
void live_call_free(struct live_call *call);

/* How it is called towards media servers. */
struct media_call live_call_name(const struct api_request *request, const struct live_call *call);

/* The response to what a media server or an edge said when it was told something: 202, 409 or 503.
 */
void live_call_answer(struct api_request *request, int res, const struct err *err);

/* Handlers. */
void live_list_calls(struct api_request *request);
void live_get_call(struct api_request *request);
void live_hang_up(struct api_request *request);
void live_transfer(struct api_request *request);
void live_listen(struct api_request *request);
