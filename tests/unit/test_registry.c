/* What readers get, while the database is there, away, slow or silent; who waits, what is kept. */
#include "tenant/registry.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "registries.h"
#include "tenant/copy_file.h"
#include "tmpdir.h"

#define DOMAIN "acme.test"

struct fixture {
    char *dir;
    char folder[4096];
    struct registry *registry;
    struct listen *db;
    unsigned int loaded;
};

static void count_loaded(const char *domain, void *arg)
{
    struct fixture *fixture = arg;

    assert_non_null(domain);
    fixture->loaded++;
}

static void start(struct fixture *fixture, bool copies, int64_t idle_ms)
{
    const struct registry_options options = {
        .folder = copies ? fixture->folder : NULL,
        .idle_ms = idle_ms,
        .loaded = count_loaded,
        .arg = fixture,
    };

    registry_free(fixture->registry);
    assert_int_equal(registry_new(&fixture->registry, &options), 0);
}

/* Without copies, at first. */
static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    void *dir = NULL;

    if (!fixture || tmpdir_setup(&dir))
        return -1;
    fixture->dir = dir;
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/tenants", fixture->dir);
    fixture->db = listener_make();
    start(fixture, false, 0);
    *state = fixture;
    return 0;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;
    void *dir = fixture->dir;

    registry_stop(fixture->registry);
    listen_stop(fixture->db);
    registry_free(fixture->registry);
    free(fixture);
    return tmpdir_teardown(&dir);
}

static void go_online(struct fixture *fixture)
{
    registry_connected(fixture->registry, fixture->db);
    registry_names(fixture->registry, 0);
}

static int get(struct fixture *fixture, const char *domain)
{
    struct snapshot *snapshot = NULL;
    int res = registry_get(fixture->registry, domain, &snapshot);

    assert_true(!res == (snapshot != NULL));
    snapshot_unref(snapshot);
    return res;
}

static void assert_mark(struct fixture *fixture, const char *domain, const char *expected)
{
    char mark[16];

    assert_int_equal(get_mark(fixture->registry, domain, mark), 0);
    assert_string_equal(mark, expected);
}

static void put(struct fixture *fixture, const char *domain, const char *mark)
{
    assert_int_equal(registry_put(fixture->registry, snapshot_of(domain, mark)), 0);
}

/* Writes the copies of a program that ran before this one. */
static void leave_copy(struct fixture *fixture, const char *domain, const char *mark)
{
    struct buf copy = copy_right(domain, mark);
    int folder = copy_folder_open(fixture->folder, NULL);
    bool changed;

    assert_true(folder >= 0);
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(copy_file_write(folder, domain, &copy, &changed), 0);
    close(folder);
    buf_free(&copy);
}

static bool has_file(struct fixture *fixture, const char *domain)
{
    return access(tmpdir_path(fixture->folder, domain), F_OK) == 0;
}

/* ---------------------------------------------------------------- readers */

static void test_get(void **state)
{
    put(*state, "acme.test", "first");
    put(*state, "beta.test", "other");
    put(*state, "acme.test", "second");
    assert_mark(*state, "acme.test", "second");
    assert_mark(*state, "beta.test", "other");
}

static void test_reference_outlives_the_next_one(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot = NULL;

    put(fixture, DOMAIN, "first");
    assert_int_equal(registry_get(fixture->registry, DOMAIN, &snapshot), 0);
    put(fixture, DOMAIN, "second");
    assert_string_equal(snapshot_user(snapshot, "1001")->display_name, "first");
    snapshot_unref(snapshot);
}

static void test_state(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    registry_state(fixture->registry, &now);
    assert_false(now.online || now.ready || now.copies);
    assert_int_equal(now.tenants, 0);
    put(fixture, "acme.test", "");
    put(fixture, "beta.test", "");
    registry_changed(fixture->registry, "gamma.test");
    registry_state(fixture->registry, &now);
    assert_int_equal(now.tenants, 3);
    assert_int_equal(now.in_memory, 2);
    assert_int_equal(now.pending, 1);
    assert_int_equal(now.size.users, 4);
    assert_int_equal(now.size.menus, 4);
    assert_true(now.size.bytes > 0);
}

