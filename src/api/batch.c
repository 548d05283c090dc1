/* Many rows at once, all or none: {"delete": [7, 9], "create": [{…}, {…}]}. What is deleted goes
 * first, so that what takes its place can be made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { BATCH_MAX = 1000 };

static int refuse(struct api_request *request, const char *pointer, const char *sentence)
{
    api_problem(request, 422, pointer, "%s", sentence);
    return -EINVAL;
}

static int check_body(struct api_request *request)
{
    const char *name;
    json_t *value;
    size_t count = 0;

    json_object_foreach(request->body, name, value)
    {
        bool is_create = strcmp(name, "create") == 0, is_delete = strcmp(name, "delete") == 0;

        if (!is_create && !is_delete)
            return refuse(request, NULL,
                          "A batch has a list \"create\", a list \"delete\", or both.");
        if (!json_is_array(value))
            return refuse(request, is_create ? "/create" : "/delete", "This is a list.");
        count += json_array_size(value);
    }
    if (count == 0 || count > BATCH_MAX)
        return refuse(request, NULL, "A batch is of 1 to 1000 rows.");
    return 0;
}

static int delete_one(struct api_request *request, const struct api_resource *resource,
                      json_t *value, const char *pointer, json_t *deleted)
{
    struct api_row row = {0};
    char id[24];
    int res;

    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        str_printf(id, sizeof(id), "%" JSON_INTEGER_FORMAT, json_integer_value(value)))
        return refuse(request, pointer, "This is the id of a row.");
    res = api_row_read(request, resource, "id", id, NULL, API_LOCKED, &row);
    if (res == -ENOENT)
        api_problem(request, 422, pointer, "There is no %s of this id.", resource->one);
    if (!res)
        res = api_remove(request, resource, &row, pointer);
    if (!res)
        json_array_append(deleted, value);
    api_row_free(&row);
    return res;
}

static int create_one(struct api_request *request, const struct api_resource *resource,
                      json_t *value, const char *pointer, json_t *created)
{
    struct api_row row = {0};
    char *told = NULL;
    json_t *json;
    int res;

    if (!json_is_object(value))
        return refuse(request, pointer, "This is an object.");
    res = api_insert(request, resource, value, pointer, &row, resource->told_sql ? &told : NULL);
    if (!res) {
        json = json_loads(row.json, 0, NULL);
        if (told)
            json_object_set_new(json, resource->told_once, json_string(told));
        if (request->dry_run)
            json_object_del(json, "id");
        json_array_append_new(created, json);
    }
    free(told);
    api_row_free(&row);
    return res;
}

typedef int (*one_handler)(struct api_request *, const struct api_resource *, json_t *,
                           const char *, json_t *);

static int each(struct api_request *request, const char *list, one_handler handler, json_t *done)
{
    json_t *values = json_object_get(request->body, list), *value;
    char pointer[64];
    size_t i;
    int res = 0;

    json_array_foreach(values, i, value)
    {
        if (!res)
            res = str_printf(pointer, sizeof(pointer), "/%s/%zu", list, i);
        if (!res)
            res = handler(request, request->route->arg, value, pointer, done);
    }
    return res;
}

void api_batch(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    json_t *deleted = json_array(), *created = json_array();

    if (!check_body(request) && !api_parent_check(request, resource) &&
        !each(request, "delete", delete_one, deleted) &&
        !each(request, "create", create_one, created))
        api_reply(request, 200, json_pack("{s:O, s:O}", "created", created, "deleted", deleted));
    json_decref(deleted);
    json_decref(created);
}
