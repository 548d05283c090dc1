/*
 * The snapshot of every tenant, by domain: what readers ask, and what the listener keeps current.
 *
 * One mutex guards the map and is held for a lookup only, never during SQL: a reader takes a
 * reference and looks on without it. The listener's thread alone reads the database. It builds the
 * next snapshot aside and exchanges the pointer.
 *
 * While the database is away every tenant is served as it was last known. At each (re)connect all
 * tenants are read again, in small steps, so that neither notifications nor a reader who waits for
 * one tenant stand behind a thousand others.
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

int registry_new(struct registry **out) DP_CHECK;

/* After the listener was stopped and no reader is left. Copes with NULL. */
void registry_free(struct registry *registry);

/*
 * The tenant's snapshot, to be given back by snapshot_unref. From any thread.
 *
 * A tenant that is not in memory is asked for; the caller waits at most `wait_ms` (0: not at all)
 * for it. -ENOENT when there is no such tenant (remembered for some seconds, so that asking for
 * names at random does not reach SQL each time); -EAGAIN when that cannot be told now.
 */
int registry_get(struct registry *registry, const char *domain, int wait_ms,
                 struct snapshot **out) DP_CHECK;

/*
 * Puts in place a tenant that does not come from the database: of a copy, or of a test. Takes the
 * caller's reference over on success. -ENOMEM.
 */
int registry_put(struct registry *registry, struct snapshot *snapshot) DP_CHECK;

/* The rest is for the callbacks of the listener, in its thread. */

/* The database is there: everything is to be read (again). */
void registry_connected(struct registry *registry, struct listen *db);

/* The database went away: nobody waits any more, everything known is served on. */
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
    bool ready;                /* every tenant was read since the start */
    size_t tenants;            /* in memory */
    size_t pending;            /* still to be read */
    uint64_t loads;            /* snapshots built since the start */
    struct snapshot_size size; /* of all snapshots together */
};

void registry_state(struct registry *registry, struct registry_state *out);
