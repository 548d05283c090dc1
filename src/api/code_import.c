/*
 * Many rows of one kind from CSV. What is there already, and the same, is passed over, so a file
 * can be given again; a bad line is told, and keeps no other from being taken. What was made is
 * committed every thousand rows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_csv.h"
#include "api/code_from.h"
#include "api/code_write.h"

enum { COMMIT_EVERY = 1000, TOLD_MAX = 1024 * 1024 };

struct import {
    PGconn *conn;
    struct code_file *file;
    struct code_rows current;
    struct code_apply apply;
    struct code_import *told;
    struct code_session session;
    const struct code_source *sources;
    size_t count;
    struct from_notes notes;
    unsigned int made, committed; /* rows */
    struct err *err;              /* why nothing goes on */
    struct err fault;             /* of one row */
};

static struct code_work work_of(struct import *import)
{
    return (struct code_work){&import->session, &import->session.request, import->file,
                              &import->current, &import->apply,           &import->fault};
}

static int refuse_row(void *arg, struct code_row *row)
{
    struct import *import = arg;

    if (PQstatus(import->conn) != CONNECTION_OK)
        return err_set(import->err, -EIO, "%s", import->fault.text);
    row->is_bad = true;
    if (!import->fault.text[0])
        return 0;
    row->fault = strdup(import->fault.text);
    return row->fault ? 0 : -ENOMEM;
}

/* Before anything is written: passwords become digests, and what is there is found. */
static int compare(struct import *import, struct code_row *row)
{
    const struct code_work work = work_of(import);

    if (row->is_bad)
        return 0;
    if (code_digests(&work, row))
        return refuse_row(import, row);
    row->twin = code_by_key(&import->current, row->key);
    if (row->twin && code_is_changed(row)) {
        (void)code_refuse(&work, row, NULL, "this is there already, and otherwise");
        return refuse_row(import, row);
    }
    return !row->twin && code_check_names(&work, row) ? refuse_row(import, row) : 0;
}

static int begin(struct import *import)
{
    struct api_request *request = &import->session.request;
    int res = code_begin(&import->session, import->conn, import->file->domain, import->err);

    request->takes_digests = true;
    (void)!str_copy(request->caller.name, sizeof(request->caller.name), import->told->actor);
    return res;
}