/* ---------------------------------------------------------------- names */

static void test_unknown_names(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    /* What is no domain is none, whatever the database would say. */
    assert_int_equal(get(fixture, "Acme.test&x"), -ENOENT);
    assert_int_equal(get(fixture, DOMAIN), -EAGAIN);
    registry_connected(fixture->registry, fixture->db);
    assert_int_equal(get(fixture, DOMAIN), -EINPROGRESS);
    registry_names(fixture->registry, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(fixture, DOMAIN), -ENOENT);
    /* Nothing was noted, nothing is asked of SQL. */
    registry_state(fixture->registry, &now);
    assert_int_equal(now.tenants, 0);
    assert_int_equal(now.pending, 0);
    registry_lost(fixture->registry);
    assert_int_equal(get(fixture, DOMAIN), -EAGAIN);
}

static void test_inserted_and_deleted(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    assert_int_equal(get(fixture, DOMAIN), -EINPROGRESS);
    sql_gives(fixture->registry, DOMAIN, "new");
    assert_mark(fixture, DOMAIN, "new");
    registry_read(fixture->registry, DOMAIN, -ENOENT, NULL, NULL);
    assert_int_equal(get(fixture, DOMAIN), -ENOENT);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.tenants, 0);
    assert_int_equal(fixture->loaded, 2);
}

static void test_list_of_names_refused(void **state)
{
    struct fixture *fixture = *state;

    registry_connected(fixture->registry, fixture->db);
    registry_names(fixture->registry, -EIO);
    assert_int_equal(get(fixture, DOMAIN), -EAGAIN);
    registry_names(fixture->registry, 0);
    assert_int_equal(get(fixture, DOMAIN), -ENOENT);
}

/* SQL gave an error: nobody waits for that again at once, and what was known stays. */
static void test_tenant_refused(void **state)
{
    struct fixture *fixture = *state;

    go_online(fixture);
    registry_changed(fixture->registry, "new.test");
    registry_read(fixture->registry, "new.test", -EIO, NULL, NULL);
    assert_int_equal(get(fixture, "new.test"), -EAGAIN);
    put(fixture, DOMAIN, "known");
    registry_read(fixture->registry, DOMAIN, -EIO, NULL, NULL);
    assert_mark(fixture, DOMAIN, "known");
    assert_int_equal(fixture->loaded, 0);
}

static void assert_next(struct fixture *fixture, const char *expected, bool copy)
{
    bool with_copy;
    struct tenant *tenant = registry_next(fixture->registry, &with_copy);

    assert_non_null(tenant);
    assert_string_equal(tenant->domain, expected);
    assert_int_equal(with_copy, copy);
    registry_read(fixture->registry, expected, 0, snapshot_of(expected, ""), NULL);
}

/* Who is waited for, what has changed, what is in use, and the rest. */
static void test_order_of_reading(void **state)
{
    const char *const domains[] = {"rest.test", "used.test", "changed.test", "asked.test"};
    struct fixture *fixture = *state;
    bool copy;

    for (size_t i = 0; i < DP_COUNT(domains) - 1; i++)
        put(fixture, domains[i], "");
    registry_changed(fixture->registry, "asked.test");
    go_online(fixture);
    registry_changed(fixture->registry, "changed.test");
    assert_int_equal(get(fixture, "used.test"), 0);
    assert_int_equal(get(fixture, "asked.test"), -EINPROGRESS);
    assert_next(fixture, "asked.test", false);
    assert_next(fixture, "changed.test", false);
    assert_next(fixture, "used.test", false);
    assert_next(fixture, "rest.test", false);
    assert_null(registry_next(fixture->registry, &copy));
}

/* Read while there was no room for its rows: once more when there is. */
static void test_read_again_for_the_copy(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;
    bool copy;

    start(fixture, true, 0);
    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    fixture->registry->disk_failed_until = INT64_MAX;
    assert_next(fixture, DOMAIN, false);
    assert_null(registry_next(fixture->registry, &copy));
    registry_state(fixture->registry, &now);
    assert_int_equal(now.pending, 0);
    fixture->registry->disk_failed_until = 0;
    assert_next(fixture, DOMAIN, true);
    sql_gives(fixture->registry, DOMAIN, "x");
    UNTIL(fixture->registry, now, now.copies_written == 1);
}

