#include "media/asterisk/agi_session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/asterisk/agi_scripts.h"

enum {
    SESSION_MS = 5000, /* a dozen commands to an Asterisk that is on its knees */
    TENANT_MS = 250,   /* as long as a caller notices nothing */
    /* A ring group of RING_MEMBERS_MAX with names as long as they may be: 12 KB. */
    COMMANDS_MAX = 32 * 1024,
    REPLY_MAX = 1024,
};

void agi_session_open(struct agi_session *session, int fd)
{
    *session = (struct agi_session){
        .fd = fd,
        .state = AGI_READING,
        .deadline = clock_mono_ms() + SESSION_MS,
    };
    buf_init(&session->in, AGI_REQUEST_MAX);
    buf_init(&session->commands, COMMANDS_MAX);
}

void agi_session_close(struct agi_session *session)
{
    close(session->fd);
    buf_free(&session->in);
    /* It may hold a PIN. */
    explicit_bzero(&session->request, sizeof(session->request));
    buf_free(&session->commands);
    session->fd = -1;
}

bool agi_session_over(const struct agi_session *session)
{
    return session->state >= AGI_DONE;
}

/* Sends the next command, or is done. One at a time: Asterisk does not look for a second one. */
static void send_next(struct agi_session *session)
{
    const char *command = session->commands.data + session->sent;
    const char *end = memchr(command, '\n', session->commands.len - session->sent);
    size_t length;

    if (!end) {
        session->state = AGI_DONE;
        return;
    }
    length = (size_t)(end - command) + 1;
    session->state = AGI_SETTING;
    /* A socket with nothing else under way takes a line; one that does not is no use. */
    if (send(session->fd, command, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length)
        session->sent += length;
    else
        session->state = AGI_ABORTED;
}

static void answer(struct agi_session *session, const struct snapshot *snapshot)
{
    int res = agi_script_run(&session->request, snapshot, &session->commands);

    if (res)
        session->state = res == -EINVAL ? AGI_BAD : AGI_ABORTED;
    else
        send_next(session);
}

void agi_session_retry(struct agi_session *session, struct registry *registry)
{
    const char *domain = agi_argument(&session->request, "domain");
    struct snapshot *snapshot = NULL;
    int res = domain ? registry_get(registry, domain, &snapshot) : -EINVAL;

    if (res == 0 || res == -ENOENT)
        answer(session, snapshot);
    else if (res == -EINVAL)
        session->state = AGI_BAD;
    else if (clock_mono_ms() >= session->tenant_late)
        session->state = AGI_ABORTED;
    snapshot_unref(snapshot);
}

static void take_request(struct agi_session *session, struct registry *registry)
{
    size_t length = agi_request_length(session->in.data, session->in.len);

    if (!length)
        return;
    if (agi_request_parse(session->in.data, length, &session->request)) {
        session->state = AGI_BAD;
        return;
    }
    explicit_bzero(session->in.data, length);
    buf_drop(&session->in, length);
    session->in.max = REPLY_MAX;
    session->state = AGI_WAITING;
    session->tenant_late = clock_mono_ms() + TENANT_MS;
    agi_session_retry(session, registry);
}

static void take_replies(struct agi_session *session)
{
    char *end;

    while (session->state == AGI_SETTING &&
           (end = memchr(session->in.data, '\n', session->in.len))) {
        *end = '\0';
        switch (agi_reply_parse(session->in.data)) {
        case AGI_REPLY_OK:
            send_next(session);
            break;
        case AGI_REPLY_MORE:
        case AGI_REPLY_HANGUP:
            break;
        case AGI_REPLY_REFUSED:
            session->state = AGI_ABORTED;
        }
        buf_drop(&session->in, (size_t)(end - session->in.data) + 1);
    }
}

/* False when there is nothing (more) to be read now, or ever. */
static bool receive(struct agi_session *session)
{
    size_t room = session->in.max - session->in.len;
    ssize_t got;

    if (room == 0 || buf_reserve(&session->in, room < REPLY_MAX ? room : REPLY_MAX)) {
        session->state = session->state == AGI_READING ? AGI_BAD : AGI_ABORTED;
        return false;
    }
    got = recv(session->fd, session->in.data + session->in.len, room < REPLY_MAX ? room : REPLY_MAX,
               MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        session->state = AGI_ABORTED;
        return false;
    }
    session->in.len += (size_t)got;
    session->in.data[session->in.len] = '\0';
    return true;
}

void agi_session_input(struct agi_session *session, struct registry *registry)
{
    while (!agi_session_over(session) && receive(session)) {
        if (session->state == AGI_READING)
            take_request(session, registry);
        take_replies(session);
    }
}
