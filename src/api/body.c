/* The JSON of a body. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "api/api_private.h"
#include "api/words.h"

enum { JSON_MAX = 4 * 1024 * 1024 };

static bool is_json(const char *type)
{
    static const char *const types[] = {"application/json", "application/merge-patch+json"};

    for (size_t i = 0; type && i < DP_COUNT(types); i++) {
        size_t len = strlen(types[i]);

        if (strncasecmp(type, types[i], len) == 0 &&
            (type[len] == '\0' || type[len] == ';' || type[len] == ' '))
            return true;
    }
    return false;
}

static int refuse(struct api_request *request, unsigned int status, const char *why)
{
    api_problem(request, status, NULL, "%s", why);
    return -EINVAL;
}

int api_body(struct api_request *request)
{
    size_t len;
    const char *text = http_body(request->http, &len);
    json_error_t error;
    int res;

    if (len == 0 && !request->route->body_schema)
        return 0;
    if (!is_json(http_header(request->http, "Content-Type")))
        return refuse(request, 415,
                      "The body has to be JSON, with Content-Type: application/json.");
    if (len > JSON_MAX)
        return refuse(request, 413, "A body of JSON has at most 4 MiB.");
    res = api_json_read(text, len, &request->body, &error);
    if (res == -E2BIG)
        return refuse(request, 400, "The body has values too deep within each other.");
    if (res) {
        api_problem(request, 400, NULL, "The body is not JSON: %s (line %d, column %d).",
                    error.text, error.line, error.column);
        return -EINVAL;
    }
    if (!json_is_object(request->body))
        return refuse(request, 400, "The body has to be a JSON object.");
    return 0;
}
