/* From the object of a body to the columns of a row: only what is sent, and only what may be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum {
    DIGEST_LENGTH = 32, /* of HA1 */
    NAME_SHOWN = 100,   /* of a name that the client has made up, with its NUL */
};

static int add_param(struct api_write *write, const char *column, char *owned)
{
    /* One place is left for the id of the row. */
    if (write->params + 1 >= (int)DP_COUNT(write->param)) {
        free(owned);
        return -E2BIG;
    }
    write->param[write->params] = write->owned[write->params] = owned;
    write->params++;
    buf_printf(&write->columns, "%s%s", write->columns.len ? ", " : "", column);
    buf_printf(&write->values, "%s$%d", write->values.len ? ", " : "", write->params);
    return buf_error(&write->values);
}

int api_write_set(struct api_write *write, const char *column, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        return -ENOMEM;
    return add_param(write, column, copy);
}

/* Cut between characters: what is cut within one is no UTF-8 any more. */
static void shorten(char *out, size_t size, const char *name)
{
    size_t len = strlen(name);

    if (len >= size)
        for (len = size - 1; len && ((unsigned char)name[len] & 0xc0) == 0x80;)
            len--;
    memcpy(out, name, len);
    out[len] = '\0';
}

/* A name of the client's choosing in a JSON pointer (RFC 6901). */
static void point_at(struct buf *out, const char *name)
{
    char shown[NAME_SHOWN];

    shorten(shown, sizeof(shown), name);
    buf_add_char(out, '/');
    for (const char *at = shown; *at; at++) {
        if (*at == '~' || *at == '/')
            buf_add_str(out, *at == '~' ? "~0" : "~1");
        else
            buf_add_char(out, *at);
    }
}

static int refuse_name(struct api_write *write, const char *fault, const char *name)
{
    char shown[NAME_SHOWN];
    struct buf pointer;
    int res;

    shorten(shown, sizeof(shown), name);
    buf_init(&pointer, 1024);
    point_at(&pointer, name);
    res = api_write_problem(write, 422, pointer.data, "%s: %s.", fault, shown);
    buf_free(&pointer);
    return res;
}

/* Why this member cannot be there; NULL: it can. */
static const char *fault_of(const struct api_write *write, const struct api_column *column)
{
    if (!column)
        return "There is no field of this name";
    if (column->flags & (API_READ_ONLY | API_PARENT))
        return "This field is not set by anybody";
    if ((column->flags & API_IMMUTABLE) && write->before)
        return "This field is set when it is created, and never after";
    if ((column->flags & API_PLATFORM_WRITES) && write->request->caller.domain_id)
        return "This field is set by the platform";
    return NULL;
}

/* The secret whose digest is called so, where digests are taken; NULL: none. */
static const struct api_column *digest_of(const struct api_write *write, const char *name)
{
    const struct api_column *column = write->resource->columns;

    if (!write->request->takes_digests)
        return NULL;
    while (column->name && (!column->digest || strcmp(column->digest, name) != 0))
        column++;
    return column->name ? column : NULL;
}

static int take_digest(struct api_write *write, const char *name, json_t *value)
{
    const char *text = json_string_value(value);
    char pointer[96];

    if (text && strlen(text) == DIGEST_LENGTH && strspn(text, "0123456789abcdef") == DIGEST_LENGTH)
        return api_write_set(write, name, text);
    (void)!str_printf(pointer, sizeof(pointer), "/%s", name);
    return api_write_problem(write, 422, pointer, "%s: has 32 hexadecimal digits.", name);
}

static int take_member(struct api_write *write, const char *name, json_t *value)
{
    const struct api_column *column = api_column_find(write->resource, name);
    const char *fault = fault_of(write, column);
    char *text = NULL;
    int res;

    if (!column && digest_of(write, name))
        return take_digest(write, name, value);
    if (fault)
        return refuse_name(write, fault, name);
    res = api_value(write, column, value, &text);
    if (!res && !(column->flags & API_WRITE_ONLY))
        return add_param(write, column->name, text);
    free(text);
    return res;
}

/* What a new row has to have, and has not. */
static int check_required(struct api_write *write)
{
    char pointer[96];
    int res = 0;

    for (const struct api_column *column = write->resource->columns; column->name; column++) {
        if (!(column->flags & API_REQUIRED) || json_object_get(write->given, column->name))
            continue;
        if (column->digest && json_object_get(write->given, column->digest))
            continue;
        (void)!str_printf(pointer, sizeof(pointer), "/%s", column->name);
        res = api_write_problem(write, 422, pointer, "%s is needed.", column->name);
    }
    return res;
}

/* Of two results the one that counts: what is refused keeps nothing else from being looked at. */
static int worse(int first, int second)
{
    return first && first != -EINVAL ? first : second ? second : first;
}

int api_write_fill(struct api_write *write)
{
    const char *name;
    json_t *value;
    int res = 0;

    json_object_foreach(write->given, name, value)
    {
        if (!res || res == -EINVAL)
            res = worse(res, take_member(write, name, value));
    }
    if (!write->before && (!res || res == -EINVAL))
        res = worse(res, check_required(write));
    if (write->resource->prepare && (!res || res == -EINVAL))
        res = worse(res, write->resource->prepare(write));
    if (res && res != -EINVAL)
        (void)api_write_problem(write, 500, NULL, "There is no memory for this.");
    return res;
}

void api_write_free(struct api_write *write)
{
    for (int i = 0; i < write->params; i++) {
        /* Passwords may be among them. */
        if (write->owned[i])
            explicit_bzero(write->owned[i], strlen(write->owned[i]));
        free(write->owned[i]);
    }
    json_decref(write->before);
    buf_free(&write->columns);
    buf_free(&write->values);
}
