/* Which version of a row somebody has (RFC 9110 13): no change is made to another one than he saw.
 */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"

/* Whether the header's list has this tag. A weak one counts as itself where only reading is at
 * stake. */
static bool has_tag(const char *list, const char *version, bool weak_too)
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

int api_if_match(struct api_request *request, const char *version)
{
    const char *given = http_header(request->http, "If-Match");

    if (!given || has_tag(given, version, false))
        return 0;
    api_problem(request, 412, NULL,
                "This was changed since you have read it. Read it again, and make your change to "
                "what is there now.");
    return -EINVAL;
}

bool api_etag(struct api_request *request, const char *version)
{
    const char *given = http_header(request->http, "If-None-Match");
    const char *method = http_method(request->http);
    char tag[80];

    if (str_printf(tag, sizeof(tag), "\"%s\"", version))
        return false;
    http_response_header(request->response, "ETag", tag);
    if (!given || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) ||
        !has_tag(given, version, true))
        return false;
    request->response->status = 304;
    request->response->content_type = NULL;
    buf_reset(&request->response->body);
    return true;
}
