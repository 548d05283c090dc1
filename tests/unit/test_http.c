/* The server as its peers see it: raw bytes over a socket of loopback. */
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

static struct http_server *server;
static unsigned int handled;

static void echo(void *arg, const struct http_request *request, struct http_response *response)
{
    const char *name = http_query(request, "name");
    size_t len;
    const char *body = http_body(request, &len);

    handled++;
    buf_printf(&response->body, "%s|%s|%s|%s|", (const char *)arg, http_path(request),
               http_peer(request), name ? name : "");
    buf_add(&response->body, body, len);
}

static void refuse(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg, (void)request;
    http_problem(response, 422, "name", "\"%s\" is too long", "x\n");
}

static void huge(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg, (void)request;
    for (int i = 0; i < 5000; i++)
        buf_add_str(&response->body, "0123456789");
}

/* Answers what is resumed; resumes by itself ("/later/now"), or has the test do it. */
static struct http_request *_Atomic suspended;

static void later(void *arg, const struct http_request *request, struct http_response *response)
{
    bool is_now = strcmp(http_path(request), "/later/now") == 0;
    struct http_request *mine;
    size_t len;
    const char *body;

    (void)arg;
    if (!http_is_resumed(request)) {
        buf_add_str(&response->body, "too early");
        mine = http_suspend(request);
        assert_non_null(mine);
        http_set_result(mine, 5);
        if (is_now)
            http_resume(mine);
        else
            suspended = mine;
        return;
    }
    body = http_body(request, &len);
    assert_int_equal(http_result(request), 5);
    buf_add_str(&response->body, "later|");
    buf_add(&response->body, body, len);
}

static char first[] = "first", second[] = "second";
static const struct http_route routes[] = {
    {"POST", "/echo", 0, echo, first},
    {"POST", "/secret", HTTP_AUTH, echo, first},
    {"GET", "/tree/", HTTP_PREFIX, echo, second},
    {"GET", "/refuse", 0, refuse, NULL},
    {"GET", "/huge", 0, huge, NULL},
    {"POST", "/later/", HTTP_PREFIX, later, NULL},
};

