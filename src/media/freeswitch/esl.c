#include "media/freeswitch/esl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/freeswitch/esl_private.h"

enum { LINE_MAX = ESL_WORDS_MAX * (ESL_WORD_MAX + 1) + 2 };

bool esl_is_word(const char *text)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "@._+-*#:=/,;[]{}$!";
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

const char esl_nothing[] = "";

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
        else if (words[i] == esl_nothing || is_phrase(words[i]))
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
        res = esl_wire_send(esl, line.data, line.len, deadline);
        if (!res)
            res = esl_wire_wait(esl, type, deadline, answer);
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
    int res = esl_wire_wait(esl, ESL_AUTH, deadline, &answer);

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
    buf_init(&esl->in, ESL_HEAD_MAX + ESL_BODY_MAX + ESL_RECEIVE_SIZE);
    res = esl_wire_connect(esl, options->address, options->port, deadline);
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
    int res;

    if (esl->broken)
        return err_set(err, -ENOTCONN, "event socket: not connected");
    res = esl_wire_drain(esl);
    return res ? fail(esl, res, err) : 0;
}
