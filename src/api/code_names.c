/* What resources, columns and rows are called in the file of a tenant. */
#include <string.h>

#include "api/code_private.h"
#include "api/resources/resources.h"

bool code_is_part(const struct api_resource *resource)
{
    return !resource->is_platform && resource->writes == API_CONFIG_WRITE;
}

size_t code_index(const struct api_resource *resource)
{
    size_t i = 0;

    while (api_resources[i] && api_resources[i] != resource)
        i++;
    return i;
}

void code_section(const struct api_resource *resource, char out[CODE_NAME_SIZE])
{
    (void)!str_copy(out, CODE_NAME_SIZE, resource == &api_domains ? "domain" : resource->name);
    for (char *at = out; *at; at++)
        if (*at == '-')
            *at = '_';
}

void code_field(const struct api_column *column, char out[CODE_NAME_SIZE])
{
    size_t len = strlen(column->name);

    (void)!str_copy(out, CODE_NAME_SIZE, column->name);
    if (column->type == API_REFERENCE && len > 3 && strcmp(out + len - 3, "_id") == 0)
        out[len - 3] = '\0';
}

bool code_has(const struct api_column *column)
{
    unsigned int never = API_READ_ONLY | API_WRITE_ONLY | API_PARENT | API_UNLISTED;

    return !(column->flags & never) && column->type != API_SECRET;
}

const char *const *code_known_by(const struct api_resource *resource)
{
    static const char *const by_label[][2] = {
        {"name", NULL}, {"username", NULL}, {"number", NULL}, {"mailbox", NULL}, {"url", NULL}};

    if (resource->known_by)
        return resource->known_by;
    for (size_t i = 0; i < DP_COUNT(by_label); i++)
        if (resource->label && strcmp(by_label[i][0], resource->label) == 0)
            return by_label[i];
    return by_label[0];
}

json_t *code_value(const struct code_row *row, const struct api_column *column, json_t **made)
{
    char name[CODE_NAME_SIZE];
    json_t *value;

    code_field(column, name);
    value = json_object_get(row->fields, name);
    json_decref(*made);
    *made = NULL;
    if (value)
        return value;
    *made = column->initial ? json_loads(column->initial, JSON_DECODE_ANY, NULL) : json_null();
    return *made;
}

bool code_is_list(const struct api_resource *resource)
{
    return !resource->is_platform && !resource->is_single;
}

bool code_is_nothing(const struct code_row *row)
{
    return row->resource->is_single && json_object_size(row->fields) == 0;
}

static void add_plain(struct buf *out, json_t *value)
{
    char *text;

    if (json_is_string(value)) {
        buf_add_str(out, json_string_value(value));
        return;
    }
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_add_str(out, text ? text : "?");
    free(text);
}

static void add_known_by(const struct code_row *row, struct buf *out)
{
    const char *const *by = code_known_by(row->resource);
    json_t *made = NULL;

    for (; *by; by++) {
        const struct api_column *column = api_column_find(row->resource, *by);
        json_t *value = column ? code_value(row, column, &made) : NULL;

        if (!value || json_is_null(value))
            continue;
        buf_add_char(out, ' ');
        add_plain(out, value);
    }
    json_decref(made);
}

void code_title(const struct code_row *row, struct buf *out)
{
    char section[CODE_NAME_SIZE];

    if (row->parent) {
        code_title(row->parent, out);
        buf_add_char(out, ' ');
    }
    code_section(row->resource, section);
    buf_add_str(out, section);
    add_known_by(row, out);
}
