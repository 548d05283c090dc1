/* What is to be read from SQL, in which order, and what becomes of it. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "tenant/load.h"
#include "tenant/prompts.h"
#include "tenant/registry_private.h"

enum {
    FAILED_MS = 1000, /* how long nobody waits again for what SQL refused */
    /* How long one call of registry_settled goes on taking the next tenant: notifications wait for
     * at most this long and one tenant more. */
    SETTLE_MS = 10,
};

static void enqueue(struct registry *registry, struct tenant *tenant, enum reading why)
{
    tenant->queued = true;
    tenant->why = why;
    TAILQ_INSERT_TAIL(&registry->queues[why], tenant, queue);
    registry->queued[why]++;
}

static void unqueue(struct registry *registry, struct tenant *tenant)
{
    tenant->queued = false;
    TAILQ_REMOVE(&registry->queues[tenant->why], tenant, queue);
    registry->queued[tenant->why]--;
}

void registry_want(struct registry *registry, struct tenant *tenant, enum reading why)
{
    /* Notifications come in the thread that reads: what is being read now is new enough. */
    if (tenant->reading || (tenant->queued && tenant->why >= why))
        return;
    if (tenant->queued)
        unqueue(registry, tenant);
    enqueue(registry, tenant, why);
    if (registry->db && why == READ_ASKED)
        listen_wake(registry->db);
}

size_t registry_pending(const struct registry *registry)
{
    return registry->queued[READ_AGAIN] + registry->queued[READ_CHANGED] +
           registry->queued[READ_ASKED];
}

void registry_connected(struct registry *registry, struct listen *db)
{
    pthread_mutex_lock(&registry->lock);
    registry->db = registry->stopping ? NULL : db;
    pthread_mutex_unlock(&registry->lock);
    registry_changed(registry, NULL);
    listen_wake(db);
}

void registry_lost(struct registry *registry)
{
    struct waiters done = TAILQ_HEAD_INITIALIZER(done);

    pthread_mutex_lock(&registry->lock);
    registry->db = NULL;
    registry->names_known = false;
    registry_waiters_done(registry, NULL, &done);
    pthread_mutex_unlock(&registry->lock);
    registry_waiters_call(&done);
}

/* Those that are known; others come with the list of names. */
static void want_all(struct registry *registry)
{
    for (struct tenant *tenant = registry->tenants; tenant; tenant = tenant->hh.next)
        registry_want(registry, tenant, READ_AGAIN);
}

static bool want_one(struct registry *registry, const char *domain, enum reading why)
{
    struct tenant *tenant = registry_add(registry, domain);

    if (tenant)
        registry_want(registry, tenant, why);
    return tenant;
}

void registry_changed(struct registry *registry, const char *domain)
{
    pthread_mutex_lock(&registry->lock);
    if (!domain) {
        want_all(registry);
        registry->names_due = true;
    } else if (!want_one(registry, domain, READ_CHANGED)) {
        /* No memory for the name: it comes from the list, and till then nobody is unknown. */
        registry->names_due = true;
        registry->names_known = false;
    }
    pthread_mutex_unlock(&registry->lock);
}

struct name_list {
    struct registry *registry;
    int error;
};

static void want_name(const char *domain, void *arg)
{
    struct name_list *list = arg;

    pthread_mutex_lock(&list->registry->lock);
    if (!registry_find(list->registry, domain) && !want_one(list->registry, domain, READ_AGAIN))
        list->error = -ENOMEM;
    pthread_mutex_unlock(&list->registry->lock);
}

void registry_names(struct registry *registry, int res)
{
    struct waiters done = TAILQ_HEAD_INITIALIZER(done);

    pthread_mutex_lock(&registry->lock);
    registry->names_due = res;
    registry->names_known = !res;
    registry->names_failed_until = res ? clock_mono_ms() + FAILED_MS : 0;
    registry_waiters_done(registry, NULL, &done);
    pthread_mutex_unlock(&registry->lock);
    registry_waiters_call(&done);
}

static int load_names(struct registry *registry, struct listen *db, struct err *err)
{
    struct name_list list = {.registry = registry};
    int res = snapshot_domains(db, want_name, &list, err);

    if (!res && list.error)
        res = err_sys(err, list.error, "cannot note the tenants");
    registry_names(registry, res);
    return res;
}

struct tenant *registry_next(struct registry *registry, bool *copy)
{
    struct tenant *tenant = NULL;
    int least;

