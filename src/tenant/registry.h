/*
 * The snapshot of every tenant, by domain: what readers ask, and what the listener keeps current.
 *
 * One mutex guards the map and is held for a lookup only, never during SQL, nor while a file is
 * read or written: a reader takes a reference and looks on without it. Nobody who asks is ever
 * blocked; whoever wants to wait is called back. Three threads do the work:
 *
 *     the listener's            alone reads the database, builds the next snapshot aside, and
 *                               exchanges the pointer (registry_queue.c)
 *     one for copies            writes each tenant's rows to disk when they changed, and reads them
 *                               while the database is away (registry_copies.c)
 *     one for time              who waited long enough, what nobody asked for (registry_wait.c)
 *
 * While the database is away every tenant is served as it was last known, from memory or from its
 * copy. At each (re)connect all tenants are read again, in small steps, so that neither
 * notifications nor a reader who waits for one tenant stand behind a thousand others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/listen.h"
#include "tenant/snapshot.h"

struct registry;

struct registry_options {
    const char *folder; /* where the copies are, created if needed; NULL: there are none */
    int64_t idle_ms;    /* a tenant leaves memory when nobody asked for so long; 0: never */
    /* A tenant was read from SQL, or found gone: what registry_get gives from now on is at least as
     * new as that. In the listener's thread, without a lock. May be NULL. */
    void (*loaded)(const char *domain, void *arg);
    void *arg;
};

/* `options` is copied. -ENOMEM, or why the folder cannot be used. */
int registry_new(struct registry **out, const struct registry_options *options) DP_CHECK;

/*
 * Ends the registry's threads, and the waiting, now and from now on. The first step of stopping:
 * while the listener and the readers are still there, which then may go in any order. What is to be
 * written is, within a second. Copes with NULL.
 */
void registry_stop(struct registry *registry);

/* After the listener was stopped and no reader is left. Copes with NULL. */
void registry_free(struct registry *registry);

/*
 * The tenant's snapshot, to be given back by snapshot_unref. From any thread; never blocks.
 * -ENOENT when there is no such tenant; -EINPROGRESS when it is being read; -EAGAIN when it cannot
 * be told now.
 *
 * While notifications arrive, all names are known: asking for others costs a lookup, and no SQL.
 */
int registry_get(struct registry *registry, const char *domain, struct snapshot **out) DP_CHECK;

/*
 * Calls `ready` exactly once, as soon as registry_get would say something other than -EINPROGRESS,
 * at the latest after `wait_ms` or at registry_stop: from a thread of the registry or the listener,
 * or from within this call, without a lock. -EAGAIN when too many wait or the registry stops, and
 * -ENOMEM; then `ready` is not called.
 */
int registry_wait(struct registry *registry, const char *domain, int wait_ms,
                  void (*ready)(void *arg), void *arg) DP_CHECK;

/*
 * Puts in place a tenant that does not come from the database, for tests. It has no copy and stays
 * in memory. Takes the caller's reference over on success. -ENOMEM.
 */
int registry_put(struct registry *registry, struct snapshot *snapshot) DP_CHECK;

/* These are for the callbacks of the listener, in its thread. */

/* The database is there: everything is to be read (again). */
void registry_connected(struct registry *registry, struct listen *db);

/* The database went away: everything known is served on. */
void registry_lost(struct registry *registry);

/* The tenant has changed, come or gone; NULL: all of them may have. */
void registry_changed(struct registry *registry, const char *domain);

/*
 * Reads some of what is to be read, and wakes the listener when there is more. An error (of
 * listen_query, or -ENOMEM) leaves that tenant as it was, to be tried again at the next call.
 */
int registry_settled(struct registry *registry, struct listen *db, struct err *err) DP_CHECK;

struct registry_state {
    bool online;               /* the listener has its connection */
    bool ready;                /* every tenant was read from SQL since the start */
    bool copies;               /* there were copies at the start: tenants can be served from them */
    size_t tenants;            /* known */
    size_t in_memory;          /* of these */
    size_t pending;            /* still to be read from SQL, or being read */
    size_t waiting;            /* calls of registry_wait */
    uint64_t loads;            /* tenants read from SQL since the start */
    uint64_t copies_written;   /* since the start, as the next three */
    uint64_t copies_failed;    /* could not be written */
    uint64_t copies_read;      /* tenants put in place from their copy */
    uint64_t copies_refused;   /* damaged, or of another version */
    struct snapshot_size size; /* of all snapshots together */
};

void registry_state(struct registry *registry, struct registry_state *out);
