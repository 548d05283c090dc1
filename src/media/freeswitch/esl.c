#include "media/freeswitch/esl.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { RECEIVE_SIZE = 16 * 1024, LINE_MAX = ESL_WORDS_MAX * (ESL_WORD_MAX + 1) + 2 };

struct esl {
    int fd, cancel_fd;
    int timeout_ms;
    void (*event)(const struct esl_frame *event, void *arg);
    void *arg;
    bool broken;    /* in the middle of a frame, or waiting for an answer that nobody wants now */
    struct buf in;  /* received */
    size_t handled; /* of it, bytes of the frame that was handed out last */
    uint64_t commands;
};

bool esl_is_word(const char *text)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "@._+-*#:=/,;[]{}$";
    size_t len = strspn(text, allowed);

    return len > 0 && len <= ESL_WORD_MAX && text[len] == '\0';
}

/* An error after which the two sides do not agree any more on where an answer begins. */
static int fail(struct esl *esl, int res, struct err *err)
{
    esl->broken = true;
    switch (res) {
    case -ETIMEDOUT:
        return err_set(err, res, "event socket: no answer within %d ms", esl->timeout_ms);
    case -EPROTO:
        return err_set(err, res, "event socket: what was received is not its protocol");
    case -EMSGSIZE:
        return err_set(err, res, "event socket: longer than expected");
    default:
        return err_sys(err, res, "event socket");
    }
}

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

static int connect_to(struct esl *esl, const char *address, uint16_t port, int64_t deadline)
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

static int send_all(struct esl *esl, const char *data, size_t len, int64_t deadline)
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
    int res = buf_reserve(&esl->in, RECEIVE_SIZE);
    ssize_t got;

    if (res)
        return res;
    got = recv(esl->fd, esl->in.data + esl->in.len, RECEIVE_SIZE, 0);
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

/* Waits for a frame of this type, also when events keep coming instead. */
static int wait_for_type(struct esl *esl, enum esl_type type, int64_t deadline,
                         struct esl_frame *out)
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

/* Letters and spaces, which go out in quotes: "Logged Out" is one argument. */
static bool is_phrase(const char *text)
{
    return text[0] && text[0] != ' ' && strlen(text) <= ESL_WORD_MAX &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ")] == '\0';
}

/* "verb word word…" and the empty line that ends a command. -EINVAL: one of them is no word. */
static int write_command(struct buf *line, const char *verb, const char *const words[],
                         size_t count)
{
    buf_add_str(line, verb);
    for (size_t i = 0; i < count; i++) {
        if (esl_is_word(words[i]))
            buf_printf(line, "%s%s", line->len ? " " : "", words[i]);
        else if (is_phrase(words[i]))
            buf_printf(line, "%s'%s'", line->len ? " " : "", words[i]);
        else
            return -EINVAL;
    }
    buf_add_str(line, "\n\n");
    return buf_error(line);
}

/* Sends the command and waits for the frame that answers it. */
static int run(struct esl *esl, const char *verb, const char *const words[], size_t count,
               enum esl_type type, int64_t deadline, struct esl_frame *answer, struct err *err)
{
    struct buf line;
    int res;

    if (esl->broken)
        return err_set(err, -ENOTCONN, "event socket: not connected");
    buf_init(&line, LINE_MAX);
    res = write_command(&line, verb, words, count);
    if (res) {
        /* Without the words: one of them may be a password. */
        err_sys(err, res, "event socket: a command that cannot be sent");
    } else {
        esl->commands++;
        res = send_all(esl, line.data, line.len, deadline);
        if (!res)
            res = wait_for_type(esl, type, deadline, answer);
        if (res)
            fail(esl, res, err);
    }
    explicit_bzero(line.data, line.len);
    buf_free(&line);
    return res;
}

static int authenticate(struct esl *esl, const char *password, int64_t deadline, struct err *err)
{
    struct esl_frame answer;
    int res = wait_for_type(esl, ESL_AUTH, deadline, &answer);

    if (res == -EACCES)
        return err_set(err, res, "the event socket refuses our address");
    if (res)
        return fail(esl, res, err);
    res = run(esl, "auth", &password, 1, ESL_REPLY, deadline, &answer, err);
    if (!res && !str_starts_with(answer.reply, "+OK"))
        res = err_set(err, -EACCES, "the event socket refuses the password");
    return res;
}

int esl_open(struct esl **out, const struct esl_options *options, struct err *err)
{
    int64_t deadline = clock_mono_ms() + options->timeout_ms;
    struct esl *esl = calloc(1, sizeof(*esl));
    int res;

    if (!esl)
        return err_set(err, -ENOMEM, "no memory for an event socket");
    esl->fd = -1;
    esl->cancel_fd = options->cancel_fd;
    esl->timeout_ms = options->timeout_ms;
    esl->event = options->event;
    esl->arg = options->arg;
    buf_init(&esl->in, ESL_HEAD_MAX + ESL_BODY_MAX + RECEIVE_SIZE);
    res = connect_to(esl, options->address, options->port, deadline);
    if (res)
        fail(esl, res, err);
    else
        res = authenticate(esl, options->password, deadline, err);
    if (res)
        esl_close(esl);
    else
        *out = esl;
    return res;
}

void esl_close(struct esl *esl)
{
    if (!esl)
        return;
    if (esl->fd >= 0)
        close(esl->fd);
    buf_free(&esl->in);
    free(esl);
}

int esl_fd(const struct esl *esl)
{
    return esl->fd;
}

uint64_t esl_commands(const struct esl *esl)
{
    return esl->commands;
}

/* The first line of an answer, for people. */
static int refused(const struct buf *answer, struct err *err)
{
    return err_set(err, -EREMOTEIO, "%.*s", (int)strcspn(answer->data, "\n"), answer->data);
}

/* The body as it came, and what it says. */
static int take_answer(const struct esl_frame *answer, struct buf *reply, struct err *err)
{
    buf_reset(reply);
    if (buf_add(reply, answer->body, answer->len))
        return err_sys(err, buf_error(reply), "event socket: an answer of %zu bytes", answer->len);
    if (str_starts_with(reply->data, "-ERR") || str_starts_with(reply->data, "-USAGE"))
        return refused(reply, err);
    return 0;
}

int esl_api(struct esl *esl, const char *const words[], size_t count, struct buf *reply,
            struct err *err)
{
    int64_t deadline = clock_mono_ms() + esl->timeout_ms;
    struct esl_frame answer;
    struct buf own;
    int res = run(esl, "api", words, count, ESL_API, deadline, &answer, err);

    if (res)
        return res;
    buf_init(&own, ESL_BODY_MAX);
    res = take_answer(&answer, reply ? reply : &own, err);
    buf_free(&own);
    return res;
}

int esl_command(struct esl *esl, const char *const words[], size_t count, struct err *err)
{
    int64_t deadline = clock_mono_ms() + esl->timeout_ms;
    struct esl_frame answer;
    int res = run(esl, "", words, count, ESL_REPLY, deadline, &answer, err);

    if (!res && !str_starts_with(answer.reply, "+OK"))
        res = err_set(err, -EREMOTEIO, "event socket: %s", answer.reply);
    return res;
}

int esl_receive(struct esl *esl, struct err *err)
{
    struct esl_frame frame;
    int res;

    if (esl->broken)
        return err_set(err, -ENOTCONN, "event socket: not connected");
    res = receive(esl);
    if (res == -EAGAIN)
        res = 0;
    while (!res && !(res = take_frame(esl, &frame)))
        res = take_other(esl, &frame);
    return res == -EAGAIN ? 0 : fail(esl, res, err);
}
