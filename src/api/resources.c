/* What is asked of the descriptions. */
#include <string.h>

#include "api/api_private.h"

int api_resource_name(const struct api_resource *resource, char out[API_RESOURCE_NAME_SIZE])
{
    if (resource->parent)
        return str_printf(out, API_RESOURCE_NAME_SIZE, "%s/%s", resource->parent->name,
                          resource->name);
    return str_copy(out, API_RESOURCE_NAME_SIZE, resource->name);
}

const struct api_resource *api_resource_find(const char *name)
{
    char own[API_RESOURCE_NAME_SIZE];

    for (size_t i = 0; api_resources[i]; i++)
        if (!api_resource_name(api_resources[i], own) && strcmp(own, name) == 0)
            return api_resources[i];
    return NULL;
}

const struct api_column *api_column_find(const struct api_resource *resource, const char *name)
{
    for (const struct api_column *column = resource->columns; column->name; column++)
        if (strcmp(column->name, name) == 0)
            return column;
    return NULL;
}

bool api_is_double(const struct api_resource *resource)
{
    for (size_t i = 0; api_resources[i]; i++)
        if (api_resources[i] != resource && !api_resources[i]->parent &&
            strcmp(api_resources[i]->name, resource->name) == 0)
            return true;
    return false;
}

const char *api_key(const struct api_resource *resource)
{
    return resource->key ? resource->key : "id";
}

const struct api_column *api_parent_column(const struct api_resource *resource)
{
    for (const struct api_column *column = resource->columns; column->name; column++)
        if (column->flags & API_PARENT)
            return column;
    return NULL;
}

const char *api_parent_key(const struct api_request *request, const struct api_resource *resource)
{
    return resource->parent ? request->param[0] : NULL;
}

const char *api_row_key(const struct api_request *request, const struct api_resource *resource)
{
    return request->param[resource->parent ? 1 : 0];
}
