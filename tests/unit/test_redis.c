#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "redis_server.h"
#include "store/redis_private.h"

#define S "stream"
#define G "group"

static struct redis_server server;

static int start(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return redis_server_start(&server) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static struct redis *open_redis(unsigned int timeout_ms)
{
    struct redis *redis;
    struct err err;

    if (redis_open(&redis, "127.0.0.1", server.port, REDIS_SERVER_PASSWORD, timeout_ms, &err))
        fail_msg("%s", err.text);
    return redis;
}

static void add(struct redis *redis, const char *const bodies[], size_t count)
{
    struct redis_entry entries[8] = {0};
    bool added[8];

    for (size_t i = 0; i < count; i++)
        entries[i] = (struct redis_entry){
            .src = "edge", .node = "one", .body = bodies[i], .len = strlen(bodies[i])};
    assert_int_equal(redis_add(redis, S, entries, count, added, NULL), 0);
    for (size_t i = 0; i < count; i++)
        assert_true(added[i]);
}

static long long length_of(struct redis *redis, const char *stream)
{
    redisReply *reply;
    long long length;

    assert_int_equal(REDIS_ASK(redis, &reply, NULL, "XLEN", stream), 0);
    length = reply->integer;
    freeReplyObject(reply);
    return length;
}

static void test_password(void **state)
{
    struct redis *redis;
    struct err err;

    (void)state;
    assert_int_equal(redis_open(&redis, "127.0.0.1", server.port, "wrong", 1000, &err), -EACCES);
    assert_int_equal(redis_open(&redis, "127.0.0.1", server.port, NULL, 1000, &err), 0);
    assert_int_equal(redis_ping(redis, &err), -EREMOTEIO);
    redis_close(redis);
}

static void test_round(void **state)
{
    struct redis *redis = open_redis(2000);
    struct redis_entries entries;

    (void)state;
    assert_int_equal(redis_read(redis, S, G, "a", 10, 0, &entries, NULL), -ENOENT);
    assert_int_equal(redis_group_create(redis, S, G, NULL), 0);
    assert_int_equal(redis_group_create(redis, S, G, NULL), 0);
    assert_int_equal(redis_read(redis, S, G, "a", 10, 20, &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
    redis_entries_free(&entries);

    add(redis, (const char *[]){"one", "two", "three"}, 3);
    assert_int_equal(redis_read(redis, S, G, "a", 2, 100, &entries, NULL), 0);
    assert_int_equal(entries.count, 2);
    assert_string_equal(entries.list[0].body, "one");
    assert_string_equal(entries.list[1].body, "two");
    assert_string_equal(entries.list[1].src, "edge");
    assert_string_equal(entries.list[1].node, "one");
    assert_int_equal(redis_done(redis, S, G, "done:", entries.list, 1, NULL), 0);
    redis_entries_free(&entries);

    /* What was read and not acknowledged comes back to its own reader, again and again. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(redis_read_own(redis, S, G, "a", 10, &entries, NULL), 0);
        assert_int_equal(entries.count, 1);
        assert_string_equal(entries.list[0].body, "two");
        redis_entries_free(&entries);
    }
    assert_int_equal(length_of(redis, S), 2);
    redis_close(redis);
}

/* Goes on where test_round ended: "two" is with consumer a, "three" with nobody. */
static void test_claim(void **state)
{
    struct redis *redis = open_redis(2000);
    struct redis_entries entries;
    char cursor[REDIS_ID_SIZE] = "0-0";
    unsigned int deliveries;
    size_t claimed;

    (void)state;
    assert_int_equal(redis_claim(redis, S, G, "b", 3600000, 10, cursor, &claimed, NULL), 0);
    assert_int_equal(claimed, 0);
    /* Read three times by a; that b takes it over is not another one. */
    assert_int_equal(redis_deliveries(redis, S, G, "b", &deliveries, NULL), 0);
    assert_int_equal(deliveries, 0);
    assert_int_equal(redis_deliveries(redis, S, G, "a", &deliveries, NULL), 0);
    assert_int_equal(deliveries, 3);
    assert_int_equal(redis_claim(redis, S, G, "b", 0, 10, cursor, &claimed, NULL), 0);
    assert_int_equal(claimed, 1);
    assert_string_equal(cursor, "0-0");
    assert_int_equal(redis_deliveries(redis, S, G, "b", &deliveries, NULL), 0);
    assert_int_equal(deliveries, 3);
    assert_int_equal(redis_read_own(redis, S, G, "b", 10, &entries, NULL), 0);
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.list[0].body, "two");
    assert_int_equal(redis_done(redis, S, G, "done:", entries.list, 1, NULL), 0);
    redis_entries_free(&entries);
    assert_int_equal(length_of(redis, S), 1);
    redis_close(redis);
}

#define UUID_1 "8e7b4a52-5a0e-4c1c-9f56-3f6d7f0a1b11"
#define UUID_2 "8e7b4a52-5a0e-4c1c-9f56-3f6d7f0a1b22"

static void add_place(struct redis *redis, const char *spool, const char *place)
{
    const struct redis_entry entry = {
        .src = "edge", .node = "one", .spool = spool, .place = place, .body = "x", .len = 1};
    bool added;

    assert_int_equal(redis_add(redis, "places", &entry, 1, &added, NULL), 0);
}

/* Each word, followed by a space. */
static void collect(void *arg, const char *word)
{
    buf_printf(arg, "%s ", word);
}

static void expect_look(struct redis *redis, const char *spool, const char *text)
{
    struct buf found;

    buf_init(&found, 1 << 16);
    assert_int_equal(redis_look(redis, "places", spool, collect, &found, NULL), 0);
    assert_string_equal(found.data, text);
    buf_free(&found);
}

static void expect_done(struct redis *redis, const char *spool, const char *text)
{
    char key[REDIS_KEY_SIZE];
    struct buf found;

    buf_init(&found, 1 << 16);
    snprintf(key, sizeof(key), "done:%s", spool);
    assert_int_equal(redis_pop(redis, key, collect, &found, NULL), 0);
    assert_string_equal(found.data, text);
    buf_free(&found);
}

static void command(struct redis *redis, const char *a, const char *b, const char *c, const char *d)
{
    redisReply *reply;

    assert_int_equal(REDIS_ASK(redis, &reply, NULL, a, b, c, d), 0);
    freeReplyObject(reply);
}

/* Who has sent what, what of it is there, and what of it is done with. */
static void test_places(void **state)
{
    struct redis *redis = open_redis(2000);
    struct redis_entries entries;

    (void)state;
    expect_look(redis, UUID_1, "");
    expect_done(redis, UUID_1, "");
    assert_int_equal(redis_group_create(redis, "places", G, NULL), 0);
    add_place(redis, UUID_1, "1-0");
    add_place(redis, UUID_2, "1-0");
    add_place(redis, UUID_1, "1-20");
    add_place(redis, NULL, NULL);
    add_place(redis, "no uuid", "1-30");
    expect_look(redis, UUID_1, "1-0 1-20 ");
    expect_look(redis, UUID_2, "1-0 ");

    assert_int_equal(redis_read(redis, "places", G, "a", 10, 0, &entries, NULL), 0);
    assert_int_equal(entries.count, 5);
    assert_string_equal(entries.list[1].spool, UUID_2);
    assert_string_equal(entries.list[3].place, "");
    assert_int_equal(redis_done(redis, "places", G, "done:", entries.list, 5, NULL), 0);
    redis_entries_free(&entries);
    expect_look(redis, UUID_1, "");
    expect_done(redis, UUID_1, "1-0 1-20 ");
    expect_done(redis, UUID_1, "");
    expect_done(redis, UUID_2, "1-0 ");
    assert_int_equal(redis_read_own(redis, "places", G, "a", 10, &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
    redis_entries_free(&entries);
    redis_close(redis);
}

/* More than is looked at and popped at once. */
static void test_many_places(void **state)
{
    struct redis *redis = open_redis(5000);
    struct redis_entries entries;
    struct buf all;
    char place[16];

    (void)state;
    buf_init(&all, 1 << 16);
    for (int i = 0; i < 1200; i++) {
        snprintf(place, sizeof(place), "7-%d", i);
        add_place(redis, UUID_1, place);
        buf_printf(&all, "%s ", place);
    }
    expect_look(redis, UUID_1, all.data);
    assert_int_equal(redis_read(redis, "places", G, "a", 2000, 0, &entries, NULL), 0);
    assert_int_equal(redis_done(redis, "places", G, "done:", entries.list, entries.count, NULL), 0);
    redis_entries_free(&entries);
    expect_look(redis, UUID_1, "");
    expect_done(redis, UUID_1, all.data);
    buf_free(&all);
    redis_close(redis);
}

/* A Redis that takes nothing more lets go of what is done with, which makes room. */
static void test_full(void **state)
{
    struct redis *redis = open_redis(2000);
    const struct redis_entry entry = {.src = "", .node = "", .body = "x", .len = 1};
    struct redis_entries entries;
    bool added = true;

    (void)state;
    add_place(redis, UUID_1, "9-0");
    command(redis, "CONFIG", "SET", "maxmemory", "1");
    assert_int_equal(redis_add(redis, "places", &entry, 1, &added, NULL), -EREMOTEIO);
    assert_false(added);
    expect_look(redis, UUID_1, "9-0 ");
    assert_int_equal(redis_read(redis, "places", G, "a", 10, 0, &entries, NULL), 0);
    assert_int_equal(entries.count, 1);
    assert_int_equal(redis_done(redis, "places", G, "done:", entries.list, 1, NULL), 0);
    redis_entries_free(&entries);
    expect_look(redis, UUID_1, "");
    command(redis, "CONFIG", "SET", "maxmemory", "0");
    expect_done(redis, UUID_1, "");
    redis_close(redis);
}

static void test_any_bytes(void **state)
{
    static const char bytes[] = "a\0b\r\n\xff";
    struct redis *redis = open_redis(2000);
    struct redis_entry entry = {.src = "", .node = "", .body = bytes, .len = sizeof(bytes) - 1};
    struct redis_entries entries;
    bool added;

    (void)state;
    assert_int_equal(redis_group_create(redis, "bytes", G, NULL), 0);
    assert_int_equal(redis_add(redis, "bytes", &entry, 1, &added, NULL), 0);
    assert_int_equal(redis_read(redis, "bytes", G, "a", 10, 0, &entries, NULL), 0);
    assert_int_equal(entries.count, 1);
    assert_int_equal(entries.list[0].len, entry.len);
    assert_memory_equal(entries.list[0].body, bytes, entry.len);
    redis_entries_free(&entries);
    redis_close(redis);
}

static void test_refused(void **state)
{
    struct redis *redis = open_redis(2000);
    struct redis_entries entries;

    (void)state;
    assert_int_equal(redis_group_create(redis, "refused", "g", NULL), 0);
    assert_int_equal(redis_read(redis, "refused", "other", "a", 1, 0, &entries, NULL), -ENOENT);
    assert_int_equal(redis_read(redis, "refused", "g", "a", 1, 2000, &entries, NULL), -EINVAL);
    /* An error of the server leaves the connection as good as before. */
    assert_int_equal(redis_ping(redis, NULL), 0);
    redis_close(redis);
}

/* Restarted: the old connection is useless, a new one works. */
static void test_server_gone(void **state)
{
    struct redis *redis = open_redis(2000), *again;
    const struct redis_entry entry = {.src = "", .node = "", .body = "x", .len = 1};
    struct err err;
    bool added;

    (void)state;
    redis_server_stop(&server);
    assert_int_equal(redis_add(redis, S, &entry, 1, &added, &err), -EIO);
    assert_false(added);
    assert_int_equal(redis_ping(redis, &err), -EIO);
    assert_int_equal(redis_open(&again, "127.0.0.1", server.port, "", 1000, &err), -EIO);
    assert_true(redis_server_start(&server));
    assert_int_equal(redis_ping(redis, &err), -EIO);
    redis_close(redis);
    redis = open_redis(2000);
    assert_int_equal(redis_ping(redis, &err), 0);
    redis_close(redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password),    cmocka_unit_test(test_round),
        cmocka_unit_test(test_claim),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_full),        cmocka_unit_test(test_many_places),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_server_gone),
    };

    return cmocka_run_group_tests_name("redis", tests, start, stop);
}