/* ---------------------------------------------------------------- who waits */

struct call {
    atomic_uint count;
    atomic_llong at;
};

static void note_call(void *arg)
{
    struct call *call = arg;

    atomic_store(&call->at, clock_mono_ms());
    atomic_fetch_add(&call->count, 1);
}

static bool is_called(struct call *call)
{
    int64_t give_up = clock_mono_ms() + 5000;

    while (!atomic_load(&call->count) && clock_mono_ms() < give_up)
        nap();
    return atomic_load(&call->count) == 1;
}

static void test_waiting_for_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct call call = {0};

    put(fixture, DOMAIN, "");
    assert_int_equal(registry_wait(fixture->registry, DOMAIN, 1000, note_call, &call), 0);
    assert_int_equal(registry_wait(fixture->registry, "no domain", 1000, note_call, &call), 0);
    assert_int_equal(registry_wait(fixture->registry, "away.test", 1000, note_call, &call), 0);
    assert_int_equal(atomic_load(&call.count), 3);
}

static void test_waiting_until_it_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct call one = {0}, other = {0}, unknown = {0};
    struct registry_state now;

    registry_connected(fixture->registry, fixture->db);
    registry_changed(fixture->registry, DOMAIN);
    registry_changed(fixture->registry, "beta.test");
    assert_int_equal(registry_wait(fixture->registry, DOMAIN, 60000, note_call, &one), 0);
    assert_int_equal(registry_wait(fixture->registry, "beta.test", 60000, note_call, &other), 0);
    assert_int_equal(registry_wait(fixture->registry, "none.test", 60000, note_call, &unknown), 0);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.waiting, 3);
    sql_gives(fixture->registry, DOMAIN, "x");
    assert_int_equal(atomic_load(&one.count), 1);
    assert_int_equal(atomic_load(&other.count) + atomic_load(&unknown.count), 0);
    registry_names(fixture->registry, 0);
    assert_int_equal(atomic_load(&unknown.count), 1);
    assert_int_equal(get(fixture, "none.test"), -ENOENT);
    registry_lost(fixture->registry);
    assert_int_equal(atomic_load(&other.count), 1);
    assert_int_equal(get(fixture, "beta.test"), -EAGAIN);
}

static void test_waiting_long_enough(void **state)
{
    struct fixture *fixture = *state;
    struct call calls[3] = {0};
    const int wait_ms[] = {200, 20, 120};
    int64_t took, began = clock_mono_ms();

    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(registry_wait(fixture->registry, DOMAIN, wait_ms[i], note_call, &calls[i]),
                         0);
    for (int i = 0; i < 3; i++) {
        assert_true(is_called(&calls[i]));
        took = atomic_load(&calls[i].at) - began;
        assert_true(took >= wait_ms[i] && took < wait_ms[i] + 1000);
    }
    assert_int_equal(get(fixture, DOMAIN), -EINPROGRESS);
}

static void test_waiters_are_bounded_and_called_at_the_end(void **state)
{
    enum { MOST = 1024 };
    static struct call calls[MOST];
    struct fixture *fixture = *state;
    struct call more = {0};

    memset(calls, 0, sizeof(calls));
    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    for (int i = 0; i < MOST; i++)
        assert_int_equal(registry_wait(fixture->registry, DOMAIN, 60000, note_call, &calls[i]), 0);
    assert_int_equal(registry_wait(fixture->registry, DOMAIN, 60000, note_call, &more), -EAGAIN);
    registry_stop(fixture->registry);
    for (int i = 0; i < MOST; i++)
        assert_int_equal(atomic_load(&calls[i].count), 1);
    assert_int_equal(registry_wait(fixture->registry, DOMAIN, 60000, note_call, &more), -EAGAIN);
    assert_int_equal(atomic_load(&more.count), 0);
}

/* ---------------------------------------------------------------- copies */

