/*
 * HTTP/1.1 server (RFC 9112) over libmicrohttpd, which no handler sees. A fixed table of routes, a
 * pool of threads; a handler runs in one of them with the whole body at hand. It may block, but
 * then so do the other connections of its thread: what takes longer is suspended (http_suspend).
 *
 * Everything that goes wrong is answered with problem details (RFC 9457). What libmicrohttpd lets
 * through is refused here: a repeated Content-Length, one beside Transfer-Encoding (both are how
 * requests are smuggled past a proxy, RFC 9112 6.3), and bodies over the limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct http_server;
struct http_request;

/*
 * A body that is made while it is sent, in a thread of the pool: what is made with patience keeps
 * the thread's other connections waiting.
 */
struct http_stream {
    /*
     * Up to `size` further bytes to `out`. Returns how many; 0: that was all; -EAGAIN: none yet,
     * and it has called http_suspend, so that it is asked again after http_resume; any other
     * negative errno: the connection is cut off, so that the client sees that something is missing.
     */
    ssize_t (*read)(void *arg, const struct http_request *request, char *out, size_t size);
    /* Called once, when everything was sent or nobody listens any more. Knows no request. */
    void (*close)(void *arg);
    void *arg;
    int64_t length; /* bytes; -1: nobody knows (chunked) */
};

/* What a handler answers: it sets these. Everything is copied or freed by the server. */
struct http_response {
    unsigned int status;       /* 200 when the handler leaves it */
    const char *content_type;  /* static text; NULL: none */
    struct buf body;           /* its maximum is options.reply_max */
    struct buf headers;        /* see http_response_header */
    struct http_stream stream; /* instead of the body, when `read` is set */
};

typedef void (*http_handler)(void *arg, const struct http_request *request,
                             struct http_response *response);

enum {
    HTTP_AUTH = 1 << 0,   /* needs the basic credentials of the options (RFC 7617) */
    HTTP_PREFIX = 1 << 1, /* the path is the beginning of the request's path */
};

struct http_route {
    const char *method; /* NULL: any; the handler refuses */
    const char *path;
    unsigned int flags;
    http_handler handler;
    void *arg;
};

struct http_options {
    const char *address; /* numeric IP */
    uint16_t port;       /* 0: any free one, see http_server_port */
    unsigned int threads;
    unsigned int connections_max;
    unsigned int timeout_s; /* of a connection on which nothing happens */
    size_t body_max;        /* bytes of a request's body */
    size_t bodies_max;      /* of all bodies together, beyond which 503; 0: no limit */
    size_t reply_max;
    const char *user, *password; /* of HTTP_AUTH routes */
    const struct http_route *routes;
    size_t routes_count;
};

/*
 * Listens and serves until http_server_stop. Routes, their args and the path and method strings
 * belong to the caller and stay; everything else of the options is copied.
 * -EADDRINUSE and other errno of bind(2), -EINVAL, -ENOMEM.
 */
int http_server_start(struct http_server **out, const struct http_options *options,
                      struct err *err) DP_CHECK;

/* Stops listening, waits for running handlers, frees. NULL is allowed. */
void http_server_stop(struct http_server *server);

uint16_t http_server_port(const struct http_server *server);

/* Views of a request: they live until the handler returns. NULL when there is no such thing. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const char *http_query(const struct http_request *request, const char *name);
const char *http_header(const struct http_request *request, const char *name);
const char *http_body(const struct http_request *request, size_t *len);

/*
 * Calls `each` for every parameter of the query, in no order; `value` is NULL for one without '='.
 * Stops and returns what `each` returned when that is not 0.
 */
int http_query_each(const struct http_request *request,
                    int (*each)(void *arg, const char *name, const char *value),
                    void *arg) DP_CHECK;

/*
 * One more header of the answer. A value with a control character (a line break would be a header
 * of somebody else's choice) or too many headers make the answer a 500.
 */
void http_response_header(struct http_response *response, const char *name, const char *value);

/* The peer's numeric address, without port. "" if it is neither IPv4 nor IPv6. */
const char *http_peer(const struct http_request *request);

/*
 * From within a handler: the answer comes later. The handler returns, what it answered is dropped,
 * and it is called again with the same request after http_resume, which has to come, once, from any
 * thread, also before the handler has returned. NULL while the server is being stopped: answer now.
 * http_server_stop waits for what is suspended.
 */
struct http_request *http_suspend(const struct http_request *request) DP_CHECK;
void http_resume(struct http_request *request);

/* Whether this is the call after http_resume. */
bool http_is_resumed(const struct http_request *request);

/* Before http_resume, for that call: what became of what the request waited for. 0 where nobody has
 * said. */
void http_set_result(struct http_request *request, int result);
int http_result(const struct http_request *request);

/* What a status code is called (RFC 9110 15); "Error" for those that this tree does not answer. */
const char *http_title(unsigned int status);

/*
 * Makes the response a problem (RFC 9457) of this status with this detail, which is for the
 * client's eyes. `field` names the parameter at fault, or is NULL.
 */
void http_problem(struct http_response *response, unsigned int status, const char *field,
                  const char *format, ...) DP_PRINTF(4, 5);
