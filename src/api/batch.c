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

struct batch {
    struct api_request *request;
    const struct api_resource *resource;
    json_t *deletions, *creations; /* of the body; NULL: none */
    struct one {
        struct api_write write;
        char pointer[32];
    } *rows; /* one of each creation */
    json_t *deleted, *created;
};

/* Before anything is done, so that all that is wrong is told at once. */
static int check_deletions(const struct batch *batch)
{
    json_t *value;
    char pointer[32];
    size_t i;
    int res = 0;

    json_array_foreach(batch->deletions, i, value)
    {
        (void)!str_printf(pointer, sizeof(pointer), "/delete/%zu", i);
        if (!json_is_integer(value) || json_integer_value(value) < 1)
            res = api_fault(batch->request, pointer, "This is the id of a row.");
    }
    return res;
}

static int check_creation(const struct batch *batch, size_t i, json_t *value)
{
    struct one *one = &batch->rows[i];

    (void)!str_printf(one->pointer, sizeof(one->pointer), "/create/%zu", i);
    if (!json_is_object(value))
        return api_fault(batch->request, one->pointer, "This is an object.");
    api_write_init(&one->write, batch->request, batch->resource, value, one->pointer);
    return api_write_fill(&one->write);
}

static int check_all(struct batch *batch)
{
    int res = check_deletions(batch);
    json_t *value;
    size_t i;

    json_array_foreach(batch->creations, i, value)
    {
        int more = check_creation(batch, i, value);

        if (more && more != -EINVAL)
            return more;
        res = more ? more : res;
    }
    return res;
}

static int delete_one(const struct batch *batch, size_t i, json_t *value)
{
    struct api_row row = {0};
    char id[24], pointer[32];
    int res;

    (void)!str_printf(pointer, sizeof(pointer), "/delete/%zu", i);
    (void)!str_printf(id, sizeof(id), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    res = api_row_read(batch->request, batch->resource, "id", id, NULL, API_LOCKED, &row);
    if (res == -ENOENT)
        res =
            api_fault(batch->request, pointer, "There is no %s of this id.", batch->resource->one);
    /* With one that is not there, none is deleted; whether the others are there is still told. */
    else if (!res && !batch->request->faults)
        res = api_remove(batch->request, batch->resource, &row, pointer);
    if (!res)
        json_array_append(batch->deleted, value);
    api_row_free(&row);
    return res;
}

static int delete_all(const struct batch *batch)
{
    json_t *value;
    size_t i;

    json_array_foreach(batch->deletions, i, value)
    {
        int res = delete_one(batch, i, value);

        if (res && res != -EINVAL)
            return res;
    }
    return batch->request->faults ? -EINVAL : 0;
}

static int create_one(const struct batch *batch, struct one *one)
{
    const struct api_resource *resource = batch->resource;
    struct api_row row = {0};
    char *told = NULL;
    json_t *json;
    int res = api_insert_filled(&one->write, &row, resource->told_sql ? &told : NULL);

    if (!res) {
        json = json_loads(row.json, 0, NULL);
        if (told)
            json_object_set_new(json, resource->told_once, json_string(told));
        if (batch->request->dry_run)
            json_object_del(json, "id");
        json_array_append_new(batch->created, json);
    }
    free(told);
    api_row_free(&row);
    return res;
}

static int create_all(const struct batch *batch)
{
    int res = 0;

    for (size_t i = 0; !res && i < json_array_size(batch->creations); i++)
        res = create_one(batch, &batch->rows[i]);
    return res;
}

static void run(struct batch *batch)
{
    size_t count = json_array_size(batch->creations);

    batch->rows = calloc(count + 1, sizeof(*batch->rows));
    if (!batch->rows)
        api_problem(batch->request, 500, NULL, "There is no memory for this.");
    else if (!check_all(batch) && !delete_all(batch) && !create_all(batch))
        api_reply(batch->request, 200,
                  json_pack("{s:O, s:O}", "created", batch->created, "deleted", batch->deleted));
    for (size_t i = 0; batch->rows && i < count; i++)
        api_write_free(&batch->rows[i].write);
    free(batch->rows);
}

void api_batch(struct api_request *request)
{
    struct batch batch = {
        .request = request,
        .resource = request->route->arg,
        .deletions = json_object_get(request->body, "delete"),
        .creations = json_object_get(request->body, "create"),
        .deleted = json_array(),
        .created = json_array(),
    };

    if (!check_body(request) && !api_parent_check(request, batch.resource))
        run(&batch);
    json_decref(batch.deleted);
    json_decref(batch.created);
}
