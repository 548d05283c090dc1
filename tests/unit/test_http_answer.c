/* Answers with headers of their own, and bodies that are made while they are sent. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

enum { PIECES = 2000 };

static struct http_server *server;
static atomic_int closed;

/* Pieces of a body: of each request its own. */
struct pieces {
    int next, last;
    bool fails, waits;
    pthread_t thread;
    bool has_thread;
};

static void *resume_soon(void *arg)
{
    usleep(200);
    http_resume(arg);
    return NULL;
}

static ssize_t read_pieces(void *arg, const struct http_request *request, char *out, size_t size)
{
    struct pieces *pieces = arg;
    struct http_request *mine;

    if (pieces->next == pieces->last)
        return pieces->fails ? -EIO : 0;
    if (pieces->waits && pieces->next % 500 == 250 && !pieces->has_thread) {
        mine = http_suspend(request);
        if (!mine)
            return 0;
        pieces->has_thread = true;
        assert_int_equal(pthread_create(&pieces->thread, NULL, resume_soon, mine), 0);
        return -EAGAIN;
    }
    if (pieces->has_thread) {
        pthread_join(pieces->thread, NULL);
        pieces->has_thread = false;
    }
    return snprintf(out, size, "%07d\n", pieces->next++);
}

static void close_pieces(void *arg)
{
    struct pieces *pieces = arg;

    if (pieces->has_thread)
        pthread_join(pieces->thread, NULL);
    free(pieces);
    closed++;
}

static void stream(void *arg, const struct http_request *request, struct http_response *response)
{
    const char *path = http_path(request);
    struct pieces *pieces = calloc(1, sizeof(*pieces));

    (void)arg;
    pieces->last = PIECES;
    pieces->fails = strstr(path, "fails") != NULL;
    pieces->waits = strstr(path, "waits") != NULL;
    response->content_type = "text/csv";
    response->stream = (struct http_stream){
        .read = read_pieces,
        .close = close_pieces,
        .arg = pieces,
        .length = strstr(path, "known") ? PIECES * 8 : -1,
    };
    if (strstr(path, "badly"))
        http_response_header(response, "X-Bad", "a\r\nX-Forged: 1");
}

static int add_parameter(void *arg, const char *name, const char *value)
{
    struct buf *out = arg;

    buf_printf(out, "[%s=%s]", name, value ? value : "-");
    return strcmp(name, "stop") == 0 ? -EINVAL : 0;
}

static void any(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    buf_printf(&response->body, "%s %s ", http_method(request), http_path(request));
    if (http_query_each(request, add_parameter, &response->body))
        buf_add_str(&response->body, "stopped");
    http_response_header(response, "ETag", "\"1\"");
    http_response_header(response, "Location", "/a?b=c");
    if (http_header(request, "X-Echo"))
        http_response_header(response, "X-Echo", http_header(request, "X-Echo"));
}

static void none(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg, (void)request;
    response->status = 204;
    response->content_type = NULL;
}

static const struct http_route routes[] = {
    {NULL, "/any/", HTTP_PREFIX, any, NULL},
    {"GET", "/stream/", HTTP_PREFIX, stream, NULL},
    {"DELETE", "/none", 0, none, NULL},
};

static int start(void **state)
{
    struct http_options options = {
        .address = "127.0.0.1",
        .threads = 2,
        .connections_max = 16,
        .timeout_s = 5,
        .body_max = 1000,
        .bodies_max = 1500,
        .reply_max = 4096,
        .routes = routes,
        .routes_count = DP_COUNT(routes),
    };
    struct err err;

    (void)state;
    return http_server_start(&server, &options, &err);
}

static int stop(void **state)
{
    (void)state;
    http_server_stop(server);
    return 0;
}

