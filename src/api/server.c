/* The listener of the API. */
#include "api/server.h"

#include <errno.h>
#include <stdlib.h>

#include "api/api_private.h"

enum {
    /* Each waits for PostgreSQL most of its time. */
    THREADS = 8,
    CONNECTIONS_MAX = 1000,
    TIMEOUT_S = 30,
    BODY_MAX = 10 * 1024 * 1024,   /* a prompt of ten minutes */
    BODIES_MAX = 64 * 1024 * 1024, /* who asks is known only when all of a body is there */
    REPLY_MAX = 16 * 1024 * 1024,
};

const struct api_parts *api_parts(const struct api *api)
{
    return &api->parts;
}

static int make_documents(struct api *api, struct err *err)
{
    int res = api_routes_make(api);

    if (!res)
        res = api_documents_make(api);
    return res ? err_sys(err, res, "the routes of the API") : 0;
}

int api_document(struct buf *out, struct err *err)
{
    struct api api = {0};
    int res = make_documents(&api, err);

    if (!res && buf_add(out, api.openapi.data, api.openapi.len))
        res = err_set(err, -ENOMEM, "out of memory");
    api_routes_free(&api);
    api_documents_free(&api);
    return res;
}

static int make(struct api *api, const struct api_options *options, struct err *err)
{
    api->parts = options->parts;
    api->database = options->database;
    api->database.statement_timeout_ms = API_STATEMENT_MS;
    /* Neither of these fails with these arguments. */
    pthread_mutex_init(&api->lock, NULL);
    pthread_cond_init(&api->given, NULL);
    return make_documents(api, err);
}

static int listen_on(struct api *api, const struct api_options *options, struct err *err)
{
    const struct http_options http = {
        .address = options->address,
        .port = options->port,
        .threads = THREADS,
        .connections_max = CONNECTIONS_MAX,
        .timeout_s = TIMEOUT_S,
        .body_max = BODY_MAX,
        .bodies_max = BODIES_MAX,
        .reply_max = REPLY_MAX,
        .routes = api->routes,
        .routes_count = DP_COUNT(api->routes),
    };

    api->routes[0] = (struct http_route){NULL, API_PREFIX "/", HTTP_PREFIX, api_on_request, api};
    api->routes[1] = (struct http_route){"GET", "/api/docs", 0, api_on_docs, api};
    return http_server_start(&api->http, &http, err);
}

int api_start(struct api **out, const struct api_options *options, struct err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    int res;

    if (!api)
        return err_set(err, -ENOMEM, "out of memory");
    res = make(api, options, err);
    if (!res)
        res = api_access_new(&api->access, options->proxies, options->proxy_count)
                  ? err_set(err, -ENOMEM, "out of memory")
                  : 0;
    if (!res)
        res = listen_on(api, options, err);
    if (res)
        api_stop(api);
    else
        *out = api;
    return res;
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    http_server_stop(api->http);
    api_access_free(api->access);
    api_close_idle(api);
    api_routes_free(api);
    api_documents_free(api);
    pthread_cond_destroy(&api->given);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

uint16_t api_port(const struct api *api)
{
    return http_server_port(api->http);
}
