/* What the query of a read says: which rows, in which order, and what of them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { WHERE_MAX = 8192, WORDS_MAX = 64 };

static int DP_PRINTF(3, 4)
    refuse(struct api_request *request, const char *name, const char *format, ...)
{
    char sentence[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    api_problem(request, 400, name, "%s", sentence);
    return -EINVAL;
}

/* Calls `each` for every word between commas; the first that is not 0 ends it. */
static int each_word(struct api_query_spec *spec, struct api_request *request, const char *list,
                     int (*each)(struct api_query_spec *, struct api_request *, const char *))
{
    int count = 0, res = 0;

    while (list && *list && !res) {
        size_t len = strcspn(list, ",");
        char word[64];

        if (len == 0 || len >= sizeof(word) || ++count > WORDS_MAX)
            return refuse(request, "fields", "There are words here that nothing is called.");
        memcpy(word, list, len);
        word[len] = '\0';
        res = each(spec, request, word);
        list += len + (list[len] == ',');
    }
    return res;
}

static int add_field(struct api_query_spec *spec, struct api_request *request, const char *name)
{
    const struct api_column *column = api_column_find(spec->resource, name);

    if (!column || (column->flags & API_WRITE_ONLY) || column->type == API_SECRET)
        return refuse(request, "fields", "There is no field %s to read.", name);
    for (size_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i] == column)
            return 0;
    if (spec->field_count == DP_COUNT(spec->fields))
        return refuse(request, "fields", "Too many fields.");
    spec->fields[spec->field_count++] = column;
    return 0;
}

static int add_child(struct api_query_spec *spec, struct api_request *request,
                     const struct api_resource *child)
{
    for (size_t i = 0; i < spec->child_count; i++)
        if (spec->child[i] == child)
            return 0;
    if (spec->child_count == DP_COUNT(spec->child))
        return refuse(request, "embed", "Too many lists.");
    spec->child[spec->child_count++] = child;
    return 0;
}

static int add_reference(struct api_query_spec *spec, struct api_request *request,
                         const struct api_column *column)
{
    for (size_t i = 0; i < spec->reference_count; i++)
        if (spec->reference[i] == column)
            return 0;
    if (spec->reference_count == DP_COUNT(spec->reference))
        return refuse(request, "embed", "Too many references.");
    spec->reference[spec->reference_count++] = column;
    return 0;
}

static int add_embed(struct api_query_spec *spec, struct api_request *request, const char *name)
{
    char text[64];

    for (const struct api_column *column = spec->resource->columns; column->name; column++)
        if (column->refers_to && strcmp(api_embed_name(column, text), name) == 0 &&
            api_caller_may(&request->caller, column->refers_to->reads))
            return add_reference(spec, request, column);
    for (size_t i = 0; api_resources[i]; i++)
        if (api_resources[i]->parent == spec->resource && strcmp(api_resources[i]->name, name) == 0)
            return add_child(spec, request, api_resources[i]);
    return refuse(request, "embed", "There is no %s to embed.", name);
}

static int read_sort(struct api_query_spec *spec, struct api_request *request)
{
    const char *given = http_query(request->http, "sort");
    const char *name = given ? given : spec->resource->order;

    spec->descending = name[0] == '-';
    if (str_copy(spec->order, sizeof(spec->order), name))
        return refuse(request, "sort", "That is no order.");
    name += spec->descending;
    if (strcmp(name, "id") == 0 && !spec->resource->id)
        return 0;
    spec->sort = api_column_find(spec->resource, name);
    if (!spec->sort || !(spec->sort->flags & API_SORT))
        return refuse(request, "sort", "This list cannot be sorted by %s.", name);
    return 0;
}

int api_spec_param(struct api_query_spec *spec, const char *text)
{
    if (spec->params == DP_COUNT(spec->param))
        return -E2BIG;
    spec->param[spec->params] = strdup(text);
    return spec->param[spec->params] ? ++spec->params : -ENOMEM;
}

/* Behind the cursor's row. */
static int read_cursor(struct api_query_spec *spec, struct api_request *request)
{
    const char *than = spec->descending ? "<" : ">", *own_id = spec->resource->id;
    json_t *keys = NULL;
    int res = api_cursor_read(request, 3, spec->order, &keys);
    int value, id;

    if (res)
        return res == -ENOENT ? 0 : res;
    value = api_spec_param(spec, json_string_value(json_array_get(keys, 1)));
    id = api_spec_param(spec, json_string_value(json_array_get(keys, 2)));
    json_decref(keys);
    if (value < 0 || id < 0)
        return refuse(request, "cursor", "Too much is asked at once.");
    if (spec->sort)
        /* Of pairs PostgreSQL does not know which partitions they leave out. */
        buf_printf(&spec->where, " AND (t.%s, t.%s) %s ($%d, $%d) AND t.%s %s= $%d",
                   spec->sort->name, own_id ? own_id : "id", than, value, id, spec->sort->name,
                   than, value);
    else
        /* Both are the same, and both have to be used, or the server knows no type of one. */
        buf_printf(&spec->where, " AND t.id %s $%d AND t.id %s $%d", than, value, than, id);
    return 0;
}

struct filters {
    struct api_query_spec *spec;
    struct api_request *request;
    bool is_list;
};

/* Parameters of the route's own are its handler's to read. */
static bool is_own(const struct api_route *route, const char *name)
{
    for (const struct api_param *param = route->query; param && param->name; param++)
        if (strcmp(param->name, name) == 0)
            return true;
    return false;
}

static int on_parameter(void *arg, const char *name, const char *value)
{
    static const char *const own[] = {"limit", "cursor", "sort", "fields", "embed"};
    struct filters *filters = arg;

    for (size_t i = 0; i < DP_COUNT(own); i++)
        if (strcmp(name, own[i]) == 0 && (filters->is_list || i >= 3))
            return 0;
    if (is_own(filters->request->route, name))
        return 0;
    if (!filters->is_list)
        return refuse(filters->request, name, "There is no parameter %s here.", name);
    return api_filter_add(filters->spec, filters->request, name, value ? value : "");
}

int api_spec_read(struct api_query_spec *out, struct api_request *request,
                  const struct api_resource *resource, bool is_list)
{
    struct filters filters = {.spec = out, .request = request, .is_list = is_list};
    int res;

    *out = (struct api_query_spec){.resource = resource};
    buf_init(&out->where, WHERE_MAX);
    res = http_query_each(request->http, on_parameter, &filters);
    if (!res)
        res = each_word(out, request, http_query(request->http, "fields"), add_field);
    if (!res)
        res = each_word(out, request, http_query(request->http, "embed"), add_embed);
    if (!res && is_list)
        res = api_limit(request, &out->limit);
    if (!res && is_list)
        res = read_sort(out, request);
    if (!res && is_list)
        res = read_cursor(out, request);
    return res;
}

void api_spec_free(struct api_query_spec *spec)
{
    for (int i = 0; i < spec->params; i++)
        free(spec->param[i]);
    buf_free(&spec->where);
}
