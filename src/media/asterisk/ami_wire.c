/* The bytes of a manager interface's connection. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "media/asterisk/ami_private.h"

static int wait_for(const struct ami *ami, short events, int64_t deadline)
{
    struct pollfd item = {.fd = ami->fd, .events = events};
    int64_t left;
    int ready;

    do {
        left = deadline - clock_mono_ms();
        ready = poll(&item, 1, left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return -errno;
    return ready ? 0 : -ETIMEDOUT;
}

static int finish_connect(struct ami *ami, int64_t deadline)
{
    int error = 0, res = wait_for(ami, POLLOUT, deadline);
    socklen_t size = sizeof(error);

    if (!res && getsockopt(ami->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        res = -errno;
    return res ? res : -error;
}

int ami_wire_connect(struct ami *ami, const char *address, uint16_t port, int64_t deadline)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *to = NULL;
    char service[8];
    int on = 1, res = 0;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &hints, &to))
        return -EINVAL;
    ami->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ami->fd < 0)
        res = -errno;
    if (!res)
        setsockopt(ami->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!res && connect(ami->fd, to->ai_addr, to->ai_addrlen))
        res = errno == EINPROGRESS ? finish_connect(ami, deadline) : -errno;
    freeaddrinfo(to);
    return res;
}

int ami_wire_send(struct ami *ami, const char *data, size_t len, int64_t deadline)
{
    int res = 0;

    while (len && !res) {
        ssize_t sent = send(ami->fd, data, len, MSG_NOSIGNAL);

        if (sent >= 0) {
            data += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            res = wait_for(ami, POLLOUT, deadline);
        } else if (errno != EINTR) {
            res = -errno;
        }
    }
    return res;
}

int ami_wire_receive(struct ami *ami, int64_t deadline)
{
    int res = wait_for(ami, POLLIN, deadline);
    ssize_t got;

    if (!res)
        res = buf_reserve(&ami->in, AMI_RECEIVE_SIZE);
    if (res)
        return res;
    got = recv(ami->fd, ami->in.data + ami->in.len, AMI_RECEIVE_SIZE, 0);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    ami->in.len += (size_t)got;
    ami->in.data[ami->in.len] = '\0';
    return got ? 0 : -ECONNRESET;
}
