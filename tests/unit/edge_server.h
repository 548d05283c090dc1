/* An edge with as many calls as the test wants, each with two dialogs; all of a.test. */
#pragma once

#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "http/server.h"
#include "unit.h"

enum { CALLS_MAX = 2000 };

static char ids[CALLS_MAX][37];
static atomic_size_t count;
static atomic_int questions, largest;

static inline void add_dialog(json_t *dialogs, const char *id, const char *leg)
{
    json_array_append_new(
        dialogs, json_pack("{s:i, s:i, s:s, s:i, s:{s:s}, s:[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}]}",
                           "h_entry", 1, "h_id", 2, "call-id", "x@phone", "state", 4, "caller",
                           "cseq", "2", "variables", "id", id, "leg", leg, "start",
                           "1795283153.368769", "begun", "1795283153.369333", "from", "1001"));
}

/* As dlg.list_match: those whose name begins so, at most as many as were asked for. */
static inline json_t *match(const char *name, int limit)
{
    json_t *dialogs = json_array();
    char own[128];

    for (size_t i = 0; i < count; i++) {
        snprintf(own, sizeof(own), "a.test/%s", ids[i]);
        for (int leg = 0; leg < 2 && strncmp(own, name, strlen(name)) == 0; leg++)
            if ((int)json_array_size(dialogs) < limit)
                add_dialog(dialogs, ids[i], leg ? "1" : "0");
    }
    return dialogs;
}

static inline void on_call(void *arg, const struct http_request *request,
                           struct http_response *response)
{
    size_t length;
    const char *body = http_body(request, &length), *method = "", *name = "";
    json_t *call = json_loadb(body, length, 0, NULL), *found, *reply;
    int limit = 0;
    json_int_t id = 0;
    char *text;

    (void)arg;
    assert_int_equal(json_unpack(call, "{s:s, s:I, s:[s, s, s, i]}", "method", &method, "id", &id,
                                 "params", &name, &name, &name, &limit),
                     0);
    found = match(name, limit);
    atomic_fetch_add(&questions, 1);
    if ((int)json_array_size(found) > atomic_load(&largest))
        atomic_store(&largest, (int)json_array_size(found));
    if (json_array_size(found))
        reply = json_pack("{s:s, s:O, s:I}", "jsonrpc", "2.0", "result", found, "id", id);
    else
        reply = json_pack("{s:s, s:{s:i, s:s}, s:I}", "jsonrpc", "2.0", "error", "code", 404,
                          "message", "Not found", "id", id);
    json_decref(found);
    text = json_dumps(reply, JSON_COMPACT);
    buf_add_str(&response->body, text);
    response->status = 200;
    free(text);
    json_decref(reply);
    json_decref(call);
}

static struct http_server *server;

/* There are so many calls from now on. */
static inline void edge_has(size_t calls)
{
    for (size_t i = 0; i < calls; i++)
        snprintf(ids[i], sizeof(ids[i]), "%08x-0000-4000-8000-000000000000",
                 (unsigned int)(i * 2654435761u));
    atomic_store(&count, calls);
}

static inline void edge_start_server(size_t calls)
{
    static const struct http_route routes[] = {{"POST", "/rpc", 0, on_call, NULL}};
    const struct http_options options = {
        .address = "127.0.0.1",
        .threads = 1,
        .connections_max = 8,
        .timeout_s = 5,
        .body_max = 1000,
        .reply_max = 2000000,
        .routes = routes,
        .routes_count = 1,
    };

    atomic_store(&questions, 0);
    atomic_store(&largest, 0);
    edge_has(calls);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assert_int_equal(http_server_start(&server, &options, NULL), 0);
}

static inline void edge_stop_server(void)
{
    http_server_stop(server);
    curl_global_cleanup();
}