static int start(void **state)
{
    struct http_options options = {
        .address = "127.0.0.1",
        .threads = 2,
        .connections_max = 16,
        .timeout_s = 5,
        .body_max = 1000,
        .reply_max = 4096,
        .user = "media",
        .password = "geheim",
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

/* Sends `request` as it is and returns all that comes back, which the caller frees. */
static char *talk(const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char *reply = calloc(1, 65536);
    size_t len = 0;
    ssize_t got;

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    shutdown(fd, SHUT_WR);
    while (len < 65535 && (got = recv(fd, reply + len, 65535 - len, 0)) > 0)
        len += (size_t)got;
    close(fd);
    return reply;
}

static void expect(const char *request, const char *status, const char *contains)
{
    char *reply = talk(request);

    if (strncmp(reply, status, strlen(status)) != 0 || !strstr(reply, contains))
        fail_msg("expected %s … %s, got: %s", status, contains, reply);
    free(reply);
}

#define HEAD(line) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static void test_routes(void **state)
{
    (void)state;
    expect(HEAD("POST /echo?name=a%20b") "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200",
           "first|/echo|127.0.0.1|a b|hello");
    expect(HEAD("GET /tree/leaf") "\r\n", "HTTP/1.1 200", "second|/tree/leaf|");
    expect(HEAD("POST /echo") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
           "HTTP/1.1 200", "|abc");
    expect(HEAD("GET /nothing") "\r\n", "HTTP/1.1 404", "\"status\":404");
    expect(HEAD("GET /echo") "\r\n", "HTTP/1.1 405", "Allow: POST");
    expect(HEAD("POST /echo%00x") "Content-Length: 0\r\n\r\n", "HTTP/1.1 404", "");
}

static void test_problems(void **state)
{
    (void)state;
    expect(HEAD("GET /refuse") "\r\n", "HTTP/1.1 422", "application/problem+json");
    expect(HEAD("GET /refuse") "\r\n", "HTTP/1.1 422",
           "\"detail\":\"\\\"x\\n\\\" is too long\",\"field\":\"name\"");
    expect(HEAD("GET /huge") "\r\n", "HTTP/1.1 500", "\"status\":500");
}

static void test_credentials(void **state)
{
    (void)state;
    /* media:geheim, media:gehein, and a beginning of the right one */
    expect(HEAD("POST /secret") "Authorization: Basic bWVkaWE6Z2VoZWlt\r\n\r\n", "HTTP/1.1 200",
           "first|/secret");
    handled = 0;
    expect(HEAD("POST /secret") "Authorization: Basic bWVkaWE6Z2VoZWlu\r\n\r\n", "HTTP/1.1 401",
           "WWW-Authenticate: Basic");
    expect(HEAD("POST /secret") "Authorization: Basic bWVkaWE6\r\n\r\n", "HTTP/1.1 401", "");
    expect(HEAD("POST /secret") "\r\n", "HTTP/1.1 401", "");
    assert_int_equal(handled, 0);
}

static void test_framing(void **state)
{
    char big[2048];

    (void)state;
    handled = 0;
    expect(HEAD("POST /echo") "Content-Length: 3\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 400",
           "");
    expect(HEAD("POST /echo") "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400",
           "ambiguous");
    expect(HEAD("POST /echo") "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 400", "");
    expect(HEAD("POST /echo") "Content-Length: -1\r\n\r\n", "HTTP/1.1 400", "");
    expect(HEAD("POST /echo") "Content-Length: 1001\r\n\r\n", "HTTP/1.1 413", "at most 1000");
    (void)snprintf(
        big, sizeof(big),
        HEAD("POST /echo") "Transfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n\r\n", 7);
    expect(big, "HTTP/1.1 413", "at most 1000");
    expect(HEAD("POST /echo") "Transfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 400", "");
    expect(HEAD("GET /nothing") "Transfer-Encoding: xchunked\r\n\r\n", "HTTP/1.1 400", "");
    assert_int_equal(handled, 0);
}

static void *resume(void *arg)
{
    struct http_request *request;

    while (!(request = atomic_exchange(&suspended, NULL)))
        usleep(100);
    usleep(*(useconds_t *)arg);
    http_resume(request);
    return NULL;
}

static void test_later(void **state)
{
    const char *request = HEAD("POST /later/on") "Content-Length: 5\r\n\r\nhello";
    useconds_t pause = 20000;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, resume, &pause), 0);
    expect(request, "HTTP/1.1 200", "\r\n\r\nlater|hello");
    pthread_join(thread, NULL);
    for (pause = 0; pause < 100; pause++) {
        assert_int_equal(pthread_create(&thread, NULL, resume, &pause), 0);
        expect(request, "HTTP/1.1 200", "\r\n\r\nlater|hello");
        pthread_join(thread, NULL);
    }
    expect(HEAD("POST /later/now") "Content-Length: 2\r\n\r\nhi", "HTTP/1.1 200",
           "\r\n\r\nlater|hi");
}

/* While one is suspended the others of its thread are answered, and stopping waits for it. */
static void test_stop_later(void **state)
{
    struct http_server *before = server;
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *request = HEAD("POST /later/on") "Content-Length: 0\r\n\r\n";
    useconds_t pause = 50000;
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    start(state);
    address.sin_port = htons(http_server_port(server));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    while (!suspended)
        usleep(100);
    for (int i = 0; i < 8; i++)
        expect(HEAD("GET /tree/leaf") "\r\n", "HTTP/1.1 200", "second|/tree/leaf|");
    assert_int_equal(pthread_create(&thread, NULL, resume, &pause), 0);
    http_server_stop(server);
    assert_null(suspended);
    pthread_join(thread, NULL);
    close(fd);
    server = before;
}

static void test_start_errors(void **state)
{
    struct http_options options = {
        .address = "127.0.0.1", .port = http_server_port(server), .connections_max = 1};
    struct http_server *other = NULL;
    struct err err;

    (void)state;
    assert_int_equal(http_server_start(&other, &options, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, "127.0.0.1 port"));
    options.address = "localhost";
    assert_int_equal(http_server_start(&other, &options, &err), -EINVAL);
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),       cmocka_unit_test(test_problems),
        cmocka_unit_test(test_credentials),  cmocka_unit_test(test_framing),
        cmocka_unit_test(test_later),        cmocka_unit_test(test_stop_later),
        cmocka_unit_test(test_start_errors),
    };

    return cmocka_run_group_tests_name("http", tests, start, stop);
}
