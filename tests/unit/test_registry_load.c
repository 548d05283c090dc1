/*
 * Everything at once: readers look deep into snapshots while these are exchanged, leave memory,
 * are written to disk and come back from there, and while others wait. Each snapshot carries its
 * generation in every table: a reader may never see two of them in one snapshot, nor go back.
 *
 * Short as it is, this is for ThreadSanitizer (ONLY=threads scripts/test).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "registries.h"
#include "tmpdir.h"

enum {
    SWAPS = 6000,
    TENANTS = 8,
    HOT = 2,     /* of these change all the time; the others seldom, and leave memory */
    PHASE = 100, /* swaps, in every second such phase nobody asks for the others */
    READERS = 4,
    WAITERS = 2,
    IDLE_MS = 2,
};

struct load {
    struct registry *registry;
    struct listen *db;
    atomic_bool over;
    atomic_uint phase;
    atomic_uint mixed, backwards, reads; /* of readers */
    atomic_uint waits, calls;            /* of registry_wait */
};

/* A tenant to ask for now. */
static unsigned int pick(struct load *load, unsigned int number)
{
    return number % (atomic_load(&load->phase) % 2 ? HOT : TENANTS);
}

static void domain_of(unsigned int tenant, char domain[32])
{
    snprintf(domain, 32, "t%u.test", tenant);
}

/* The generation of a snapshot, 0 when it has several. */
static unsigned long generation(const struct snapshot *snapshot)
{
    const char *mark = snapshot_user(snapshot, "1001")->display_name;
    const char *const others[] = {
        snapshot_user(snapshot, "1002")->display_name,
        snapshot_menu(snapshot, snapshot_extension(snapshot, "5000")->menu)->greeting,
        snapshot_menu(snapshot, 7)->entries[0].number,
        snapshot_menu(snapshot, 9)->entries[0].number,
        snapshot_mailbox(snapshot, "1001")->email,
        snapshot_conference(snapshot, 3)->name,
    };

    for (size_t i = 0; i < DP_COUNT(others); i++) {
        if (strcmp(others[i], mark) != 0)
            return 0;
    }
    return strtoul(mark, NULL, 10);
}

static void read_one(struct load *load, const char *domain, unsigned long *last)
{
    struct snapshot *snapshot = NULL;
    unsigned long seen;

    if (registry_get(load->registry, domain, &snapshot))
        return;
    seen = generation(snapshot);
    snapshot_unref(snapshot);
    atomic_fetch_add(&load->reads, 1);
    if (!seen)
        atomic_fetch_add(&load->mixed, 1);
    if (seen < *last)
        atomic_fetch_add(&load->backwards, 1);
    *last = seen;
}

static void *read_all_the_time(void *arg)
{
    struct load *load = arg;
    unsigned long last[TENANTS] = {0};
    unsigned int tenant;
    char domain[32];

    for (unsigned int i = 0; !atomic_load(&load->over); i++) {
        tenant = pick(load, i);
        domain_of(tenant, domain);
        read_one(load, domain, &last[tenant]);
    }
    return NULL;
}

static void note_call(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void *wait_all_the_time(void *arg)
{
    struct load *load = arg;
    struct registry_state state;
    char domain[32];

    for (unsigned int i = 0; !atomic_load(&load->over); i++) {
        /* Sometimes one that does not exist. */
        domain_of(i % 9 ? pick(load, i) : TENANTS, domain);
        if (registry_wait(load->registry, domain, i % 20, note_call, &load->calls) == 0)
            atomic_fetch_add(&load->waits, 1);
        if (i % 64 == 0) {
            registry_state(load->registry, &state);
            nap();
        }
    }
    return NULL;
}

/* The listener's part: changes, now and then a loss of the connection or of a tenant. */
static void swap(struct load *load, unsigned int round)
{
    unsigned int tenant = round % 1000 < TENANTS ? round % 1000 : round % HOT;
    char domain[32], mark[16];

    domain_of(tenant, domain);
    snprintf(mark, sizeof(mark), "%u", round + 1);
    atomic_store(&load->phase, round / PHASE);
    if (round % 500 == 300) {
        registry_connected(load->registry, load->db);
        registry_names(load->registry, 0);
    }
    if (round % 500 == 499)
        registry_lost(load->registry);
    if (round % 333 == 0)
        registry_read(load->registry, domain, -ENOENT, NULL, NULL);
    registry_changed(load->registry, domain);
    sql_gives(load->registry, domain, mark);
    if (round % 4 == 0)
        nap();
}

static void run(struct load *load)
{
    pthread_t threads[READERS + WAITERS];

    for (size_t i = 0; i < DP_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < READERS ? read_all_the_time : wait_all_the_time, load),
                         0);
    for (unsigned int round = 0; round < SWAPS; round++)
        swap(load, round);
    atomic_store(&load->over, true);
    for (size_t i = 0; i < DP_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
}

static void test_all_at_once(void **state)
{
    const struct registry_options options = {.folder = *state, .idle_ms = IDLE_MS};
    struct load load = {.db = listener_make()};
    struct registry_state end;

    assert_int_equal(registry_new(&load.registry, &options), 0);
    run(&load);
    registry_stop(load.registry);
    listen_stop(load.db);
    registry_state(load.registry, &end);
    registry_free(load.registry);
    assert_int_equal(atomic_load(&load.mixed), 0);
    assert_int_equal(atomic_load(&load.backwards), 0);
    assert_int_equal(atomic_load(&load.calls), atomic_load(&load.waits));
    print_message("%u reads, %u waits, %lu copies written, %lu read\n", atomic_load(&load.reads),
                  atomic_load(&load.waits), (unsigned long)end.copies_written,
                  (unsigned long)end.copies_read);
    /* That it was about all this. */
    assert_true(atomic_load(&load.reads) > SWAPS && atomic_load(&load.waits) > 0);
    assert_true(end.copies_written >= TENANTS && end.copies_read > 0);
    assert_int_equal(end.copies_failed + end.copies_refused, 0);
}

UNIT_MAIN("registry_load",
          cmocka_unit_test_setup_teardown(test_all_at_once, tmpdir_setup, tmpdir_teardown))
