/* One request, from its first byte to its answer: who, where, what; then the handler. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "base/crypto.h"
#include "base/log.h"

/* The client's own id, where it has nothing that a log or a header could take for something else.
 */
static void set_id(struct api_request *request)
{
    const char *given = http_header(request->http, "X-Request-Id");
    size_t len = given ? strlen(given) : 0;
    bool is_plain = len > 0 && len < sizeof(request->id) &&
                    strspn(given, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "._:-") == len;

    if (is_plain)
        memcpy(request->id, given, len + 1);
    else if (crypto_random_hex(request->id, 16))
        request->id[0] = '\0';
}

static int read_dry_run(struct api_request *request)
{
    const char *given = http_query(request->http, "dry_run");

    if (!given || !(request->route->flags & API_DRY_RUN))
        return 0;
    request->dry_run = strcmp(given, "true") == 0;
    if (request->dry_run || strcmp(given, "false") == 0)
        return 0;
    api_problem(request, 400, "dry_run", "dry_run is true or false.");
    return -EINVAL;
}

static bool takes_body(const struct api_route *route)
{
    return !(route->flags & API_RAW_BODY) &&
           (strcmp(route->method, "POST") == 0 || strcmp(route->method, "PATCH") == 0);
}

static int check_scope(struct api_request *request)
{
    const struct api_route *route = request->route;

    if ((route->flags & API_PLATFORM) && request->caller.domain_id) {
        api_not_found(request);
        return -ENOENT;
    }
    if (route->scope == API_SCOPE_NONE || api_caller_may(&request->caller, route->scope) ||
        ((route->flags & API_OWN) && api_caller_may_own(&request->caller, route->scope)))
        return 0;
    api_problem(request, 403, NULL, "This needs the scope %s, which you have not.",
                api_scope_name(route->scope));
    return -EACCES;
}

static bool is_keyed(const struct api_request *request)
{
    return (request->route->flags & API_IDEMPOTENT) && !request->dry_run &&
           http_header(request->http, "Idempotency-Key");
}

/* Within the transaction. */
static void handle(struct api_request *request)
{
    bool keyed = is_keyed(request);

    if (keyed && api_idempotency_begin(request))
        return;
    request->route->handler(request);
    if (keyed && request->response->status < 400)
        (void)!api_idempotency_keep(request);
}

static void run(struct api_request *request)
{
    if (read_dry_run(request))
        return;
    if (takes_body(request->route) && api_body(request))
        return;
    if (request->route->flags & API_NO_TRANSACTION) {
        PGconn *conn = request->conn;

        request->conn = NULL;
        request->route->handler(request);
        request->conn = conn;
    } else if (!api_begin(request)) {
        handle(request);
        api_end(request);
    }
    if (request->dry_run)
        http_response_header(request->response, "Dialplane-Dry-Run", "true");
}

/* With a connection, which who is asking has to be looked up by. */
static void identify(struct api_request *request)
{
    struct err err = {""};
    int res = api_take(request->api, &request->conn, &err);

    if (res) {
        log_warning("api: %s", err.text);
        api_unavailable(request,
                        res == -EBUSY ? "too much is being asked" : "the database is away");
        return;
    }
    if (!api_access_check(request->api->access, request->conn, request->http, &request->caller,
                          request->response) &&
        !check_scope(request))
        run(request);
    if (request->conn)
        api_release(request->api, request->conn);
}

static int set_domain(struct api_request *request, const char *domain)
{
    if (!domain)
        return 0;
    if (str_is_domain(domain) && !str_copy(request->domain, sizeof(request->domain), domain))
        return 0;
    api_not_found(request);
    return -ENOENT;
}

void api_on_request(void *arg, const struct http_request *http, struct http_response *response)
{
    struct api_request request = {.api = arg, .http = http, .response = response};
    char *path = strdup(http_path(http) + strlen(API_PREFIX));
    const char *domain = NULL;

    response->content_type = "application/json";
    set_id(&request);
    if (path)
        request.route = api_route_find(&request, path, &domain);
    if (request.route && !set_domain(&request, domain)) {
        if (request.route->flags & API_PUBLIC)
            request.route->handler(&request);
        else
            identify(&request);
    }
    if (!path)
        api_problem(&request, 500, NULL, "There is no memory.");
    http_response_header(response, "X-Request-Id", request.id);
    http_response_header(response, "Cache-Control", "no-store");
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    json_decref(request.body);
    json_decref(request.faults);
    free(path);
}
