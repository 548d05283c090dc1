/* The rows that one line of another product's export makes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_from_private.h"

enum { FAULT_MAX = 4096, LIST_MAX = 64 * 1024 };

int from_key(const struct api_resource *resource, const char *name, struct buf *out)
{
    buf_init(out, LIST_MAX);
    buf_printf(out, "%s %s", resource->table, name);
    return buf_error(out);
}

/* One line for each thing that is wrong. */
static int spoil(struct code_row *row, const char *why)
{
    struct buf fault;
    int res;

    buf_init(&fault, FAULT_MAX);
    buf_printf(&fault, "%s%s%s:%u: ", row->fault ? row->fault : "", row->fault ? "\n" : "",
               row->file, row->line);
    code_title(row, &fault);
    buf_printf(&fault, ": %s", why);
    row->is_bad = true;
    free(row->fault);
    row->fault = buf_error(&fault) ? NULL : strdup(fault.data);
    res = row->fault ? 0 : -ENOMEM;
    buf_free(&fault);
    return res;
}

int from_add_row(struct from_work *work, const struct from_row *spec, struct code_row *parent,
                 struct code_row **out)
{
    int res = code_add(&work->file->rows, spec->resource, parent, out);

    if (res)
        return res;
    (*out)->file = work->source->name;
    (*out)->line = work->record.line;
    return 0;
}

static const struct from_row *find_row(const struct from_export *export, const char *name)
{
    const struct from_row *row = export->rows;

    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

static bool is_among(const json_t *seen, const json_t *member)
{
    const json_t *one;
    size_t i;

    json_array_foreach(seen, i, one) if (json_equal(one, member)) return true;
    return false;
}

static int add_member(struct from_work *work, struct code_row *group, const char *name,
                      json_t *member, size_t position)
{
    const struct from_row *spec = find_row(work->line.export, name);
    struct code_row *row;
    int res = spec ? from_add_row(work, spec, group, &row) : -EINVAL;

    if (res)
        return res;
    json_object_update(row->fields, member);
    json_object_set_new(row->fields, "position", json_integer((json_int_t)position));
    return from_fill(work, spec, row);
}

static int add_members(struct from_work *work, struct code_row *group, const struct from_rule *rule)
{
    json_t *seen = json_array(), *member;
    const char *rest;
    struct buf list;
    int res = 0;

    buf_init(&list, LIST_MAX);
    rest = from_expand(&work->line, rule->value, &list) ? list.data : "";
    while (!res && (member = from_member(&work->line, &rest))) {
        if (!is_among(seen, member)) {
            json_array_append(seen, member);
            res = add_member(work, group, json_array_size(seen) == 1 ? "himself" : "member", member,
                             json_array_size(seen));
        }
        json_decref(member);
    }
    json_decref(seen);
    buf_free(&list);
    return res;
}

/* All rules of a row. */
int from_fill(struct from_work *work, const struct from_row *spec, struct code_row *row)
{
    int res = 0;

    for (const struct from_rule *rule = work->line.export->rules; !res && rule->row; rule++) {
        struct err why = {""};

        if (strcmp(rule->row, spec->name) != 0)
            continue;
        if (rule->how == FROM_MEMBERS)
            res = add_members(work, row, rule);
        else
            res = from_apply(&work->line, rule, spec->resource, row->fields, &why);
        if (res == -EINVAL)
            res = spoil(row, why.text);
    }
    return res;
}

/* What a row will be called. */
int from_note_name(struct from_work *work, const struct from_row *spec)
{
    const char *label = spec->resource->label, *name;
    json_t *fields = json_object();
    struct err why;
    struct buf key;
    int res = 0;

    for (const struct from_rule *rule = work->line.export->rules; label && rule->row; rule++)
        if (strcmp(rule->row, spec->name) == 0 && strcmp(rule->field, label) == 0)
            (void)!from_apply(&work->line, rule, spec->resource, fields, &why);
    name = label ? json_string_value(json_object_get(fields, label)) : NULL;
    if (name) {
        res = from_key(spec->resource, name, &key);
        if (!res && json_object_set_new(work->to_come, key.data, json_true()))
            res = -ENOMEM;
        buf_free(&key);
    }
    json_decref(fields);
    return res;
}
