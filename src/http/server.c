#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum {
    HEADERS_MAX = 16 * 1024, /* bytes of request line and headers */
    BACKLOG = 1024,
    AUTH_MAX = 256, /* of user:password */
};

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_route *routes;
    size_t routes_count;
    size_t body_max, reply_max;
    uint16_t port;
    char authorization[AUTH_MAX * 2]; /* the only header value that is let in; "" for none */
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    const char *path;
    const struct http_route *route;
    struct buf body;
    size_t dropped; /* bytes of the body beyond the limit */
    char peer[INET6_ADDRSTRLEN];
};

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_body(const struct http_request *request, size_t *len)
{
    *len = request->body.len;
    return request->body.data;
}

const char *http_peer(const struct http_request *request)
{
    return request->peer;
}

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
        if (strcmp(method, route->method) == 0) {
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

/* Hands the response to libmicrohttpd. `extra` is one more header, or NULL. */
static enum MHD_Result send_response(struct http_request *request, struct http_response *answer,
                                     const char *extra, const char *extra_value)
{
    struct MHD_Response *response;
    enum MHD_Result res = MHD_NO;

    if (buf_error(&answer->body))
        http_problem(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL,
                     "the reply is larger than the server makes");
    response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
        if (extra)
            MHD_add_response_header(response, extra, extra_value);
        res = MHD_queue_response(request->connection, answer->status, response);
        MHD_destroy_response(response);
    }
    return res;
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
    struct http_response answer = {.status = 200, .content_type = "text/plain"};
    struct buf allow;
    unsigned int status;
    enum MHD_Result res = MHD_YES;

    buf_init(&answer.body, request->server->reply_max);
    buf_init(&allow, 128);
    find_peer(request);
    status = screen(request, method, &answer, &allow);
    if (status == 401)
        res = send_response(request, &answer, "WWW-Authenticate", "Basic realm=\"dialplane\"");
    else if (status == 405)
        res = send_response(request, &answer, "Allow", allow.data);
    else if (status)
        res = send_response(request, &answer, NULL, NULL);
    buf_free(&allow);
    buf_free(&answer.body);
    return res;
}

static enum MHD_Result finish(struct http_request *request)
{
    struct http_response answer = {.status = 200, .content_type = "text/plain"};
    enum MHD_Result res;

    buf_init(&answer.body, request->server->reply_max);
    if (buf_error(&request->body))
        http_problem(&answer, 413, NULL, "at most %zu bytes", request->server->body_max);
    else
        request->route->handler(request->route->arg, request, &answer);
    res = send_response(request, &answer, NULL, NULL);
    buf_free(&answer.body);
    return res;
}

/* libmicrohttpd calls this with the head, then with each piece of the body, then with nothing. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
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
        request->path = url;
        buf_init(&request->body, request->server->body_max);
        *state = request;
        return begin(request, method);
    }
    if (*data_size > 0) {
        /* A body over the limit whose length was not told is dropped, to answer behind its end;
         * one that does not end is cut off. */
        if (buf_add(&request->body, data, *data_size))
            request->dropped += *data_size;
        *data_size = 0;
        return request->dropped <= request->server->body_max + HEADERS_MAX ? MHD_YES : MHD_NO;
    }
    return finish(request);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *state;

    (void)cls, (void)connection, (void)code;
    if (!request)
        return;
    buf_free(&request->body);
    free(request);
    *state = NULL;
}

static int set_authorization(struct http_server *server, const struct http_options *options)
{
    char pair[AUTH_MAX];
    char encoded[AUTH_MAX * 4 / 3 + 5];
    int res;

    if (!options->user || !options->password)
        return 0;
    res = str_printf(pair, sizeof(pair), "%s:%s", options->user, options->password);
    if (res)
        return res;
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)pair, (int)strlen(pair));
    res = str_printf(server->authorization, sizeof(server->authorization), "Basic %s", encoded);
    OPENSSL_cleanse(pair, sizeof(pair));
    OPENSSL_cleanse(encoded, sizeof(encoded));
    return res;
}

static int parse_address(const struct http_options *options, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, options->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(options->port);
        return 0;
    }
    if (inet_pton(AF_INET6, options->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(options->port);
        return 0;
    }
    return -EINVAL;
}

/* An encoded NUL would end the path or value early, to be taken for another one: it stays as it is.
 */
static size_t unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

/* Its own messages go nowhere: what matters of them is answered to the client or returned. */
static void discard_log(void *cls, const char *format, va_list args)
{
    (void)cls, (void)format, (void)args;
}

/* A listening socket, or a negative errno. Made here because libmicrohttpd does not tell why not.
 */
static int open_socket(const struct sockaddr_storage *address)
{
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    int res = 0;

    if (fd < 0)
        return -errno;
    /* Not stopped from starting again by connections that are still in TIME_WAIT. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, (const struct sockaddr *)address, size) || listen(fd, BACKLOG))
        res = -errno;
    if (res)
        close(fd);
    return res ? res : fd;
}

static int listen_on(struct http_server *server, const struct http_options *options,
                     const struct sockaddr_storage *address)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    int fd = open_socket(address);

    if (fd < 0)
        return fd;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, server,
        /* First, so that it is in force for what the others have to say. */
        MHD_OPTION_EXTERNAL_LOGGER, discard_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
        options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        /* A pool of one is no pool to libmicrohttpd. */
        MHD_OPTION_THREAD_POOL_SIZE, options->threads > 1 ? options->threads : 0, MHD_OPTION_END);
    /* The socket is the daemon's from here on, also when it failed half-way. */
    if (!server->daemon)
        return -EIO;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) == 0)
        server->port =
            ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)->sin6_port
                                              : ((const struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

int http_server_start(struct http_server **out, const struct http_options *options, struct err *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    struct sockaddr_storage address;
    int res;

    if (!server)
        return err_set(err, -ENOMEM, "out of memory");
    server->routes = options->routes;
    server->routes_count = options->routes_count;
    server->body_max = options->body_max;
    server->reply_max = options->reply_max;

    res = set_authorization(server, options);
    if (res) {
        err_set(err, res, "HTTP credentials are too long");
        goto out;
    }
    res = parse_address(options, &address);
    if (res) {
        err_set(err, res, "'%s' is not an IP address", options->address);
        goto out;
    }
    res = listen_on(server, options, &address);
    if (res) {
        err_sys(err, res, "cannot listen on %s port %u", options->address, options->port);
        goto out;
    }
    *out = server;
    server = NULL;
out:
    free(server);
    return res;
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    OPENSSL_cleanse(server->authorization, sizeof(server->authorization));
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}
