/* The tables of routes, and the routes of resources, which are made from their descriptions. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit_revert.h"
#include "api/live.h"
#include "api/session.h"

/* Routes that are no resource's: one table per file that has some. */
const struct api_routes *const api_tables[] = {
    &api_session_routes,       &api_audit_routes,
    &api_document_routes,      &api_prompt_routes,
    &api_cdr_routes,           &api_recording_routes,
    &live_call_routes,         &live_event_routes,
    &live_node_routes,         &live_queue_routes,
    &live_registration_routes, &api_voicemail_routes,
    &api_webrtc_routes,        NULL,
};

enum { VERBS = 6 };

/* What the verbs of resources have in common. */
static const struct {
    enum api_verb verb;
    const char *method, *suffix, *name, *before, *after;
    const char *of_single; /* `before` where there is one of it */
    bool is_of_one, writes;
    unsigned int flags, status;
    api_handler handler;
} verbs[VERBS] = {
    {API_LIST, "GET", "", "list", "List ", "s", NULL, false, false, API_CONDITIONAL, 200, api_list},
    {API_CREATE, "POST", "", "create", "Create a new ", "", NULL, false, true,
     API_DRY_RUN | API_IDEMPOTENT, 201, api_create},
    {API_BATCH, "POST", "/batch", "batch", "Create and delete many ", "s, all or none", NULL, false,
     true, API_DRY_RUN | API_IDEMPOTENT, 200, api_batch},
    {API_GET, "GET", "", "get", "Read one ", "", "Read the ", true, false, API_CONDITIONAL, 200,
     api_get},
    {API_PATCH, "PATCH", "", "update", "Change what is sent of one ", "",
     "Change what is sent of the ", true, true, API_DRY_RUN | API_CONDITIONAL, 200, api_patch},
    {API_DELETE, "DELETE", "", "delete", "Delete one ", "", "Set back the ", true, true,
     API_DRY_RUN | API_CONDITIONAL, 204, api_delete},
};

/* A text that lives as long as the routes; NULL without memory. */
static char *DP_PRINTF(2, 3) keep(struct api *api, const char *format, ...)
{
    struct buf text;
    va_list args;

    buf_init(&text, 512);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (buf_error(&text)) {
        buf_free(&text);
        return NULL;
    }
    return api->strings[api->string_count++] = text.data;
}

/* "policy" is "policies", "box" is "boxes". */
static const char *summary(struct api *api, const char *before, const char *one, const char *after)
{
    size_t len = strlen(one);
    bool is_many = after[0] == 's';

    if (is_many && one[len - 1] == 'y')
        return keep(api, "%s%.*sies%s", before, (int)len - 1, one, after + 1);
    return keep(api, "%s%s%s%s", before, one, is_many && one[len - 1] == 'x' ? "e" : "", after);
}

/* "/domains/{domain}/queues/{queue_id}/members" */
static int add_path(struct buf *out, const struct api_resource *resource)
{
    if (resource->is_platform)
        return buf_printf(out, "/%s", resource->name);
    if (!resource->parent)
        return buf_printf(out, "/domains/{domain}/%s", resource->name);
    (void)add_path(out, resource->parent);
    return buf_printf(out, "/{%s}/%s", api_parent_column(resource)->name, resource->name);
}

static const char *make_path(struct api *api, const struct api_resource *resource, const char *key,
                             const char *suffix)
{
    struct buf path;
    const char *kept = NULL;

    buf_init(&path, 512);
    if (!add_path(&path, resource)) {
        if (key)
            buf_printf(&path, "/{%s}", key);
        buf_add_str(&path, suffix);
        kept = buf_error(&path) ? NULL : keep(api, "%s", path.data);
    }
    buf_free(&path);
    return kept;
}

/* Of the document: "list_queue_members". */
static const char *make_name(struct api *api, const char *verb, const struct api_resource *resource,
                             bool is_of_one)
{
    const char *name = is_of_one ? resource->one : resource->name;
    bool is_double = resource->is_platform && api_is_double(resource);
    char text[96], *made;

    if (resource->parent && !is_of_one) {
        if (str_printf(text, sizeof(text), "%s_%s", resource->parent->one, name))
            return NULL;
        name = text;
    }
    made = keep(api, "%s_%s%s", verb, is_double ? "platform_" : "", name);
    for (char *at = made; at && *at; at++)
        *at = *at == ' ' || *at == '-' ? '_' : (char)tolower((unsigned char)*at);
    return made;
}

static enum api_type id_type(const struct api_resource *resource)
{
    const struct api_column *key = api_column_find(resource, api_key(resource));

    if (key && key->type == API_UUID)
        return API_UUID;
    return resource->key ? API_SECRET : API_ID;
}

static int make_route(struct api *api, const struct api_resource *resource, size_t verb)
{
    struct api_route *route = &api->made[api->made_count++];
    bool is_of_many = verbs[verb].verb == API_LIST || verbs[verb].verb == API_BATCH;
    bool makes = verbs[verb].writes && verbs[verb].verb != API_PATCH;
    bool has_key = verbs[verb].is_of_one && !resource->is_single;
    unsigned int flags = verbs[verb].flags;

    /* A tenant reads and changes its own rows of these; what there is one of is none's. */
    if (resource->is_platform && (makes || resource->is_single))
        flags |= API_PLATFORM;
    if (resource->unkept)
        flags &= ~(unsigned int)API_IDEMPOTENT;
    *route = (struct api_route){
        .method = verbs[verb].method,
        .path = make_path(api, resource, has_key ? api_key(resource) : NULL, verbs[verb].suffix),
        .scope = verbs[verb].writes ? resource->writes : resource->reads,
        .flags = flags,
        .name = make_name(api, verbs[verb].name, resource, !is_of_many),
        .tag = resource->tag,
        .summary = summary(api, resource->is_single ? verbs[verb].of_single : verbs[verb].before,
                           resource->one, verbs[verb].after),
        .body_schema = verbs[verb].writes && verbs[verb].verb != API_DELETE ? "" : NULL,
        .status = verbs[verb].status,
        .handler = verbs[verb].handler,
        .arg = resource,
        .id_type = id_type(resource),
    };
    return route->path && route->name && route->summary ? 0 : -ENOMEM;
}

int api_resource_routes(struct api *api)
{
    size_t resources = 0;
    int res = 0;

    while (api_resources[resources])
        resources++;
    api->made = calloc(resources * VERBS, sizeof(*api->made));
    api->strings = calloc(resources * VERBS * 3, sizeof(*api->strings));
    if (!api->made || !api->strings)
        return -ENOMEM;
    for (size_t i = 0; i < resources && !res; i++)
        for (size_t verb = 0; verb < VERBS && !res; verb++)
            if (!(api_resources[i]->without & verbs[verb].verb))
                res = make_route(api, api_resources[i], verb);
    return res;
}
