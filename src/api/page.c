/* The pages of a list: how many rows, and from where on. */
#include <errno.h>

#include "api/api_private.h"
#include "api/words.h"

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

int api_cursor_read(struct api_request *request, size_t count, const char *order, json_t **out)
{
    const char *given = http_query(request->http, "cursor");

    if (!given)
        return -ENOENT;
    if (!api_cursor_decode(given, count, order, out))
        return 0;
    api_problem(request, 400, "cursor",
                "This is no cursor of this list in this order. Begin without one.");
    return -EINVAL;
}
