/* Deletes recordings that are old enough: first the file, then what is said of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cdr/recording.h"
#include "recording/keeper_private.h"

enum { EVERY_MS = 5000, IDS_MAX = 64 * 1024 };

/* Of this node, since its files are here. Who sets a legal hold meanwhile waits for the end of the
 * transaction, and is told then that the recording is gone. */
static const char due[] =
    "SELECT id, path FROM voip.recordings r"
    " WHERE node = $1 AND deleted_at IS NULL AND NOT legal_hold AND delete_after <= now()"
    /* How long they are kept was changed, and not all of them know. */
    " AND (delete_asked_at IS NOT NULL OR NOT EXISTS (SELECT FROM voip.recording_recounts c"
    "      WHERE c.domain_id IS NOT DISTINCT FROM r.domain_id))"
    " ORDER BY delete_after LIMIT 200 FOR UPDATE OF r SKIP LOCKED";
static const char mark[] =
    "UPDATE voip.recordings SET deleted_at = now() WHERE id = ANY ($1::uuid[])";

static int plain(struct keeper *keeper, const char *sql, struct err *err)
{
    PGresult *rows = NULL;
    int res = policies_query(keeper->policies, sql, 0, NULL, &rows, err);

    PQclear(rows);
    return res;
}

/* Goes on with what a change of keep_days has left to do (db/migrations/0055); whether there was
 * something. */
static int recount(struct keeper *keeper, bool *any, struct err *err)
{
    PGresult *rows = NULL;
    int res = policies_query(keeper->policies, "SELECT voip.recording_recount(5000)", 0, NULL,
                             &rows, err);

    *any = !res && strcmp(PQgetvalue(rows, 0, 0), "0") != 0;
    PQclear(rows);
    return res;
}

/* One that is gone already: whoever deleted it was killed before he could say so. */
static bool is_removed(const struct keeper *keeper, const char *path)
{
    char full[PATH_MAX];

    if (!recording_is_path(path) ||
        str_printf(full, sizeof(full), "%s/%s", keeper->options.take.store, path))
        return false;
    if (unlink(full) == 0 || errno == ENOENT)
        return true;
    log_error("%s cannot be deleted: %s", full, strerror(errno));
    return false;
}

static int remove_rows(struct keeper *keeper, const PGresult *rows, uint64_t *count,
                       struct err *err)
{
    const char *list;
    PGresult *done = NULL;
    struct buf ids;
    int res;

    buf_init(&ids, IDS_MAX);
    for (int i = 0; i < PQntuples(rows); i++) {
        if (!is_removed(keeper, PQgetvalue(rows, i, 1)))
            continue;
        buf_printf(&ids, "%c%s", *count ? ',' : '{', PQgetvalue(rows, i, 0));
        *count += 1;
    }
    buf_add_str(&ids, *count ? "}" : "{}");
    list = ids.data;
    res = buf_error(&ids) ? err_sys(err, buf_error(&ids), "list of recordings")
                          : policies_query(keeper->policies, mark, 1, &list, &done, err);
    PQclear(done);
    buf_free(&ids);
    return res;
}

int keeper_retain(struct keeper *keeper, struct err *err)
{
    const char *node = keeper->options.take.node;
    PGresult *rows = NULL;
    uint64_t count = 0;
    bool any = false;
    int res;

    if (clock_mono_ms() < keeper->retention_ms)
        return 0;
    res = recount(keeper, &any, err);
    if (!res)
        res = plain(keeper, "BEGIN", err);
    if (!res)
        res = policies_query(keeper->policies, due, 1, &node, &rows, err);
    if (!res && PQntuples(rows) > 0)
        res = remove_rows(keeper, rows, &count, err);
    PQclear(rows);
    if (!res)
        res = plain(keeper, "COMMIT", err);
    if (res)
        return res;
    atomic_fetch_add(&keeper->deleted, count);
    if (count)
        log_info("%llu recordings deleted: they were old enough", (unsigned long long)count);
    /* Many at once are done without a pause. */
    keeper->retention_ms = count || any ? 0 : clock_mono_ms() + EVERY_MS;
    return 0;
}