static int begin_anew(struct import *import)
{
    if (!api_begin(&import->session.request))
        return 0;
    code_problem(&import->session.request, import->err);
    return -EIO;
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

static int read_own(struct import *import)
{
    int res = 0;

    for (size_t i = 0; !res && i < import->count; i++) {
        const struct api_resource *resource = find_resource(import->sources[i].section);

        if (!resource)
            return err_set(import->err, -EINVAL, "%.64s: nothing of this kind is imported",
                           import->sources[i].section);
        res = code_csv(import->file, &import->sources[i], resource, import->err);
    }
    return res;
}

static int read_files(struct import *import)
{
    int res = import->told->from
                  ? code_from(import->file, &import->current, import->sources, import->count,
                              import->told, &import->notes, import->err)
                  : read_own(import);

    return res ? res : code_sort(&import->file->rows);
}

/* In one picture of the tenant; what is written then sees what others write meanwhile. */
static int prepare(struct import *import)
{
    struct code_rows *rows = &import->file->rows;
    int res = begin(import);

    if (!res)
        res = code_load(&import->session.request, &import->current, import->err);
    if (!res)
        res = read_files(import);
    for (size_t i = 0; !res && i < rows->count; i++)
        res = compare(import, rows->rows[i]);
    if (!res)
        res =
            pg_exec(import->conn, "ROLLBACK; SET default_transaction_isolation = 'read committed'",
                    import->err);
    return res ? res : begin_anew(import);
}

static int commit(struct import *import)
{
    struct api_request *request = &import->session.request;

    if (import->told->dry_run)
        return 0;
    if (api_query(request, "COMMIT", 0, NULL, NULL)) {
        code_problem(request, import->err);
        return -EIO;
    }
    import->committed = import->made;
    return 0;
}

static int rows_made(void *arg, unsigned int count)
{
    struct import *import = arg;
    struct code_import *told = import->told;
    int res;

    import->made += count;
    if (told->progress)
        told->progress(told->arg, import->made);
    if (told->dry_run || import->made - import->committed < COMMIT_EVERY)
        return 0;
    res = commit(import);
    return res ? res : begin_anew(import);
}

static int write_rows(struct import *import)
{
    const struct code_work work = work_of(import);
    const struct code_many many = {
        .work = &work, .refused = refuse_row, .made = rows_made, .arg = import};
    int res = code_create_many(&many, import->file->rows.rows, import->file->rows.count);

    if (!res)
        res = commit(import);
    else if (!import->err->text[0])
        (void)err_set(import->err, res, "%s", import->fault.text);
    return res;
}

/* What was done with one line, which may be many rows. */
static void count_line(struct code_import *told, struct code_row *const *rows, size_t count)
{
    bool is_bad = false, is_made = false;

    for (size_t i = 0; i < count; i++) {
        is_bad = is_bad || rows[i]->is_bad;
        is_made = is_made || rows[i]->id;
    }
    told->bad += is_bad;
    told->added += !is_bad && is_made;
    told->same += !is_bad && !is_made;
}

static size_t place_of(const struct import *import, const char *file)
{
    size_t i = 0;

    while (i < import->count && import->sources[i].name != file)
        i++;
    return i;
}

/* By file, and by line. */
static int compare_rows(const void *left, const void *right, void *arg)
{
    const struct code_row *a = *(struct code_row *const *)left;
    const struct code_row *b = *(struct code_row *const *)right;
    size_t file_a = place_of(arg, a->file), file_b = place_of(arg, b->file);

    if (file_a != file_b)
        return file_a < file_b ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static bool is_before(const struct import *import, const struct from_text *note,
                      const struct code_row *row)
{
    size_t file_a = place_of(import, note->file), file_b = place_of(import, row->file);

    return file_a != file_b ? file_a < file_b : note->line <= row->line;
}

static bool is_same_line(const struct code_row *a, const struct code_row *b)
{
    return a->file == b->file && a->line == b->line;
}

/* The lines of the files in their order, whatever was done when. */
static int tell(struct import *import)
{
    struct code_rows *rows = &import->file->rows;
    struct code_row **lines = calloc(rows->count + 1, sizeof(struct code_row *));
    struct code_import *told = import->told;
    struct from_notes *notes = &import->notes;
    size_t first = 0, note = 0;

    if (!lines)
        return -ENOMEM;
    memcpy(lines, rows->rows, rows->count * sizeof(struct code_row *));
    qsort_r(lines, rows->count, sizeof(struct code_row *), compare_rows, import);
    for (size_t i = 0; i < rows->count; i++) {
        for (; note < notes->count && is_before(import, &notes->list[note], lines[i]); note++)
            buf_printf(&told->lines, "%s\n", notes->list[note].text);
        if (lines[i]->fault)
            buf_printf(&told->lines, "%s\n", lines[i]->fault);
        if (i + 1 == rows->count || !is_same_line(lines[i], lines[i + 1])) {
            count_line(told, lines + first, i + 1 - first);
            first = i + 1;
        }
    }
    for (; note < notes->count; note++)
        buf_printf(&told->lines, "%s\n", notes->list[note].text);
    if (notes->columns.len)
        buf_add_str(&told->lines, notes->columns.data);
    told->bad += notes->bad;
    told->left = notes->left;
    free(lines);
    return 0;
}

static int make_file(struct import *import, const char *domain)
{
    import->file = calloc(1, sizeof(*import->file));
    if (!import->file)
        return -ENOMEM;
    import->file->name = import->sources[0].name;
    if (str_copy(import->file->domain, sizeof(import->file->domain), domain))
        return err_set(import->err, -EINVAL, "%.64s… is no domain", domain);
    return 0;
}

int code_import(PGconn *conn, const char *domain, const struct code_source *sources, size_t count,
                struct code_import *told, struct err *err)
{
    struct import import = {
        .conn = conn, .told = told, .err = err, .sources = sources, .count = count};
    int res = make_file(&import, domain);

    buf_init(&import.apply.told, TOLD_MAX);
    if (!res) {
        res = prepare(&import);
        if (!res)
            res = write_rows(&import);
        code_end(&import.session);
    }
    if (!res)
        res = tell(&import);
    if (res == -ENOMEM)
        (void)err_set(err, res, "there is no memory for the file");
    buf_free(&import.apply.told);
    from_notes_free(&import.notes);
    code_rows_free(&import.current);
    code_free(import.file);
    return res;
}
