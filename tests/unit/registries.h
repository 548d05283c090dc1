/* A registry whose database is played by the test: it says what SQL would have said. */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "copies.h"
#include "store/listen.h"
#include "tenant/registry_private.h"

/* The snapshot of the tenant in copies.h. */
static inline struct snapshot *snapshot_of(const char *domain, const char *mark)
{
    struct buf copy = copy_right(domain, mark);
    struct snapshot *snapshot = NULL;
    struct err err;

    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(snapshot_of_copy(copy.data, copy.len, domain, &snapshot, &err), 0);
    buf_free(&copy);
    return snapshot;
}

/* SQL was asked for this tenant, and gave it. */
static inline void sql_gives(struct registry *registry, const char *domain, const char *mark)
{
    struct buf rows = copy_right(domain, mark);

    registry_read(registry, domain, 0, snapshot_of(domain, mark), &rows);
}

static inline void ignore_db(struct listen *db, void *arg)
{
    (void)db;
    (void)arg;
}

static inline void ignore_text(struct listen *db, const char *text, void *arg)
{
    (void)db;
    (void)text;
    (void)arg;
}

/* A listener that never gets a connection: the test calls the registry in its place. */
static inline struct listen *listener_make(void)
{
    const struct pg_target target = {
        .host = "127.0.0.1", .port = 1, .database = "none", .role = "none", .application = "test"};
    const struct listen_events events = {ignore_db, ignore_text, ignore_db, ignore_text, NULL};
    struct listen *db = NULL;
    struct err err;

    assert_int_equal(listen_start(&db, &target, "dialplane", &events, &err), 0);
    return db;
}

static inline void post(void *arg)
{
    sem_post(arg);
}

/* As registry_get, for those who may block. */
static inline int get_waiting(struct registry *registry, const char *domain, int wait_ms,
                              struct snapshot **out)
{
    sem_t ready;
    int res;

    sem_init(&ready, 0, 0);
    res = registry_wait(registry, domain, wait_ms, post, &ready);
    while (!res && sem_wait(&ready) && errno == EINTR)
        continue;
    sem_destroy(&ready);
    return res ? res : registry_get(registry, domain, out);
}

/* The display name of user 1001, into `mark`; "" when it cannot be had. */
static inline int get_mark(struct registry *registry, const char *domain, char mark[16])
{
    struct snapshot *snapshot = NULL;
    int res = get_waiting(registry, domain, 5000, &snapshot);

    *mark = '\0';
    if (!res)
        assert_int_equal(str_copy(mark, 16, snapshot_user(snapshot, "1001")->display_name), 0);
    snapshot_unref(snapshot);
    return res;
}

static inline void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits until it is so; fails after ten seconds. */
#define UNTIL(registry, state, condition)                                                          \
    do {                                                                                           \
        int64_t give_up = clock_mono_ms() + 10000;                                                 \
        for (registry_state(registry, &(state)); !(condition);                                     \
             registry_state(registry, &(state))) {                                                 \
            assert_true(clock_mono_ms() < give_up);                                                \
            nap();                                                                                 \
        }                                                                                          \
    } while (0)