static void test_served_from_copies(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    leave_copy(fixture, "acme.test", "acme");
    leave_copy(fixture, "beta.test", "beta");
    start(fixture, true, 0);
    registry_state(fixture->registry, &now);
    assert_true(now.copies);
    assert_false(now.ready || now.online);
    assert_int_equal(now.tenants, 2);
    assert_int_equal(now.in_memory, 0);
    assert_int_equal(get(fixture, "acme.test"), -EINPROGRESS);
    assert_mark(fixture, "acme.test", "acme");
    assert_mark(fixture, "beta.test", "beta");
    assert_int_equal(get(fixture, "none.test"), -EAGAIN);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.in_memory, 2);
    assert_int_equal(now.copies_read, 2);
    assert_int_equal(now.copies_written + now.copies_failed + now.copies_refused, 0);
    assert_int_equal(fixture->loaded, 0);
}

static void spoil(const struct fixture *fixture, const char *domain)
{
    int fd = open(tmpdir_path(fixture->folder, domain), O_RDWR);
    char byte;

    assert_int_equal(pread(fd, &byte, 1, COPY_HEAD + 100), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, COPY_HEAD + 100), 1);
    close(fd);
}

/* It looks as the right one does, by head and length: it has to go, to be written again. */
static void test_damaged_copy(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;
    char mark[16];

    leave_copy(fixture, DOMAIN, "same");
    spoil(fixture, DOMAIN);
    start(fixture, true, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(get_mark(fixture->registry, DOMAIN, mark), -EAGAIN);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.copies_refused, 1);
    assert_false(has_file(fixture, DOMAIN));
    go_online(fixture);
    sql_gives(fixture->registry, DOMAIN, "same");
    UNTIL(fixture->registry, now, now.copies_written == 1);
    start(fixture, true, 0);
    assert_mark(fixture, DOMAIN, "same");
}

/* However many ask while it is being read. */
static void test_copies_are_read_once(void **state)
{
    enum { COPIES = 50 };
    struct fixture *fixture = *state;
    struct registry_state now;
    char domain[32];

    for (int i = 0; i < COPIES; i++) {
        snprintf(domain, sizeof(domain), "t%d.test", i);
        leave_copy(fixture, domain, "same");
        spoil(fixture, domain);
    }
    start(fixture, true, 0);
    for (int i = 0; i < COPIES; i++) {
        snprintf(domain, sizeof(domain), "t%d.test", i);
        while (get(fixture, domain) == -EINPROGRESS)
            continue;
        assert_int_equal(get(fixture, domain), -EAGAIN);
    }
    registry_stop(fixture->registry);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.copies_refused, COPIES);
}

static void test_copies_are_written(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    start(fixture, true, 0);
    sql_gives(fixture->registry, "acme.test", "1");
    sql_gives(fixture->registry, "beta.test", "1");
    UNTIL(fixture->registry, now, now.copies_written == 2);
    assert_true(has_file(fixture, "acme.test"));
    /* The same again costs no write: not now, and not after a start. */
    sql_gives(fixture->registry, "acme.test", "1");
    start(fixture, true, 0);
    sql_gives(fixture->registry, "acme.test", "1");
    registry_stop(fixture->registry);
    registry_state(fixture->registry, &now);
    assert_int_equal(now.copies_written, 0);
}

/* Ten changes in a moment are one write at once, and one for the last of them. */
static void test_the_newest_wins(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;
    int64_t began = clock_mono_ms();
    char mark[8];

    start(fixture, true, 0);
    for (int i = 1; i <= 10; i++) {
        snprintf(mark, sizeof(mark), "%d", i);
        sql_gives(fixture->registry, DOMAIN, mark);
        for (int j = 0; j < 10; j++)
            nap();
    }
    registry_stop(fixture->registry);
    registry_state(fixture->registry, &now);
    /* More only on a machine that took more than a second for this. */
    assert_in_range(now.copies_written, 1, 2 + (clock_mono_ms() - began) / 1000);
    start(fixture, true, 0);
    assert_mark(fixture, DOMAIN, "10");
}

