#include "api/words.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/route.h"

static bool is_too_deep(const char *text, size_t len)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > API_DEPTH_MAX)
            return true;
    }
    return false;
}

int api_json_read(const char *text, size_t len, json_t **out, json_error_t *error)
{
    if (is_too_deep(text, len))
        return -E2BIG;
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES, error);
    return *out ? 0 : -EINVAL;
}

bool api_tag_is_listed(const char *list, const char *version, bool weak_too)
{
    size_t len = strlen(version);

    while (*list) {
        bool is_weak;
        const char *end;

        list += strspn(list, " \t,");
        is_weak = list[0] == 'W' && list[1] == '/';
        if (is_weak)
            list += 2;
        if (*list == '*')
            return true;
        if (*list != '"')
            return false;
        end = strchr(++list, '"');
        if (!end)
            return false;
        if ((size_t)(end - list) == len && strncmp(list, version, len) == 0 &&
            (!is_weak || weak_too))
            return true;
        list = end + 1;
    }
    return false;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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

int api_cursor_decode(const char *text, size_t count, const char *order, json_t **out)
{
    json_t *array = NULL;
    struct buf decoded;

    buf_init(&decoded, API_CURSOR_MAX);
    if (!decode(&decoded, text))
        array = json_loadb(decoded.data, decoded.len, JSON_REJECT_DUPLICATES, NULL);
    buf_free(&decoded);
    if (!is_cursor(array, count, order)) {
        json_decref(array);
        return -EINVAL;
    }
    *out = array;
    return 0;
}
