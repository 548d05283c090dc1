#include "media/asterisk/agi.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/asterisk/agi_session.h"

enum {
    SESSIONS_MAX = 256, /* a session lasts some milliseconds: this is thousands of calls a second */
    BACKLOG = 256,
    EVENTS = 64,
    WAITING_MS = 10, /* how often sessions that wait for a tenant look */
    TICK_MS = 500,   /* how late a deadline may be noticed */
};

/* In epoll's data: the index of a session, or one of these. */
enum { EVENT_STOP = SESSIONS_MAX, EVENT_ACCEPT };

struct agi {
    struct agi_options options;
    pthread_t thread;
    int epoll_fd, listen_fd, stop_fd;
    uint16_t port;
    size_t waiting; /* sessions in AGI_WAITING */
    atomic_uint_fast64_t answered, refused, aborted;
    struct agi_session sessions[SESSIONS_MAX]; /* free where fd is -1 */
};

static int watch(struct agi *agi, int fd, uint32_t event)
{
    struct epoll_event what = {.events = EPOLLIN, .data.u32 = event};

    return epoll_ctl(agi->epoll_fd, EPOLL_CTL_ADD, fd, &what) ? -errno : 0;
}

static void count_end(struct agi *agi, enum agi_state state)
{
    if (state == AGI_DONE)
        atomic_fetch_add(&agi->answered, 1);
    else if (state == AGI_BAD)
        atomic_fetch_add(&agi->refused, 1);
    else
        atomic_fetch_add(&agi->aborted, 1);
}

static void close_if_over(struct agi *agi, struct agi_session *session)
{
    if (!agi_session_over(session))
        return;
    count_end(agi, session->state);
    agi_session_close(session);
}

static struct agi_session *free_session(struct agi *agi, uint32_t *index)
{
    for (*index = 0; *index < SESSIONS_MAX; (*index)++) {
        if (agi->sessions[*index].fd < 0)
            return &agi->sessions[*index];
    }
    return NULL;
}

static bool may_connect(const struct agi *agi, const struct sockaddr_storage *peer,
                        socklen_t length)
{
    char address[NI_MAXHOST];

    return getnameinfo((const struct sockaddr *)peer, length, address, sizeof(address), NULL, 0,
                       NI_NUMERICHOST) == 0 &&
           peers_allow(agi->options.peers, address);
}

static void accept_one(struct agi *agi)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    struct agi_session *session;
    uint32_t index;
    int fd;

    fd = accept4(agi->listen_fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* Without descriptors or memory the connection stays in the queue: no spinning on it. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            poll(NULL, 0, WAITING_MS);
        return;
    }
    session = free_session(agi, &index);
    if (!session || !may_connect(agi, &peer, length) || watch(agi, fd, index)) {
        /* Asterisk goes on at once, with AGISTATUS=FAILURE. */
        atomic_fetch_add(&agi->refused, 1);
        close(fd);
        return;
    }
    agi_session_open(session, fd);
}

/* Deadlines, and sessions that wait for something other than their socket. */
static void look_after(struct agi *agi)
{
    int64_t now = clock_mono_ms();
    struct agi_session *session;

    agi->waiting = 0;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        session = &agi->sessions[i];
        if (session->fd < 0)
            continue;
        if (session->state == AGI_WAITING)
            agi_session_retry(session, agi->options.registry);
        if (!agi_session_over(session) && now >= session->deadline)
            session->state = AGI_ABORTED;
        if (session->state == AGI_WAITING)
            agi->waiting++;
        close_if_over(agi, session);
    }
}

static void handle_session(struct agi *agi, struct agi_session *session)
{
    /* Closed a moment ago, while this event was under way. */
    if (session->fd < 0)
        return;
    agi_session_input(session, agi->options.registry);
    if (session->state == AGI_WAITING)
        agi->waiting++;
    close_if_over(agi, session);
}

static void *run(void *arg)
{
    struct agi *agi = arg;
    struct epoll_event events[EVENTS];
    int64_t next_look = 0;
    int count;

    for (;;) {
        count = epoll_wait(agi->epoll_fd, events, EVENTS, agi->waiting ? WAITING_MS : TICK_MS);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == EVENT_STOP)
                return NULL;
            if (events[i].data.u32 == EVENT_ACCEPT)
                accept_one(agi);
            else
                handle_session(agi, &agi->sessions[events[i].data.u32]);
        }
        if (!agi->waiting && clock_mono_ms() < next_look)
            continue;
        look_after(agi);
        next_look = clock_mono_ms() + TICK_MS;
    }
}

static int find_port(struct agi *agi)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char port[NI_MAXSERV];

    if (getsockname(agi->listen_fd, (struct sockaddr *)&address, &length))
        return -errno;
    if (getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof(port),
                    NI_NUMERICSERV))
        return -EIO;
    agi->port = (uint16_t)atoi(port);
    return 0;
}

static int bind_to(struct agi *agi, const struct addrinfo *address)
{
    const int on = 1;

    agi->listen_fd =
        socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (agi->listen_fd < 0)
        return -errno;
    if (setsockopt(agi->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(agi->listen_fd, address->ai_addr, address->ai_addrlen) ||
        listen(agi->listen_fd, BACKLOG))
        return -errno;
    return find_port(agi);
}

static int open_listener(struct agi *agi)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *address;
    char port[8];
    int res;

    snprintf(port, sizeof(port), "%u", agi->options.port);
    if (getaddrinfo(agi->options.address, port, &hints, &address))
        return -EINVAL;
    res = bind_to(agi, address);
    freeaddrinfo(address);
    return res;
}

static int open_loop(struct agi *agi)
{
    int res;

    agi->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    agi->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (agi->epoll_fd < 0 || agi->stop_fd < 0)
        return -errno;
    res = watch(agi, agi->stop_fd, EVENT_STOP);
    return res ? res : watch(agi, agi->listen_fd, EVENT_ACCEPT);
}

static void agi_free(struct agi *agi)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (agi->sessions[i].fd >= 0)
            agi_session_close(&agi->sessions[i]);
    }
    if (agi->listen_fd >= 0)
        close(agi->listen_fd);
    if (agi->epoll_fd >= 0)
        close(agi->epoll_fd);
    if (agi->stop_fd >= 0)
        close(agi->stop_fd);
    free(agi);
}

int agi_start(struct agi **out, const struct agi_options *options, struct err *err)
{
    struct agi *agi = calloc(1, sizeof(*agi));
    int res;

    if (!agi)
        return err_set(err, -ENOMEM, "no memory for the FastAGI server");
    agi->options = *options;
    agi->listen_fd = agi->epoll_fd = agi->stop_fd = -1;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        agi->sessions[i].fd = -1;
    res = open_listener(agi);
    if (!res)
        res = open_loop(agi);
    if (!res)
        res = -pthread_create(&agi->thread, NULL, run, agi);
    if (res) {
        agi_free(agi);
        return err_sys(err, res, "FastAGI on %s port %u", options->address, options->port);
    }
    *out = agi;
    return 0;
}

void agi_stop(struct agi *agi)
{
    const uint64_t one = 1;

    if (!agi)
        return;
    /* Cannot fail: the counter is 0. */
    while (write(agi->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    pthread_join(agi->thread, NULL);
    agi_free(agi);
}

uint16_t agi_port(const struct agi *agi)
{
    return agi->port;
}

void agi_counts(struct agi *agi, struct agi_counts *out)
{
    *out = (struct agi_counts){
        .answered = atomic_load(&agi->answered),
        .refused = atomic_load(&agi->refused),
        .aborted = atomic_load(&agi->aborted),
    };
}
