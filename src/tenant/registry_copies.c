/*
 * The thread that keeps a copy of every tenant on disk, and puts tenants in place from there.
 *
 * A tenant has at most one set of rows to be written: the newest. All of them together are bounded;
 * what is read while there is no room is read once more, later (READ_FOR_COPY).
 */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "tenant/copy_file.h"
#include "tenant/registry_job.h"
#include "tenant/registry_private.h"

enum {
    ROWS_BYTES = 8 * 1024 * 1024, /* waiting to be written: more is taken only below that */
    PAUSE_MS = 1000,              /* between two writes for one tenant */
    DISK_FAILED_MS = 10000,       /* before a disk that took no copy is tried again */
    READ_FAILED_MS = 1000,        /* before a copy that could not be read is tried again */
    WAIT_MS = 60000,
};

bool registry_copies_room(const struct registry *registry)
{
    return registry->folder >= 0 && !registry->stopping && registry->rows_bytes < ROWS_BYTES &&
           clock_mono_ms() >= registry->disk_failed_until;
}

/* Readers first; nobody else loses his place by changing once more. */
static void add_job(struct registry *registry, struct tenant *tenant)
{
    if (tenant->has_job && !tenant->wanted)
        return;
    if (tenant->has_job)
        TAILQ_REMOVE(&registry->jobs, tenant, job);
    if (tenant->wanted)
        TAILQ_INSERT_HEAD(&registry->jobs, tenant, job);
    else
        TAILQ_INSERT_TAIL(&registry->jobs, tenant, job);
    tenant->has_job = true;
    pthread_cond_signal(&registry->jobs_changed);
}

static void drop_rows(struct registry *registry, struct tenant *tenant)
{
    registry->rows_bytes -= tenant->rows.len;
    buf_free(&tenant->rows);
}

void registry_copy_write(struct registry *registry, struct tenant *tenant, struct buf *rows)
{
    drop_rows(registry, tenant);
    tenant->rows = *rows;
    registry->rows_bytes += rows->len;
    *rows = (struct buf){0};
    tenant->behind = false;
    add_job(registry, tenant);
}

bool registry_copy_want(struct registry *registry, struct tenant *tenant)
{
    if (!tenant->has_copy && !tenant->rows.len && !tenant->working)
        return false;
    if (clock_mono_ms() < tenant->copy_failed_until || registry->stopping)
        return false;
    if (!tenant->wanted) {
        tenant->wanted = true;
        add_job(registry, tenant);
    }
    return true;
}

void registry_copy_remove(struct registry *registry, struct tenant *tenant)
{
    drop_rows(registry, tenant);
    tenant->wanted = false;
    if (registry->folder >= 0)
        add_job(registry, tenant);
}

/* The next one whose time has come; or else NULL, and `*until` is when one has. */
static struct tenant *next_job(struct registry *registry, int64_t *until)
{
    int64_t due, now = clock_mono_ms();
    struct tenant *tenant;

    *until = now + WAIT_MS;
    TAILQ_FOREACH(tenant, &registry->jobs, job)
    {
        due = tenant->written ? tenant->written + PAUSE_MS : now;
        if (tenant->wanted || tenant->gone || registry->stopping || due <= now)
            return tenant;
        if (due < *until)
            *until = due;
    }
    return NULL;
}

static void begin(struct registry *registry, struct tenant *tenant, struct registry_job *job)
{
    *job = (struct registry_job){
        .domain = tenant->domain,
        .read = tenant->wanted,
        .remove = tenant->gone,
        .rows = tenant->rows,
    };
    /* The bytes count until they are written. */
    tenant->rows = (struct buf){0};
    TAILQ_REMOVE(&registry->jobs, tenant, job);
    tenant->has_job = false;
    tenant->working = true; /* and still `wanted`, so that nobody has it read twice */
}

static void finish_write(struct registry *registry, struct tenant *tenant,
                         const struct registry_job *job)
{
    registry->rows_bytes -= job->rows.len;
    if (!job->write_res) {
        tenant->has_copy = true;
        if (job->written) {
            tenant->written = clock_mono_ms();
            registry->written++;
        }
        return;
    }
    registry->failed++;
    registry->disk_failed_until = clock_mono_ms() + DISK_FAILED_MS;
    tenant->behind = true;
    if (!tenant->gone)
        registry_want(registry, tenant, READ_FOR_COPY);
}