static int open_connection(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static char *talk(const char *request)
{
    char *reply = calloc(1, 65536);
    size_t len = 0;
    ssize_t got;
    int fd = open_connection();

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    while (len < 65535 && (got = recv(fd, reply + len, 65535 - len, 0)) > 0)
        len += (size_t)got;
    close(fd);
    return reply;
}

#define HEAD(line) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void expect(const char *request, const char *status, const char *contains)
{
    char *reply = talk(request);

    if (strncmp(reply, status, strlen(status)) != 0 || !strstr(reply, contains))
        fail_msg("expected %s … %s, got: %s", status, contains, reply);
    free(reply);
}

static bool is_crowded(const char *request)
{
    char *reply = talk(request);
    bool found = strncmp(reply, "HTTP/1.1 503", 12) == 0;

    free(reply);
    return found;
}

static void test_methods(void **state)
{
    (void)state;
    expect(HEAD("GET /any/a"), "HTTP/1.1 200", "GET /any/a ");
    expect(HEAD("PATCH /any/b"), "HTTP/1.1 200", "PATCH /any/b ");
    expect(HEAD("PURGE /any/c"), "HTTP/1.1 200", "PURGE /any/c ");
    expect(HEAD("GET /any/a?x=1&y=%26&x=2&z"), "HTTP/1.1 200", "[x=1][y=&][x=2][z=-]");
    expect(HEAD("GET /any/a?x=1&stop&y=2"), "HTTP/1.1 200", "[x=1][stop=-]stopped");
}

static void test_headers(void **state)
{
    (void)state;
    expect(HEAD("GET /any/a"), "HTTP/1.1 200", "ETag: \"1\"\r\n");
    expect(HEAD("GET /any/a"), "HTTP/1.1 200", "Location: /a?b=c\r\n");
    expect(HEAD("DELETE /none"), "HTTP/1.1 204", "\r\n\r\n");
    /* A stream that is not sent is closed all the same. */
    closed = 0;
    expect(HEAD("GET /stream/badly"), "HTTP/1.1 500", "application/problem+json");
    assert_int_equal(closed, 1);
}

static void check_pieces(const char *request, const char *header)
{
    char *reply = talk(request);
    char number[16];

    assert_non_null(strstr(reply, header));
    for (int i = 0; i < PIECES; i += 37) {
        (void)snprintf(number, sizeof(number), "%07d\n", i);
        assert_non_null(strstr(reply, number));
    }
    free(reply);
}

static void wait_for_closed(int count)
{
    for (int i = 0; i < 2000 && closed < count; i++)
        usleep(1000);
    assert_int_equal(closed, count);
}

static void test_streams(void **state)
{
    (void)state;
    closed = 0;
    check_pieces(HEAD("GET /stream/x"), "Transfer-Encoding: chunked");
    check_pieces(HEAD("GET /stream/known"), "Content-Length: 16000");
    check_pieces(HEAD("GET /stream/waits"), "text/csv");
    wait_for_closed(3);
}

/* One that breaks off has no end that looks like one. */
static void test_broken_off(void **state)
{
    char *reply;

    (void)state;
    closed = 0;
    reply = talk(HEAD("GET /stream/fails"));
    assert_non_null(strstr(reply, "0001000\n"));
    assert_null(strstr(reply, "\r\n0\r\n\r\n"));
    free(reply);
    wait_for_closed(1);
}

static void test_nobody_listens(void **state)
{
    const char *request = HEAD("GET /stream/waits");
    int fd;

    (void)state;
    closed = 0;
    fd = open_connection();
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    close(fd);
    wait_for_closed(1);
}

/* All bodies together have so much room, until one of them is answered or given up. */
static void test_crowded(void **state)
{
    char half[1400], whole[1400];
    int fds[2];

    (void)state;
    (void)snprintf(half, sizeof(half),
                   "POST /any/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n%0900d", 1);
    (void)snprintf(whole, sizeof(whole),
                   "POST /any/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                   "Content-Length: 900\r\n\r\n%0900d",
                   1);
    expect(whole, "HTTP/1.1 200", "POST /any/x");
    for (int i = 0; i < 2; i++) {
        fds[i] = open_connection();
        assert_int_equal(send(fds[i], half, strlen(half), MSG_NOSIGNAL), strlen(half));
    }
    for (int i = 0; i < 2000 && !is_crowded(whole); i++)
        usleep(1000);
    expect(whole, "HTTP/1.1 503", "Retry-After: 1");
    /* Without a body there is always room. */
    expect(HEAD("GET /any/a"), "HTTP/1.1 200", "GET /any/a ");
    close(fds[0]);
    close(fds[1]);
    for (int i = 0; i < 2000 && is_crowded(whole); i++)
        usleep(1000);
    expect(whole, "HTTP/1.1 200", "POST /any/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_streams),        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_nobody_listens), cmocka_unit_test(test_crowded),
    };

    return cmocka_run_group_tests_name("http_answer", tests, start, stop);
}
