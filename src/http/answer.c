/* The answer to one request, from what its handler set to libmicrohttpd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/server_private.h"

enum {
    STREAM_BLOCK = 32 * 1024,
    RESPONSE_HEADERS_MAX = 8 * 1024,
};

/* A body that is made while it is sent, for as long as libmicrohttpd has it. */
struct streaming {
    struct http_request *request;
    struct http_stream stream;
};

void http_answer_init(struct http_response *answer, size_t body_max)
{
    *answer = (struct http_response){.status = 200, .content_type = "text/plain"};
    buf_init(&answer->body, body_max);
    buf_init(&answer->headers, RESPONSE_HEADERS_MAX);
}

void http_answer_free(struct http_response *answer)
{
    if (answer->stream.close)
        answer->stream.close(answer->stream.arg);
    answer->stream = (struct http_stream){0};
    buf_free(&answer->headers);
    buf_free(&answer->body);
}

/* Kept as name, NUL, value, NUL. */
void http_response_header(struct http_response *response, const char *name, const char *value)
{
    for (const char *at = value; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            response->headers.error = -EINVAL;
            return;
        }
    }
    buf_add(&response->headers, name, strlen(name) + 1);
    buf_add(&response->headers, value, strlen(value) + 1);
}

static void add_headers(struct MHD_Response *response, const struct http_response *answer)
{
    const char *end = answer->headers.data + answer->headers.len;

    if (answer->content_type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    for (const char *name = answer->headers.data; name < end;) {
        const char *value = name + strlen(name) + 1;

        MHD_add_response_header(response, name, value);
        name = value + strlen(value) + 1;
    }
}

static ssize_t read_stream(void *cls, uint64_t at, char *out, size_t size)
{
    struct streaming *streaming = cls;
    ssize_t res = streaming->stream.read(streaming->stream.arg, streaming->request, out, size);

    (void)at;
    if (res > 0)
        return res;
    if (res == -EAGAIN)
        return 0;
    return res ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void close_stream(void *cls)
{
    struct streaming *streaming = cls;

    if (streaming->stream.close)
        streaming->stream.close(streaming->stream.arg);
    free(streaming);
}

/* Takes the stream over when it succeeds. */
static struct MHD_Response *make_stream(struct http_response *answer, struct http_request *request)
{
    struct streaming *streaming = calloc(1, sizeof(*streaming));
    uint64_t length =
        answer->stream.length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)answer->stream.length;
    struct MHD_Response *response;

    if (!streaming)
        return NULL;
    *streaming = (struct streaming){request, answer->stream};
    response = MHD_create_response_from_callback(length, STREAM_BLOCK, read_stream, streaming,
                                                 close_stream);
    if (!response) {
        free(streaming);
        return NULL;
    }
    answer->stream = (struct http_stream){0};
    return response;
}

static struct MHD_Response *make_response(struct http_response *answer,
                                          struct http_request *request)
{
    if (answer->stream.read)
        return make_stream(answer, request);
    return MHD_create_response_from_buffer(answer->body.len, answer->body.data,
                                           MHD_RESPMEM_MUST_COPY);
}

enum MHD_Result http_answer_send(struct http_response *answer, struct http_request *request,
                                 struct MHD_Connection *connection)
{
    bool is_broken =
        buf_error(&answer->headers) || (!answer->stream.read && buf_error(&answer->body));
    struct MHD_Response *response;
    enum MHD_Result res;

    if (is_broken) {
        struct http_response failed;

        http_answer_init(&failed, answer->body.max);
        http_problem(&failed, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL,
                     "the reply is larger than the server makes");
        http_answer_free(answer);
        *answer = failed;
    }
    response = make_response(answer, request);
    if (!response)
        return MHD_NO;
    add_headers(response, answer);
    res = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return res;
}
