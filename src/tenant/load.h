/* Reading tenants: from the database, within a callback of the listener (store/listen.h), and from
 * copies (tenant/copy.h). */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/crypto.h"
#include "base/err.h"
#include "store/listen.h"
#include "tenant/build.h"
#include "tenant/snapshot.h"

/*
 * One tenant, all tables as of one moment. `out` has one reference. The rows are also appended to
 * `copy` (NULL: not wanted), which is not sealed; its error is the caller's to look at. -ENOENT
 * when there is no such tenant or it is disabled; other errors as of listen_query.
 */
int snapshot_load(struct listen *db, const char *domain, struct snapshot **out, struct buf *copy,
                  struct err *err) DP_CHECK;

/*
 * The tenant as it was when the copy was made. `data` may go afterwards. -EBADMSG when it is no
 * copy of this tenant or damaged, -ESTALE when another version of the program made it, -ENOMEM.
 */
int snapshot_of_copy(const char *data, size_t len, const char *domain, struct snapshot **out,
                     struct err *err) DP_CHECK;

/* Calls `each` with the domain of every enabled tenant. Errors as of listen_query. */
int snapshot_domains(struct listen *db, void (*each)(const char *domain, void *arg), void *arg,
                     struct err *err) DP_CHECK;

/* Digest of the statements, of which a copy has the results. */
int snapshot_schema(char out[CRYPTO_SHA256_HEX]) DP_CHECK;

/* Which table comes at this place of a copy, and its columns; false behind the last. */
bool snapshot_step(size_t index, enum snapshot_table *table, size_t *columns);
