/*
 * What one edge node is asked without a change, against a server that counts. What a real Kamailio
 * does then is tested with Kamailio (tests/integration/test_serve.py, tests/e2e/test_schedules.py).
 */
#include "edge/edge.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "edge/live.h"
#include "http/server.h"
#include "unit.h"

enum { WAIT_MS = 20000 };

static atomic_int reloads; /* that were begun */
static atomic_int keys;    /* that were refreshed, or are being so */
static sem_t gate;         /* each answer takes one */

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
    if (!strcmp(method, "htable.reload") && !strcmp(table, "premium"))
        atomic_fetch_add(&reloads, 1);
    if (!strcmp(method, "dialplane.refresh"))
        atomic_fetch_add(&keys, 1);
    while (sem_wait(&gate) && errno == EINTR)
        continue;
    response->status = 200;
    buf_printf(&response->body, "{\"jsonrpc\":\"2.0\",\"result\":\"ok\",\"id\":%lld}",
               (long long)id);
    json_decref(call);
}

struct fixture {
    struct http_server *server;
    struct edge *edge;
};

static void start(struct fixture *fixture, unsigned int answers, uint32_t reload_every_s)
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
        .name = "one", .address = "127.0.0.1", .rpc_token = "t", .reload_every_s = reload_every_s};

    curl_global_init(CURL_GLOBAL_DEFAULT);
    atomic_store(&reloads, 0);
    atomic_store(&keys, 0);
    assert_int_equal(sem_init(&gate, 0, answers), 0);
    assert_int_equal(http_server_start(&fixture->server, &http, NULL), 0);
    options.rpc_port = http_server_port(fixture->server);
    assert_int_equal(edge_start(&fixture->edge, &options, NULL), 0);
}

static void stop(struct fixture *fixture)
{
    edge_stop(fixture->edge);
    http_server_stop(fixture->server);
    sem_destroy(&gate);
    curl_global_cleanup();
}

static void until_at_least(atomic_int *counter, int least)
{
    int64_t give_up = clock_mono_ms() + WAIT_MS;

    while (atomic_load(counter) < least && clock_mono_ms() < give_up)
        usleep(1000);
    assert_true(atomic_load(counter) >= least);
}

static bool is_current(struct fixture *fixture)
{
    struct edge_state now;

    edge_state(fixture->edge, &now);
    return now.current;
}

static void until_current(struct fixture *fixture)
{
    int64_t give_up = clock_mono_ms() + WAIT_MS;

    while (!is_current(fixture) && clock_mono_ms() < give_up)
        usleep(1000);
    assert_true(is_current(fixture));
}

static void answer(unsigned int times)
{
    while (times--)
        sem_post(&gate);
}

/* Nobody says that anything has changed. */
static void test_read_again_every_so_often(void **state)
{
    int64_t began = clock_mono_ms();
    struct fixture fixture;

    (void)state;
    start(&fixture, 1000, 1);
    until_at_least(&reloads, 2);
    assert_true(clock_mono_ms() - began >= 2000);
    until_current(&fixture);
    stop(&fixture);
}

/* What the node was asked for and has not answered yet is not true there yet. */
static void test_current_when_all_is_answered(void **state)
{
    const struct change change = {.table = CHANGE_EXTENSIONS, .domain = "acme.test", .key = "1001"};
    struct fixture fixture;

    (void)state;
    start(&fixture, 0, 3600);
    edge_reload(fixture.edge);
    until_at_least(&reloads, 1);
    assert_false(is_current(&fixture));
    answer(1000);
    until_current(&fixture);
    while (sem_trywait(&gate) == 0)
        continue;
    edge_changed(fixture.edge, &change);
    until_at_least(&keys, 1);
    assert_false(is_current(&fixture));
    answer(1000);
    until_current(&fixture);
    /* The second time is for what nearly never happens. */
    while (sem_trywait(&gate) == 0)
        continue;
    until_at_least(&keys, 2);
    assert_true(is_current(&fixture));
    answer(1);
    edge_reload(fixture.edge);
    until_at_least(&reloads, 2);
    assert_false(is_current(&fixture));
    answer(1000);
    until_current(&fixture);
    stop(&fixture);
}

/* By what ds_get_hash of Kamailio gives; test_media_nodes.py asks a real one. */
static void test_hash_of_the_dispatcher(void **state)
{
    (void)state;
    assert_int_equal(edge_dispatcher_hash("queue;id=1;domain=a.test"), 1694771340);
    assert_int_equal(edge_dispatcher_hash("queue;id=7;domain=acme.test"), 1262776066);
    assert_int_equal(edge_dispatcher_hash("a"), 109);
}

UNIT_MAIN("edge", cmocka_unit_test(test_read_again_every_so_often),
          cmocka_unit_test(test_current_when_all_is_answered),
          cmocka_unit_test(test_hash_of_the_dispatcher))
