/* The map, and those who read from it. */
#include "tenant/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "tenant/registry_private.h"

/* uthash reports here, instead of leaving the program, that an element was not added. */
#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(element) ((element)->gone = true)

enum {
    /* SQL gets this long before a tenant is also looked for in its copy: a server that hangs is
     * found out only after seconds. */
    SLOW_MS = 100,
    STOP_MS = 1000, /* how long copies are written after registry_stop */
};

static int start(struct registry *registry)
{
    int res = registry->options.folder ? registry_copies_start(registry) : 0;

    return res ? res : registry_timer_start(registry);
}

int registry_new(struct registry **out, const struct registry_options *options)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    pthread_condattr_t attr;
    int res;

    if (!registry)
        return -ENOMEM;
    registry->options = *options;
    registry->folder = -1;
    for (size_t i = 0; i < READINGS; i++)
        TAILQ_INIT(&registry->queues[i]);
    TAILQ_INIT(&registry->jobs);
    TAILQ_INIT(&registry->waiters);
    /* None of these fails with these arguments. */
    pthread_mutex_init(&registry->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&registry->time, &attr);
    pthread_cond_init(&registry->jobs_changed, &attr);
    pthread_condattr_destroy(&attr);
    res = start(registry);
    registry->options.folder = NULL;
    if (res) {
        registry_free(registry);
        return res;
    }
    *out = registry;
    return 0;
}

static struct tenant *find_any(struct registry *registry, const char *domain)
{
    struct tenant *tenant;

    HASH_FIND_STR(registry->tenants, domain, tenant);
    return tenant;
}

struct tenant *registry_find(struct registry *registry, const char *domain)
{
    struct tenant *tenant = find_any(registry, domain);

    return tenant && !tenant->gone ? tenant : NULL;
}

struct tenant *registry_add(struct registry *registry, const char *domain)
{
    struct tenant *tenant = find_any(registry, domain);
    size_t size = strlen(domain) + 1;

    if (tenant)
        return tenant;
    tenant = calloc(1, sizeof(*tenant) + size);
    if (!tenant)
        return NULL;
    memcpy(tenant->domain, domain, size);
    HASH_ADD_STR(registry->tenants, domain, tenant);
    if (tenant->gone) {
        free(tenant);
        return NULL;
    }
    tenant->asked = clock_mono_ms();
    return tenant;
}

void registry_forget(struct registry *registry, struct tenant *tenant)
{
    if (!tenant->gone || tenant->queued || tenant->reading || tenant->has_job || tenant->working)
        return;
    HASH_DEL(registry->tenants, tenant);
    free(tenant);
}

struct snapshot *registry_exchange(struct tenant *tenant, struct snapshot *snapshot)
{
    struct snapshot *old = tenant->snapshot;

    tenant->snapshot = snapshot;
    if (snapshot)
        tenant->asked_first = 0;
    return old;
}

bool registry_is_idle(const struct registry *registry, const struct tenant *tenant)
{
    return registry->options.idle_ms && tenant->snapshot && tenant->has_copy && !tenant->behind &&
           !tenant->rows.len && !tenant->working &&
           clock_mono_ms() - tenant->asked >= registry->options.idle_ms;
}

static int look_unknown(const struct registry *registry)
{
    if (!registry->db || clock_mono_ms() < registry->names_failed_until)
        return -EAGAIN;
    return registry->names_known ? -ENOENT : -EINPROGRESS;
}

/* It is not in memory: SQL is asked, and the copy while SQL does not answer. */
static int fetch(struct registry *registry, struct tenant *tenant)
{
    bool sql = registry->db && tenant->asked >= tenant->failed_until;

    if (!tenant->asked_first)
        tenant->asked_first = tenant->asked;
    if (sql)
        registry_want(registry, tenant, READ_ASKED);
    if (sql && tenant->asked - tenant->asked_first < SLOW_MS)
        return -EINPROGRESS;
    return registry_copy_want(registry, tenant) || sql ? -EINPROGRESS : -EAGAIN;
}

