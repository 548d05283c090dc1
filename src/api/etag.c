/* Which version of a row somebody has (RFC 9110 13): no change is made to another one than he saw.
 */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"
#include "api/words.h"

int api_if_match(struct api_request *request, const char *version)
{
    const char *given = http_header(request->http, "If-Match");

    if (!given || api_tag_is_listed(given, version, false))
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
        !api_tag_is_listed(given, version, true))
        return false;
    request->response->status = 304;
    request->response->content_type = NULL;
    buf_reset(&request->response->body);
    return true;
}
