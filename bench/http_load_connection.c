/* One request of http_load: connected, sent, and its answer looked at. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http_load.h"

static void fail(struct connection *connection, const char *why)
{
    size_t len = connection && connection->received < 80 ? connection->received : 80;

    if (!load.failed++)
        snprintf(load.first_failure, sizeof(load.first_failure), "%s (%.*s)", why, (int)len,
                 connection ? connection->answer : "");
}

static void note_time(int64_t due_us, int64_t us)
{
    if (us > load.slowest_us) {
        load.slowest_us = us;
        load.slowest_at_us = due_us;
    }
    if (load.done == load.times_size) {
        load.times_size = load.times_size ? load.times_size * 2 : 1 << 16;
        load.times_us = realloc(load.times_us, load.times_size * sizeof(*load.times_us));
        if (!load.times_us)
            die("memory");
    }
    load.times_us[load.done++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    if (us > LATE_AFTER_US)
        stall_note_late(due_us, due_us + us);
}

static void release(struct connection *connection, bool close_it)
{
    if (close_it && connection->fd >= 0) {
        close(connection->fd);
        connection->fd = -1;
    }
    connection->request = NULL;
    connection->next = load.free;
    load.free = connection;
    load.under_way--;
}

void connection_give_up(struct connection *connection, const char *why)
{
    fail(connection, why);
    release(connection, true);
}

static int open_connection(struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    int on = 1;

    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        die("socket");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, connection->fd, &event))
        die("epoll_ctl");
    if (connect(connection->fd, (struct sockaddr *)&load.server, sizeof(load.server)) &&
        errno != EINPROGRESS)
        return -errno;
    return 0;
}

/* 0 when all is sent, -EAGAIN, or another errno. */
static int send_some(struct connection *connection)
{
    const struct slice *text = &connection->text;
    ssize_t res;

    while (connection->sent < text->len) {
        res = send(connection->fd, text->data + connection->sent, text->len - connection->sent,
                   MSG_NOSIGNAL);
        if (res < 0)
            return errno == ENOTCONN ? -EAGAIN : -errno;
        connection->sent += (size_t)res;
    }
    return 0;
}

/* The whole answer is there: its head, and as much as Content-Length says. */
static bool is_complete(struct connection *connection)
{
    const char *end, *length;

    connection->answer[connection->received] = '\0';
    end = strstr(connection->answer, "\r\n\r\n");
    if (!end)
        return false;
    length = strcasestr(connection->answer, "\r\nContent-Length:");
    if (!length || length > end)
        return false;
    return connection->received >=
           (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
}

static void finish(struct connection *connection)
{
    const struct slice *expected = &connection->request->expected;

    if (!str_starts_with(connection->answer, "HTTP/1.1 200 ") ||
        !memmem(connection->answer, connection->received, expected->data, expected->len)) {
        connection_give_up(connection, "not the answer that was expected");
        return;
    }
    note_time(connection->due_us, clock_mono_us() - connection->due_us);
    release(connection, !load.keepalive);
}

static void receive(struct connection *connection)
{
    ssize_t res;

    for (;;) {
        if (connection->received == ANSWER_MAX - 1) {
            connection_give_up(connection, "an answer that is too long");
            return;
        }
        res = recv(connection->fd, connection->answer + connection->received,
                   ANSWER_MAX - 1 - connection->received, 0);
        if (res < 0 && errno == EAGAIN)
            return;
        if (res <= 0) {
            connection_give_up(connection, res ? strerror(errno) : "closed before the end");
            return;
        }
        connection->received += (size_t)res;
        if (is_complete(connection)) {
            finish(connection);
            return;
        }
    }
}

void connection_go_on(struct connection *connection, uint32_t events)
{
    int res;

    if (!connection->request) {
        /* A connection that stayed open, closed by the server: opened again when it is needed. */
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && connection->fd >= 0) {
            close(connection->fd);
            connection->fd = -1;
        }
        return;
    }
    res = send_some(connection);
    if (res && res != -EAGAIN) {
        connection_give_up(connection, strerror(-res));
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(connection);
}

static void stamp(struct connection *connection)
{
    if (!connection->stamped)
        connection->stamped = malloc(STAMPED_MAX);
    if (!connection->stamped)
        die("memory");
    stamp_write(connection->request, connection->stamped);
    connection->text.data = connection->stamped;
}

void connection_start(int64_t due_us)
{
    struct connection *connection = load.free;
    int res = 0;

    if (!connection) {
        fail(NULL, "too many under way");
        return;
    }
    load.free = connection->next;
    load.under_way++;
    connection->request = &load.requests[load.next_request++ % load.request_count];
    connection->due_us = due_us;
    connection->text = connection->request->text;
    if (load.stamp)
        stamp(connection);
    connection->sent = connection->received = 0;
    if (connection->fd < 0)
        res = open_connection(connection);
    if (!res)
        res = send_some(connection);
    if (res && res != -EAGAIN)
        connection_give_up(connection, strerror(-res));
}
