/* The OpenAPI 3.1 document of all routes. */
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

static json_t *refer(const char *name)
{
    char text[128];

    if (str_printf(text, sizeof(text), "#/components/schemas/%s", name))
        return NULL;
    return json_pack("{s:s}", "$ref", text);
}

static json_t *refer_to(const struct api_resource *resource, enum api_shape shape)
{
    char name[80];

    api_schema_name(resource, shape, name);
    return refer(name);
}

static json_t *batch_schema(const struct api_resource *resource, bool is_reply)
{
    json_t *ids = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "integer");
    json_t *rows = json_pack("{s:s, s:o}", "type", "array", "items",
                             refer_to(resource, is_reply ? API_SHOWN : API_MADE));

    return json_pack("{s:s, s:{s:o, s:o}}", "type", "object", "properties",
                     is_reply ? "created" : "create", rows, is_reply ? "deleted" : "delete", ids);
}

/* NULL: there is no body. */
static json_t *body_schema(const struct api_route *route)
{
    if (route->handler == api_create)
        return refer_to(route->arg, API_MADE);
    if (route->handler == api_patch)
        return refer_to(route->arg, API_CHANGED);
    if (route->handler == api_batch)
        return batch_schema(route->arg, false);
    return route->body_schema ? json_loads(route->body_schema, 0, NULL) : NULL;
}

static json_t *reply_schema(const struct api_route *route)
{
    if (route->handler == api_list)
        return json_pack("{s:s, s:[s,s], s:{s:{s:s, s:o}, s:{s:[s,s]}}}", "type", "object",
                         "required", "items", "next", "properties", "items", "type", "array",
                         "items", refer_to(route->arg, API_SHOWN), "next", "type", "string",
                         "null");
    if (route->handler == api_get || route->handler == api_create || route->handler == api_patch)
        return refer_to(route->arg, API_SHOWN);
    if (route->handler == api_batch)
        return batch_schema(route->arg, true);
    return route->reply_schema ? json_loads(route->reply_schema, 0, NULL) : NULL;
}

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *success(const struct api_route *route)
{
    const char *type = route->reply_type ? route->reply_type : "application/json";
    json_t *reply = json_pack("{s:s}", "description", "It is done.");
    json_t *schema = reply_schema(route);

    if (schema)
        json_object_set_new(reply, "content", content(type, schema));
    else if (route->reply_type)
        json_object_set_new(reply, "content", json_pack("{s:{}}", type));
    if (route->flags & API_CONDITIONAL)
        json_object_set_new(reply, "headers",
                            json_pack("{s:{s:{s:s}}}", "ETag", "schema", "type", "string"));
    return reply;
}

static json_t *responses(const struct api_route *route)
{
    char status[16];
    json_t *all = json_object();

    if (!str_printf(status, sizeof(status), "%u", route->status ? route->status : 200))
        json_object_set_new(all, status, success(route));
    if ((route->flags & API_DRY_RUN) && route->status != 200 && route->status)
        json_object_set_new(all, "200",
                            json_pack("{s:s}", "description", "What would be (dry_run)."));
    if ((route->flags & API_CONDITIONAL) && strcmp(route->method, "GET") == 0)
        json_object_set_new(all, "304", json_pack("{s:s}", "description", "It is still that."));
    json_object_set_new(all, "default",
                        json_pack("{s:s, s:o}", "description", "It was not done.", "content",
                                  content("application/problem+json", refer("Problem"))));
    return all;
}

/* {variables} of the path. */
static void add_path_parameters(json_t *list, const struct api_route *route)
{
    for (const char *at = strchr(route->path, '{'); at; at = strchr(at + 1, '{')) {
        size_t len = strcspn(at + 1, "}");
        bool is_last = route->last_type && !strchr(at + 1, '{');
        enum api_type type = is_last ? route->last_type : route->id_type;
        bool is_text = strncmp(at + 1, "domain}", 7) == 0 || type == API_SECRET;
        json_t *schema =
            json_pack("{s:s}", "type", is_text || type == API_UUID ? "string" : "integer");

        if (type == API_UUID && !is_text)
            json_object_set_new(schema, "format", json_string("uuid"));
        json_array_append_new(list, json_pack("{s:s, s:s%, s:b, s:o}", "in", "path", "name", at + 1,
                                              len, "required", 1, "schema", schema));
    }
}

