/*
 * Many rows of one kind from CSV. What is there already, and the same, is passed over, so a file
 * can be given again; a bad line is told, and keeps no other from being taken. Lines are written
 * some at a time: one that the database refuses costs the others of its transaction, which are done
 * again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_csv.h"
#include "api/code_write.h"

enum { CHUNK = 100, TOLD_MAX = 1024 * 1024 };

struct import {
    PGconn *conn;
    struct code_file *file;
    struct code_rows current;
    struct code_apply apply;
    struct code_import *told;
    struct code_row **lines; /* in the order of the file */
    struct err *err;
};

static int by_line(const void *left, const void *right)
{
    const struct code_row *a = *(struct code_row *const *)left;
    const struct code_row *b = *(struct code_row *const *)right;

    return (a->line > b->line) - (a->line < b->line);
}

static void refuse_line(struct import *import, struct code_row *row, const char *why)
{
    row->is_bad = true;
    import->told->bad++;
    buf_printf(&import->told->lines, "%s\n", why);
}

static int begin(struct import *import, struct code_session *session)
{
    int res = code_begin(session, import->conn, import->file->domain, import->err);

    session->request.takes_digests = true;
    (void)!str_copy(session->request.caller.name, sizeof(session->request.caller.name),
                    import->told->actor);
    return res;
}

/* Before anything is written: passwords become digests, and what is there is found. */
static void compare(struct import *import, const struct code_work *work, struct code_row *row)
{
    if (code_digests(work, row)) {
        refuse_line(import, row, work->err->text);
        return;
    }
    row->twin = code_by_key(&import->current, row->key);
    if (row->twin && code_is_changed(row)) {
        (void)code_refuse(work, row, NULL, "this is there already, and otherwise");
        refuse_line(import, row, work->err->text);
    } else if (row->twin) {
        import->told->same++;
    }
}

static int prepare(struct import *import)
{
    struct code_session session;
    struct err err = {""};
    const struct code_work work = {&session,         &session.request, import->file,
                                   &import->current, &import->apply,   &err};
    int res = begin(import, &session);

    if (!res)
        res = code_load(&session.request, &import->current, import->err);
    for (size_t i = 0; !res && i < import->file->rows.count; i++)
        compare(import, &work, import->lines[i]);
    code_end(&session);
    return res;
}

/* Of a transaction that was taken back. */
static void forget(struct import *import)
{
    struct code_rows *rows = &import->file->rows;

    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i]->is_kept)
            continue;
        free(rows->rows[i]->id);
        rows->rows[i]->id = NULL;
    }
}

static void keep(struct import *import)
{
    struct code_rows *rows = &import->file->rows;

    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i]->is_kept = rows->rows[i]->id != NULL;
}

/* -EAGAIN: a line was bad, and the others are to be done again. */
static int write_lines(struct import *import, struct code_session *session, size_t first,
                       size_t last)
{
    struct err err = {""};
    const struct code_work work = {session,          &session->request, import->file,
                                   &import->current, &import->apply,    &err};

    for (size_t i = first; i < last; i++) {
        struct code_row *row = import->lines[i], *bad;

        if (row->twin || row->id || row->is_bad)
            continue;
        session->refused = NULL;
        if (!code_check_names(&work, row) && !code_create_with(&work, row))
            continue;
        if (PQstatus(import->conn) != CONNECTION_OK)
            return err_set(import->err, -EIO, "%s", err.text);
        /* It may be one that this one leads to, which is then told for itself. */
        bad = session->refused ? import->file->rows.rows[session->refused->index] : row;
        refuse_line(import, bad, err.text);
        i -= bad != row;
        if (PQtransactionStatus(import->conn) != PQTRANS_INTRANS)
            return -EAGAIN;
    }
    return 0;
}

static int write_chunk(struct import *import, size_t first, size_t last)
{
    struct code_session session;
    int res;

    do {
        res = begin(import, &session);
        if (!res)
            res = write_lines(import, &session, first, last);
        if (!res && !import->told->dry_run &&
            api_query(&session.request, "COMMIT", 0, NULL, NULL)) {
            code_problem(&session.request, import->err);
            res = -EIO;
        }
        code_end(&session);
        if (res || import->told->dry_run)
            forget(import);
    } while (res == -EAGAIN);
    if (!res && !import->told->dry_run)
        keep(import);
    return res;
}

static int write_all(struct import *import)
{
    size_t count = import->file->rows.count;
    int res = 0;

    for (size_t first = 0; !res && first < count; first += CHUNK)
        res = write_chunk(import, first, first + CHUNK < count ? first + CHUNK : count);
    import->told->added = (unsigned int)count - import->told->bad - import->told->same;
    return res;
}

static const struct api_resource *find_resource(const char *section)
{
    char own[CODE_NAME_SIZE];

    for (size_t i = 0; api_resources[i]; i++) {
        code_section(api_resources[i], own);
        if (code_is_part(api_resources[i]) && !api_resources[i]->parent &&
            !(api_resources[i]->without & API_CREATE) && strcmp(own, section) == 0)
            return api_resources[i];
    }
    return NULL;
}

int code_import(PGconn *conn, const char *domain, const char *section, const char *name,
                const char *text, size_t len, struct code_import *told, struct err *err)
{
    const struct api_resource *resource = find_resource(section);
    struct import import = {.conn = conn, .told = told, .err = err};
    int res;

    if (!resource)
        return err_set(err, -EINVAL, "%.64s: nothing of this kind is imported", section);
    res = code_csv(&import.file, name, domain, resource, text, len, err);
    if (res)
        return res;
    buf_init(&import.apply.told, TOLD_MAX);
    import.lines = calloc(import.file->rows.count + 1, sizeof(struct code_row *));
    if (!import.lines) {
        res = err_set(err, -ENOMEM, "there is no memory for the file");
    } else if (import.file->rows.count) {
        memcpy(import.lines, import.file->rows.rows,
               import.file->rows.count * sizeof(struct code_row *));
        qsort(import.lines, import.file->rows.count, sizeof(struct code_row *), by_line);
        res = prepare(&import);
        if (!res)
            res = write_all(&import);
    }
    free(import.lines);
    buf_free(&import.apply.told);
    code_rows_free(&import.current);
    code_free(import.file);
    return res;
}
