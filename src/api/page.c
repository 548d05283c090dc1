/* The pages of a list: how many rows, and from where on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { CURSOR_MAX = 2048 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int api_limit(struct api_request *request, unsigned int *out)
{
    const char *given = http_query(request->http, "limit");
    uint64_t value = API_LIMIT_DEFAULT;

    if (given && str_to_u64(given, 1, API_LIMIT_MAX, &value)) {
        api_problem(request, 400, "limit", "limit is a number from 1 to %d.", API_LIMIT_MAX);
        return -EINVAL;
    }
    *out = (unsigned int)value;
    return 0;
}

/* base64url without padding, RFC 4648 5. */
static void encode(struct buf *out, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (uint32_t)(i + 1 < len ? data[i + 1] : 0) << 8 |
                        (uint32_t)(i + 2 < len ? data[i + 2] : 0);

        buf_add_char(out, digits[bits >> 18]);
        buf_add_char(out, digits[bits >> 12 & 63]);
        if (i + 1 < len)
            buf_add_char(out, digits[bits >> 6 & 63]);
        if (i + 2 < len)
            buf_add_char(out, digits[bits & 63]);
    }
}

static int decode(struct buf *out, const char *text)
{
    uint32_t bits = 0;
    int count = 0;

    for (; *text; text++) {
        const char *at = strchr(digits, *text);

        if (!at)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)(at - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_add_char(out, (char)(bits >> count & 0xff));
        }
    }
    return buf_error(out);
}

int api_cursor_make(struct buf *out, size_t count, const char *const keys[])
{
    json_t *array = json_array();
    char *text = NULL;

    for (size_t i = 0; i < count && array; i++)
        json_array_append_new(array, json_string(keys[i]));
    if (array)
        text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    if (!text)
        return -ENOMEM;
    encode(out, (const unsigned char *)text, strlen(text));
    free(text);
    return buf_error(out);
}

static bool is_cursor(const json_t *array, size_t count, const char *order)
{
    if (!json_is_array(array) || json_array_size(array) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(json_array_get(array, i)))
            return false;
    return strcmp(json_string_value(json_array_get(array, 0)), order) == 0;
}

int api_cursor_read(struct api_request *request, size_t count, const char *order, json_t **out)
{
    const char *given = http_query(request->http, "cursor");
    json_t *array = NULL;
    struct buf text;

    if (!given)
        return -ENOENT;
    buf_init(&text, CURSOR_MAX);
    if (!decode(&text, given))
        array = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    buf_free(&text);
    if (!is_cursor(array, count, order)) {
        json_decref(array);
        api_problem(request, 400, "cursor",
                    "This is no cursor of this list in this order. Begin without one.");
        return -EINVAL;
    }
    *out = array;
    return 0;
}
