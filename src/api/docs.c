/* The same for people: one page, without scripts and without anything from elsewhere. */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width,initial-scale=1'>"
    "<title>Dialplane: the API</title><style>"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}"
    "code,summary b{font-family:ui-monospace,monospace;font-size:.92em}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}"
    "td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid "
    "#ddd}"
    "summary{cursor:pointer;padding:.25rem 0}summary b{display:inline-block;min-width:4.5rem}"
    "details>div{margin:0 0 1rem 1.2rem}nav a{margin-right:1rem}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#8bf}"
    "td,th{border-color:#444}}</style>"
    "<h1>The API</h1><p>Everything is below <code>/api/v1</code>. For programs: "
    "<a href=/api/v1/openapi.json>openapi.json</a> (OpenAPI 3.1).</p>";

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            buf_add_str(out, "&lt;");
        else if (*text == '>')
            buf_add_str(out, "&gt;");
        else if (*text == '&')
            buf_add_str(out, "&amp;");
        else if (*text == '\'')
            buf_add_str(out, "&#39;");
        else
            buf_add_char(out, *text);
    }
}

static void add_cell(struct buf *out, const char *text)
{
    buf_add_str(out, "<td>");
    add_escaped(out, text ? text : "");
}

/* A schema's type in a word or two. */
static void add_type(struct buf *out, const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type"), *words = json_object_get(schema, "enum");
    const char *name = json_string_value(json_is_array(type) ? json_array_get(type, 0) : type);
    const json_t *word;
    size_t i;

    buf_add_str(out, "<td>");
    add_escaped(out, name ? name : "any");
    if (json_is_array(type))
        buf_add_str(out, " or null");
    json_array_foreach(words, i, word)
    {
        buf_add_str(out, i ? ", " : ": ");
        add_escaped(out, json_is_string(word) ? json_string_value(word) : "null");
    }
}

static void add_parameters(struct buf *out, const struct api_route *route)
{
    json_t *list = api_parameters(route), *one;
    size_t i;

    if (json_array_size(list))
        buf_add_str(out, "<table><tr><th>Parameter<th>Type<th>");
    json_array_foreach(list, i, one)
    {
        buf_add_str(out, "<tr><td><code>");
        add_escaped(out, json_string_value(json_object_get(one, "name")));
        buf_add_str(out, "</code>");
        add_type(out, json_object_get(one, "schema"));
        add_cell(out, json_string_value(json_object_get(one, "description")));
    }
    if (json_array_size(list))
        buf_add_str(out, "</table>");
    json_decref(list);
}

static void add_fields(struct buf *out, const struct api_resource *resource)
{
    buf_add_str(out, "<table><tr><th>Field<th>Type<th>");
    for (const struct api_column *column = resource->columns; column->name; column++) {
        json_t *schema;

        if (column->flags & API_UNLISTED)
            continue;
        schema = api_column_schema(column);
        buf_printf(out, "<tr><td><code>%s</code>", column->name);
        add_type(out, schema);
        add_cell(out, column->about);
        if (column->meaning) {
            buf_add_str(out, " It ");
            add_escaped(out, column->meaning);
            buf_add_char(out, '.');
        }
        if (column->flags & (API_READ_ONLY | API_PARENT))
            buf_add_str(out, " <i>Read only.</i>");
        else if (column->flags & API_REQUIRED)
            buf_add_str(out, " <i>Needed.</i>");
        json_decref(schema);
    }
    buf_add_str(out, "</table>");
}

static void add_route(struct buf *out, const struct api_route *route)
{
    buf_printf(out, "<details><summary><b>%s</b><code>", route->method);
    add_escaped(out, route->path);
    buf_add_str(out, "</code> ");
    add_escaped(out, route->summary);
    buf_add_str(out, "</summary><div>");
    if (route->scope)
        buf_printf(out, "<p>Scope <code>%s</code>.</p>", api_scope_name(route->scope));
    add_parameters(out, route);
    if (route->handler == api_get || route->handler == api_create)
        add_fields(out, route->arg);
    buf_add_str(out, "</div></details>");
}

static bool is_first(const struct api *api, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(api->entries[i].route->tag, api->entries[index].route->tag) == 0)
            return false;
    return true;
}

static void add_section(struct buf *out, const struct api *api, const char *tag)
{
    buf_add_str(out, "<h2 id='");
    add_escaped(out, tag);
    buf_add_str(out, "'>");
    add_escaped(out, tag);
    buf_add_str(out, "</h2>");
    for (size_t i = 0; i < api->entry_count; i++)
        if (strcmp(api->entries[i].route->tag, tag) == 0)
            add_route(out, api->entries[i].route);
}

int api_docs(const struct api *api, struct buf *out)
{
    buf_add_str(out, head);
    buf_add_str(out, "<nav>");
    for (size_t i = 0; i < api->entry_count; i++) {
        if (!is_first(api, i))
            continue;
        buf_add_str(out, "<a href='#");
        add_escaped(out, api->entries[i].route->tag);
        buf_add_str(out, "'>");
        add_escaped(out, api->entries[i].route->tag);
        buf_add_str(out, "</a> ");
    }
    buf_add_str(out, "</nav>");
    for (size_t i = 0; i < api->entry_count; i++)
        if (is_first(api, i))
            add_section(out, api, api->entries[i].route->tag);
    buf_add_str(out, "</html>\n");
    return buf_error(out);
}