static void test_copies_of_the_gone_are_removed(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    leave_copy(fixture, "acme.test", "acme");
    leave_copy(fixture, "beta.test", "beta");
    start(fixture, true, 0);
    assert_mark(fixture, "acme.test", "acme");
    /* Only when SQL says so. */
    registry_lost(fixture->registry);
    assert_mark(fixture, "acme.test", "acme");
    go_online(fixture);
    registry_read(fixture->registry, "acme.test", -ENOTCONN, NULL, NULL);
    assert_mark(fixture, "acme.test", "acme");
    registry_read(fixture->registry, "acme.test", -ENOENT, NULL, NULL);
    assert_int_equal(get(fixture, "acme.test"), -ENOENT);
    for (int i = 0; i < 5000 && has_file(fixture, "acme.test"); i++)
        nap();
    assert_false(has_file(fixture, "acme.test"));
    assert_true(has_file(fixture, "beta.test"));
    UNTIL(fixture->registry, now, now.tenants == 1);
    /* It comes back, with a copy. */
    registry_changed(fixture->registry, "acme.test");
    sql_gives(fixture->registry, "acme.test", "again");
    UNTIL(fixture->registry, now, now.copies_written == 1);
    assert_true(has_file(fixture, "acme.test"));
}

/* A tenant that comes back while its copy is about to be removed keeps the new one. */
static void test_gone_and_back(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, true, 0);
    go_online(fixture);
    for (int i = 0; i < 100; i++) {
        sql_gives(fixture->registry, DOMAIN, "before");
        registry_read(fixture->registry, DOMAIN, -ENOENT, NULL, NULL);
        assert_int_equal(get(fixture, DOMAIN), -ENOENT);
    }
    sql_gives(fixture->registry, DOMAIN, "after");
    registry_stop(fixture->registry);
    start(fixture, true, 0);
    assert_mark(fixture, DOMAIN, "after");
}

/* SQL wins, also over a copy that was put in place first. */
static void test_sql_after_the_copy(void **state)
{
    struct fixture *fixture = *state;

    leave_copy(fixture, DOMAIN, "old");
    start(fixture, true, 0);
    assert_mark(fixture, DOMAIN, "old");
    go_online(fixture);
    sql_gives(fixture->registry, DOMAIN, "new");
    assert_mark(fixture, DOMAIN, "new");
    registry_lost(fixture->registry);
    assert_mark(fixture, DOMAIN, "new");
}

/* The connection is there and nothing comes over it: the copy serves until something does. */
static void test_silent_database(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;
    int64_t began;

    leave_copy(fixture, DOMAIN, "old");
    start(fixture, true, 0);
    go_online(fixture);
    began = clock_mono_ms();
    assert_int_equal(get(fixture, DOMAIN), -EINPROGRESS);
    assert_mark(fixture, DOMAIN, "old");
    assert_in_range(clock_mono_ms() - began, 50, 4000); /* get_mark waits for 5000 */
    registry_state(fixture->registry, &now);
    assert_int_equal(now.pending, 1);
    sql_gives(fixture->registry, DOMAIN, "new");
    assert_mark(fixture, DOMAIN, "new");
}

/* Who waits for SQL gets the copy when the connection goes. */
static void test_lost_while_waiting(void **state)
{
    struct fixture *fixture = *state;
    struct call call = {0};

    leave_copy(fixture, DOMAIN, "old");
    start(fixture, true, 0);
    go_online(fixture);
    assert_int_equal(registry_wait(fixture->registry, DOMAIN, 60000, note_call, &call), 0);
    registry_lost(fixture->registry);
    assert_true(is_called(&call));
    assert_int_equal(get(fixture, DOMAIN), 0);
}

static void test_disk_refuses(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    start(fixture, true, 1);
    /* A folder cannot be replaced by a file, not even by root. */
    assert_int_equal(mkdir(tmpdir_path(fixture->folder, DOMAIN), 0700), 0);
    go_online(fixture);
    sql_gives(fixture->registry, DOMAIN, "x");
    UNTIL(fixture->registry, now, now.copies_failed == 1);
    assert_int_equal(now.copies_written, 0);
    /* Without a copy it stays in memory, and is served. */
    for (int i = 0; i < 50; i++)
        nap();
    registry_lost(fixture->registry);
    assert_mark(fixture, DOMAIN, "x");
    assert_int_equal(rmdir(tmpdir_path(fixture->folder, DOMAIN)), 0);
}

/* ---------------------------------------------------------------- idle tenants */

