/* The parameters of routes, as OpenAPI has them. */
#include <string.h>

#include "api/api_private.h"

static void add(json_t *list, const char *in, const char *name, json_t *schema, const char *about)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "in", in, "name", name, "schema",
                                          schema, "description", about));
}

static json_t *of_type(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static bool is_ordered(enum api_type type)
{
    return type == API_INTEGER || type == API_TIMESTAMP || type == API_DATE || type == API_ID;
}

/* Filters of one column: itself, and the ways to compare that make sense of it. */
static void add_filters(json_t *list, const struct api_column *column)
{
    static const char *const ordered[] = {"lt", "le", "gt", "ge"};
    json_t *plain = api_column_schema(column);
    char name[96];

    json_object_del(plain, "default");
    json_object_del(plain, "description");
    json_object_del(plain, "pattern");
    json_object_del(plain, "minLength");
    if (column->flags & API_NULLABLE) {
        json_object_set_new(plain, "type",
                            json_incref(json_array_get(json_object_get(plain, "type"), 0)));
        if (column->words)
            json_object_del(plain, "enum");
    }
    add(list, "query", column->name, json_incref(plain), "Is equal.");
    (void)!str_printf(name, sizeof(name), "%s.ne", column->name);
    add(list, "query", name, json_incref(plain), "Is not equal.");
    (void)!str_printf(name, sizeof(name), "%s.in", column->name);
    add(list, "query", name, of_type("string"), "Is one of these, with commas between them.");
    for (size_t i = 0; is_ordered(column->type) && i < DP_COUNT(ordered); i++) {
        (void)!str_printf(name, sizeof(name), "%s.%s", column->name, ordered[i]);
        add(list, "query", name, json_incref(plain), "Compares.");
    }
    if (column->type == API_TEXT) {
        (void)!str_printf(name, sizeof(name), "%s.like", column->name);
        add(list, "query", name, of_type("string"), "Is like this; * stands for any characters.");
    }
    if (column->flags & API_NULLABLE) {
        (void)!str_printf(name, sizeof(name), "%s.null", column->name);
        add(list, "query", name, of_type("boolean"), "Has no value, or has one.");
    }
    json_decref(plain);
}

static void add_sort(json_t *list, const struct api_resource *resource)
{
    json_t *words = json_pack("[s, s]", "id", "-id");
    char name[96];

    for (const struct api_column *column = resource->columns; column->name; column++) {
        if (!(column->flags & API_SORT) || strcmp(column->name, "id") == 0)
            continue;
        json_array_append_new(words, json_string(column->name));
        if (!str_printf(name, sizeof(name), "-%s", column->name))
            json_array_append_new(words, json_string(name));
    }
    add(list, "query", "sort",
        json_pack("{s:s, s:o, s:s}", "type", "string", "enum", words, "default", resource->order),
        "The order of rows; with - in front the other way round.");
}

static void add_embed(json_t *list, const struct api_resource *resource)
{
    struct buf about;
    char name[64];

    buf_init(&about, 2048);
    for (const struct api_column *column = resource->columns; column->name; column++)
        if (column->refers_to && !(column->flags & API_PARENT))
            buf_printf(&about, "%s%s", about.len ? ", " : "", api_embed_name(column, name));
    for (size_t i = 0; api_resources[i]; i++)
        if (api_resources[i]->parent == resource)
            buf_printf(&about, "%s%s", about.len ? ", " : "", api_resources[i]->name);
    if (about.len) {
        buf_add_str(&about, ": whole rows to add, with commas between their names.");
        add(list, "query", "embed", of_type("string"), about.data);
    }
    buf_free(&about);
}

static void add_paging(json_t *list)
{
    add(list, "query", "limit",
        json_pack("{s:s, s:i, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", API_LIMIT_MAX,
                  "default", API_LIMIT_DEFAULT),
        "How many rows at most.");
    add(list, "query", "cursor", of_type("string"),
        "Where the last answer ended: its `next`. Everything else of the query stays the same.");
}

static bool is_list(const struct api_route *route)
{
    return route->handler == api_list || (route->flags & API_LISTS);
}

static void add_reading(json_t *list, const struct api_route *route)
{
    const struct api_resource *resource = route->arg;

    if (is_list(route)) {
        add_paging(list);
        add_sort(list, resource);
    }
    add(list, "query", "fields", of_type("string"),
        "Only these fields, with commas between their names.");
    add_embed(list, resource);
    for (const struct api_column *column = resource->columns; column->name && is_list(route);
         column++)
        if (column->flags & API_FILTER)
            add_filters(list, column);
}

static void add_own(json_t *list, const struct api_param *param)
{
    const struct api_column column = {
        .name = param->name, .type = param->type, .words = param->words, .max = INT32_MAX};

    add(list, "query", param->name, api_column_schema(&column), param->about ? param->about : "");
}

json_t *api_parameters(const struct api_route *route)
{
    bool is_read = strcmp(route->method, "GET") == 0;
    json_t *list = json_array();

    for (const struct api_param *param = route->query; param && param->name; param++)
        add_own(list, param);
    if (is_list(route) || route->handler == api_get)
        add_reading(list, route);
    if (route->flags & API_DRY_RUN)
        add(list, "query", "dry_run", json_pack("{s:s, s:b}", "type", "boolean", "default", 0),
            "Everything is checked, and nothing is kept.");
    if (route->flags & API_CONDITIONAL)
        add(list, "header", is_read ? "If-None-Match" : "If-Match", of_type("string"),
            is_read ? "An ETag: 304 when it is still that."
                    : "The ETag of what was read: 412 when it is not that any more.");
    if (route->flags & API_IDEMPOTENT)
        add(list, "header", "Idempotency-Key",
            json_pack("{s:s, s:i}", "type", "string", "maxLength", 255),
            "Of a request that may be sent again: it is done once within a day.");
    return list;
}
