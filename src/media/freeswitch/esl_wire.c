/* The bytes of an event socket's connection: sent, received, cut into frames, events handed out. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "media/freeswitch/esl_private.h"

static int wait_for(const struct esl *esl, short events, int64_t deadline)
{
    struct pollfd items[] = {{.fd = esl->fd, .events = events},
                             {.fd = esl->cancel_fd, .events = POLLIN}};
    int64_t left;
    int ready;

    do {
        left = deadline - clock_mono_ms();
        ready = poll(items, DP_COUNT(items), left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return -errno;
    if (items[1].revents)
        return -ECANCELED;
    return ready ? 0 : -ETIMEDOUT;
}

/* How the connecting went. */
static int finish_connect(struct esl *esl, int64_t deadline)
{
    int error = 0, res = wait_for(esl, POLLOUT, deadline);
    socklen_t size = sizeof(error);

    if (!res && getsockopt(esl->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        res = -errno;
    return res ? res : -error;
}

static int open_socket(struct esl *esl, const struct addrinfo *to, int64_t deadline)
{
    int on = 1;

    esl->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (esl->fd < 0)
        return -errno;
    /* Commands are short and wait for their answers: never held back for more. */
    setsockopt(esl->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(esl->fd, to->ai_addr, to->ai_addrlen) == 0)
        return 0;
    return errno == EINPROGRESS ? finish_connect(esl, deadline) : -errno;
}

int esl_wire_connect(struct esl *esl, const char *address, uint16_t port, int64_t deadline)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[8];
    int res;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &hints, &found))
        return -EINVAL;
    res = open_socket(esl, found, deadline);
    freeaddrinfo(found);
    return res;
}

int esl_wire_send(struct esl *esl, const char *data, size_t len, int64_t deadline)
{
    int res = 0;

    while (len && !res) {
        ssize_t sent = send(esl->fd, data, len, MSG_NOSIGNAL);

        if (sent >= 0) {
            data += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            res = wait_for(esl, POLLOUT, deadline);
        } else if (errno != EINTR) {
            res = -errno;
        }
    }
    return res;
}

/* Appends what one recv(2) gives. -EAGAIN when there is nothing, -ECONNRESET at the end. */
static int receive(struct esl *esl)
{
    int res = buf_reserve(&esl->in, ESL_RECEIVE_SIZE);
    ssize_t got;

    if (res)
        return res;
    got = recv(esl->fd, esl->in.data + esl->in.len, ESL_RECEIVE_SIZE, 0);
    if (got < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    esl->in.len += (size_t)got;
    esl->in.data[esl->in.len] = '\0';
    return got ? 0 : -ECONNRESET;
}

/* The next frame of what was received, valid until the next call. */
static int take_frame(struct esl *esl, struct esl_frame *out)
{
    int res;

    buf_drop(&esl->in, esl->handled);
    esl->handled = 0;
    res = esl_frame_parse(esl->in.data, esl->in.len, out);
    if (!res)
        esl->handled = out->size;
    return res;
}

static int wait_for_frame(struct esl *esl, int64_t deadline, struct esl_frame *out)
{
    int res;

    while ((res = take_frame(esl, out)) == -EAGAIN) {
        res = receive(esl);
        if (res == -EAGAIN)
            res = wait_for(esl, POLLIN, deadline);
        if (res)
            return res;
    }
    return res;
}

/* What came unasked. */
static int take_other(const struct esl *esl, const struct esl_frame *frame)
{
    if (frame->type == ESL_DISCONNECT)
        return -ECONNRESET;
    if (frame->type == ESL_REJECTION)
        return -EACCES;
    if (frame->type == ESL_EVENT && esl->event)
        esl->event(frame, esl->arg);
    return 0;
}

int esl_wire_wait(struct esl *esl, enum esl_type type, int64_t deadline, struct esl_frame *out)
{
    int res;

    while (!(res = wait_for_frame(esl, deadline, out)) && out->type != type) {
        res = take_other(esl, out);
        if (!res && clock_mono_ms() >= deadline)
            res = -ETIMEDOUT;
        if (res)
            return res;
    }
    return res;
}

int esl_wire_drain(struct esl *esl)
{
    struct esl_frame frame;
    int res = receive(esl);

    if (res == -EAGAIN)
        res = 0;
    while (!res && !(res = take_frame(esl, &frame)))
        res = take_other(esl, &frame);
    return res == -EAGAIN ? 0 : res;
}