    pthread_mutex_lock(&registry->lock);
    *copy = registry_copies_room(registry);
    least = *copy ? READ_FOR_COPY : READ_AGAIN;
    for (int why = READINGS - 1; why >= least && !tenant; why--)
        tenant = TAILQ_FIRST(&registry->queues[why]);
    if (tenant) {
        unqueue(registry, tenant);
        tenant->reading = true;
    }
    pthread_mutex_unlock(&registry->lock);
    return tenant;
}

static void keep_copy(struct registry *registry, struct tenant *tenant, struct buf *rows)
{
    if (rows && rows->len) {
        registry_copy_write(registry, tenant, rows);
        return;
    }
    tenant->behind = true;
    if (rows)
        registry->failed++; /* too many rows, or no memory */
    else
        registry_want(registry, tenant, READ_FOR_COPY);
}

/* There it is. It stays in memory at least until its copy is true, also when nobody asked for it.
 * Returns the snapshot of before. */
static struct snapshot *found(struct registry *registry, struct tenant *tenant,
                              struct snapshot *snapshot, struct buf *rows)
{
    registry->loads++;
    tenant->gone = false;
    tenant->failed_until = 0;
    if (registry->folder >= 0)
        keep_copy(registry, tenant, rows);
    return registry_exchange(tenant, snapshot);
}

static struct snapshot *not_found(struct registry *registry, struct tenant *tenant)
{
    struct snapshot *old = registry_exchange(tenant, NULL);

    registry->loads++;
    tenant->gone = true;
    registry_copy_remove(registry, tenant);
    return old;
}

/* It stays as it was, and is read again after the others. */
static void refused(struct registry *registry, struct tenant *tenant, int res)
{
    if (res != -ENOTCONN && res != -ECANCELED)
        tenant->failed_until = clock_mono_ms() + FAILED_MS;
    registry_want(registry, tenant, READ_AGAIN);
}

static struct snapshot *take(struct registry *registry, struct tenant *tenant, int res,
                             struct snapshot *snapshot, struct buf *rows)
{
    struct snapshot *old = NULL;

    tenant->reading = false;
    if (!res)
        old = found(registry, tenant, snapshot, rows);
    else if (res == -ENOENT)
        old = not_found(registry, tenant);
    else
        refused(registry, tenant, res);
    return old;
}

void registry_read(struct registry *registry, const char *domain, int res,
                   struct snapshot *snapshot, struct buf *rows)
{
    struct waiters done = TAILQ_HEAD_INITIALIZER(done);
    struct snapshot *old = snapshot;
    struct tenant *tenant;

    pthread_mutex_lock(&registry->lock);
    tenant = registry_add(registry, domain);
    if (tenant) {
        old = take(registry, tenant, res, snapshot, rows);
        registry_waiters_done(registry, domain, &done);
        registry_forget(registry, tenant);
    }
    pthread_mutex_unlock(&registry->lock);
    snapshot_unref(old);
    if (rows)
        buf_free(rows);
    registry_waiters_call(&done);
    if ((!res || res == -ENOENT) && registry->options.loaded)
        registry->options.loaded(domain, registry->options.arg);
}

static int load_one(struct registry *registry, struct listen *db, const char *domain, bool copy,
                    struct err *err)
{
    struct snapshot *snapshot = NULL;
    struct err reason;
    struct buf rows;
    int res;

    buf_init(&rows, REGISTRY_COPY_MAX);
    res = snapshot_load(db, domain, &snapshot, copy ? &rows : NULL, err);
    if (!res && prompts_store(db, snapshot, &reason))
        log_warning("prompts of tenant %s: %s", domain, reason.text);
    if (buf_error(&rows))
        buf_free(&rows);
    registry_read(registry, domain, res, snapshot, copy ? &rows : NULL);
    if (res && res != -ENOENT)
        err_prefix(err, "tenant %s", domain);
    return res == -ENOENT ? 0 : res;
}

/* One round of what is queued, or what of it fits into SETTLE_MS. */
static int load_some(struct registry *registry, struct listen *db, struct err *err)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    char domain[STR_DOMAIN_MAX + 1];
    struct tenant *tenant;
    int res, first_error = 0;
    size_t round;
    bool copy;

    pthread_mutex_lock(&registry->lock);
    round = registry_pending(registry) + registry->queued[READ_FOR_COPY];
    pthread_mutex_unlock(&registry->lock);
    while (round-- && (tenant = registry_next(registry, &copy))) {
        /* The tenant may be freed when it is gone. */
        memcpy(domain, tenant->domain, strlen(tenant->domain) + 1);
        res = load_one(registry, db, domain, copy, first_error ? NULL : err);
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
    if (!res && !registry_pending(registry))
        registry->ready = true;
    pthread_mutex_unlock(&registry->lock);
    return res;
}
