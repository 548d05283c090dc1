#include "unit.h"

#include <errno.h>
#include <string.h>

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
    struct redis_entry entries[8];
    size_t added;

    for (size_t i = 0; i < count; i++)
        entries[i] = (struct redis_entry){
            .src = "edge", .node = "one", .body = bodies[i], .len = strlen(bodies[i])};
    assert_int_equal(redis_add(redis, S, entries, count, &added, NULL), 0);
    assert_int_equal(added, count);
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
    assert_int_equal(redis_ack(redis, S, G, entries.list, 1, NULL), 0);
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

    (void)state;
    assert_int_equal(redis_claim(redis, S, G, "b", 3600000, 10, cursor, &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
    redis_entries_free(&entries);
    assert_int_equal(redis_claim(redis, S, G, "b", 0, 10, cursor, &entries, NULL), 0);
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.list[0].body, "two");
    assert_string_equal(cursor, "0-0");
    assert_int_equal(redis_add_dead(redis, "dead", &entries.list[0], "why", NULL), 0);
    assert_int_equal(redis_ack(redis, S, G, entries.list, 1, NULL), 0);
    redis_entries_free(&entries);
    assert_int_equal(length_of(redis, S), 1);
    assert_int_equal(length_of(redis, "dead"), 1);
    redis_close(redis);
}

static void test_any_bytes(void **state)
{
    static const char bytes[] = "a\0b\r\n\xff";
    struct redis *redis = open_redis(2000);
    struct redis_entry entry = {.src = "", .node = "", .body = bytes, .len = sizeof(bytes) - 1};
    struct redis_entries entries;
    size_t added;

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
    size_t added;

    (void)state;
    redis_server_stop(&server);
    assert_int_equal(redis_add(redis, S, &entry, 1, &added, &err), -EIO);
    assert_int_equal(added, 0);
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
        cmocka_unit_test(test_password), cmocka_unit_test(test_round),
        cmocka_unit_test(test_claim),    cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_server_gone),
    };

    return cmocka_run_group_tests_name("redis", tests, start, stop);
}
