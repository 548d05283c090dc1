/* Without a database: what readers get, and that exchanging snapshots under them is safe. */
#include "tenant/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tenants.h"

static int make(void **state)
{
    struct registry *registry;

    if (registry_new(&registry, &(struct registry_options){0}))
        return -1;
    *state = registry;
    return 0;
}

static int drop(void **state)
{
    registry_free(*state);
    return 0;
}

static void put(struct registry *registry, const char *domain, const char *mark)
{
    assert_int_equal(registry_put(registry, tenant_make(domain, mark)), 0);
}

static void test_get(void **state)
{
    struct snapshot *snapshot = NULL;

    put(*state, "acme.test", "first");
    put(*state, "beta.test", "other");
    put(*state, "acme.test", "second");
    assert_int_equal(registry_get(*state, "acme.test", &snapshot), 0);
    assert_string_equal(snapshot_user(snapshot, "1001")->display_name, "second");
    snapshot_unref(snapshot);
}

static void test_reference_outlives_the_next_one(void **state)
{
    struct snapshot *snapshot = NULL;

    put(*state, "acme.test", "first");
    assert_int_equal(registry_get(*state, "acme.test", &snapshot), 0);
    put(*state, "acme.test", "second");
    assert_string_equal(snapshot_user(snapshot, "1001")->display_name, "first");
    snapshot_unref(snapshot);
}

/* Nobody can tell, and nobody waits for what cannot come. */
static void test_database_away(void **state)
{
    struct snapshot *snapshot = NULL;
    int64_t before = clock_mono_ms();

    assert_int_equal(registry_get(*state, "acme.test", &snapshot), -EAGAIN);
    assert_true(clock_mono_ms() - before < 1000);
    assert_null(snapshot);
    /* What is no domain is none, whatever the database would say. */
    assert_int_equal(registry_get(*state, "Acme.test&x", &snapshot), -ENOENT);
}

static void test_state(void **state)
{
    struct registry_state now;

    registry_state(*state, &now);
    assert_false(now.online);
    assert_false(now.ready);
    assert_int_equal(now.tenants, 0);
    put(*state, "acme.test", "");
    put(*state, "beta.test", "");
    registry_state(*state, &now);
    assert_int_equal(now.tenants, 2);
    assert_int_equal(now.size.users, 4);
    assert_int_equal(now.size.menus, 4);
    assert_true(now.size.bytes > 0);
}

struct race {
    struct registry *registry;
    atomic_bool over;
    atomic_uint bad;
};

/* Each snapshot has the same mark in its display name and in its domain's time: never a mixture. */
static void *read_all_the_time(void *arg)
{
    struct race *race = arg;
    struct snapshot *snapshot;
    unsigned long last = 0, seen;

    while (!atomic_load(&race->over)) {
        if (registry_get(race->registry, TENANT_DOMAIN, &snapshot)) {
            atomic_fetch_add(&race->bad, 1);
            continue;
        }
        seen = strtoul(snapshot_user(snapshot, "1001")->display_name, NULL, 10);
        if (seen < last || strcmp(snapshot_menu(snapshot, 7)->entries[1].number, "1001") != 0)
            atomic_fetch_add(&race->bad, 1);
        last = seen;
        snapshot_unref(snapshot);
    }
    return NULL;
}

static void test_exchange_under_readers(void **state)
{
    enum { READERS = 4, CHANGES = 2000 };
    struct race race = {.registry = *state};
    pthread_t readers[READERS];
    char mark[16];

    put(*state, TENANT_DOMAIN, "0");
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &race), 0);
    for (int i = 1; i <= CHANGES; i++) {
        snprintf(mark, sizeof(mark), "%d", i);
        put(*state, TENANT_DOMAIN, mark);
    }
    atomic_store(&race.over, true);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&race.bad), 0);
}

UNIT_MAIN("registry", cmocka_unit_test_setup_teardown(test_get, make, drop),
          cmocka_unit_test_setup_teardown(test_reference_outlives_the_next_one, make, drop),
          cmocka_unit_test_setup_teardown(test_database_away, make, drop),
          cmocka_unit_test_setup_teardown(test_state, make, drop),
          cmocka_unit_test_setup_teardown(test_exchange_under_readers, make, drop))
