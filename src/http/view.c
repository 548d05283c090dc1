/* What handlers see of a request, and how they answer it later. */
#include "http/server_private.h"

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct each_parameter {
    int (*each)(void *arg, const char *name, const char *value);
    void *arg;
    int res;
};

static enum MHD_Result on_parameter(void *cls, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct each_parameter *to = cls;

    (void)kind;
    to->res = to->each(to->arg, name, value);
    return to->res ? MHD_NO : MHD_YES;
}

int http_query_each(const struct http_request *request,
                    int (*each)(void *arg, const char *name, const char *value), void *arg)
{
    struct each_parameter to = {.each = each, .arg = arg};

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_parameter, &to);
    return to.res;
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

struct http_request *http_suspend(const struct http_request *view)
{
    /* Handlers look only; this is the one thing they change. */
    struct http_request *request = (struct http_request *)view;
    struct http_server *server = request->server;
    bool is_refused;

    pthread_mutex_lock(&server->lock);
    is_refused = server->stopping;
    if (!is_refused)
        server->suspended++;
    pthread_mutex_unlock(&server->lock);
    if (is_refused)
        return NULL;
    request->is_later = true;
    MHD_suspend_connection(request->connection);
    return request;
}

void http_resume(struct http_request *request)
{
    struct http_server *server = request->server;

    /* From here on the request may be answered and gone. */
    MHD_resume_connection(request->connection);
    pthread_mutex_lock(&server->lock);
    server->suspended--;
    pthread_cond_signal(&server->resumed);
    pthread_mutex_unlock(&server->lock);
}

bool http_is_resumed(const struct http_request *request)
{
    return request->is_resumed;
}

void http_set_result(struct http_request *request, int result)
{
    request->result = result;
}

int http_result(const struct http_request *request)
{
    return request->result;
}
