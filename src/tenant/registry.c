#include "tenant/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"
#include "base/str.h"
#include "tenant/load.h"

/* uthash reports here, instead of leaving the program, that an element was not added. */
#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(element) ((element)->queued = false)

enum {
    UNKNOWN_MS = 5000, /* how long "no such tenant" is believed without a notification */
    FAILED_MS = 1000,  /* how long nobody waits again for a tenant that could not be read */
    /* Names without a tenant that are remembered; beyond, all of them are forgotten. Bounds the
     * memory that asking for names at random can take. */
    HOLLOW_MAX = 1024,
    WAITERS_MAX = 16, /* threads that wait at a time; the rest are told to come again */
    /* How long one call of registry_settled goes on taking the next tenant: notifications wait for
     * at most this long and one tenant more. */
    SETTLE_MS = 10,
};

struct tenant {
    UT_hash_handle hh;
    struct snapshot *snapshot; /* NULL: hollow, see below */
    struct tenant *next;       /* in the queue of what is to be read */
    bool queued;
    int absent;           /* what readers of a hollow one are told before `absent_until`: */
    int64_t absent_until; /* -ENOENT or -EAGAIN */
    char domain[];
};

struct registry {
    pthread_mutex_t lock;
    pthread_cond_t loaded; /* a tenant was read, or the database went away */
    struct tenant *tenants;
    struct tenant *first, *last; /* the queue */
    size_t pending;              /* its length */
    size_t hollow;               /* tenants without a snapshot */
    int waiters;
    uint64_t loads;
    bool ready;
    bool names_due;    /* the list of tenants is to be read; the listener's thread only */
    struct listen *db; /* for listen_wake; NULL while offline */
};

int registry_new(struct registry **out)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    pthread_condattr_t attr;

    if (!registry)
        return -ENOMEM;
    /* Neither of these fails with these arguments. */
    pthread_mutex_init(&registry->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&registry->loaded, &attr);
    pthread_condattr_destroy(&attr);
    *out = registry;
    return 0;
}

static struct tenant *find(struct registry *registry, const char *domain)
{
    struct tenant *tenant;

    HASH_FIND_STR(registry->tenants, domain, tenant);
    return tenant;
}

/* Forgets names without a tenant that nobody is about to look up. */
static void forget_hollow(struct registry *registry)
{
    struct tenant *tenant, *next;

    for (tenant = registry->tenants; tenant; tenant = next) {
        next = tenant->hh.next;
        if (tenant->snapshot || tenant->queued)
            continue;
        HASH_DEL(registry->tenants, tenant);
        registry->hollow--;
        free(tenant);
    }
}

/* A new, hollow and queued one (the caller puts it into the queue). NULL without memory. */
static struct tenant *add(struct registry *registry, const char *domain)
{
    size_t size = strlen(domain) + 1;
    struct tenant *tenant;

    if (registry->hollow >= HOLLOW_MAX)
        forget_hollow(registry);
    tenant = calloc(1, sizeof(*tenant) + size);
    if (!tenant)
        return NULL;
    memcpy(tenant->domain, domain, size);
    tenant->queued = true;
    HASH_ADD_STR(registry->tenants, domain, tenant);
    if (!tenant->queued) {
        free(tenant);
        return NULL;
    }
    registry->hollow++;
    return tenant;
}

/* To the end of the queue, or to its head when somebody waits for it. */
static void enqueue(struct registry *registry, struct tenant *tenant, bool urgent)
{
    tenant->queued = true;
    tenant->absent_until = 0;
    tenant->next = urgent ? registry->first : NULL;
    if (!registry->first)
        registry->first = registry->last = tenant;
    else if (urgent)
        registry->first = tenant;
    else
        registry->last = registry->last->next = tenant;
    registry->pending++;
}

/* Sees to it that the tenant will be read. -ENOMEM. */
static int want(struct registry *registry, const char *domain, bool urgent)
{
    struct tenant *tenant = find(registry, domain);

    if (tenant && tenant->queued)
        return 0;
    if (!tenant)
        tenant = add(registry, domain);
    if (!tenant)
        return -ENOMEM;
    enqueue(registry, tenant, urgent);
    return 0;
}

