/*
 * Calls of a tenant as edges tell them: many of them, one that is silent, one of another tenant.
 * What a real Kamailio tells is tested with Kamailio (tests/e2e/test_api_live.py).
 */
#include "edge/calls.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "edge/call_view.h"
#include "http/server.h"
#include "unit.h"

enum { CALLS_MAX = 2000 };

/* The ids of the calls that the edge has, each with two dialogs; all of a.test. */
static char ids[CALLS_MAX][37];
static size_t count;
static atomic_int questions, largest;

static void add_dialog(json_t *dialogs, const char *id, const char *leg)
{
    json_array_append_new(
        dialogs, json_pack("{s:i, s:i, s:s, s:i, s:{s:s}, s:[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}]}",
                           "h_entry", 1, "h_id", 2, "call-id", "x@phone", "state", 4, "caller",
                           "cseq", "2", "variables", "id", id, "leg", leg, "start",
                           "1795283153.368769", "begun", "1795283153.369333", "from", "1001"));
}

/* As dlg.list_match: those whose name begins so, at most as many as were asked for. */
static json_t *match(const char *name, int limit)
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

static void on_call(void *arg, const struct http_request *request, struct http_response *response)
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
static struct edge_pool *pool;
static struct edge_place places[2];

static void start(size_t calls, size_t edges)
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
    for (count = 0; count < calls; count++)
        snprintf(ids[count], sizeof(ids[count]), "%08x-0000-4000-8000-000000000000",
                 (unsigned int)(count * 2654435761u));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assert_int_equal(http_server_start(&server, &options, NULL), 0);
    places[0] = (struct edge_place){"one", "127.0.0.1", http_server_port(server), "token"};
    /* Nobody listens there. */
    places[1] = (struct edge_place){"two", "127.0.0.1", 1, "token"};
    assert_int_equal(edge_pool_open(&pool, places, edges, NULL), 0);
}

static void stop(void)
{
    edge_pool_close(pool);
    http_server_stop(server);
    curl_global_cleanup();
}

/* Reads all pages; every call is there once, in order. */
static size_t read_all(const char *domain, size_t limit)
{
    char after[37] = "";
    bool more = true;
    size_t seen = 0, i;
    json_t *call;

    while (more) {
        json_t *calls = json_array();

        assert_int_equal(edge_calls_list(pool, NULL, 0, domain, after, limit, calls, &more, NULL),
                         0);
        assert_true(json_array_size(calls) <= limit);
        json_array_foreach(calls, i, call)
        {
            const char *id = json_string_value(json_object_get(call, "id"));

            assert_true(strcmp(id, after) > 0);
            strcpy(after, id);
            assert_int_equal(json_array_size(json_object_get(call, "legs")), 1);
            seen++;
        }
        json_decref(calls);
    }
    return seen;
}

static void test_many_calls_in_parts(void **state)
{
    (void)state;
    start(800, 1);
    assert_int_equal(read_all("a.test", 500), 800);
    /* No answer has more than it may; as many questions as that takes, and not one per call. */
    assert_int_equal(atomic_load(&largest), EDGE_CALLS_DIALOGS);
    assert_in_range(atomic_load(&questions), 17, 100);
    stop();
}

static void test_pages(void **state)
{
    (void)state;
    start(90, 1);
    assert_int_equal(read_all("a.test", 7), 90);
    assert_int_equal(read_all("a.test", 90), 90);
    assert_int_equal(read_all("b.test", 10), 0);
    /* A tenant whose name begins so is another one. */
    assert_int_equal(read_all("a.tes", 10), 0);
    stop();
}

static void test_silent_edge_is_named(void **state)
{
    json_t *silent;

    (void)state;
    start(800, 2);
    assert_int_equal(read_all("a.test", 500), 800);
    silent = edge_pool_silent(pool);
    assert_int_equal(json_array_size(silent), 1);
    assert_string_equal(json_string_value(json_array_get(silent, 0)), "two");
    json_decref(silent);
    stop();
}

/* It takes the connection, and says nothing: that is waited for once, not with each question. */
static void test_hanging_edge_costs_one_timeout(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int64_t began;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    start(800, 2);
    edge_pool_close(pool);
    places[1].rpc_port = ntohs(address.sin_port);
    assert_int_equal(edge_pool_open(&pool, places, 2, NULL), 0);
    began = clock_mono_ms();
    assert_int_equal(read_all("a.test", 500), 800);
    assert_true(atomic_load(&questions) > 10);
    assert_in_range(clock_mono_ms() - began, EDGE_POOL_CALL_MS, 6 * EDGE_POOL_CALL_MS);
    assert_true(edge_pool_is_silent(pool, 1) && !edge_pool_is_silent(pool, 0));
    stop();
    close(listener);
}

static void test_one_call(void **state)
{
    struct edge_call call;

    (void)state;
    start(3, 1);
    assert_int_equal(edge_call_find(pool, NULL, 0, "a.test", ids[1], &call, NULL), 0);
    assert_string_equal(json_string_value(json_object_get(call.view, "id")), ids[1]);
    assert_string_equal(json_string_value(json_object_get(call.view, "started_at")),
                        "2026-11-21T17:45:53.369Z");
    assert_true(call.is_answered);
    assert_null(call.media);
    edge_call_free(&call);
    assert_int_equal(edge_call_find(pool, NULL, 0, "b.test", ids[1], &call, NULL), -ENOENT);
    assert_int_equal(edge_call_find(pool, NULL, 0, "a.test", "", &call, NULL), -ENOENT);
    assert_int_equal(edge_call_find(pool, NULL, 0, "a.test", "0", &call, NULL), -ENOENT);
    stop();
}

UNIT_MAIN("live_calls", cmocka_unit_test(test_many_calls_in_parts), cmocka_unit_test(test_pages),
          cmocka_unit_test(test_silent_edge_is_named),
          cmocka_unit_test(test_hanging_edge_costs_one_timeout), cmocka_unit_test(test_one_call))
