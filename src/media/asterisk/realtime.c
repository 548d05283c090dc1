#include "media/asterisk/realtime.h"

#include <errno.h>
#include <string.h>

#include "base/crypto.h"

enum {
    VALUE_MAX = 255, /* res_config_curl cuts longer ones */
    NOBODY_BYTES = 16,
};

/* Percent-encoded, RFC 3986 2.1: res_config_curl decodes that and nothing else ("+" stays "+"). */
static void add_pair(struct buf *out, const char *name, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~";

    if (strlen(value) > VALUE_MAX)
        return;
    if (out->len && out->data[out->len - 1] != '\n')
        buf_add_char(out, '&');
    buf_add_str(out, name);
    buf_add_char(out, '=');
    for (; *value; value++) {
        if (strchr(plain, *value))
            buf_add_char(out, *value);
        else
            buf_printf(out, "%%%02X", (unsigned char)*value);
    }
}

/*
 * The password is one that nobody knows: Asterisk opens a mailbox without one to everybody who
 * gets to the login of VoiceMailMain, and it never has to be known (the dialplan passes "s").
 */
static int add_mailbox(struct buf *out, const struct snapshot *snapshot,
                       const struct snapshot_mailbox *mailbox)
{
    const struct snapshot_user *owner =
        mailbox->owner ? snapshot_user(snapshot, mailbox->owner) : NULL;
    char nobody[NOBODY_BYTES * 2 + 1];
    int res = crypto_random_hex(nobody, NOBODY_BYTES);

    if (res)
        return res;
    add_pair(out, "mailbox", mailbox->mailbox);
    add_pair(out, "context", snapshot_domain(snapshot));
    add_pair(out, "password", nobody);
    if (owner && owner->display_name[0])
        add_pair(out, "fullname", owner->display_name);
    if (mailbox->email) {
        add_pair(out, "email", mailbox->email);
        add_pair(out, "attach", "yes");
    }
    return 0;
}

static int answer_single(const struct form *form, const struct snapshot *snapshot, struct buf *out)
{
    const char *number = form_get(form, "mailbox");
    const struct snapshot_mailbox *mailbox =
        snapshot && number ? snapshot_mailbox(snapshot, number) : NULL;

    return mailbox ? add_mailbox(out, snapshot, mailbox) : 0;
}

static int answer_multi(const struct form *form, const struct snapshot *snapshot, struct buf *out)
{
    const struct snapshot_mailbox *mailboxes;
    size_t count;
    int res = 0;

    (void)form;
    if (!snapshot)
        return 0;
    mailboxes = snapshot_mailboxes(snapshot, &count);
    for (size_t i = 0; i < count && !res; i++) {
        res = add_mailbox(out, snapshot, &mailboxes[i]);
        buf_add_char(out, '\n');
    }
    return res;
}

static int answer_zero(const struct form *form, const struct snapshot *snapshot, struct buf *out)
{
    (void)form;
    (void)snapshot;
    buf_add_char(out, '0');
    return 0;
}

static const struct operation {
    const char *name;
    int (*answer)(const struct form *form, const struct snapshot *snapshot, struct buf *out);
} operations[] = {
    {"single", answer_single}, {"multi", answer_multi}, {"require", answer_zero},
    {"update", answer_zero},   {"store", answer_zero},  {"destroy", answer_zero},
};

const char *realtime_domain(const struct form *form)
{
    const char *context = form_get(form, "context");

    return context ? context : "";
}

int realtime_answer(const char *operation, const struct form *form, const struct snapshot *snapshot,
                    struct buf *out)
{
    int res;

    for (size_t i = 0; i < DP_COUNT(operations); i++) {
        if (strcmp(operation, operations[i].name) != 0)
            continue;
        res = operations[i].answer(form, snapshot, out);
        return res ? res : buf_error(out);
    }
    return -ENOENT;
}
