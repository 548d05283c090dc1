/* Calls in progress, and what can be done to them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/live_calls.h"
#include "api/server.h"

#define ORDER "call"

/* ---------------------------------------------------------------- views */

/* The cursor's last id; "" without one. */
static int read_after(struct api_request *request, char out[STR_UUID_LENGTH + 1])
{
    json_t *cursor = NULL;
    int res = api_cursor_read(request, 2, ORDER, &cursor);

    out[0] = '\0';
    if (res)
        return res == -ENOENT ? 0 : res;
    if (str_copy(out, STR_UUID_LENGTH + 1, json_string_value(json_array_get(cursor, 1))))
        out[0] = '\0';
    json_decref(cursor);
    return 0;
}

/* The id of the last one, which the next page begins behind. */
static const char *last_id(const json_t *calls)
{
    return json_string_value(
        json_object_get(json_array_get(calls, json_array_size(calls) - 1), "id"));
}

/* Leaves those in which the user has a part. */
static void leave_own(json_t *calls, const char *username)
{
    for (size_t i = json_array_size(calls); i > 0; i--)
        if (!live_is_of(json_array_get(calls, i - 1), username))
            json_array_remove(calls, i - 1);
}

void live_list_calls(struct api_request *request)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    char after[STR_UUID_LENGTH + 1], own[STR_EXTENSION_MAX + 1], next[STR_UUID_LENGTH + 1] = "";
    struct edge_pool *pool;
    unsigned int limit;
    bool more = false;
    json_t *calls;
    struct err err;

    if (api_limit(request, &limit) || read_after(request, after) || live_own_name(request, own))
        return;
    pool = live_edges(request);
    if (!pool)
        return;
    calls = json_array();
    if (!calls || edge_calls_list(pool, nodes->media_uris, nodes->media_count, request->domain,
                                  after, limit, calls, &more, &err)) {
        json_decref(calls);
        live_no_memory(request);
    } else {
        if (more && str_copy(next, sizeof(next), last_id(calls)))
            more = false;
        leave_own(calls, own);
        live_reply_list(request, calls, ORDER, more ? next : NULL, pool);
    }
    edge_pool_close(pool);
}

/* ---------------------------------------------------------------- one call */

/* No edge that answers has the call: one that does not may have it. */
static void not_found(struct api_request *request, const struct edge_pool *pool)
{
    for (size_t i = 0; i < edge_pool_count(pool); i++) {
        if (!edge_pool_is_silent(pool, i))
            continue;
        http_response_header(request->response, "Retry-After", "2");
        api_problem(request, 503, NULL, "The edge node %s does not answer: ask again.",
                    edge_pool_name(pool, i));
        return;
    }
    api_not_found(request);
}

int live_call_find(struct api_request *request, struct live_call *out)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    char own[STR_EXTENSION_MAX + 1];
    struct err err;
    int res;

    *out = (struct live_call){.nodes = nodes};
    if (live_own_name(request, own))
        return -EACCES;
    out->pool = live_edges(request);
    if (!out->pool)
        return -ENOMEM;
    res = edge_call_find(out->pool, nodes->media_uris, nodes->media_count, request->domain,
                         request->param[0], &out->call, &err);
    if (!res && !live_is_of(out->call.view, own)) {
        edge_call_free(&out->call);
        res = -ENOENT;
    }
    if (res == -ENOENT)
        not_found(request, out->pool);
    else if (res)
        live_no_memory(request);
    if (res)
        edge_pool_close(out->pool);
    return res;
}

void live_call_free(struct live_call *target)
{
    edge_call_free(&target->call);
    edge_pool_close(target->pool);
}

void live_get_call(struct api_request *request)
{
    struct live_call target;

    if (live_call_find(request, &target))
        return;
    api_reply(request, 200, json_incref(target.call.view));
    live_call_free(&target);
}

struct media_call live_call_name(const struct api_request *request, const struct live_call *target)
{
    return (struct media_call){
        .id = json_string_value(json_object_get(target->call.view, "id")),
        .start = target->call.start,
        .domain = request->domain,
    };
}

void live_call_answer(struct api_request *request, int res, const struct err *err)
{
    if (!res)
        api_reply(request, 202, json_object());
    else if (res == -ENOENT)
        api_problem(request, 409, NULL, "The call has ended meanwhile, or has gone elsewhere.");
    else if (res == -EREMOTEIO || res == -EINVAL)
        api_problem(request, 409, NULL, "This cannot be done to the call now: %s.", err->text);
    else
        api_problem(request, 503, NULL, "The node that has the call does not answer: %s.",
                    err->text);
}

/*
 * A call that a media server answered is ended there, which reports that none of the two has hung
 * up; what it does not end, the edge does.
 */
void live_hang_up(struct api_request *request)
{
    const struct media_place *place;
    struct media_call call;
    struct live_call target;
    struct err err;
    int res = -ENOENT;

    if (live_call_find(request, &target))
        return;
    if (live_audit(request, "calls", json_incref(target.call.view), NULL)) {
        live_call_free(&target);
        return;
    }
    place = target.call.is_on_media ? live_media(target.nodes, target.call.media) : NULL;
    call = live_call_name(request, &target);
    if (place)
        res = media_hangup(place, &call, &err);
    if (res)
        res = edge_call_end(target.pool, &target.call, &err);
    /* It has ended, by whomever. */
    if (!res || res == -ENOENT)
        request->response->status = 204;
    else
        live_call_answer(request, res, &err);
    live_call_free(&target);
}
