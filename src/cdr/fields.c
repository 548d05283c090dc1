#include "cdr/fields.h"

#include <errno.h>

#include "base/buf.h"
#include "cdr/text.h"

/* A replacement character has three bytes. */
enum { GROWTH = 3 };

int fields_read(json_t **out, const char *body, size_t len, struct err *err)
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

const char *fields_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

void fields_copy(char *out, size_t size, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_string(value))
        text_copy(out, size, json_string_value(value), json_string_length(value));
    else
        out[0] = '\0';
}

int fields_time(int64_t *out, const json_t *object, const char *key, struct err *err)
{
    const char *text = fields_text(object, key);
    int64_t us = 0;

    if (*text && text_to_us(text, &us))
        return err_set(err, -EINVAL, "%s is no time", key);
    *out = us;
    return 0;
}
