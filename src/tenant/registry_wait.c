/* Those who wait for a tenant, and the thread that looks at the time: for them, and for tenants
 * that nobody asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "tenant/registry_private.h"

enum {
    WAITERS_MAX = 1024,
    /* When a waiter is looked after before its time is over: just when SQL counts as slow. */
    LOOK_AGAIN_MS = 105,
    SWEEP_MS = 30000, /* how often idle tenants are looked for, at the least */
    /* So many leave memory in one go of the lock. */
    SWEEP_MAX = 64,
};

void registry_waiters_call(struct waiters *waiters)
{
    struct waiter *waiter;

    while ((waiter = TAILQ_FIRST(waiters))) {
        TAILQ_REMOVE(waiters, waiter, link);
        waiter->ready(waiter->arg);
        free(waiter);
    }
}

static void take_out(struct registry *registry, struct waiter *waiter, struct waiters *out)
{
    TAILQ_REMOVE(&registry->waiters, waiter, link);
    TAILQ_INSERT_TAIL(out, waiter, link);
    registry->waiting--;
}

void registry_waiters_done(struct registry *registry, const char *domain, struct waiters *out)
{
    struct waiter *waiter, *next;

    for (waiter = TAILQ_FIRST(&registry->waiters); waiter; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (domain && strcmp(domain, waiter->domain) != 0)
            continue;
        if (registry_look(registry, waiter->domain, NULL) != -EINPROGRESS)
            take_out(registry, waiter, out);
    }
}

/* 0 and queued, 1 when there is nothing to wait for, or an error. */
static int enlist(struct registry *registry, struct waiter *waiter)
{
    if (registry->stopping || registry->waiting >= WAITERS_MAX)
        return -EAGAIN;
    if (registry_look(registry, waiter->domain, NULL) != -EINPROGRESS)
        return 1;
    /* From the look on, which may have been the first: SQL has its time from then. */
    waiter->look_again = clock_mono_ms() + LOOK_AGAIN_MS;
    if (waiter->look_again > waiter->deadline)
        waiter->look_again = waiter->deadline;
    TAILQ_INSERT_TAIL(&registry->waiters, waiter, link);
    registry->waiting++;
    pthread_cond_signal(&registry->time);
    return 0;
}

int registry_wait(struct registry *registry, const char *domain, int wait_ms,
                  void (*ready)(void *arg), void *arg)
{
    size_t size = strlen(domain) + 1;
    struct waiter *waiter;
    int res;

    if (!str_is_domain(domain) || wait_ms <= 0) {
        ready(arg);
        return 0;
    }
    waiter = malloc(sizeof(*waiter) + size);
    if (!waiter)
        return -ENOMEM;
    *waiter = (struct waiter){
        .deadline = clock_mono_ms() + wait_ms,
        .ready = ready,
        .arg = arg,
    };
    memcpy(waiter->domain, domain, size);
    pthread_mutex_lock(&registry->lock);
    res = enlist(registry, waiter);
    pthread_mutex_unlock(&registry->lock);
    if (res)
        free(waiter);
    if (res > 0)
        ready(arg);
    return res < 0 ? res : 0;
}

/* Whether its time is over; or else it is looked after at `*until` or before. */
static bool is_over(struct registry *registry, struct waiter *waiter, int64_t now, int64_t *until)
{
    if (now >= waiter->deadline)
        return true;
    if (now >= waiter->look_again) {
        waiter->look_again = waiter->deadline;
        if (registry_look(registry, waiter->domain, NULL) != -EINPROGRESS)
            return true;
    }
    if (waiter->look_again < *until)
        *until = waiter->look_again;
    return false;
}

static void check_waiters(struct registry *registry, int64_t now, int64_t *until,
                          struct waiters *out)
{
    struct waiter *waiter, *next;

    for (waiter = TAILQ_FIRST(&registry->waiters); waiter; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (is_over(registry, waiter, now, until))
            take_out(registry, waiter, out);
    }
}

static int64_t sweep_interval(const struct registry *registry)
{
    int64_t quarter = registry->options.idle_ms / 4 + 1;

    return quarter < SWEEP_MS ? quarter : SWEEP_MS;
}

/* What was found to be done, and is done without the lock. */
struct due {
    struct waiters waiters;
    struct snapshot *idle[SWEEP_MAX];
    size_t idle_count;
};

static void sweep(struct registry *registry, int64_t now, int64_t *until, struct due *due)
{
    struct tenant *tenant;

    if (!registry->options.idle_ms)
        return;
    if (now >= registry->sweep_at) {
        for (tenant = registry->tenants; tenant; tenant = tenant->hh.next) {
            if (due->idle_count < SWEEP_MAX && registry_is_idle(registry, tenant))
                due->idle[due->idle_count++] = registry_exchange(tenant, NULL);
        }
        if (due->idle_count < SWEEP_MAX)
            registry->sweep_at = now + sweep_interval(registry);
    }
    if (registry->sweep_at < *until)
        *until = registry->sweep_at;
}

/* Returns when to look again. */
static int64_t find_due(struct registry *registry, struct due *due)
{
    int64_t now = clock_mono_ms(), until = now + SWEEP_MS;

    TAILQ_INIT(&due->waiters);
    due->idle_count = 0;
    check_waiters(registry, now, &until, &due->waiters);
    sweep(registry, now, &until, due);
    return until;
}

static void do_due(struct due *due)
{
    registry_waiters_call(&due->waiters);
    for (size_t i = 0; i < due->idle_count; i++)
        snapshot_unref(due->idle[i]);
}

static void wait_until(struct registry *registry, int64_t until)
{
    struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};

    pthread_cond_timedwait(&registry->time, &registry->lock, &at);
}

static void *run(void *arg)
{
    struct registry *registry = arg;
    struct due due;
    int64_t until;

    pthread_mutex_lock(&registry->lock);
    while (!registry->stopping) {
        until = find_due(registry, &due);
        if (TAILQ_EMPTY(&due.waiters) && !due.idle_count) {
            wait_until(registry, until);
            continue;
        }
        pthread_mutex_unlock(&registry->lock);
        do_due(&due);
        pthread_mutex_lock(&registry->lock);
    }
    pthread_mutex_unlock(&registry->lock);
    return NULL;
}

int registry_timer_start(struct registry *registry)
{
    int res = -pthread_create(&registry->timer, NULL, run, registry);

    registry->timer_runs = !res;
    return res;
}

void registry_timer_stop(struct registry *registry)
{
    struct waiters left = TAILQ_HEAD_INITIALIZER(left);

    if (registry->timer_runs) {
        pthread_mutex_lock(&registry->lock);
        pthread_cond_signal(&registry->time);
        pthread_mutex_unlock(&registry->lock);
        pthread_join(registry->timer, NULL);
        registry->timer_runs = false;
    }
    pthread_mutex_lock(&registry->lock);
    TAILQ_CONCAT(&left, &registry->waiters, link);
    registry->waiting = 0;
    pthread_mutex_unlock(&registry->lock);
    registry_waiters_call(&left);
}
