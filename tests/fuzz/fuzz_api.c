/* What a request of the API says: bodies, tags, cursors. */
#include <string.h>

#include "api/route.h"
#include "api/words.h"
#include "fuzz.h"

static int depth_of(const json_t *value)
{
    const char *name;
    json_t *inner;
    int deepest = 0;
    size_t i;

    json_object_foreach((json_t *)value, name, inner)
    {
        int depth = depth_of(inner);

        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, inner)
    {
        int depth = depth_of(inner);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value));
}

static void try_json(const char *text, size_t len)
{
    json_error_t error;
    json_t *value = NULL;

    if (api_json_read(text, len, &value, &error))
        return;
    FUZZ_CHECK(depth_of(value) <= API_DEPTH_MAX);
    json_decref(value);
}

/* What was read can be made again, and is then read as the same. */
static void try_cursor(const char *text)
{
    const char *keys[3];
    json_t *first = NULL, *again = NULL;
    struct buf made;

    if (api_cursor_decode(text, DP_COUNT(keys), "name", &first))
        return;
    for (size_t i = 0; i < DP_COUNT(keys); i++)
        keys[i] = json_string_value(json_array_get(first, i));
    buf_init(&made, 2 * API_CURSOR_MAX);
    FUZZ_CHECK(!api_cursor_make(&made, DP_COUNT(keys), keys));
    if (strlen(made.data) <= strlen(text)) {
        FUZZ_CHECK(!api_cursor_decode(made.data, DP_COUNT(keys), "name", &again));
        FUZZ_CHECK(json_equal(first, again));
    }
    json_decref(again);
    json_decref(first);
    buf_free(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);

    try_json((const char *)data, size);
    try_cursor(text);
    FUZZ_CHECK(!api_tag_is_listed(text, "1", false) || api_tag_is_listed(text, "1", true));
    free(text);
    return 0;
}
