/*
 * The fields of a file's rows, checked as the API checks those of a body: before anything is
 * written, so that all that is wrong is told at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_write.h"

/* Any: whether names lead somewhere is looked at elsewhere. */
#define SOME_ID     1
#define SOME_DIGEST "00000000000000000000000000000000"

static void give(const struct code_row *row, const struct api_column *column, json_t *given)
{
    char name[CODE_NAME_SIZE];
    json_t *made = NULL, *value;

    code_field(column, name);
    if (row->twin ? !code_differs(row, column) : !json_object_get(row->fields, name))
        return;
    value = code_value(row, column, &made);
    if (column->type == API_REFERENCE && json_is_string(value))
        json_object_set_new(given, column->name, json_integer(SOME_ID));
    else
        json_object_set(given, column->name, value);
    json_decref(made);
}

static void give_digest(const struct code_row *row, const struct api_column *column, json_t *given)
{
    json_t *digest = json_object_get(row->fields, column->digest);

    /* A secret that is still in clear was refused, and that was told. */
    if (json_object_get(row->fields, column->name))
        json_object_set_new(given, column->digest, json_string(SOME_DIGEST));
    else if (digest && (!row->twin || code_digest_differs(row, column)))
        json_object_set(given, column->digest, digest);
}

int code_check_names(const struct code_work *work, const struct code_row *row)
{
    char name[CODE_NAME_SIZE], sentence[128];
    int res = 0;

    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        const char *text;

        code_field(c, name);
        text = json_string_value(json_object_get(row->fields, name));
        if (c->type != API_REFERENCE || !code_has(c) || !text || code_target(work, c, text))
            continue;
        (void)!str_printf(sentence, sizeof(sentence), "there is no %s of this name%s",
                          c->refers_to->one, work->apply->prune ? " in the file" : "");
        res = code_refuse(work, row, name, sentence);
        if (!work->session->faults)
            return res;
    }
    return res;
}

static int check_fields(const struct code_work *work, const struct code_row *row)
{
    struct api_write write;
    json_t *given = json_object();
    int res = 0;

    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        if (code_has(c))
            give(row, c, given);
        if (c->digest)
            give_digest(row, c, given);
    }
    buf_reset(&work->request->response->body);
    api_write_init(&write, work->request, row->resource, given, "");
    write.before = row->twin ? json_incref(row->twin->fields) : NULL;
    if (api_write_fill(&write))
        res = code_refuse_row(work, row);
    api_write_free(&write);
    json_decref(given);
    return res;
}

int code_check(const struct code_work *work, struct code_row *row)
{
    int names = code_check_names(work, row), fields = check_fields(work, row);

    return names ? names : fields;
}
