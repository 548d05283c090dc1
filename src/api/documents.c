/* The API's description, made once from the tables that it works by: for programs and for people.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { DOCUMENT_MAX = 16 * 1024 * 1024 };

static void on_openapi(struct api_request *request)
{
    const struct buf *document = &request->api->openapi;

    buf_add(&request->response->body, document->data, document->len);
}

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/openapi.json",
        .flags = API_PUBLIC,
        .name = "get_openapi",
        .tag = "Documents",
        .summary = "Read this document",
        .reply_schema = "{\"type\":\"object\"}",
        .handler = on_openapi,
    },
};
const struct api_routes api_document_routes = {routes, DP_COUNT(routes)};

void api_on_docs(void *arg, const struct http_request *http, struct http_response *response)
{
    const struct api *api = arg;

    (void)http;
    response->content_type = "text/html; charset=utf-8";
    http_response_header(response, "Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    buf_add(&response->body, api->docs.data, api->docs.len);
}

int api_documents_make(struct api *api)
{
    json_t *document = api_openapi(api);
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

    json_decref(document);
    buf_init(&api->openapi, DOCUMENT_MAX);
    buf_init(&api->docs, DOCUMENT_MAX);
    if (!text)
        return -EINVAL;
    buf_printf(&api->openapi, "%s\n", text);
    free(text);
    return buf_error(&api->openapi) ? buf_error(&api->openapi) : api_docs(api, &api->docs);
}

void api_documents_free(struct api *api)
{
    buf_free(&api->openapi);
    buf_free(&api->docs);
}
