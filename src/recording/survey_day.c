/* The files of one day's folder compared with the rows that they should have. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/keeper_private.h"

enum { IDS_MAX = 64 * 1024 * 1024 };

static int open_day(const struct keeper *keeper, const char *day, char path[PATH_MAX], DIR **out,
                    struct err *err)
{
    int res = str_printf(path, PATH_MAX, "%s/recordings/%s", keeper->options.take.store, day);

    *out = res ? NULL : opendir(path);
    if (!res && !*out)
        res = -errno;
    return res ? err_sys(err, res, "%s", path) : 0;
}

/* "{id,id,…}" of the recordings in the folder. */
static void list_ids(DIR *folder, const char *day, struct buf *ids)
{
    const struct dirent *entry;
    char path[RECORDING_PATH_SIZE];

    buf_add_char(ids, '{');
    while ((entry = readdir(folder)))
        if (str_printf(path, sizeof(path), "recordings/%s/%s", day, entry->d_name) == 0 &&
            recording_is_path(path))
            buf_printf(ids, "%s%.*s", ids->len > 1 ? "," : "", STR_UUID_LENGTH, entry->d_name);
    buf_add_char(ids, '}');
}

/* The row of this id, which stands in the order of ids; -1 when there is none. */
static int find_row(const PGresult *rows, const char *id)
{
    int first = 0, behind = PQntuples(rows);

    while (first < behind) {
        int middle = first + (behind - first) / 2;
        int order = strncmp(id, PQgetvalue(rows, middle, 0), STR_UUID_LENGTH);

        if (order == 0)
            return middle;
        if (order < 0)
            behind = middle;
        else
            first = middle + 1;
    }
    return -1;
}

static int read_line(const char *full, struct recording *out, struct err *err)
{
    char head[RECORDING_HEAD_MAX];
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = fd < 0 ? -1 : read(fd, head, sizeof(head));
    int res = len < 0 ? err_sys(err, -errno, "%s", full) : 0;

    if (fd >= 0)
        close(fd);
    return res ? res : recording_find_line(out, head, (size_t)len, err);
}

/* What cannot be one's own is left alone. */
static int adopt(struct keeper *keeper, const char *path, const char *full, struct err *err)
{
    struct recording recording;
    int res = read_line(full, &recording, err);

    if (!res && strcmp(recording.path, path) != 0)
        res = err_set(err, -EINVAL, "it is of %s", recording.path);
    if (res) {
        log_warning("%s has no row, and cannot be given one: %s", full, err->text);
        return 0;
    }
    res = take_digest(full, &recording, err);
    if (!res)
        res = take_record(&keeper->options.take, &recording, err);
    if (!res)
        atomic_fetch_add(&keeper->adopted, 1);
    return res;
}

static int judge(struct keeper *keeper, const char *path, const char *full, const PGresult *rows,
                 struct err *err)
{
    int row = find_row(rows, strrchr(path, '/') + 1);
    bool is_deleted = row >= 0 && PQgetvalue(rows, row, 2)[0] == 't';

    if (row < 0)
        return adopt(keeper, path, full, err);
    /* Of another format: somebody was killed when it was made, and then the tenant chose anew. */
    if ((is_deleted || strcmp(PQgetvalue(rows, row, 1), path) != 0) && unlink(full))
        log_warning("%s: %s", full, strerror(errno));
    return 0;
}

int keeper_survey_day(struct keeper *keeper, const char *day, struct err *err)
{
    static const char sql[] = "SELECT id::text, path, deleted_at IS NOT NULL FROM voip.recordings"
                              " WHERE id = ANY ($1::uuid[]) ORDER BY id";
    char folder_path[PATH_MAX], path[RECORDING_PATH_SIZE], full[PATH_MAX];
    const struct dirent *entry;
    PGresult *rows = NULL;
    struct buf ids;
    DIR *folder;
    int res = open_day(keeper, day, folder_path, &folder, err);

    if (res)
        return res == -ENOENT ? 0 : res;
    buf_init(&ids, IDS_MAX);
    list_ids(folder, day, &ids);
    res = buf_error(&ids) ? err_sys(err, buf_error(&ids), "%s", folder_path)
                          : policies_query(keeper->policies, sql, 1,
                                           (const char *const[]){ids.data}, &rows, err);
    rewinddir(folder);
    while (!res && !keeper_stopping(keeper) && (entry = readdir(folder)))
        if (str_printf(path, sizeof(path), "recordings/%s/%s", day, entry->d_name) == 0 &&
            recording_is_path(path) &&
            str_printf(full, sizeof(full), "%s/%s", keeper->options.take.store, path) == 0)
            res = judge(keeper, path, full, rows, err);
    PQclear(rows);
    buf_free(&ids);
    closedir(folder);
    return res;
}
