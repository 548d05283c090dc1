#include "cdr/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cdr/text.h"

/* A replacement character has three bytes. */
enum { GROWTH = 3 };

int fields_read(struct field **out, const char *body, size_t len, struct err *err)
{
    struct buf clean;
    int res;

    if (text_good(body, len) == len)
        return fields_read_good(out, body, len, err);
    buf_init(&clean, len * GROWTH);
    text_clean(&clean, body, len);
    res = buf_error(&clean);
    res = res ? err_sys(err, res, "memory for a record")
              : fields_read_good(out, clean.data, clean.len, err);
    buf_free(&clean);
    return res;
}

void fields_free(struct field *object)
{
    if (!object)
        return;
    /* All texts are in the one block that the outermost object holds. */
    free(object->text);
    free(object);
}

void fields_cleanup(struct field **object)
{
    fields_free(*object);
}

const struct field *fields_first(const struct field *list)
{
    return list && list->type <= FIELD_ARRAY && list->span > 1 ? list + 1 : NULL;
}

const struct field *fields_next(const struct field *list, const struct field *field)
{
    const struct field *next = field + field->span;

    return next < list + list->span ? next : NULL;
}

/* FNV-1a. Who sends a record could choose names of one hash, and each look would be through all of
 * them: no longer than without an index. */
uint32_t fields_hash(const char *name, size_t len)
{
    uint32_t hash = 2166136261;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619;
    return hash;
}

static bool has_name(const struct field *field, const char *name, size_t len)
{
    return field->name_len == len && memcmp(field->name, name, len) == 0;
}

uint32_t fields_place(const struct field *object, const uint32_t *index, uint32_t size,
                      const char *name, size_t len)
{
    uint32_t at = fields_hash(name, len) & (size - 1);

    while (index[at] && !has_name(object + index[at], name, len))
        at = (at + 1) & (size - 1);
    return at;
}

const struct field *fields_get(const struct field *object, const char *name)
{
    const struct field *found = NULL;
    size_t len = strlen(name);
    uint32_t distance;

    if (!fields_is_object(object))
        return NULL;
    if (object->index) {
        distance =
            object->index[fields_place(object, object->index, object->index_size, name, len)];
        return distance ? object + distance : NULL;
    }
    for (const struct field *at = fields_first(object); at; at = fields_next(object, at))
        if (has_name(at, name, len))
            found = at;
    return found;
}

bool fields_is_object(const struct field *field)
{
    return field && field->type == FIELD_OBJECT;
}

int64_t fields_integer(const struct field *field)
{
    long long number;
    char *end;

    if (!field || field->type != FIELD_NUMBER)
        return 0;
    errno = 0;
    number = strtoll(field->text, &end, 10);
    return *end || errno ? 0 : number;
}

static bool is_string(const struct field *field)
{
    return field && field->type == FIELD_STRING;
}

const char *fields_text(const struct field *object, const char *key)
{
    const struct field *value = fields_get(object, key);

    return is_string(value) ? value->text : "";
}

void fields_copy(char *out, size_t size, const struct field *object, const char *key)
{
    const struct field *value = fields_get(object, key);

    if (is_string(value))
        text_copy(out, size, value->text, value->len);
    else
        out[0] = '\0';
}

int fields_time(int64_t *out, const struct field *object, const char *key, struct err *err)
{
    const char *text = fields_text(object, key);
    int64_t us = 0;

    if (*text && text_to_us(text, &us))
        return err_set(err, -EINVAL, "%s is no time", key);
    *out = us;
    return 0;
}
