/* Rows of a tenant, found by what people know them by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_private.h"

int code_add(struct code_rows *rows, const struct api_resource *resource, struct code_row *parent,
             struct code_row **out)
{
    struct code_row *row;

    if (rows->count == rows->size) {
        size_t size = rows->size ? 2 * rows->size : 64;
        struct code_row **more = reallocarray(rows->rows, size, sizeof(*more));

        if (!more)
            return -ENOMEM;
        rows->rows = more;
        rows->size = size;
    }
    row = calloc(1, sizeof(*row));
    if (!row)
        return -ENOMEM;
    row->index = rows->count;
    row->resource = resource;
    row->parent = parent;
    row->fields = json_object();
    row->places = json_object();
    rows->rows[rows->count++] = row;
    *out = row;
    return row->fields && row->places ? 0 : -ENOMEM;
}

static int note(json_t **map, const char *key, size_t index)
{
    if (!*map)
        *map = json_object();
    return json_object_set_new(*map, key, json_integer((json_int_t)index)) ? -ENOMEM : 0;
}

static struct code_row *find(const struct code_rows *rows, const json_t *map, const char *key)
{
    json_t *index = key ? json_object_get(map, key) : NULL;

    return index ? rows->rows[json_integer_value(index)] : NULL;
}

static int name_key(char **out, const struct api_resource *resource, const char *name)
{
    return asprintf(out, "%s %s", resource->table, name) < 0 ? -ENOMEM : 0;
}

static struct code_row *find_named(const struct code_rows *rows, const json_t *map,
                                   const struct api_resource *resource, const char *name)
{
    struct code_row *row;
    char *key;

    if (name_key(&key, resource, name))
        return NULL;
    row = find(rows, map, key);
    free(key);
    return row;
}

struct code_row *code_by_key(const struct code_rows *rows, const char *key)
{
    return find(rows, rows->by_key, key);
}

struct code_row *code_by_name(const struct code_rows *rows, const struct api_resource *resource,
                              const char *name)
{
    return find_named(rows, rows->by_name, resource, name);
}

struct code_row *code_by_id(const struct code_rows *rows, const struct api_resource *resource,
                            const char *id)
{
    return find_named(rows, rows->by_id, resource, id);
}

static int note_named(json_t **map, const struct code_row *row, const char *name)
{
    char *key;
    int res = name_key(&key, row->resource, name);

    if (!res) {
        res = note(map, key, row->index);
        free(key);
    }
    return res;
}

int code_set_id(struct code_rows *rows, struct code_row *row, const char *id)
{
    row->id = strdup(id);
    return row->id ? note_named(&rows->by_id, row, id) : -ENOMEM;
}

/* The words that tell it apart, as JSON, which no two lists of words share. */
static char *key_of(const struct code_row *row)
{
    const char *const *by = code_known_by(row->resource);
    json_t *words = json_array(), *made = NULL;
    char *text;

    json_array_append_new(words, json_string(row->resource->table));
    if (row->parent)
        json_array_append_new(words, json_string(row->parent->key));
    for (; *by; by++) {
        const struct api_column *column = api_column_find(row->resource, *by);

        if (column)
            json_array_append(words, code_value(row, column, &made));
    }
    json_decref(made);
    text = json_dumps(words, JSON_COMPACT);
    json_decref(words);
    return text;
}

static int compare_values(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return (json_integer_value(a) > json_integer_value(b)) -
               (json_integer_value(a) < json_integer_value(b));
    if (json_is_string(a) && json_is_string(b))
        return strcmp(json_string_value(a), json_string_value(b));
    return (int)json_typeof(a) - (int)json_typeof(b);
}

static int compare_column(const struct code_row *a, const struct code_row *b,
                          const struct api_column *column)
{
    json_t *made_a = NULL, *made_b = NULL;
    int order = compare_values(code_value(a, column, &made_a), code_value(b, column, &made_b));

    json_decref(made_a);
    json_decref(made_b);
    return order;
}

/* By what the API sorts by, and then by everything: never by what an id would say. */
static int compare(const void *left, const void *right)
{
    const struct code_row *a = *(struct code_row *const *)left;
    const struct code_row *b = *(struct code_row *const *)right;
    size_t at_a = code_index(a->resource), at_b = code_index(b->resource);
    const struct api_column *first;
    int order;

    if (at_a != at_b)
        return at_a < at_b ? -1 : 1;
    first = a->resource->order ? api_column_find(a->resource, a->resource->order) : NULL;
    order = first && code_has(first) ? compare_column(a, b, first) : 0;
    /* Lines of CSV with the same name: the first one is the one of that name. */
    if (!order && !a->column && !b->column && a->line != b->line)
        return a->line < b->line ? -1 : 1;
    for (const struct api_column *c = a->resource->columns; !order && c->name; c++)
        if (code_has(c))
            order = compare_column(a, b, c);
    return order;
}

static void sort(struct code_rows *rows)
{
    if (!rows->count)
        return;
    qsort(rows->rows, rows->count, sizeof(*rows->rows), compare);
    /* Indexes are of no more use. */
    json_object_clear(rows->by_key);
    json_object_clear(rows->by_name);
    json_object_clear(rows->by_id);
    for (size_t i = rows->count; i-- > 0;) {
        struct code_row *row = rows->rows[i];

        row->index = i;
        if (row->parent) {
            row->next = row->parent->child;
            row->parent->child = row;
        }
    }
}

/* What may be there twice (two webhooks of one URL) is told apart by its turn. */
static int next_turn(struct code_row *first, struct code_row *row)
{
    char *key = NULL;

    if (asprintf(&key, "%s+%u", row->key, ++first->again) < 0)
        return -ENOMEM;
    free(row->key);
    row->key = key;
    return 0;
}

static int know(struct code_rows *rows, struct code_row *row)
{
    const char *label = row->resource->label;
    const char *name = label ? json_string_value(json_object_get(row->fields, label)) : NULL;
    struct code_row *other;
    int res;

    row->key = key_of(row);
    if (!row->key)
        return -ENOMEM;
    other = code_by_key(rows, row->key);
    res = other ? next_turn(other, row) : 0;
    if (!res)
        res = note(&rows->by_key, row->key, row->index);
    other = name ? code_by_name(rows, row->resource, name) : NULL;
    if (res || !name || (other && other->line <= row->line))
        return res;
    return note_named(&rows->by_name, row, name);
}

/* Resources are listed after their parents, so a parent's key is there. */
int code_sort(struct code_rows *rows)
{
    int res = 0;

    sort(rows);
    for (size_t i = 0; !res && i < rows->count; i++)
        res = know(rows, rows->rows[i]);
    return res;
}

static void row_free(struct code_row *row)
{
    json_decref(row->fields);
    json_decref(row->places);
    free(row->key);
    free(row->id);
    free(row->fault);
    free(row);
}

void code_rows_free(struct code_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        row_free(rows->rows[i]);
    free(rows->rows);
    json_decref(rows->by_key);
    json_decref(rows->by_name);
    json_decref(rows->by_id);
    *rows = (struct code_rows){0};
}
