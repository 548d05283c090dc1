/* What the listener (server.c), the exchange of one request (exchange.c) and its answer (answer.c)
 * share. */
#pragma once

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "http/server.h"

enum {
    HTTP_HEADERS_MAX = 16 * 1024, /* bytes of request line and headers */
    HTTP_AUTH_MAX = 256,          /* of user:password */
};

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_route *routes;
    size_t routes_count;
    size_t body_max, reply_max, bodies_max;
    atomic_size_t bodies; /* bytes of bodies that are in memory */
    uint16_t port;
    char authorization[HTTP_AUTH_MAX * 2]; /* the only header value that is let in; "" for none */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t resumed;
    size_t suspended; /* requests whose answer comes later */
    bool stopping;    /* no more of them */
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    const char *method, *path;
    const struct http_route *route;
    struct buf body;
    size_t dropped;  /* bytes of the body beyond the limit */
    size_t counted;  /* bytes of it in server->bodies */
    bool is_crowded; /* there was no room for it */
    bool is_later;   /* the handler has suspended it, and answers nothing now */
    bool is_resumed; /* it did so before */
    int result;      /* of what it waited for */
    char peer[INET6_ADDRSTRLEN];
};

/* Of libmicrohttpd: MHD_AccessHandlerCallback and MHD_RequestCompletedCallback. */
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_size, void **state);
void http_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode code);

/* An answer that a handler fills, and that is sent or not, and freed. */
void http_answer_init(struct http_response *answer, size_t body_max);
enum MHD_Result http_answer_send(struct http_response *answer, struct http_request *request,
                                 struct MHD_Connection *connection);
void http_answer_free(struct http_response *answer);
