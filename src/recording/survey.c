/*
 * The store compared with the database, once after the start and then daily: a file without a row
 * gets one, from what stands in it; a file whose row says that it was deleted goes (a copy at a
 * peer, or one that came back from a backup); of a row without a file it is said.
 *
 * All of it may be said of a recording that is on its way to the database: its record is then made
 * twice, with one key.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/keeper_private.h"

enum { EVERY_MS = 24 * 3600 * 1000, IDS_MAX = 64 * 1024 * 1024, DAY_SIZE = 11 };

/* ---- which days there are */

static int later_first(const void *a, const void *b)
{
    return strcmp(b, a);
}

static bool is_number(const char *name, size_t digits)
{
    return strlen(name) == digits && strspn(name, "0123456789") == digits;
}

/* Appends "<above><name>" for each folder of this many digits, "" and "/" in between. */
static int list_numbers(const char *root, const char *above, size_t digits, struct buf *out)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *folder;

    if (str_printf(path, sizeof(path), "%s/recordings/%s", root, above))
        return -ENAMETOOLONG;
    folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : -errno;
    while ((entry = readdir(folder)))
        if (is_number(entry->d_name, digits))
            buf_printf(out, "%s%s%s%c", above, *above ? "/" : "", entry->d_name, '\0');
    closedir(folder);
    return buf_error(out);
}

/* The folders one level further down. */
static int descend(const char *root, struct buf *level, size_t digits)
{
    struct buf below;
    int res = 0;

    buf_init(&below, IDS_MAX);
    for (size_t at = 0; !res && at < level->len; at += strlen(level->data + at) + 1)
        res = list_numbers(root, level->data + at, digits, &below);
    buf_free(level);
    *level = below;
    return res;
}

/* All days, the latest first: DAY_SIZE bytes each, with a NUL. */
static int list_days(struct keeper *keeper, struct err *err)
{
    const char *root = keeper->options.take.store;
    struct buf *days = &keeper->survey.days;
    int res;

    buf_free(days);
    buf_init(days, IDS_MAX);
    res = list_numbers(root, "", 4, days);
    if (!res)
        res = descend(root, days, 2);
    if (!res)
        res = descend(root, days, 2);
    if (res)
        return err_sys(err, res, "%s/recordings", root);
    qsort(days->data, days->len / DAY_SIZE, DAY_SIZE, later_first);
    return 0;
}

/* ---- rows whose file is gone */

static int mark_rows(struct keeper *keeper, const char *ids, struct err *err)
{
    PGresult *done = NULL;
    int res = policies_query(
        keeper->policies,
        "UPDATE voip.recordings SET missing_at = CASE WHEN missing_at IS NULL THEN now() END"
        " WHERE id = ANY ($1::uuid[])",
        1, &ids, &done, err);

    PQclear(done);
    return res;
}

/* A page of rows, in the order of their paths. Of each it is said anew whether its file is there.
 */
static int survey_rows(struct keeper *keeper, struct err *err)
{
    static const char sql[] = "SELECT id, path, missing_at IS NOT NULL FROM voip.recordings"
                              " WHERE node = $1 AND path > $2 AND deleted_at IS NULL"
                              " ORDER BY path LIMIT 1000";
    struct keeper_survey *survey = &keeper->survey;
    const char *const values[] = {keeper->options.take.node, survey->path};
    PGresult *rows = NULL;
    char full[PATH_MAX];
    struct buf ids;
    int res = policies_query(keeper->policies, sql, 2, values, &rows, err);

    if (res)
        return res;
    buf_init(&ids, IDS_MAX);
    for (int i = 0; i < PQntuples(rows); i++) {
        bool was = PQgetvalue(rows, i, 2)[0] == 't', is;

        if (str_printf(full, sizeof(full), "%s/%s", keeper->options.take.store,
                       PQgetvalue(rows, i, 1)))
            continue;
        is = access(full, F_OK) != 0 && errno == ENOENT;
        survey->missing += is;
        if (is != was)
            buf_printf(&ids, "%c%s", ids.len ? ',' : '{', PQgetvalue(rows, i, 0));
        if (is && !was)
            log_error("%s is missing", full);
    }
    if (ids.len && !buf_add_char(&ids, '}'))
        res = mark_rows(keeper, ids.data, err);
    survey->rows_done = PQntuples(rows) == 0;
    if (!res && !survey->rows_done)
        res =
            str_copy(survey->path, sizeof(survey->path), PQgetvalue(rows, PQntuples(rows) - 1, 1));
    buf_free(&ids);
    PQclear(rows);
    return res;
}

/* ---- one step */

static int begin(struct keeper *keeper, struct err *err)
{
    struct keeper_survey *survey = &keeper->survey;
    int res = list_days(keeper, err);

    if (res)
        return res;
    survey->begun = true;
    survey->rows_done = false;
    survey->at = 0;
    survey->missing = 0;
    survey->path[0] = '\0';
    return 0;
}

int keeper_survey(struct keeper *keeper, struct err *err)
{
    struct keeper_survey *survey = &keeper->survey;
    int res = 0;

    if (clock_mono_ms() < survey->next_ms)
        return 0;
    if (!survey->begun)
        res = begin(keeper, err);
    if (!res && survey->at < survey->days.len) {
        res = keeper_survey_day(keeper, survey->days.data + survey->at, err);
        if (!res)
            survey->at += DAY_SIZE;
    } else if (!res && !survey->rows_done) {
        res = survey_rows(keeper, err);
    } else if (!res) {
        atomic_store(&keeper->missing, survey->missing);
        buf_free(&survey->days);
        survey->begun = false;
        survey->next_ms = clock_mono_ms() + EVERY_MS;
    }
    return res;
}
