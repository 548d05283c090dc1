/*
 * New rows, many at a time. Rows have levels: on the first are those that lead to nothing that is
 * still to be made, on the next those that lead to these, and so on. Rows of one level and one kind
 * are made by one statement. When it is refused, each half is tried for itself, and so on down to
 * the row that is wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_write.h"

enum {
    MAKING = 1,
    DEPTH_MAX = 1000, /* from one row to the next, to the next … */
    BATCH = 500,
};

#define SAVEPOINT "code_many"

struct batch {
    const struct code_many *many;
    struct code_row *rows[BATCH];
    struct api_write *writes[BATCH];
    size_t count;
};

static bool is_due(const struct code_row *row)
{
    return !row->twin && !row->id && !row->is_bad;
}

static int refuse(const struct code_many *many, struct code_row *row)
{
    return many->refused(many->arg, row);
}

/* -------------------------------------------------------------- levels */

static int find_level(const struct code_many *many, struct code_row *row, int depth);

/* Raises the level of a row above that of one that it needs. */
static int stand_on(const struct code_many *many, struct code_row *row, const char *field,
                    struct code_row *target, int depth)
{
    int res;

    if (target->mark == MAKING || depth == DEPTH_MAX) {
        (void)code_refuse(many->work, row, field,
                          target->mark == MAKING ? "this leads in a circle"
                                                 : "this leads on to too many others");
        return refuse(many, row);
    }
    res = find_level(many, target, depth + 1);
    if (row->level <= target->level)
        row->level = target->level + 1;
    return res;
}

static int find_level(const struct code_many *many, struct code_row *row, int depth)
{
    char name[CODE_NAME_SIZE];
    int res = 0;

    if (!is_due(row) || row->level)
        return 0;
    row->mark = MAKING;
    row->level = 1;
    if (row->parent)
        res = stand_on(many, row, NULL, row->parent, depth);
    for (const struct api_column *c = row->resource->columns; !res && is_due(row) && c->name; c++) {
        struct code_row *target = NULL;
        const char *text;

        if (c->type != API_REFERENCE || !code_has(c))
            continue;
        code_field(c, name);
        text = json_string_value(json_object_get(row->fields, name));
        if (text)
            target = code_target(many->work, c, text);
        if (target)
            res = stand_on(many, row, name, target, depth);
    }
    row->mark = 0;
    return res;
}

static int by_level(const void *left, const void *right)
{
    const struct code_row *a = *(struct code_row *const *)left;
    const struct code_row *b = *(struct code_row *const *)right;
    size_t kind_a = code_index(a->resource), kind_b = code_index(b->resource);

    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (kind_a != kind_b)
        return kind_a < kind_b ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* -------------------------------------------------------------- batches */

/* One line of CSV may make many rows, and why it is wrong is told once. */
static bool is_same_line(const struct code_row *a, const struct code_row *b)
{
    return a->file && a->file == b->file && a->line == b->line;
}

/* Whether what it needs could be made. Of a line that is wrong itself work->err says nothing. */
static int check_needed(const struct code_many *many, struct code_row *row)
{
    char name[CODE_NAME_SIZE];

    if (row->parent && row->parent->is_bad && is_same_line(row->parent, row)) {
        many->work->err->text[0] = '\0';
        return -EINVAL;
    }
    if (row->parent && row->parent->is_bad)
        return code_refuse(many->work, row, NULL, "what this is of is wrong itself");
    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        const struct code_row *target = NULL;
        const char *text;

        if (c->type != API_REFERENCE || !code_has(c))
            continue;
        code_field(c, name);
        text = json_string_value(json_object_get(row->fields, name));
        if (text)
            target = code_target(many->work, c, text);
        if (target && target->is_bad && is_same_line(target, row)) {
            many->work->err->text[0] = '\0';
            return -EINVAL;
        }
        if (target && target->is_bad)
            return code_refuse(many->work, row, name,
                               "what this names is wrong itself, and was not made");
    }
    return 0;
}

static int savepoint(const struct code_many *many, const char *sql)
{
    return pg_exec(many->work->request->conn, sql, many->work->err);
}

static int take_back(const struct code_many *many)
{
    if (PQtransactionStatus(many->work->request->conn) == PQTRANS_UNKNOWN)
        return -EIO;
    return savepoint(many, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT);
}