static void finish_read(struct registry *registry, struct tenant *tenant, struct registry_job *job)
{
    bool unusable =
        job->read_res == -EBADMSG || job->read_res == -ESTALE || job->read_res == -ENOENT;

    tenant->wanted = false;
    if (unusable) {
        tenant->has_copy = false;
        registry->refused++;
    } else if (job->read_res) {
        tenant->copy_failed_until = clock_mono_ms() + READ_FAILED_MS;
    } else if (tenant->rows.len) {
        registry_copy_want(registry, tenant); /* what came meanwhile is newer */
    } else if (!tenant->snapshot && !tenant->gone) {
        job->snapshot = registry_exchange(tenant, job->snapshot);
        registry->read++;
    }
}

/* With the lock again. Leaves in the job what work() frees. */
static void finish(struct registry *registry, struct tenant *tenant, struct registry_job *job,
                   struct waiters *done)
{
    tenant->working = false;
    if (job->rows.len)
        finish_write(registry, tenant, job);
    if (job->remove && !job->remove_res)
        tenant->has_copy = false;
    if (job->read)
        finish_read(registry, tenant, job);
    else if (registry_is_idle(registry, tenant)) /* it was read for its copy only */
        job->snapshot = registry_exchange(tenant, NULL);
    registry_waiters_done(registry, tenant->domain, done);
    if (registry->db && registry->queued[READ_FOR_COPY] && registry_copies_room(registry))
        listen_wake(registry->db);
}

static void work(struct registry *registry, struct tenant *tenant, bool *failing)
{
    struct waiters done = TAILQ_HEAD_INITIALIZER(done);
    struct registry_job job;

    begin(registry, tenant, &job);
    pthread_mutex_unlock(&registry->lock);
    registry_job_do(registry->folder, &job);
    registry_job_report(&job, failing);
    pthread_mutex_lock(&registry->lock);
    finish(registry, tenant, &job, &done);
    registry_forget(registry, tenant);
    pthread_mutex_unlock(&registry->lock);
    snapshot_unref(job.snapshot);
    buf_free(&job.rows);
    registry_waiters_call(&done);
    pthread_mutex_lock(&registry->lock);
}

/* Makes the names durable, once after many. */
static void sync_names(struct registry *registry)
{
    pthread_mutex_unlock(&registry->lock);
    fsync(registry->folder);
    pthread_mutex_lock(&registry->lock);
}

static void wait_until(struct registry *registry, int64_t until)
{
    struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};

    pthread_cond_timedwait(&registry->jobs_changed, &registry->lock, &at);
}

static bool goes_on(const struct registry *registry)
{
    return !registry->stopping || clock_mono_ms() < registry->stop_by;
}

static void *run(void *arg)
{
    struct registry *registry = arg;
    bool failing = false, synced = true;
    struct tenant *tenant;
    int64_t until;

    pthread_mutex_lock(&registry->lock);
    while (goes_on(registry)) {
        tenant = next_job(registry, &until);
        if (tenant) {
            work(registry, tenant, &failing);
            synced = false;
        } else if (!synced) {
            sync_names(registry);
            synced = true;
        } else if (registry->stopping) {
            break;
        } else {
            wait_until(registry, until);
        }
    }
    pthread_mutex_unlock(&registry->lock);
    return NULL;
}

static int note_copy(const char *domain, void *arg)
{
    struct registry *registry = arg;
    struct tenant *tenant = registry_add(registry, domain);

    if (!tenant)
        return -ENOMEM;
    tenant->has_copy = registry->had_copies = true;
    return 0;
}

int registry_copies_start(struct registry *registry)
{
    int res = copy_folder_open(registry->options.folder, NULL);

    if (res < 0)
        return res;
    registry->folder = res;
    res = copy_folder_list(registry->folder, note_copy, registry);
    if (!res)
        res = -pthread_create(&registry->copier, NULL, run, registry);
    registry->copier_runs = !res;
    return res;
}

void registry_copies_stop(struct registry *registry)
{
    if (registry->copier_runs) {
        pthread_mutex_lock(&registry->lock);
        pthread_cond_signal(&registry->jobs_changed);
        pthread_mutex_unlock(&registry->lock);
        pthread_join(registry->copier, NULL);
        registry->copier_runs = false;
    }
}
