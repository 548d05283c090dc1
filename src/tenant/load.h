/* Reading tenants from the database, within a callback of the listener (store/listen.h). */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "store/listen.h"
#include "tenant/snapshot.h"

/*
 * One tenant, all tables as of one moment. `out` has one reference. -ENOENT when there is no such
 * tenant or it is disabled; other errors as of listen_query.
 */
int snapshot_load(struct listen *db, const char *domain, struct snapshot **out,
                  struct err *err) DP_CHECK;

/* Calls `each` with the domain of every enabled tenant. Errors as of listen_query. */
int snapshot_domains(struct listen *db, void (*each)(const char *domain, void *arg), void *arg,
                     struct err *err) DP_CHECK;
