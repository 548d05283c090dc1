/*
 * The client against servers that a real Kamailio is not: out of step, talking nonsense, silent.
 * What Kamailio itself answers is tested with Kamailio (tests/integration/test_serve.py).
 */
#include "edge/jsonrpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "http/server.h"
#include "unit.h"

static const char *reply;
static char seen[500];
static unsigned int status;

static void on_call(void *arg, const struct http_request *request, struct http_response *response)
{
    size_t length;
    const char *body = http_body(request, &length);

    (void)arg;
    snprintf(seen, sizeof(seen), "%s %s", http_header(request, "Authorization"), body);
    response->status = status;
    buf_add_str(&response->body, reply);
}

static const struct http_route routes[] = {{"POST", "/rpc", 0, on_call, NULL}};

static struct http_server *server;
static struct jsonrpc *rpc;

static int start(void **state)
{
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

    (void)state;
    status = 200;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assert_int_equal(http_server_start(&server, &options, NULL), 0);
    assert_int_equal(jsonrpc_new(&rpc, "127.0.0.1", http_server_port(server), "token-1"), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    jsonrpc_free(rpc);
    http_server_stop(server);
    curl_global_cleanup();
    return 0;
}

static int call(json_t **result, int *code)
{
    static const char *const params[] = {"user", "acme.test:\"1"};

    return jsonrpc_call(rpc, "htable.delete", params, 2, 2000, result, code, NULL);
}

static void test_result(void **state)
{
    json_t *result = NULL;
    int code = 0;

    (void)state;
    reply = "{\"jsonrpc\":\"2.0\",\"result\":[1,2],\"id\":1}";
    assert_int_equal(call(&result, &code), 0);
    assert_int_equal(json_array_size(result), 2);
    json_decref(result);
    assert_string_equal(seen, "Bearer token-1 {\"jsonrpc\":\"2.0\",\"method\":\"htable.delete\","
                              "\"params\":[\"user\",\"acme.test:\\\"1\"],\"id\":1}");
}

/* A phone may call itself anything: who it is nobody has to suffer for. */
static void test_no_utf8(void **state)
{
    json_t *result = NULL;
    int code = 0;

    (void)state;
    reply = "{\"jsonrpc\":\"2.0\",\"result\":\"a\xff\xfe phone\",\"id\":1}";
    assert_int_equal(call(&result, &code), 0);
    assert_string_equal(json_string_value(result), "a?? phone");
    json_decref(result);
}

static void test_error(void **state)
{
    int code = 0;

    (void)state;
    status = 404;
    reply = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":404,\"message\":\"Key not found\"},\"id\":1}";
    assert_int_equal(call(NULL, &code), -EREMOTEIO);
    assert_int_equal(code, 404);
}

static void test_nonsense(void **state)
{
    static const char *const bad[] = {
        "", "<html>", "[]", "{\"result\":1}", "{\"result\":1,\"id\":77}", "{\"error\":5,\"id\":6}",
    };
    int code;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++) {
        reply = bad[i];
        assert_int_equal(call(NULL, &code), -EIO);
    }
}

static void test_token(void **state)
{
    int code;

    (void)state;
    status = 401;
    reply = "no";
    assert_int_equal(call(NULL, &code), -EACCES);
}

static void test_too_much(void **state)
{
    static char large[1500000];
    int code;

    (void)state;
    memset(large, ' ', sizeof(large) - 1);
    reply = large;
    assert_int_equal(call(NULL, &code), -EIO);
}

static void test_nobody_there(void **state)
{
    int code;

    (void)state;
    http_server_stop(server);
    server = NULL;
    assert_int_equal(call(NULL, &code), -ECONNREFUSED);
}

static void test_cancelled(void **state)
{
    int code;

    (void)state;
    reply = "{\"result\":1,\"id\":1}";
    jsonrpc_cancel(rpc);
    assert_int_not_equal(call(NULL, &code), 0);
}

static void test_no_address(void **state)
{
    struct jsonrpc *none;

    (void)state;
    assert_int_equal(jsonrpc_new(&none, "edge.example", 1, "x"), -EINVAL);
}

UNIT_MAIN("jsonrpc", cmocka_unit_test_setup_teardown(test_result, start, stop),
          cmocka_unit_test_setup_teardown(test_no_utf8, start, stop),
          cmocka_unit_test_setup_teardown(test_error, start, stop),
          cmocka_unit_test_setup_teardown(test_nonsense, start, stop),
          cmocka_unit_test_setup_teardown(test_token, start, stop),
          cmocka_unit_test_setup_teardown(test_too_much, start, stop),
          cmocka_unit_test_setup_teardown(test_nobody_there, start, stop),
          cmocka_unit_test_setup_teardown(test_cancelled, start, stop),
          cmocka_unit_test(test_no_address))
