/*
 * In which order rows are deleted: whoever leads somewhere before what he leads to. Ways do not go
 * in a circle (db/migrations/0009), so there is such an order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_write.h"
#include "api/resources/resources.h"

enum { SEEN = 1 << 0, LATE = 1 << 1 };

static struct code_row *target_of(const struct code_rows *rows, const struct code_row *row,
                                  const struct api_column *column)
{
    const char *text;
    char name[CODE_NAME_SIZE];

    if (column->type != API_REFERENCE || !code_has(column))
        return NULL;
    code_field(column, name);
    text = json_string_value(json_object_get(row->fields, name));
    return text ? code_by_name(rows, column->refers_to, text) : NULL;
}

static bool is_doomed(const struct code_row *row)
{
    return !row->twin && !code_is_nothing(row);
}

/* Post-order: what it leads to comes before it. */
static void visit(const struct code_rows *rows, struct code_row *row, struct code_row **order,
                  size_t *count)
{
    if (row->mark & SEEN)
        return;
    row->mark |= SEEN;
    if (row->parent && is_doomed(row->parent))
        visit(rows, row->parent, order, count);
    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        struct code_row *to = target_of(rows, row, c);

        if (to && is_doomed(to))
            visit(rows, to, order, count);
    }
    order[(*count)++] = row;
}

static void mark_late(const struct code_rows *rows, struct code_row *row)
{
    if (!is_doomed(row) || (row->mark & LATE))
        return;
    row->mark |= LATE;
    if (row->parent)
        mark_late(rows, row->parent);
    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        struct code_row *to = target_of(rows, row, c);

        if (to)
            mark_late(rows, to);
    }
}

bool code_is_late(const struct code_row *row)
{
    return row->mark & LATE;
}

/* Prompts go last: what they are used by is texts, custom/NAME. */
static void put_prompts_last(struct code_row **order, size_t count, struct code_row **prompts)
{
    size_t others = 0, found = 0;

    for (size_t i = 0; i < count; i++) {
        if (order[i]->resource == &api_prompts) {
            order[i]->mark |= LATE;
            prompts[found++] = order[i];
        } else {
            order[others++] = order[i];
        }
    }
    for (size_t i = 0; i < found; i++)
        order[others + i] = prompts[i];
}

static void reverse(struct code_row **order, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct code_row *row = order[i];

        order[i] = order[count - 1 - i];
        order[count - 1 - i] = row;
    }
}

int code_deletions(const struct code_rows *rows, struct code_row ***out, size_t *count)
{
    struct code_row **order = calloc(2 * rows->count + 1, sizeof(struct code_row *));

    *count = 0;
    if (!order)
        return -ENOMEM;
    for (size_t i = 0; i < rows->count; i++)
        if (is_doomed(rows->rows[i]))
            visit(rows, rows->rows[i], order, count);
    reverse(order, *count);
    put_prompts_last(order, *count, order + rows->count);
    /* What stays still leads there until it is changed. */
    for (size_t i = 0; i < rows->count; i++)
        for (const struct api_column *c = rows->rows[i]->resource->columns; c->name; c++) {
            struct code_row *to =
                is_doomed(rows->rows[i]) ? NULL : target_of(rows, rows->rows[i], c);

            if (to)
                mark_late(rows, to);
        }
    *out = order;
    return 0;
}