int registry_look(struct registry *registry, const char *domain, struct snapshot **out)
{
    struct tenant *tenant = registry_find(registry, domain);

    if (!tenant)
        return look_unknown(registry);
    tenant->asked = clock_mono_ms();
    if (!tenant->snapshot)
        return fetch(registry, tenant);
    /* What is in use is made true first. */
    if (tenant->queued && tenant->why == READ_AGAIN)
        registry_want(registry, tenant, READ_CHANGED);
    if (out)
        *out = snapshot_ref(tenant->snapshot);
    return 0;
}

int registry_get(struct registry *registry, const char *domain, struct snapshot **out)
{
    int res;

    if (!str_is_domain(domain))
        return -ENOENT;
    pthread_mutex_lock(&registry->lock);
    res = registry_look(registry, domain, out);
    pthread_mutex_unlock(&registry->lock);
    return res;
}

int registry_put(struct registry *registry, struct snapshot *snapshot)
{
    struct waiters done = TAILQ_HEAD_INITIALIZER(done);
    struct snapshot *old = NULL;
    struct tenant *tenant;

    pthread_mutex_lock(&registry->lock);
    tenant = registry_add(registry, snapshot_domain(snapshot));
    if (tenant) {
        tenant->gone = false;
        old = registry_exchange(tenant, snapshot);
        registry_waiters_done(registry, tenant->domain, &done);
    }
    pthread_mutex_unlock(&registry->lock);
    snapshot_unref(old);
    registry_waiters_call(&done);
    return tenant ? 0 : -ENOMEM;
}

static void add_tenant(struct registry_state *state, const struct tenant *tenant)
{
    struct snapshot_size size;

    /* No longer in a queue, and not there yet. */
    state->pending += tenant->reading && tenant->why != READ_FOR_COPY;
    if (tenant->gone)
        return;
    state->tenants++;
    if (!tenant->snapshot)
        return;
    snapshot_size(tenant->snapshot, &size);
    state->in_memory++;
    state->size.users += size.users;
    state->size.extensions += size.extensions;
    state->size.menus += size.menus;
    state->size.mailboxes += size.mailboxes;
    state->size.bytes += size.bytes;
}

void registry_state(struct registry *registry, struct registry_state *out)
{
    struct registry_state state = {0};

    pthread_mutex_lock(&registry->lock);
    state.online = registry->db;
    state.ready = registry->ready;
    state.copies = registry->had_copies;
    state.pending = registry_pending(registry);
    state.waiting = registry->waiting;
    state.loads = registry->loads;
    state.copies_written = registry->written;
    state.copies_failed = registry->failed;
    state.copies_read = registry->read;
    state.copies_refused = registry->refused;
    for (struct tenant *tenant = registry->tenants; tenant; tenant = tenant->hh.next)
        add_tenant(&state, tenant);
    pthread_mutex_unlock(&registry->lock);
    *out = state;
}

void registry_stop(struct registry *registry)
{
    if (!registry)
        return;
    pthread_mutex_lock(&registry->lock);
    registry->stopping = true;
    registry->stop_by = clock_mono_ms() + STOP_MS;
    /* It may be gone before the last reader is. */
    registry->db = NULL;
    pthread_mutex_unlock(&registry->lock);
    registry_timer_stop(registry);
    registry_copies_stop(registry);
}

void registry_free(struct registry *registry)
{
    struct tenant *tenant, *next;

    if (!registry)
        return;
    registry_stop(registry);
    for (tenant = registry->tenants; tenant; tenant = next) {
        next = tenant->hh.next;
        HASH_DEL(registry->tenants, tenant);
        snapshot_unref(tenant->snapshot);
        buf_free(&tenant->rows);
        free(tenant);
    }
    if (registry->folder >= 0)
        close(registry->folder);
    pthread_cond_destroy(&registry->jobs_changed);
    pthread_cond_destroy(&registry->time);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}
