/* JSON Schemas of resources, from the descriptions of their columns. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/api_private.h"

static const char *const formats[] = {
    [API_TIMESTAMP] = "date-time",
    [API_DATE] = "date",
    [API_SECRET] = "password",
    [API_UUID] = "uuid",
};

static bool is_number(enum api_type type)
{
    return type == API_INTEGER || type == API_ID || type == API_REFERENCE;
}

static void add_words(json_t *schema, const char *const *words, bool or_null)
{
    json_t *list = json_array();

    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    if (or_null)
        json_array_append_new(list, json_null());
    json_object_set_new(schema, "enum", list);
}

static const char *type_name(enum api_type type)
{
    if (is_number(type))
        return "integer";
    if (type == API_BOOLEAN)
        return "boolean";
    return type == API_ARRAY ? "array" : "string";
}

/* JSON Schema's expressions are those of ECMA-262, which has no classes of POSIX. */
static json_t *ecma_pattern(const char *pattern)
{
    static const char *const classes[][2] = {{"[:space:]", "\\s"},
                                             {"[:cntrl:]", "\\u0000-\\u001f\\u007f"}};
    struct buf text;
    json_t *made;

    buf_init(&text, 1024);
    while (*pattern) {
        const char *instead = NULL;
        size_t len = 1;

        for (size_t i = 0; i < DP_COUNT(classes) && !instead; i++)
            if (str_starts_with(pattern, classes[i][0])) {
                instead = classes[i][1];
                len = strlen(classes[i][0]);
            }
        if (instead)
            buf_add_str(&text, instead);
        else
            buf_add_char(&text, *pattern);
        pattern += len;
    }
    made = json_string(text.len ? text.data : "");
    buf_free(&text);
    return made;
}

static void add_limits(json_t *schema, const struct api_column *column)
{
    if (is_number(column->type)) {
        json_object_set_new(schema, "minimum",
                            json_integer(column->type == API_INTEGER ? column->min : 1));
        if (column->type == API_INTEGER)
            json_object_set_new(schema, "maximum", json_integer(column->max));
        return;
    }
    if (column->min)
        json_object_set_new(schema, "minLength", json_integer(column->min));
    if (column->max)
        json_object_set_new(schema, "maxLength", json_integer(column->max));
    if (column->pattern)
        json_object_set_new(schema, "pattern", ecma_pattern(column->pattern));
    if (column->type == API_TIME)
        json_object_set_new(schema, "pattern", json_string("^([01][0-9]|2[0-4]):[0-5][0-9]$"));
    if ((size_t)column->type < DP_COUNT(formats) && formats[column->type])
        json_object_set_new(schema, "format", json_string(formats[column->type]));
}

static void add_type(json_t *schema, const struct api_column *column)
{
    const char *type = type_name(column->type);

    if (column->type == API_JSON)
        return;
    if (column->flags & API_NULLABLE)
        json_object_set_new(schema, "type", json_pack("[s, s]", type, "null"));
    else
        json_object_set_new(schema, "type", json_string(type));
    if (column->type == API_ARRAY) {
        json_t *items = json_pack("{s:s}", "type", "string");

        if (column->words)
            add_words(items, column->words, false);
        json_object_set_new(schema, "items", items);
    } else {
        if (column->words)
            add_words(schema, column->words, column->flags & API_NULLABLE);
        add_limits(schema, column);
    }
}

json_t *api_column_schema(const struct api_column *column)
{
    json_t *schema = json_object();

    add_type(schema, column);
    if (column->about)
        json_object_set_new(schema, "description", json_string(column->about));
    if (column->initial)
        json_object_set_new(schema, "default", json_loads(column->initial, JSON_DECODE_ANY, NULL));
    return schema;
}

static bool is_in(const struct api_column *column, enum api_shape shape)
{
    bool is_hidden = (column->flags & API_WRITE_ONLY) || column->type == API_SECRET;

    if (shape == API_SHOWN)
        return !is_hidden;
    if (column->flags & (API_READ_ONLY | API_PARENT))
        return false;
    return shape == API_MADE || !(column->flags & API_IMMUTABLE);
}

json_t *api_resource_schema(const struct api_resource *resource, enum api_shape shape)
{
    json_t *properties = json_object(), *required = json_array();
    json_t *schema;

    for (const struct api_column *column = resource->columns; column->name; column++) {
        json_t *one;

        if (!is_in(column, shape))
            continue;
        one = api_column_schema(column);
        if (shape == API_CHANGED)
            json_object_del(one, "default");
        json_object_set_new(properties, column->name, one);
        if (shape == API_MADE && (column->flags & API_REQUIRED))
            json_array_append_new(required, json_string(column->name));
    }
    if (shape == API_SHOWN && resource->told_once)
        json_object_set_new(properties, resource->told_once,
                            json_pack("{s:s, s:s}", "type", "string", "description",
                                      "Told once, in the answer that creates it."));
    schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    /* What is read may have embedded rows, or only the fields that were asked for. */
    if (shape != API_SHOWN)
        json_object_set_new(schema, "additionalProperties", json_false());
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

/* Whether a tenant's things are called the same: the platform's own have other fields. */
static bool has_namesake(const struct api_resource *resource)
{
    for (size_t i = 0; api_resources[i]; i++)
        if (api_resources[i] != resource && strcmp(api_resources[i]->one, resource->one) == 0)
            return true;
    return false;
}

void api_schema_name(const struct api_resource *resource, enum api_shape shape, char out[80])
{
    static const char *const suffixes[] = {
        [API_SHOWN] = "", [API_MADE] = "Create", [API_CHANGED] = "Patch"};
    bool begins = true;
    size_t len = 0;

    if (resource->is_platform && has_namesake(resource))
        len = (size_t)sprintf(out, "Platform");
    for (const char *at = resource->one; *at && len < 60; at++) {
        if (isalnum((unsigned char)*at))
            out[len++] = begins ? (char)toupper((unsigned char)*at) : *at;
        begins = !isalnum((unsigned char)*at);
    }
    (void)!str_copy(out + len, 80 - len, suffixes[shape]);
}
