/*
 * dialplane mail: what a media server runs to send mail of a new message. It puts the mail into the
 * folder "mail" of the state, from where `dialplane collector` sends it, and then, where the
 * mailbox wants that, deletes the message: never before the mail is on the disk.
 *
 *     FreeSWITCH   a finished mail on standard input (conf/freeswitch/voicemail/profile.xml)
 *     Asterisk     options that name the message (conf/asterisk/extensions.conf)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/common.h"
#include "cmd/verbs.h"
#include "mail/message.h"
#include "mail/queue.h"
#include "media/freeswitch/esl.h"

/* <mailbox>@<domain> <uuid of the message> <yes, to delete it>: for this program alone. */
#define MARK "X-Dialplane-Message: "

enum { ESL_MS = 5000, MARK_MAX = 512 };

struct options {
    const char *message, *mailbox, *to, *timezone;
    bool no_audio, delete;
};

static int put(const struct cmd_node *node, const char *recipient, const struct buf *mail,
               struct err *err)
{
    char folder[PATH_MAX];
    int res = str_printf(folder, sizeof(folder), "%s/mail", node->state);

    return res ? err_sys(err, res, "%s", node->state)
               : mail_put(folder, &mail_limits, recipient, mail->data, mail->len, err);
}

static int of_asterisk(const struct cmd_node *node, const struct options *options, struct err *err)
{
    const struct mail_message message = {
        .file = options->message,
        .mailbox = options->mailbox,
        .from = node->topology->mail.from,
        .to = options->to,
        .timezone = options->timezone,
        .audio = !options->no_audio,
    };
    struct buf mail;
    int res;

    buf_init(&mail, MAIL_TEXT_MAX);
    res = mail_message(&message, &mail, err);
    if (!res)
        res = put(node, options->to, &mail, err);
    if (!res && options->delete)
        res = mail_message_delete(&message, err);
    buf_free(&mail);
    return res;
}

static int read_input(struct buf *out, struct err *err)
{
    char piece[65536];
    ssize_t got;
    int res = 0;

    while (!res && (got = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
        res = buf_add(out, piece, (size_t)got);
    if (!res && got < 0)
        res = -errno;
    return res ? err_sys(err, res, "standard input") : 0;
}

/* The value of a line of the mail's head, and where the line begins; NULL when there is none. */
static char *find_line(struct buf *mail, const char *name, char value[MARK_MAX])
{
    size_t length = strlen(name);
    char *line = mail->data, *end;

    while (*line && *line != '\n' && *line != '\r') {
        if (strncmp(line, name, length) == 0) {
            line += length;
            if (str_printf(value, MARK_MAX, "%.*s", (int)strcspn(line, "\r\n"), line))
                return NULL;
            return line - length;
        }
        end = strchr(line, '\n');
        if (!end)
            return NULL;
        line = end + 1;
    }
    return NULL;
}

static void cut_line(struct buf *mail, char *line)
{
    char *end = strchr(line, '\n');
    size_t rest = end ? (size_t)(mail->data + mail->len - (end + 1)) : 0;

    if (rest)
        memmove(line, end + 1, rest);
    mail->len = (size_t)(line - mail->data) + rest;
    mail->data[mail->len] = '\0';
}

static int delete_from_freeswitch(const struct cmd_node *node, const char *mailbox,
                                  const char *uuid, struct err *err)
{
    const struct esl_options options = {
        .address = node->node->inside,
        .port = node->topology->media.event_port,
        .password = node->secrets.value[SECRET_EVENT_PASSWORD],
        .timeout_ms = ESL_MS,
        .cancel_fd = -1,
    };
    struct esl *esl = NULL;
    int res = esl_open(&esl, &options, err);

    if (!res)
        res = ESL_API(esl, NULL, err, "vm_delete", mailbox, uuid);
    esl_close(esl);
    if (res)
        err_prefix(err, "the mail is on its way, its message stays");
    return res;
}

static int of_freeswitch(const struct cmd_node *node, struct buf *mail, struct err *err)
{
    char recipient[MARK_MAX] = "", mark[MARK_MAX] = "", mailbox[MARK_MAX], uuid[64], deletes[8];
    char *line;
    int res;

    if (!find_line(mail, "To: ", recipient))
        return err_set(err, -EINVAL, "the mail has no recipient");
    line = find_line(mail, MARK, mark);
    if (line)
        cut_line(mail, line);
    res = put(node, recipient, mail, err);
    if (res || sscanf(mark, "%511s %63s %7s", mailbox, uuid, deletes) != 3 ||
        strcmp(deletes, "yes") != 0)
        return res;
    return delete_from_freeswitch(node, mailbox, uuid, err);
}

static int run(const struct cmd_node *node, const struct options *options, struct err *err)
{
    struct buf mail;
    int res;

    if (options->message)
        return of_asterisk(node, options, err);
    buf_init(&mail, MAIL_TEXT_MAX);
    res = read_input(&mail, err);
    if (!res)
        res = of_freeswitch(node, &mail, err);
    buf_free(&mail);
    return res;
}

int cmd_mail(int argc, char **argv)
{
    struct options chosen = {.timezone = ""};
    const struct cmd_option options[] = {
        {"message", "FILE", "a message of Asterisk's, without .txt; else a mail is read",
         &chosen.message, NULL},
        {"mailbox", "NUMBER", "where that is", &chosen.mailbox, NULL},
        {"to", "ADDRESS", "who is told of it", &chosen.to, NULL},
        {"timezone", "NAME", "whose clock is told", &chosen.timezone, NULL},
        {"no-audio", NULL, "the audio does not go along", NULL, &chosen.no_audio},
        {"delete", NULL, "delete the message when the mail is on the disk", NULL, &chosen.delete},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Send mail of a new message", options, &args, &status))
        return status;
    if (!chosen.message != !chosen.mailbox || !chosen.message != !chosen.to) {
        fprintf(stderr, "dialplane mail: --message, --mailbox and --to go together\n");
        return CMD_USAGE;
    }
    if (cmd_open(&node, &args, &err))
        return cmd_fail("mail", &err);
    res = run(&node, &chosen, &err);
    cmd_close(&node);
    return res ? cmd_fail("mail", &err) : CMD_OK;
}
