/*
 * Streams of events: who begins, who comes back, and who is too slow. What a real edge has to tell
 * is tested with one (tests/e2e/test_api_live.py).
 */
#include "api/live_hub_private.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "edge_server.h"
#include "tenant/registry.h"
#include "unit.h"

enum { WAIT_MS = 20000 };

static struct registry *registry;
static struct edge_place place;
static struct live_nodes nodes;
static struct live_hub *hub;

static const struct api_caller caller = {.kind = API_KEY, .id = 7},
                               another = {.kind = API_KEY, .id = 8};

static int start(void **state)
{
    const struct registry_options options = {0};

    (void)state;
    edge_start_server(3);
    place = (struct edge_place){"one", "127.0.0.1", http_server_port(server), "token"};
    nodes = (struct live_nodes){.edges = &place, .edge_count = 1};
    assert_int_equal(registry_new(&registry, &options), 0);
    assert_int_equal(live_hub_start(&hub, &nodes, registry, NULL), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_hub_stop(hub);
    registry_stop(registry);
    registry_free(registry);
    edge_stop_server();
    return 0;
}

static struct live_stream *open_stream(const char *last_id)
{
    struct live_stream *stream = NULL;

    assert_int_equal(live_stream_open(&stream, hub, "a.test", &caller, last_id), 0);
    return stream;
}

static ssize_t take(struct live_stream *stream, char *out, size_t size)
{
    ssize_t got;

    pthread_mutex_lock(&hub->lock);
    got = live_stream_take(stream, out, size);
    pthread_mutex_unlock(&hub->lock);
    return got;
}

/* Reads until a whole event has come into `text`: its length, or what ends the stream. */
static ssize_t read_event(struct live_stream *stream, char *text, size_t size)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    size_t length = 0;

    while (clock_mono_ms() < until) {
        ssize_t got = take(stream, text + length, size - 1 - length);

        if (got <= 0 && got != -EAGAIN)
            return got;
        length += got > 0 ? (size_t)got : 0;
        text[length] = '\0';
        /* Heartbeats are none. */
        if (strcmp(text, ":\n\n") == 0)
            length = 0;
        else if (length > 2 && strcmp(text + length - 2, "\n\n") == 0)
            return (ssize_t)length;
        if (got == -EAGAIN)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return -ETIMEDOUT;
}

static char text[4 * 1024 * 1024];

/* The id of the event in `text`. */
static void take_id(char id[64])
{
    assert_int_equal(sscanf(text, "id: %63[^\n]", id), 1);
}

static void test_snapshot_and_news(void **state)
{
    struct live_stream *stream = open_stream(NULL), *again;
    char id[64];

    (void)state;
    assert_true(read_event(stream, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "event: snapshot\n"));
    assert_non_null(strstr(text, ids[2]));
    edge_has(4);
    assert_true(read_event(stream, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "event: call.started\n"));
    assert_non_null(strstr(text, ids[3]));
    take_id(id);
    edge_has(3);
    assert_true(read_event(stream, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "event: call.ended\n"));
    /* Who comes back hears what he has missed, and that first. */
    again = open_stream(id);
    assert_true(read_event(again, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "event: call.ended\n"));
    live_stream_close(again);
    /* A number of another time is none. */
    again = open_stream("0123456789abcdef-1");
    assert_true(read_event(again, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "event: snapshot\n"));
    live_stream_close(again);
    live_stream_close(stream);
}

/* Nothing is kept for who does not read: he is cut off, with what was begun. */
static void test_slow_reader(void **state)
{
    struct live_stream *slow = open_stream(NULL), *fresh;

    (void)state;
    assert_true(read_event(slow, text, sizeof(text)) > 0);
    edge_has(LIVE_RING + 100);
    /* Another one sees when they have come. */
    do {
        fresh = open_stream(NULL);
        assert_true(read_event(fresh, text, sizeof(text)) > 0);
        live_stream_close(fresh);
    } while (!strstr(text, ids[LIVE_RING + 99]));
    assert_int_equal(read_event(slow, text, sizeof(text)), -EPIPE);
    live_stream_close(slow);
}

static void test_limits(void **state)
{
    struct live_stream *streams[LIVE_STREAMS_OF_ONE], *more = NULL;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(streams); i++)
        streams[i] = open_stream(NULL);
    assert_int_equal(live_stream_open(&more, hub, "b.test", &caller, NULL), -EBUSY);
    assert_int_equal(live_stream_open(&more, hub, "a.test", &another, NULL), 0);
    live_stream_close(more);
    live_stream_close(streams[0]);
    streams[0] = open_stream(NULL);
    for (size_t i = 0; i < DP_COUNT(streams); i++)
        live_stream_close(streams[i]);
}

UNIT_MAIN("live_hub", cmocka_unit_test_setup_teardown(test_snapshot_and_news, start, stop),
          cmocka_unit_test_setup_teardown(test_slow_reader, start, stop),
          cmocka_unit_test_setup_teardown(test_limits, start, stop))
