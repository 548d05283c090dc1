/* From a path and a method to the route. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

static size_t cut(char *path, const char *segments[API_SEGMENTS])
{
    size_t count = 0;

    for (char *at = path; at && *at == '/';) {
        if (count == API_SEGMENTS)
            return API_SEGMENTS + 1;
        *at++ = '\0';
        segments[count++] = at;
        at = strchr(at, '/');
    }
    return count;
}

static int add_entry(struct api *api, const struct api_route *route)
{
    struct api_entry *entry = &api->entries[api->entry_count];

    entry->route = route;
    entry->path = strdup(route->path);
    if (!entry->path)
        return -ENOMEM;
    entry->segments = cut(entry->path, entry->segment);
    api->entry_count++;
    return 0;
}

int api_routes_make(struct api *api)
{
    int res = api_resource_routes(api);
    size_t count = api->made_count;

    for (size_t i = 0; api_tables[i]; i++)
        count += api_tables[i]->count;
    if (!res)
        api->entries = calloc(count, sizeof(*api->entries));
    if (!api->entries)
        return -ENOMEM;
    for (size_t i = 0; i < api->made_count && !res; i++)
        res = add_entry(api, &api->made[i]);
    for (size_t i = 0; api_tables[i] && !res; i++)
        for (size_t j = 0; j < api_tables[i]->count && !res; j++)
            res = add_entry(api, &api_tables[i]->routes[j]);
    return res;
}

void api_routes_free(struct api *api)
{
    for (size_t i = 0; i < api->entry_count; i++)
        free(api->entries[i].path);
    for (size_t i = 0; i < api->string_count; i++)
        free(api->strings[i]);
    free(api->entries);
    free(api->strings);
    free(api->made);
}

/* Whether this is a value that such a variable can have: what is none is no row's. */
static bool is_value(enum api_type type, const char *text)
{
    uint64_t id;

    if (type == API_UUID)
        return str_is_uuid(text);
    if (type == API_SECRET)
        return true;
    return str_to_u64(text, 1, INT64_MAX, &id) == 0;
}

/* Whether the segment is the last variable of the path. */
static bool is_last(const struct api_entry *entry, size_t at)
{
    for (size_t i = at + 1; i < entry->segments; i++)
        if (entry->segment[i][0] == '{')
            return false;
    return true;
}

static enum api_type type_of(const struct api_entry *entry, size_t at)
{
    const struct api_route *route = entry->route;

    return route->last_type && is_last(entry, at) ? route->last_type : route->id_type;
}

/* How many segments are named in full by the route, from 1; 0: it is another path. */
static size_t match(const struct api_entry *entry, const char *const segments[], size_t count)
{
    size_t named = 1;

    if (entry->segments != count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const char *wanted = entry->segment[i];

        if (wanted[0] != '{' && strcmp(wanted, segments[i]) != 0)
            return 0;
        if (wanted[0] == '{' && strcmp(wanted, "{domain}") != 0 &&
            !is_value(type_of(entry, i), segments[i]))
            return 0;
        named += wanted[0] != '{';
    }
    return named;
}

static void take_values(struct api_request *request, const struct api_entry *entry,
                        const char *const segments[], const char **domain)
{
    size_t count = 0;

    for (size_t i = 0; i < entry->segments; i++) {
        if (strcmp(entry->segment[i], "{domain}") == 0)
            *domain = segments[i];
        else if (entry->segment[i][0] == '{')
            request->param[count++] = segments[i];
    }
}

static void refuse(struct api_request *request, const struct buf *allow)
{
    if (!allow->len) {
        api_not_found(request);
        return;
    }
    http_response_header(request->response, "Allow", allow->data);
    api_problem(request, 405, NULL, "This path takes %s.", allow->data);
}

const struct api_route *api_route_find(struct api_request *request, char *path, const char **domain)
{
    const char *method = http_method(request->http);
    const char *segments[API_SEGMENTS];
    size_t count = cut(path, segments);
    const struct api_entry *entries = request->api->entries, *found = NULL;
    size_t best = 1;
    struct buf allow;

    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    /* /domains/batch is no domain. */
    for (size_t i = 0; i < request->api->entry_count; i++) {
        size_t named = match(&entries[i], segments, count);

        best = named > best ? named : best;
    }
    buf_init(&allow, 128);
    for (size_t i = 0; i < request->api->entry_count && !found; i++) {
        if (match(&entries[i], segments, count) != best)
            continue;
        buf_printf(&allow, "%s%s", allow.len ? ", " : "", entries[i].route->method);
        if (strcmp(entries[i].route->method, method) == 0)
            found = &entries[i];
    }
    if (found)
        take_values(request, found, segments, domain);
    else
        refuse(request, &allow);
    buf_free(&allow);
    return found ? found->route : NULL;
}
