/*
 * The JSON of a body. What two readers may understand differently is refused: a name twice in one
 * object, a NUL in a string, text that is not UTF-8 (RFC 8259 4 and 8.1); and what only an attacker
 * writes: values deep within each other, on which a recursive reader runs out of stack.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "api/api_private.h"

enum { DEPTH_MAX = 16 };

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
        if (depth > DEPTH_MAX)
            return true;
    }
    return false;
}

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

    if (len == 0 && !request->route->body_schema)
        return 0;
    if (!is_json(http_header(request->http, "Content-Type")))
        return refuse(request, 415,
                      "The body has to be JSON, with Content-Type: application/json.");
    if (is_too_deep(text, len))
        return refuse(request, 400, "The body has values too deep within each other.");
    request->body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!request->body) {
        api_problem(request, 400, NULL, "The body is not JSON: %s (line %d, column %d).",
                    error.text, error.line, error.column);
        return -EINVAL;
    }
    if (!json_is_object(request->body))
        return refuse(request, 400, "The body has to be a JSON object.");
    return 0;
}
