/* The JSON Schema of the file of a tenant, from the descriptions. */
#include <errno.h>
#include <stdlib.h>

#include "api/code_private.h"
#include "api/resources/resources.h"

static json_t *digest_schema(const struct api_column *column)
{
    return json_pack("{s:s, s:s, s:s+}", "type", "string", "pattern", "^[0-9a-f]{32}$",
                     "description", "Kept instead of its ", column->name);
}

static json_t *field_schema(const struct api_column *column)
{
    json_t *schema = api_column_schema(column);
    bool may_be_null = column->flags & API_NULLABLE;

    if (column->type == API_REFERENCE) {
        json_object_del(schema, "minimum");
        json_object_set_new(schema, "type",
                            may_be_null ? json_pack("[s, s]", "string", "null")
                                        : json_string("string"));
    }
    return schema;
}

static void add_fields(json_t *properties, json_t *required, const struct api_resource *resource)
{
    char name[CODE_NAME_SIZE];

    for (const struct api_column *c = resource->columns; c->name; c++) {
        code_field(c, name);
        if (code_has(c) || c->digest)
            json_object_set_new(properties, name, field_schema(c));
        if (c->digest)
            json_object_set_new(properties, c->digest, digest_schema(c));
        /* Secrets of rows that are there stay as they are. */
        if (code_has(c) && (c->flags & API_REQUIRED))
            json_array_append_new(required, json_string(name));
    }
}

static json_t *row_schema(const struct api_resource *resource)
{
    json_t *properties = json_object(), *required = json_array();
    char name[CODE_NAME_SIZE];

    add_fields(properties, required, resource);
    for (size_t i = 0; api_resources[i]; i++) {
        if (api_resources[i]->parent != resource || !code_is_part(api_resources[i]))
            continue;
        code_section(api_resources[i], name);
        json_object_set_new(
            properties, name,
            json_pack("{s:s, s:o}", "type", "array", "items", row_schema(api_resources[i])));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

int code_schema(struct buf *out)
{
    json_t *properties = json_object(), *schema;
    char name[CODE_NAME_SIZE], *text;

    json_object_set_new(properties, "version", json_pack("{s:i}", "const", 1));
    json_object_set_new(properties, "domain", row_schema(&api_domains));
    for (size_t i = 0; api_resources[i]; i++) {
        const struct api_resource *resource = api_resources[i];
        json_t *row;

        if (resource->parent || !code_is_part(resource))
            continue;
        code_section(resource, name);
        row = row_schema(resource);
        if (resource->is_single)
            json_object_set_new(row, "description", json_string(resource->tag));
        else
            row = json_pack("{s:s, s:s, s:o}", "type", "array", "description", resource->tag,
                            "items", row);
        json_object_set_new(properties, name, row);
    }
    schema = json_pack("{s:s, s:s, s:s, s:o, s:[s, s], s:b}", "$schema",
                       "https://json-schema.org/draft/2020-12/schema", "title",
                       "A tenant of Dialplane", "type", "object", "properties", properties,
                       "required", "version", "domain", "additionalProperties", 0);
    text = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
    json_decref(schema);
    if (!text)
        return -ENOMEM;
    buf_printf(out, "%s\n", text);
    free(text);
    return buf_error(out);
}
