/* SQL of a row as the API shows it. */
#include <string.h>

#include "api/api_private.h"

static bool is_shown(const struct api_column *column)
{
    return !(column->flags & (API_WRITE_ONLY | API_UNLISTED)) && column->type != API_SECRET;
}

static void add_column(struct buf *out, const struct api_column *column, bool *first)
{
    if (column->sql)
        buf_printf(out, "%s%s AS %s", *first ? "" : ", ", column->sql, column->name);
    else
        buf_printf(out, "%st.%s", *first ? "" : ", ", column->name);
    *first = false;
}

static void add_columns(struct buf *out, const struct api_resource *resource)
{
    bool first = true;

    for (const struct api_column *column = resource->columns; column->name; column++)
        if (is_shown(column))
            add_column(out, column, &first);
}

const char *api_embed_name(const struct api_column *column, char out[64])
{
    size_t len = strlen(column->name);

    if (column->embed)
        return column->embed;
    if (len > 3 && len < 64 && strcmp(column->name + len - 3, "_id") == 0)
        len -= 3;
    memcpy(out, column->name, len);
    out[len] = '\0';
    return out;
}

/* The row that a reference leads to. Both are called t, so the reference is named anew in between.
 */
static void add_reference(struct buf *out, const struct api_column *column)
{
    const struct api_resource *to = column->refers_to;
    char name[64];

    buf_printf(out, ", (SELECT to_json(e) FROM (SELECT t.%s AS ref) r, LATERAL (SELECT ",
               column->name);
    add_columns(out, to);
    buf_printf(out, " FROM %s t WHERE t.id = r.ref) e) AS %s", to->table,
               api_embed_name(column, name));
}

/* The rows of a list. */
static void add_child(struct buf *out, const struct api_resource *child)
{
    const char *parent = api_parent_column(child)->name;

    buf_add_str(out,
                ", (SELECT coalesce(json_agg(e ORDER BY e.id), '[]') FROM (SELECT t.id AS ref) r, "
                "LATERAL (SELECT ");
    add_columns(out, child);
    buf_printf(out, " FROM %s t WHERE t.%s = r.ref) e) AS %s", child->table, parent, child->name);
}

void api_row_sql(struct buf *out, const struct api_resource *resource,
                 const struct api_query_spec *spec)
{
    bool first = true;

    buf_add_str(out, "(SELECT to_json(x) FROM (SELECT ");
    for (size_t i = 0; spec && i < spec->field_count; i++)
        add_column(out, spec->fields[i], &first);
    if (first)
        add_columns(out, resource);
    for (size_t i = 0; spec && i < spec->reference_count; i++)
        add_reference(out, spec->reference[i]);
    for (size_t i = 0; spec && i < spec->child_count; i++)
        add_child(out, spec->child[i]);
    buf_add_str(out, ") x)::text");
}