static void test_idle_tenants_leave(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    start(fixture, true, 50);
    sql_gives(fixture->registry, "acme.test", "acme");
    put(fixture, "beta.test", "has no copy");
    UNTIL(fixture->registry, now, now.in_memory == 1);
    assert_int_equal(now.tenants, 2);
    assert_mark(fixture, "beta.test", "has no copy");
    /* Offline it comes from its copy, online from SQL. */
    assert_int_equal(get(fixture, "acme.test"), -EINPROGRESS);
    assert_mark(fixture, "acme.test", "acme");
    UNTIL(fixture->registry, now, now.in_memory == 1);
    go_online(fixture);
    assert_int_equal(get(fixture, "acme.test"), -EINPROGRESS);
    sql_gives(fixture->registry, "acme.test", "from SQL");
    assert_mark(fixture, "acme.test", "from SQL");
}

static void test_tenants_in_use_stay(void **state)
{
    struct fixture *fixture = *state;
    int64_t last, now = clock_mono_ms(), until = now + 800;
    int res;

    start(fixture, true, 400);
    sql_gives(fixture->registry, DOMAIN, "x");
    while (now < until) {
        last = now;
        now = clock_mono_ms();
        res = get(fixture, DOMAIN);
        /* A machine that stood still for so long has not used it. */
        if (clock_mono_ms() - last < 400)
            assert_int_equal(res, 0);
        else
            sql_gives(fixture->registry, DOMAIN, "x");
        nap();
    }
}

static void test_being_read_is_pending(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;
    bool copy;

    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    assert_non_null(registry_next(fixture->registry, &copy));
    registry_state(fixture->registry, &now);
    assert_int_equal(now.pending, 1);
    sql_gives(fixture->registry, DOMAIN, "x");
    registry_state(fixture->registry, &now);
    assert_int_equal(now.pending, 0);
}

/* Its copy is kept true all the same. */
static void test_idle_tenant_changes(void **state)
{
    struct fixture *fixture = *state;
    struct registry_state now;

    start(fixture, true, 50);
    go_online(fixture);
    sql_gives(fixture->registry, DOMAIN, "old");
    UNTIL(fixture->registry, now, now.in_memory == 0 && now.copies_written == 1);
    registry_changed(fixture->registry, DOMAIN);
    sql_gives(fixture->registry, DOMAIN, "new");
    UNTIL(fixture->registry, now, now.in_memory == 0 && now.copies_written == 2);
    assert_int_equal(fixture->loaded, 2);
    registry_lost(fixture->registry);
    assert_mark(fixture, DOMAIN, "new");
}

/* A media node's thread asks until it is stopped, which comes after the listener. AddressSanitizer
 * sees who uses that then. */
static void test_asked_after_the_listener(void **state)
{
    struct fixture *fixture = *state;

    go_online(fixture);
    registry_changed(fixture->registry, DOMAIN);
    registry_stop(fixture->registry);
    registry_connected(fixture->registry, fixture->db);
    listen_stop(fixture->db);
    fixture->db = NULL;
    assert_int_equal(get(fixture, DOMAIN), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

UNIT_MAIN("registry", TEST(test_get), TEST(test_reference_outlives_the_next_one), TEST(test_state),
          TEST(test_unknown_names), TEST(test_inserted_and_deleted),
          TEST(test_list_of_names_refused), TEST(test_tenant_refused), TEST(test_order_of_reading),
          TEST(test_read_again_for_the_copy), TEST(test_waiting_for_what_is_there),
          TEST(test_waiting_until_it_is_there), TEST(test_waiting_long_enough),
          TEST(test_waiters_are_bounded_and_called_at_the_end), TEST(test_served_from_copies),
          TEST(test_damaged_copy), TEST(test_copies_are_read_once), TEST(test_copies_are_written),
          TEST(test_the_newest_wins), TEST(test_copies_of_the_gone_are_removed),
          TEST(test_gone_and_back), TEST(test_sql_after_the_copy), TEST(test_silent_database),
          TEST(test_lost_while_waiting), TEST(test_disk_refuses), TEST(test_idle_tenants_leave),
          TEST(test_tenants_in_use_stay), TEST(test_idle_tenant_changes),
          TEST(test_asked_after_the_listener), TEST(test_being_read_is_pending))
