/* Prompts: their names are in the file, their audio is beside it. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_write.h"
#include "api/prompt_audio.h"
#include "api/resources/resources.h"
#include "base/file.h"

enum { FILE_MODE = 0644 };

/* A name of the description's pattern, which has no path in it. */
static int path_of(const char *folder, const char *name, char out[PATH_MAX])
{
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
        return -EINVAL;
    return str_printf(out, PATH_MAX, "%s/%s.wav", folder, name);
}

static int insert(const struct code_work *work, struct code_row *row, const char *name,
                  const char *hex)
{
    static const char sql[] = "INSERT INTO voip.prompts (domain_id, name, audio) "
                              "VALUES (voip.current_domain_id(), $1, $2::bytea) RETURNING id";
    const char *const values[] = {name, hex};
    struct api_row made = {0};
    PGresult *rows = NULL;
    int res;

    res = code_act_for(work, row, false);
    if (!res && api_query(work->request, sql, 2, values, &rows))
        res = code_refuse_row(work, row);
    if (!res)
        res = code_set_id(&work->file->rows, row, PQgetvalue(rows, 0, 0));
    if (!res &&
        (api_row_read(work->request, row->resource, "id", row->id, NULL, API_UNLOCKED, &made) ||
         api_audit_row(work->request, row->resource, row->id, NULL, made.json, "POST")))
        res = code_refuse_row(work, row);
    api_row_free(&made);
    PQclear(rows);
    return res;
}

int code_prompt_create(const struct code_work *work, struct code_row *row)
{
    const char *name = json_string_value(json_object_get(row->fields, "name"));
    const char *folder = work->apply->prompts;
    char path[PATH_MAX];
    struct err err = {""};
    struct buf hex;
    int res;

    if (!folder)
        return code_refuse(work, row, NULL,
                           "its audio is not there: say with --prompts where it is, or add it with "
                           "`dialplane prompt`");
    if (!name || path_of(folder, name, path))
        return code_refuse(work, row, "name", "has 1 to 60 of a-z 0-9 _ -");
    buf_init(&hex, PROMPT_HEX_MAX);
    res = prompt_audio_read(path, &hex, &err);
    res = res ? code_refuse(work, row, NULL, err.text) : insert(work, row, name, hex.data);
    buf_free(&hex);
    return res;
}

static int write_one(const char *folder, const PGresult *rows, int at, struct err *err)
{
    char path[PATH_MAX];
    unsigned char *audio;
    size_t len;
    int res;

    if (path_of(folder, PQgetvalue(rows, at, 0), path))
        return err_set(err, -EINVAL, "%s: this is too long", folder);
    audio = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, at, 1), &len);
    if (!audio)
        return err_set(err, -ENOMEM, "there is no memory for %s", path);
    res = file_write(path, audio, len, FILE_MODE, err);
    PQfreemem(audio);
    return res;
}

int code_prompts_write(struct api_request *request, const char *folder, struct err *err)
{
    PGresult *rows = NULL;
    int res = 0;

    if (api_query(request, "SELECT name, audio FROM voip.prompts ORDER BY name", 0, NULL, &rows)) {
        code_problem(request, err);
        return -EIO;
    }
    for (int i = 0; !res && i < PQntuples(rows); i++)
        res = write_one(folder, rows, i, err);
    PQclear(rows);
    return res;
}
