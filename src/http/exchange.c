/* One request: its head is screened, its body collected, its handler called. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/str.h"
#include "http/server_private.h"

static void find_peer(struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;

    request->peer[0] = '\0';
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
                  request->peer, sizeof(request->peer));
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                  request->peer, sizeof(request->peer));
}

/* Framing headers of one request, RFC 9112 6. */
struct framing {
    unsigned int lengths, encodings;
    bool bad_length, bad_encoding;
    uint64_t length;
};

static enum MHD_Result count_framing(void *cls, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    struct framing *framing = cls;

    (void)kind;
    if (strcasecmp(key, "Content-Length") == 0) {
        framing->lengths++;
        framing->bad_length |=
            !value || str_to_u64(value, 0, UINT64_MAX / 2, &framing->length) != 0;
    } else if (strcasecmp(key, "Transfer-Encoding") == 0) {
        framing->encodings++;
        /* libmicrohttpd would take anything else for a body that ends with the connection. */
        framing->bad_encoding |= !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

static bool path_matches(const struct http_route *route, const char *path)
{
    if (route->flags & HTTP_PREFIX)
        return str_starts_with(path, route->path);
    return strcmp(path, route->path) == 0;
}

/* 0 with request->route set, 404, or 405. `allow` gets the methods of the path. */
static unsigned int find_route(struct http_request *request, const char *method, struct buf *allow)
{
    struct http_server *server = request->server;

    for (size_t i = 0; i < server->routes_count; i++) {
        const struct http_route *route = &server->routes[i];

        if (!path_matches(route, request->path))
            continue;
        if (!route->method || strcmp(method, route->method) == 0) {
            request->route = route;
            return 0;
        }
        buf_printf(allow, "%s%s", allow->len ? ", " : "", route->method);
    }
    return allow->len ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
}

static bool is_authorized(const struct http_request *request)
{
    const struct http_server *server = request->server;
    const char *given = http_header(request, "Authorization");
    size_t len = strlen(server->authorization);

    return len > 0 && given && strlen(given) == len &&
           CRYPTO_memcmp(given, server->authorization, len) == 0;
}

/* Looks at the head of a request. 0 to go on with its body, or the refusal was prepared. */
static unsigned int screen(struct http_request *request, const char *method,
                           struct http_response *answer, struct buf *allow)
{
    struct framing framing = {0};
    unsigned int status;

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_framing, &framing);
    if (framing.lengths > 1 || framing.bad_length || framing.encodings > 1 ||
        framing.bad_encoding || (framing.lengths && framing.encodings)) {
        http_problem(answer, 400, "Content-Length", "the length of the body is ambiguous");
        return 400;
    }
    status = find_route(request, method, allow);
    if (status) {
        http_problem(answer, status, NULL, "%s",
                     status == 404 ? "nothing is at this path" : "not with this method");
        return status;
    }
    if ((request->route->flags & HTTP_AUTH) && !is_authorized(request)) {
        http_problem(answer, 401, "Authorization", "credentials are missing or wrong");
        return 401;
    }
    if (framing.length > request->server->body_max) {
        http_problem(answer, 413, NULL, "at most %zu bytes", request->server->body_max);
        return 413;
    }
    return 0;
}

static enum MHD_Result begin(struct http_request *request, const char *method)
{
    struct http_response answer;
    struct buf allow;
    unsigned int status;
    enum MHD_Result res = MHD_YES;

    http_answer_init(&answer, request->server->reply_max);
    buf_init(&allow, 128);
    find_peer(request);
    status = screen(request, method, &answer, &allow);
    if (status == 401)
        http_response_header(&answer, "WWW-Authenticate", "Basic realm=\"dialplane\"");
    else if (status == 405)
        http_response_header(&answer, "Allow", allow.data);
    if (status)
        res = http_answer_send(&answer, request, request->connection);
    buf_free(&allow);
    http_answer_free(&answer);
    return res;
}

static enum MHD_Result finish(struct http_request *request)
{
    struct http_response answer;
    enum MHD_Result res;

    http_answer_init(&answer, request->server->reply_max);
    if (request->is_crowded) {
        http_response_header(&answer, "Retry-After", "1");
        http_problem(&answer, 503, NULL, "too many large requests at once: try again");
    } else if (buf_error(&request->body))
        http_problem(&answer, 413, NULL, "at most %zu bytes", request->server->body_max);
    else
        request->route->handler(request->route->arg, request, &answer);
    if (request->is_later) {
        request->is_later = false;
        request->is_resumed = true;
        res = MHD_YES;
    } else {
        res = http_answer_send(&answer, request, request->connection);
    }
    http_answer_free(&answer);
    return res;
}

/* Room for so much more of bodies that are on their way, of all requests together. */
static bool has_room(struct http_request *request, size_t size)
{
    struct http_server *server = request->server;

    if (!server->bodies_max)
        return true;
    if (atomic_fetch_add(&server->bodies, size) + size <= server->bodies_max) {
        request->counted += size;
        return true;
    }
    atomic_fetch_sub(&server->bodies, size);
    request->is_crowded = true;
    return false;
}

/* A body over the limit whose length was not told is dropped, to answer behind its end; one that
 * does not end is cut off. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t size)
{
    if (request->is_crowded || !has_room(request, size) || buf_add(&request->body, data, size))
        request->dropped += size;
    return request->dropped <= request->server->body_max + HTTP_HEADERS_MAX ? MHD_YES : MHD_NO;
}

/* Called with the head, then with each piece of the body, then with nothing; with nothing again
 * after it was resumed. */
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_size, void **state)
{
    struct http_request *request = *state;

    (void)version;
    if (!request) {
        request = calloc(1, sizeof(*request));
        if (!request)
            return MHD_NO;
        request->server = cls;
        request->connection = connection;
        request->method = method;
        request->path = url;
        buf_init(&request->body, request->server->body_max);
        *state = request;
        return begin(request, method);
    }
    if (*data_size > 0) {
        size_t size = *data_size;

        *data_size = 0;
        return take_body(request, data, size);
    }
    return finish(request);
}

void http_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *state;

    (void)cls, (void)connection, (void)code;
    if (!request)
        return;
    atomic_fetch_sub(&request->server->bodies, request->counted);
    buf_free(&request->body);
    free(request);
    *state = NULL;
}
