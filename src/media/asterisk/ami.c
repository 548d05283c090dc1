#include "media/asterisk/ami.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/asterisk/ami_private.h"

/* Cuts the text of a message, which ends with an empty line, into lines. */
static void cut(struct ami_message *out, char *text)
{
    char *line, *value;

    out->count = 0;
    while ((line = strsep(&text, "\n"))) {
        line[strcspn(line, "\r")] = '\0';
        value = strchr(line, ':');
        if (!value || out->count == AMI_LINES_MAX)
            continue;
        *value++ = '\0';
        out->line[out->count].name = line;
        out->line[out->count++].value = value + strspn(value, " ");
    }
}

const char *ami_get(const struct ami_message *message, const char *name)
{
    for (size_t i = 0; i < message->count; i++)
        if (strcasecmp(message->line[i].name, name) == 0)
            return message->line[i].value;
    return "";
}

/* The next one; valid until the next call. */
static int next_message(struct ami *ami, struct ami_message *out, int64_t deadline)
{
    char *end;
    int res;

    buf_drop(&ami->in, ami->handled);
    ami->handled = 0;
    while (!(end = strstr(ami->in.data, "\r\n\r\n"))) {
        if (ami->in.len > AMI_MESSAGE_MAX)
            return -EMSGSIZE;
        res = ami_wire_receive(ami, deadline);
        if (res)
            return res;
    }
    ami->handled = (size_t)(end - ami->in.data) + 4;
    *end = '\0';
    cut(out, ami->in.data);
    return 0;
}

static int fail(struct ami *ami, int res, struct err *err)
{
    ami->broken = true;
    return err_sys(err, res, "manager interface");
}

/* "Asterisk Call Manager/9.0.0", a line of its own. */
static int take_greeting(struct ami *ami, int64_t deadline)
{
    char *end;

    while (!(end = strstr(ami->in.data, "\r\n"))) {
        int res = ami->in.len > AMI_MESSAGE_MAX ? -EMSGSIZE : ami_wire_receive(ami, deadline);

        if (res)
            return res;
    }
    ami->handled = (size_t)(end - ami->in.data) + 2;
    return str_starts_with(ami->in.data, "Asterisk Call Manager/") ? 0 : -EPROTO;
}

/* ---------------------------------------------------------------- actions */

static int write_action(struct buf *text, const char *const lines[], size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (strpbrk(lines[i], "\r\n"))
            return err_set(err, -EINVAL, "manager interface: a line end in a line");
        buf_printf(text, "%s\r\n", lines[i]);
    }
    buf_add_str(text, "\r\n");
    return buf_error(text) ? err_sys(err, buf_error(text), "manager interface: an action") : 0;
}

/* What comes after the answer, until the list is complete. */
static int take_events(struct ami *ami, int64_t deadline,
                       int (*on_event)(const struct ami_message *, void *), void *arg,
                       struct err *err)
{
    struct ami_message event;
    int res;

    for (;;) {
        res = next_message(ami, &event, deadline);
        if (res)
            return fail(ami, res, err);
        if (!*ami_get(&event, "Event"))
            return fail(ami, -EPROTO, err);
        if (strcmp(ami_get(&event, "EventList"), "Complete") == 0)
            return 0;
        res = on_event(&event, arg);
        if (res)
            return fail(ami, res, err);
    }
}

int ami_ask(struct ami *ami, const char *const lines[], size_t count, struct ami_message *answer,
            struct err *err)
{
    int64_t deadline = clock_mono_ms() + ami->timeout_ms;
    struct buf text;
    int res;

    if (ami->broken)
        return err_set(err, -ENOTCONN, "manager interface: not connected");
    buf_init(&text, AMI_MESSAGE_MAX);
    res = write_action(&text, lines, count, err);
    if (!res) {
        res = ami_wire_send(ami, text.data, text.len, deadline);
        explicit_bzero(text.data, text.len);
        if (!res)
            res = next_message(ami, answer, deadline);
        if (res)
            res = fail(ami, res, err);
    }
    buf_free(&text);
    if (!res && strcmp(ami_get(answer, "Response"), "Success") != 0)
        res = err_set(err, -EREMOTEIO, "%s", ami_get(answer, "Message"));
    return res;
}

int ami_action(struct ami *ami, const char *const lines[], size_t count,
               int (*on_event)(const struct ami_message *event, void *arg), void *arg,
               struct err *err)
{
    struct ami_message answer;
    int res = ami_ask(ami, lines, count, &answer, err);

    /* Where there is nothing to list, some actions answer without a list. */
    if (res || !on_event || strcasecmp(ami_get(&answer, "EventList"), "start") != 0)
        return res;
    return take_events(ami, clock_mono_ms() + ami->timeout_ms, on_event, arg, err);
}

static int log_in(struct ami *ami, const struct ami_options *options, struct err *err)
{
    char user[64], secret[512];
    const char *const lines[] = {"Action: Login", user, secret, "Events: off"};
    int res = str_printf(user, sizeof(user), "Username: %s", options->user);

    if (!res)
        res = str_printf(secret, sizeof(secret), "Secret: %s", options->password);
    if (res)
        return err_set(err, -EINVAL, "manager interface: a name that is too long");
    res = ami_action(ami, lines, DP_COUNT(lines), NULL, NULL, err);
    explicit_bzero(secret, sizeof(secret));
    return res == -EREMOTEIO ? err_set(err, -EACCES, "the manager interface refuses the password")
                             : res;
}

int ami_open(struct ami **out, const struct ami_options *options, struct err *err)
{
    int64_t deadline = clock_mono_ms() + options->timeout_ms;
    struct ami *ami = calloc(1, sizeof(*ami));
    int res;

    if (!ami)
        return err_set(err, -ENOMEM, "no memory for a manager interface");
    ami->timeout_ms = options->timeout_ms;
    buf_init(&ami->in, AMI_MESSAGE_MAX + 2 * AMI_RECEIVE_SIZE);
    ami->fd = -1;
    res = ami_wire_connect(ami, options->address, options->port, deadline);
    if (!res)
        res = take_greeting(ami, deadline);
    res = res ? fail(ami, res, err) : log_in(ami, options, err);
    if (res)
        ami_close(ami);
    else
        *out = ami;
    return res;
}

void ami_set_timeout(struct ami *ami, int timeout_ms)
{
    ami->timeout_ms = timeout_ms;
}

void ami_close(struct ami *ami)
{
    if (!ami)
        return;
    if (ami->fd >= 0)
        close(ami->fd);
    buf_free(&ami->in);
    free(ami);
}
