#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "http/server_private.h"

enum { BACKLOG = 1024 };

static int set_authorization(struct http_server *server, const struct http_options *options)
{
    char pair[HTTP_AUTH_MAX];
    char encoded[HTTP_AUTH_MAX * 4 / 3 + 5];
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
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        http_on_request, server,
        /* First, so that it is in force for what the others have to say. */
        MHD_OPTION_EXTERNAL_LOGGER, discard_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
        options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
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

static void server_free(struct http_server *server)
{
    pthread_cond_destroy(&server->resumed);
    pthread_mutex_destroy(&server->lock);
    OPENSSL_cleanse(server->authorization, sizeof(server->authorization));
    free(server);
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
    server->bodies_max = options->bodies_max;
    /* Neither of these fails with these arguments. */
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->resumed, NULL);

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
    return 0;
out:
    server_free(server);
    return res;
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    /* libmicrohttpd cannot stop while something is suspended. */
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    while (server->suspended)
        pthread_cond_wait(&server->resumed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    MHD_stop_daemon(server->daemon);
    server_free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}
