/*
 * Calls of a tenant as edges tell them: many of them, one that is silent, one of another tenant.
 * What a real Kamailio tells is tested with Kamailio (tests/e2e/test_api_live.py).
 */
#include "edge/calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "edge/call_view.h"
#include "edge_server.h"
#include "unit.h"

static struct edge_pool *pool;
static struct edge_place places[2];

static void start(size_t calls, size_t edges)
{
    edge_start_server(calls);
    places[0] = (struct edge_place){"one", "127.0.0.1", http_server_port(server), "token"};
    /* Nobody listens there. */
    places[1] = (struct edge_place){"two", "127.0.0.1", 1, "token"};
    assert_int_equal(edge_pool_open(&pool, places, edges, NULL), 0);
}

static void stop(void)
{
    edge_pool_close(pool);
    edge_stop_server();
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
