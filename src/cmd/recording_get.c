/* Files of the store: handed out, and compared with what was said of them. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cdr/recording.h"
#include "cmd/recording.h"
#include "recording/take.h"
#include "store/pg.h"

enum { STEP = 64 * 1024 };

static int path_of(const struct cmd_node *node, const char *path, char out[PATH_MAX],
                   struct err *err)
{
    int res = recording_is_path(path) ? str_printf(out, PATH_MAX, "%s/store/%s", node->state, path)
                                      : -EINVAL;

    return res ? err_sys(err, res, "%s", path) : 0;
}

static int on_plain(void *arg, const void *data, size_t len)
{
    return file_write_all(*(const int *)arg, data, len);
}

static int copy(int in, int out, struct err *err)
{
    char bytes[STEP];
    ssize_t got;
    int res = 0;

    while (!res && (got = read(in, bytes, sizeof(bytes)))) {
        if (got < 0 && errno == EINTR)
            continue;
        res = got < 0 ? -errno : file_write_all(out, bytes, (size_t)got);
    }
    return res ? err_sys(err, res, "copying") : 0;
}

/* `row` of wrapped key (hex) and owner. */
static int decrypt(const struct cmd_node *node, const PGresult *row, int in, int out,
                   struct err *err)
{
    unsigned char platform[SEAL_KEY], key[SEAL_KEY], wrapped[SEAL_WRAPPED];
    const char *hex = PQgetvalue(row, 0, 1);
    size_t len = 0;
    int res = seal_platform_key(platform, node->secrets.value[SECRET_RECORDING_KEY], err);

    if (!res && (sodium_hex2bin(wrapped, sizeof(wrapped), hex, strlen(hex), NULL, &len, NULL) ||
                 len != sizeof(wrapped)))
        res = err_set(err, -EBADMSG, "the tenant's key is none");
    if (!res)
        res = seal_unwrap(key, wrapped, platform, atoll(PQgetvalue(row, 0, 2)), err);
    if (!res)
        res = seal_open(in, key, on_plain, &out, err);
    sodium_memzero(platform, sizeof(platform));
    sodium_memzero(key, sizeof(key));
    return res;
}

static int open_out(const struct recording_options *options, struct err *err)
{
    int fd = options->out ? open(options->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                          : dup(STDOUT_FILENO);

    return fd < 0 ? err_sys(err, -errno, "%s", options->out ? options->out : "standard output")
                  : fd;
}

static int hand_out(const struct cmd_node *node, const struct recording_options *options,
                    const PGresult *row, struct err *err)
{
    char path[PATH_MAX];
    int in = -1, out = -1, res = path_of(node, PQgetvalue(row, 0, 0), path, err);

    if (!res) {
        in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        res =
            in < 0 ? err_sys(err, -errno, "%s (it is on node %s)", path, PQgetvalue(row, 0, 3)) : 0;
    }
    if (!res) {
        out = open_out(options, err);
        res = out < 0 ? out : 0;
    }
    if (!res)
        res = PQgetisnull(row, 0, 1) ? copy(in, out, err) : decrypt(node, row, in, out, err);
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) && !res)
        res = err_sys(err, -errno, "writing");
    return res;
}

int recording_get(PGconn *conn, const struct cmd_node *node,
                  const struct recording_options *options, struct err *err)
{
    static const char sql[] =
        "SELECT path, encode(k.wrapped, 'hex'), coalesce(k.domain_id, 0), node"
        " FROM voip.recordings r LEFT JOIN voip.recording_keys k ON k.id = r.key_id"
        " WHERE r.id = $1 AND deleted_at IS NULL";
    PGresult *row = NULL;
    int res = pg_query(conn, sql, 1, &options->id, &row, err);

    if (!res && PQntuples(row) == 0)
        res = err_set(err, -ENOENT, "there is no such recording, or it is deleted");
    if (!res)
        res = hand_out(node, options, row, err);
    PQclear(row);
    return res;
}

/* What is wrong with the file of this row, or NULL. */
static const char *fault_of(const struct cmd_node *node, const PGresult *rows, int i)
{
    struct recording found = {.bytes = 0};
    char path[PATH_MAX];
    struct err err;
    int res = path_of(node, PQgetvalue(rows, i, 1), path, &err);

    if (!res)
        res = take_digest(path, &found, &err);
    if (res)
        return res == -ENOENT ? "missing" : "cannot be read";
    return strcmp(found.sha256, PQgetvalue(rows, i, 2)) == 0 ? NULL : "changed";
}

int recording_verify(PGconn *conn, const struct cmd_node *node,
                     const struct recording_options *options, struct err *err)
{
    static const char sql[] = "SELECT id, path, sha256 FROM voip.recordings"
                              " WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id = $1)"
                              " AND ($1::uuid IS NOT NULL OR node = $2) ORDER BY path";
    const char *const values[] = {options->id, node->node->name};
    PGresult *rows = NULL;
    int bad = 0, res = pg_query(conn, sql, 2, values, &rows, err);

    for (int i = 0; !res && i < PQntuples(rows); i++) {
        const char *fault = fault_of(node, rows, i);

        if (fault)
            printf("%s  %s  %s\n", PQgetvalue(rows, i, 0), fault, PQgetvalue(rows, i, 1));
        bad += fault != NULL;
    }
    if (!res && options->id && PQntuples(rows) == 0)
        res = err_set(err, -ENOENT, "there is no such recording, or it is deleted");
    if (!res)
        printf("%d of %d recordings are as they were\n", PQntuples(rows) - bad, PQntuples(rows));
    PQclear(rows);
    return !res && bad ? err_set(err, -EBADMSG, "%d recordings are not as they were", bad) : res;
}
