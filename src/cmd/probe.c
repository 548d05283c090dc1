#include "cmd/probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cluster/render.h"

/* A connected, non-blocking socket; for TCP the connection may still be under way. */
static int open_socket(const char *host, uint16_t port, int type, struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = type};
    struct addrinfo *found = NULL;
    char service[8];
    int fd, res = 0;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found))
        return err_set(err, -EINVAL, "%s is no address", host);
    fd = socket(found->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (connect(fd, found->ai_addr, found->ai_addrlen) && errno != EINPROGRESS)) {
        res = err_sys(err, -errno, "%s port %u", host, port);
        if (fd >= 0)
            close(fd);
    }
    freeaddrinfo(found);
    return res ? res : fd;
}

/* Waits until the socket is ready for `events`, up to the deadline. */
static int wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd item = {.fd = fd, .events = events};
    int64_t left = deadline - clock_mono_ms();
    int error = 0, ready;
    socklen_t size = sizeof(error);

    ready = poll(&item, 1, left > 0 ? (int)left : 0);
    if (ready < 0)
        return -errno;
    if (ready == 0)
        return -ETIMEDOUT;
    /* Also how a connection under way tells that it failed. */
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
        return -errno;
    return -error;
}

/* Appends what one recv(2) gives; -ECONNRESET at the end of the stream. */
static int receive(int fd, struct buf *reply)
{
    char data[4096];
    ssize_t got = recv(fd, data, sizeof(data), 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    return got ? buf_add(reply, data, (size_t)got) : -ECONNRESET;
}

int probe_udp(const char *host, uint16_t port, const char *data, size_t len, struct buf *reply,
              struct err *err)
{
    int64_t deadline = clock_mono_ms() + PROBE_MS;
    int res = 0, fd = open_socket(host, port, SOCK_DGRAM, err);

    if (fd < 0)
        return fd;
    if (send(fd, data, len, 0) < 0)
        res = -errno;
    if (!res)
        res = wait_for(fd, POLLIN, deadline);
    if (!res)
        res = receive(fd, reply);
    close(fd);
    return res ? err_sys(err, res, "UDP port %u of %s", port, host) : 0;
}

static int take_step(int fd, const struct probe_step *step, int64_t deadline, struct buf *reply)
{
    int res;

    buf_reset(reply);
    res = wait_for(fd, POLLOUT, deadline);
    /* The sentences are shorter than any socket buffer: all of it goes at once. */
    if (!res && step->say && send(fd, step->say, strlen(step->say), MSG_NOSIGNAL) < 0)
        res = -errno;
    while (!res && step->expect && !strstr(reply->data, step->expect)) {
        res = wait_for(fd, POLLIN, deadline);
        if (!res)
            res = receive(fd, reply);
    }
    return res;
}

int probe_tcp(const char *host, uint16_t port, const struct probe_step steps[], size_t count,
              struct buf *reply, struct err *err)
{
    int64_t deadline = clock_mono_ms() + PROBE_MS;
    int res = 0, fd = open_socket(host, port, SOCK_STREAM, err);

    if (fd < 0)
        return fd;
    for (size_t i = 0; !res && i < count; i++)
        res = take_step(fd, &steps[i], deadline, reply);
    close(fd);
    return res ? err_sys(err, res, "TCP port %u of %s", port, host) : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    return buf_add(arg, data, size * count) ? 0 : size * count;
}

static int perform(CURL *curl, const char *url, struct buf *reply, struct err *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* also none from the environment */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PROBE_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return err_set(err, -EIO, "%s: %s", url, *reason ? reason : curl_easy_strerror(code));
    if (status != 200)
        return err_set(err, -EPROTO, "%s: HTTP status %ld", url, status);
    return 0;
}

int probe_http(const char *host, uint16_t port, const char *path, struct buf *reply,
               struct err *err)
{
    char url[256], bracketed[RENDER_HOST_SIZE];
    CURL *curl;
    int res;

    res = str_printf(url, sizeof(url), "http://%s:%u%s", render_host(host, bracketed), port, path);
    if (res)
        return err_sys(err, res, "address of %s", path);
    curl = curl_easy_init();
    if (!curl)
        return err_set(err, -ENOMEM, "out of memory");
    res = perform(curl, url, reply, err);
    curl_easy_cleanup(curl);
    return res;
}
