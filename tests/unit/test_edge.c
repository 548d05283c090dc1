/*
 * What one edge node is asked without a change, against a server that counts. What a real Kamailio
 * does then is tested with Kamailio (tests/integration/test_serve.py, tests/e2e/test_schedules.py).
 */
#include "edge/edge.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"
#include "unit.h"

enum { WAIT_MS = 5000 };

static atomic_int reloads; /* of the numbers */

static void on_call(void *arg, const struct http_request *request, struct http_response *response)
{
    size_t length;
    const char *body = http_body(request, &length);
    json_t *call = json_loadb(body, length, 0, NULL);
    const char *method = "", *table = "";
    json_int_t id = 0;

    (void)arg;
    assert_int_equal(
        json_unpack(call, "{s:s, s:I, s:[s]}", "method", &method, "id", &id, "params", &table), 0);
    if (!strcmp(method, "htable.reload") && !strcmp(table, "ext"))
        atomic_fetch_add(&reloads, 1);
    response->status = 200;
    buf_printf(&response->body, "{\"jsonrpc\":\"2.0\",\"result\":\"ok\",\"id\":%lld}",
               (long long)id);
    json_decref(call);
}

/* Nobody says that anything has changed. */
static void test_read_again_every_so_often(void **state)
{
    static const struct http_route routes[] = {{"POST", "/rpc", 0, on_call, NULL}};
    const struct http_options http = {
        .address = "127.0.0.1",
        .threads = 1,
        .connections_max = 8,
        .timeout_s = 5,
        .body_max = 1000,
        .reply_max = 1000,
        .routes = routes,
        .routes_count = 1,
    };
    struct edge_options options = {
        .name = "one", .address = "127.0.0.1", .rpc_token = "t", .reload_every_s = 1};
    struct http_server *server;
    struct edge_state now;
    struct edge *edge;
    int64_t began;

    (void)state;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assert_int_equal(http_server_start(&server, &http, NULL), 0);
    options.rpc_port = http_server_port(server);
    began = clock_mono_ms();
    assert_int_equal(edge_start(&edge, &options, NULL), 0);
    while (atomic_load(&reloads) < 2 && clock_mono_ms() < began + WAIT_MS)
        usleep(10000);
    assert_int_equal(atomic_load(&reloads), 2);
    assert_in_range(clock_mono_ms() - began, 2000, WAIT_MS);
    edge_state(edge, &now);
    assert_true(now.reachable);
    edge_stop(edge);
    http_server_stop(server);
    curl_global_cleanup();
}

UNIT_MAIN("edge", cmocka_unit_test(test_read_again_every_so_often))
