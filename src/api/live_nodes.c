/* The nodes of the deployment: who answers, how many calls he has, and which version he is. */
#include <stdio.h>

#include "api/live.h"
#include "api/server.h"

/* "kamailio 5.6.3 (x86_64/linux) " */
static void read_version(const json_t *said, char out[64])
{
    const char *text = json_string_value(said);

    if (!text || sscanf(text, "kamailio %63s", out) != 1)
        out[0] = '\0';
}

static json_t *describe(const char *name, const char *role, bool answers, const char *version,
                        json_int_t calls)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o}", "name", name, "role", role, "alive", answers,
                     "version", answers ? json_string(version) : json_null(), "calls",
                     answers ? json_integer(calls) : json_null());
}

static json_t *ask_edge(struct edge_pool *pool, size_t node)
{
    json_t *version = NULL, *stats = NULL;
    char text[64] = "";
    struct err err;
    int code = 0;
    bool answers;
    json_t *said;

    answers = !edge_pool_call(pool, node, "core.version", json_array(), &version, &code, &err) &&
              !edge_pool_call(pool, node, "dlg.stats_active", json_array(), &stats, &code, &err);
    read_version(version, text);
    said = describe(edge_pool_name(pool, node), "edge", answers, text,
                    json_integer_value(json_object_get(stats, "all")));
    json_decref(version);
    json_decref(stats);
    return said;
}

static json_t *ask_media(const struct media_place *place)
{
    struct media_info info;
    struct err err;
    bool answers = !media_info(place, &info, &err);

    return describe(place->name, "media", answers, info.version, (json_int_t)info.calls);
}

static void list_nodes(struct api_request *request)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    struct edge_pool *pool = live_edges(request);
    json_t *items = json_array();
    int res = items ? 0 : -1;

    if (!pool) {
        json_decref(items);
        return;
    }
    for (size_t i = 0; i < edge_pool_count(pool) && !res; i++)
        res = json_array_append_new(items, ask_edge(pool, i));
    for (size_t i = 0; i < nodes->media_count && !res; i++)
        res = json_array_append_new(items, ask_media(&nodes->media[i]));
    edge_pool_close(pool);
    if (!res) {
        api_reply(request, 200, json_pack("{s:o, s:n}", "items", items, "next"));
        return;
    }
    json_decref(items);
    live_no_memory(request);
}

#define NODE                                                                                       \
    "{\"type\":\"object\",\"required\":[\"name\",\"role\",\"alive\"],\"properties\":{"             \
    "\"name\":{\"type\":\"string\"},\"role\":{\"type\":\"string\",\"enum\":[\"edge\",\"media\"]}," \
    "\"alive\":{\"type\":\"boolean\"},\"version\":{\"type\":[\"string\",\"null\"]},"               \
    "\"calls\":{\"type\":[\"integer\",\"null\"]}}}"

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/nodes",
        .scope = API_LIVE_READ,
        .flags = API_PLATFORM | API_NO_TRANSACTION,
        .name = "list_nodes",
        .tag = "Nodes",
        .summary = "List edge and media nodes: who answers, with how many calls, and which version",
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{"
            "\"items\":{\"type\":\"array\",\"items\":" NODE "},\"next\":{\"type\":\"null\"}}}",
        .handler = list_nodes,
    },
};

const struct api_routes live_node_routes = {routes, DP_COUNT(routes)};