/* 0 with a reference; -ENOENT or -EAGAIN when that is known; -EINPROGRESS when it has to be read.
 */
static int look(struct registry *registry, const char *domain, struct snapshot **out)
{
    struct tenant *tenant = find(registry, domain);

    if (tenant && tenant->snapshot) {
        *out = snapshot_ref(tenant->snapshot);
        return 0;
    }
    if (tenant && clock_mono_ms() < tenant->absent_until)
        return tenant->absent;
    if (!registry->db || want(registry, domain, true))
        return -EAGAIN;
    listen_wake(registry->db);
    return -EINPROGRESS;
}

static struct timespec deadline_after(int wait_ms)
{
    int64_t at = clock_mono_ms() + wait_ms;

    return (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
}

int registry_get(struct registry *registry, const char *domain, int wait_ms, struct snapshot **out)
{
    struct timespec deadline;
    int res, late = 0;

    if (!str_is_domain(domain))
        return -ENOENT;
    pthread_mutex_lock(&registry->lock);
    res = look(registry, domain, out);
    if (res == -EINPROGRESS && wait_ms > 0 && registry->waiters < WAITERS_MAX) {
        deadline = deadline_after(wait_ms);
        registry->waiters++;
        while (res == -EINPROGRESS && !late) {
            late = pthread_cond_timedwait(&registry->loaded, &registry->lock, &deadline);
            res = look(registry, domain, out);
        }
        registry->waiters--;
    }
    pthread_mutex_unlock(&registry->lock);
    return res == -EINPROGRESS ? -EAGAIN : res;
}

struct name_list {
    struct registry *registry;
    int error;
};

static void want_name(const char *domain, void *arg)
{
    struct name_list *list = arg;

    pthread_mutex_lock(&list->registry->lock);
    if (!list->error)
        list->error = want(list->registry, domain, false);
    pthread_mutex_unlock(&list->registry->lock);
}

static int load_names(struct registry *registry, struct listen *db, struct err *err)
{
    struct name_list list = {.registry = registry};
    int res = snapshot_domains(db, want_name, &list, err);

    if (!res && list.error)
        res = err_sys(err, list.error, "cannot note the tenants");
    registry->names_due = res != 0;
    return res;
}

void registry_connected(struct registry *registry, struct listen *db)
{
    pthread_mutex_lock(&registry->lock);
    registry->db = db;
    pthread_mutex_unlock(&registry->lock);
    registry_changed(registry, NULL);
    listen_wake(db);
}

void registry_lost(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    registry->db = NULL;
    pthread_cond_broadcast(&registry->loaded);
    pthread_mutex_unlock(&registry->lock);
}

/* Those in memory; names that are not come with load_names. */
static void want_all(struct registry *registry)
{
    struct tenant *tenant;

    for (tenant = registry->tenants; tenant; tenant = tenant->hh.next) {
        if (!tenant->queued)
            enqueue(registry, tenant, false);
    }
}

void registry_changed(struct registry *registry, const char *domain)
{
    if (!domain)
        registry->names_due = true;
    pthread_mutex_lock(&registry->lock);
    if (!domain)
        want_all(registry);
    else if (want(registry, domain, false))
        registry->names_due = true; /* no memory for the name: from the list, later */
    pthread_mutex_unlock(&registry->lock);
}

/* The head of the queue. It stays `queued` until it is read, so nobody takes it away meanwhile. */
static struct tenant *dequeue(struct registry *registry)
{
    struct tenant *tenant;

    pthread_mutex_lock(&registry->lock);
    tenant = registry->first;
    if (tenant) {
        registry->first = tenant->next;
        registry->pending--;
    }
    pthread_mutex_unlock(&registry->lock);
    return tenant;
}

/* Exchanges the snapshot (NULL: none) and returns the one before. With the lock held. */
static struct snapshot *exchange(struct registry *registry, struct tenant *tenant,
                                 struct snapshot *snapshot)
{
    struct snapshot *old = tenant->snapshot;