static json_t *operation(const struct api_route *route)
{
    json_t *all = json_pack("{s:s, s:[s], s:s}", "operationId", route->name, "tags", route->tag,
                            "summary", route->summary);
    json_t *parameters = json_array(), *more = api_parameters(route), *body = body_schema(route);

    add_path_parameters(parameters, route);
    json_array_extend(parameters, more);
    json_decref(more);
    json_object_set_new(all, "parameters", parameters);
    if (body)
        json_object_set_new(
            all, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content",
                      content(route->body_type ? route->body_type : "application/json", body)));
    json_object_set_new(all, "responses", responses(route));
    if (route->flags & API_PUBLIC)
        json_object_set_new(all, "security", json_array());
    else if (route->scope)
        json_object_set_new(all, "x-scope", json_string(api_scope_name(route->scope)));
    return all;
}

static bool is_readable(const struct api_route *route)
{
    json_t *body = route->body_schema && *route->body_schema
                       ? json_loads(route->body_schema, 0, NULL)
                       : json_null();
    json_t *reply = route->reply_schema ? json_loads(route->reply_schema, 0, NULL) : json_null();
    bool good = body && reply;

    json_decref(body);
    json_decref(reply);
    return good;
}

static json_t *paths(const struct api *api)
{
    json_t *all = json_object();

    for (size_t i = 0; i < api->entry_count; i++) {
        const struct api_route *route = api->entries[i].route;
        json_t *path = json_object_get(all, route->path);
        char method[8];
        size_t len = 0;

        if (!is_readable(route)) {
            json_decref(all);
            return NULL;
        }
        if (!path) {
            path = json_object();
            json_object_set_new(all, route->path, path);
        }
        for (; route->method[len] && len < sizeof(method) - 1; len++)
            method[len] = (char)(route->method[len] | ' ');
        method[len] = '\0';
        json_object_set_new(path, method, operation(route));
    }
    return all;
}

static json_t *schemas(void)
{
    json_t *all = json_object();
    char name[80];

    for (size_t i = 0; api_resources[i]; i++)
        for (enum api_shape shape = API_SHOWN; shape <= API_CHANGED; shape++) {
            api_schema_name(api_resources[i], shape, name);
            json_object_set_new(all, name, api_resource_schema(api_resources[i], shape));
        }
    json_object_set_new(
        all, "Problem",
        json_pack("{s:s, s:s, s:[s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, "
                  "s:{s:s, s:{s:s, s:{s:{s:s}, s:{s:s}}}}, s:{s:s, s:{s:s}}}}",
                  "type", "object", "description", "RFC 9457.", "required", "type", "title",
                  "status", "properties", "type", "type", "string", "title", "type", "string",
                  "status", "type", "integer", "detail", "type", "string", "field", "type",
                  "string", "errors", "type", "array", "items", "type", "object", "properties",
                  "pointer", "type", "string", "detail", "type", "string", "used_by", "type",
                  "array", "items", "type", "object"));
    return all;
}

json_t *api_openapi(const struct api *api)
{
    json_t *all = paths(api);

    if (!all)
        return NULL;
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:o, s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}}, "
        "s:[{s:[]}, {s:[]}]}",
        "openapi", "3.1.0", "info", "title", "Dialplane", "version", "1", "description",
        "The management API of Dialplane. Everything that is sent and received is JSON, in UTF-8.",
        "servers", "url", API_PREFIX, "paths", all, "components", "schemas", schemas(),
        "securitySchemes", "key", "type", "http", "scheme", "bearer", "session", "type", "apiKey",
        "in", "cookie", "name", "__Host-dialplane", "security", "key", "session");
}
