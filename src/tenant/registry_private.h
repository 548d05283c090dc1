/* What the registry's files share. Functions want the lock held unless they say otherwise. */
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/buf.h"
#include "tenant/registry.h"

/* Why a tenant is to be read from SQL; the greater goes first. */
enum reading {
    READ_FOR_COPY, /* its copy is to be made, and only for that */
    READ_AGAIN,    /* it may have changed while nobody told */
    READ_CHANGED,  /* it has changed */
    READ_ASKED,    /* somebody asked for it */
    READINGS
};

struct tenant {
    UT_hash_handle hh;
    struct snapshot *snapshot; /* NULL: not in memory */
    int64_t asked;             /* clock_mono_ms: when somebody last did */
    bool gone;                 /* there is no such tenant; its copy is still to be removed */

    /* Reading from SQL. */
    TAILQ_ENTRY(tenant) queue;
    enum reading why;
    bool queued;
    bool reading;         /* the listener's thread is at it */
    int64_t asked_first;  /* since when somebody waits for it; 0: nobody */
    int64_t failed_until; /* SQL did not give it: nobody waits for that again before */

    /* Its copy; in the queue of that thread while there is something to do. */
    TAILQ_ENTRY(tenant) job;
    bool has_job;
    bool working;              /* the thread is at it */
    bool wanted;               /* to be put in place from its copy */
    struct buf rows;           /* to be written; empty: nothing */
    bool has_copy;             /* on disk, and not refused */
    bool behind;               /* the rows that were read last went into no copy */
    int64_t written;           /* when it last was */
    int64_t copy_failed_until; /* it could not be read */

    char domain[];
};

TAILQ_HEAD(tenants, tenant);

/* A tenant whose rows take more has no copy: some hundred thousand users. */
enum { REGISTRY_COPY_MAX = 64 * 1024 * 1024 };

struct waiter {
    TAILQ_ENTRY(waiter) link;
    int64_t look_again, deadline;
    void (*ready)(void *arg);
    void *arg;
    char domain[];
};

TAILQ_HEAD(waiters, waiter);

struct registry {
    struct registry_options options; /* `folder` is only for registry_new */
    pthread_mutex_t lock;
    bool stopping;
    int64_t stop_by;        /* when the last copy has to be written */
    struct tenant *tenants; /* the map */

    /* registry_queue.c */
    struct tenants queues[READINGS];
    size_t queued[READINGS];
    struct listen *db; /* for listen_wake; NULL while offline, and once stopped */
    bool names_due;    /* the list of tenants is to be read; the listener's thread only */
    bool names_known;  /* who is not in the map does not exist */
    int64_t names_failed_until;
    bool ready;
    uint64_t loads;

    /* registry_wait.c */
    pthread_t timer;
    bool timer_runs;
    pthread_cond_t time; /* the timer has to look */
    struct waiters waiters;
    size_t waiting;
    int64_t sweep_at; /* when idle tenants are looked for again */

    /* registry_copies.c */
    pthread_t copier;
    bool copier_runs;
    pthread_cond_t jobs_changed;
    struct tenants jobs;
    int folder;        /* file descriptor, -1 without copies */
    size_t rows_bytes; /* in all `rows`, and those being written */
    bool had_copies;
    int64_t disk_failed_until;
    uint64_t written, failed, read, refused;
};

/* registry.c: the map */

/* NULL when there is none, or it is gone. */
struct tenant *registry_find(struct registry *registry, const char *domain);

/* Finds it, gone or not, or adds it, as if it had just been asked for. NULL without memory. */
struct tenant *registry_add(struct registry *registry, const char *domain);

/* Frees one that is gone, unless a thread or a queue still has it. */
void registry_forget(struct registry *registry, struct tenant *tenant);

/* As registry_get; without a reference when `out` is NULL. Has the tenant read if need be. */
int registry_look(struct registry *registry, const char *domain, struct snapshot **out);

/* Exchanges the snapshot (NULL: none); returns the one before, for snapshot_unref without lock. */
struct snapshot *registry_exchange(struct tenant *tenant, struct snapshot *snapshot) DP_CHECK;

/* Whether it may leave memory: nobody asked for it, and it can be had again without SQL. */
bool registry_is_idle(const struct registry *registry, const struct tenant *tenant);

/* registry_queue.c */

/* Sees to it that the tenant is read, and not later than `why` asks for. */
void registry_want(struct registry *registry, struct tenant *tenant, enum reading why);

/* The number that are queued for something that makes snapshots true. */
size_t registry_pending(const struct registry *registry);

/*
 * Which tenant is to be read next, and whether its rows are wanted for its copy (there is no room
 * for them otherwise); NULL when there is none. It stays until registry_read. Without the lock
 * held.
 */
struct tenant *registry_next(struct registry *registry, bool *copy);

/*
 * What SQL said of a tenant: `res` 0 with its snapshot and its rows (NULL: there was no room for
 * them; empty: there are too many), -ENOENT, or why it did not answer. Takes both over. Without the
 * lock held.
 */
void registry_read(struct registry *registry, const char *domain, int res,
                   struct snapshot *snapshot, struct buf *rows);

/* The list of names was read (0) or not. Without the lock held. */
void registry_names(struct registry *registry, int res);

/* registry_wait.c */

/* Without the lock held. The second one also ends all waiting. */
int registry_timer_start(struct registry *registry) DP_CHECK;
void registry_timer_stop(struct registry *registry);

/* Moves those who wait for `domain` (NULL: for any) and need not any longer to `out`. */
void registry_waiters_done(struct registry *registry, const char *domain, struct waiters *out);

/* Calls them and frees them. Without the lock held. */
void registry_waiters_call(struct waiters *waiters);

/* registry_copies.c */

/* Without the lock held. The first one opens the folder and notes whose copies are in it. */
int registry_copies_start(struct registry *registry) DP_CHECK;
void registry_copies_stop(struct registry *registry);

/* Whether rows for a copy can be taken now. */
bool registry_copies_room(const struct registry *registry);

/* Has the rows written; takes them over. */
void registry_copy_write(struct registry *registry, struct tenant *tenant, struct buf *rows);

/* Has the tenant put in place from its copy; false when it has none. */
bool registry_copy_want(struct registry *registry, struct tenant *tenant);

/* Has the copy removed; the tenant is gone. */
void registry_copy_remove(struct registry *registry, struct tenant *tenant);