    if (old && !snapshot)
        registry->hollow++;
    if (!old && snapshot)
        registry->hollow--;
    tenant->snapshot = snapshot;
    return old;
}

int registry_put(struct registry *registry, struct snapshot *snapshot)
{
    const char *domain = snapshot_domain(snapshot);
    struct snapshot *old = NULL;
    struct tenant *tenant;

    pthread_mutex_lock(&registry->lock);
    tenant = find(registry, domain);
    if (!tenant) {
        tenant = add(registry, domain);
        if (tenant)
            tenant->queued = false;
    }
    if (tenant)
        old = exchange(registry, tenant, snapshot);
    pthread_cond_broadcast(&registry->loaded);
    pthread_mutex_unlock(&registry->lock);
    snapshot_unref(old);
    return tenant ? 0 : -ENOMEM;
}

/* Puts what was read (or not: `res`) in place, and returns what was there before. */
static struct snapshot *replace(struct registry *registry, struct tenant *tenant, int res,
                                struct snapshot *snapshot)
{
    tenant->queued = false;
    if (res && res != -ENOENT) {
        enqueue(registry, tenant, false);
        tenant->absent = -EAGAIN;
        tenant->absent_until = clock_mono_ms() + FAILED_MS;
        return NULL;
    }
    tenant->absent = -ENOENT;
    tenant->absent_until = clock_mono_ms() + UNKNOWN_MS;
    registry->loads++;
    return exchange(registry, tenant, snapshot);
}

static int load_one(struct registry *registry, struct listen *db, struct tenant *tenant,
                    struct err *err)
{
    struct snapshot *snapshot = NULL, *old;
    /* Nobody else frees or renames a queued tenant. */
    int res = snapshot_load(db, tenant->domain, &snapshot, err);

    pthread_mutex_lock(&registry->lock);
    old = replace(registry, tenant, res, snapshot);
    pthread_cond_broadcast(&registry->loaded);
    pthread_mutex_unlock(&registry->lock);
    snapshot_unref(old);
    if (res == -ENOENT)
        return 0;
    if (res)
        err_prefix(err, "tenant %s", tenant->domain);
    return res;
}

/* One round of the queue, or what of it fits into SETTLE_MS. */
static int load_some(struct registry *registry, struct listen *db, struct err *err)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    size_t round;
    struct tenant *tenant;
    int res, first_error = 0;

    pthread_mutex_lock(&registry->lock);
    round = registry->pending;
    pthread_mutex_unlock(&registry->lock);
    while (round-- && (tenant = dequeue(registry))) {
        res = load_one(registry, db, tenant, first_error ? NULL : err);
        if (res == -ENOTCONN || res == -ECANCELED)
            return res;
        if (res && !first_error)
            first_error = res;
        if (round && clock_mono_ms() >= until) {
            listen_wake(db);
            break;
        }
    }
    return first_error;
}

int registry_settled(struct registry *registry, struct listen *db, struct err *err)
{
    int res = registry->names_due ? load_names(registry, db, err) : 0;

    if (!res)
        res = load_some(registry, db, err);
    pthread_mutex_lock(&registry->lock);
    if (!res && !registry->pending)
        registry->ready = true;
    pthread_mutex_unlock(&registry->lock);
    return res;
}

void registry_state(struct registry *registry, struct registry_state *out)
{
    struct registry_state state = {0};
    struct snapshot_size size;
    struct tenant *tenant;

    pthread_mutex_lock(&registry->lock);
    state.online = registry->db;
    state.ready = registry->ready;
    state.pending = registry->pending;
    state.loads = registry->loads;
    for (tenant = registry->tenants; tenant; tenant = tenant->hh.next) {
        if (!tenant->snapshot)
            continue;
        snapshot_size(tenant->snapshot, &size);
        state.tenants++;
        state.size.users += size.users;
        state.size.extensions += size.extensions;
        state.size.menus += size.menus;
        state.size.mailboxes += size.mailboxes;
        state.size.bytes += size.bytes;
    }
    pthread_mutex_unlock(&registry->lock);
    *out = state;
}

void registry_free(struct registry *registry)
{
    struct tenant *tenant, *next;

    if (!registry)
        return;
    for (tenant = registry->tenants; tenant; tenant = next) {
        next = tenant->hh.next;
        HASH_DEL(registry->tenants, tenant);
        snapshot_unref(tenant->snapshot);
        free(tenant);
    }
    pthread_cond_destroy(&registry->loaded);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}