/* One that is made in a way of its own: with a secret that is told, or audio. */
static int make_one(const struct code_many *many, struct code_row *row)
{
    struct api_request *request = many->work->request;
    int res = savepoint(many, "SAVEPOINT " SAVEPOINT);

    if (res)
        return res;
    request->savepoint = SAVEPOINT;
    res = code_create(many->work, row);
    request->savepoint = NULL;
    if (!res)
        return savepoint(many, "RELEASE SAVEPOINT " SAVEPOINT);
    free(row->id);
    row->id = NULL;
    return take_back(many) ? -EIO : refuse(many, row);
}

static int keep_ids(const struct code_many *many, struct code_row *const *rows, char *const *ids,
                    size_t count)
{
    int res = savepoint(many, "RELEASE SAVEPOINT " SAVEPOINT);

    for (size_t i = 0; !res && i < count; i++)
        res = code_set_id(&many->work->file->rows, rows[i], ids[i]);
    return res;
}

static int make_some(struct batch *batch, size_t first, size_t count)
{
    const struct code_many *many = batch->many;
    struct api_request *request = many->work->request;
    struct code_row *const *rows = batch->rows + first;
    char *ids[BATCH] = {NULL};
    int res;

    if (!count)
        return 0;
    res = savepoint(many, "SAVEPOINT " SAVEPOINT);
    if (res)
        return res;
    request->savepoint = SAVEPOINT;
    buf_reset(&request->response->body);
    res = api_insert_many(request, rows[0]->resource, batch->writes + first, count, ids);
    request->savepoint = NULL;
    if (!res) {
        res = keep_ids(many, rows, ids, count);
    } else if (take_back(many)) {
        (void)code_refuse_row(many->work, rows[0]);
        res = -EIO;
    } else if (count == 1) {
        (void)code_refuse_row(many->work, rows[0]);
        res = refuse(many, rows[0]);
    } else {
        res = make_some(batch, first, count / 2);
        if (!res)
            res = make_some(batch, first + count / 2, count - count / 2);
    }
    for (size_t i = 0; i < count; i++)
        free(ids[i]);
    return res;
}

/* Checks a row and puts it into the batch. */
static int add(struct batch *batch, struct code_row *row)
{
    struct api_write *write;

    if (check_needed(batch->many, row))
        return refuse(batch->many, row);
    write = malloc(sizeof(*write));
    if (!write)
        return -ENOMEM;
    if (code_fill(batch->many->work, row, write)) {
        api_write_free(write);
        free(write);
        return refuse(batch->many, row);
    }
    batch->rows[batch->count] = row;
    batch->writes[batch->count++] = write;
    return 0;
}

/* Of rows of one level, as many of the first one's kind as fit. */
static int make_batch(const struct code_many *many, struct code_row **rows, size_t count,
                      size_t *done)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    int res = batch ? code_act_for(many->work, rows[0], false) : -ENOMEM;

    if (!batch)
        return res;
    batch->many = many;
    for (*done = 0; !res && *done < count && batch->count < BATCH; ++*done) {
        if (rows[*done]->resource != rows[0]->resource || rows[*done]->level != rows[0]->level)
            break;
        if (is_due(rows[*done]))
            res = add(batch, rows[*done]);
    }
    if (!res)
        res = make_some(batch, 0, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        api_write_free(batch->writes[i]);
        free(batch->writes[i]);
    }
    free(batch);
    return res;
}

static bool is_special(const struct code_row *row)
{
    return row->resource->told_sql || row->resource->is_platform ||
           (row->resource->without & API_CREATE);
}

static int make_next(const struct code_many *many, struct code_row **rows, size_t count,
                     size_t *done)
{
    *done = 1;
    if (!is_special(rows[0]))
        return make_batch(many, rows, count, done);
    if (check_needed(many, rows[0]))
        return refuse(many, rows[0]);
    return make_one(many, rows[0]);
}

int code_create_many(const struct code_many *many, struct code_row **rows, size_t count)
{
    struct code_row **due = calloc(count + 1, sizeof(struct code_row *));
    size_t found = 0, done = 0;
    int res = due ? 0 : -ENOMEM;

    for (size_t i = 0; !res && i < count; i++) {
        res = find_level(many, rows[i], 0);
        if (!res && is_due(rows[i]))
            due[found++] = rows[i];
    }
    if (!res && found)
        qsort(due, found, sizeof(struct code_row *), by_level);
    for (size_t i = 0; !res && i < found; i += done) {
        done = 1;
        if (is_due(due[i]))
            res = make_next(many, due + i, found - i, &done);
        if (!res && many->made)
            res = many->made(many->arg, (unsigned int)done);
    }
    free(due);
    return res;
}
