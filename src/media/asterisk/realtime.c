#include "media/asterisk/realtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "media/asterisk/realtime_private.h"

enum {
    VALUE_MAX = 255, /* res_config_curl cuts longer ones */
    NOBODY_BYTES = 16,
};

/* Percent-encoded, RFC 3986 2.1: res_config_curl decodes that and nothing else ("+" stays "+"). */
void realtime_pair(struct buf *out, const char *name, const char *value)
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

void realtime_number(struct buf *out, const char *name, int value)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", value);
    realtime_pair(out, name, text);
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
    realtime_pair(out, "mailbox", mailbox->mailbox);
    realtime_pair(out, "context", snapshot_domain(snapshot));
    realtime_pair(out, "password", nobody);
    if (owner && owner->display_name[0])
        realtime_pair(out, "fullname", owner->display_name);
    realtime_number(out, "maxsecs", mailbox->max_message_s);
    realtime_number(out, "minsecs", mailbox->min_message_s);
    return 0;
}

static int mailbox_single(const struct realtime_request *request, const struct snapshot *snapshot,
                          struct buf *out)
{
    const char *number = form_get(request->form, "mailbox");
    const struct snapshot_mailbox *mailbox =
        snapshot && number ? snapshot_mailbox(snapshot, number) : NULL;

    return mailbox ? add_mailbox(out, snapshot, mailbox) : 0;
}

static int mailbox_multi(const struct realtime_request *request, const struct snapshot *snapshot,
                         struct buf *out)
{
    const struct snapshot_mailbox *mailboxes;
    size_t count;
    int res = 0;

    (void)request;
    if (!snapshot)
        return 0;
    mailboxes = snapshot_mailboxes(snapshot, &count);
    for (size_t i = 0; i < count && !res; i++) {
        res = add_mailbox(out, snapshot, &mailboxes[i]);
        buf_add_char(out, '\n');
    }
    return res;
}

static int queue_single(const struct realtime_request *request, const struct snapshot *snapshot,
                        struct buf *out)
{
    const char *name = form_get(request->form, "name");

    if (name)
        realtime_queue(out, snapshot, name);
    return 0;
}

static int music(const struct realtime_request *request, const struct snapshot *snapshot,
                 struct buf *out)
{
    const char *name = form_get(request->form, "name");

    if (name)
        realtime_music(out, snapshot, name, strchr(request->path, '_'));
    return 0;
}

static int members_multi(const struct realtime_request *request, const struct snapshot *snapshot,
                         struct buf *out)
{
    const char *queue = form_get(request->form, "queue_name");

    if (queue)
        realtime_members(out, snapshot, queue, request->rests, clock_mono_ms());
    return 0;
}

/* That a member is paused, or no longer: only the former is of interest. */
static int members_update(const struct realtime_request *request, const struct snapshot *snapshot,
                          struct buf *out)
{
    const char *paused = form_get(request->form, "paused");

    (void)snapshot;
    if (request->key && paused && strcmp(paused, "1") == 0)
        rests_begin(request->rests, request->key, clock_mono_ms());
    buf_add_char(out, '1');
    return 0;
}

static int answer_zero(const struct realtime_request *request, const struct snapshot *snapshot,
                       struct buf *out)
{
    (void)request;
    (void)snapshot;
    buf_add_char(out, '0');
    return 0;
}

static int answer_none(const struct realtime_request *request, const struct snapshot *snapshot,
                       struct buf *out)
{
    (void)request;
    (void)snapshot;
    (void)out;
    return 0;
}

static const struct operation {
    const char *path;
    int (*answer)(const struct realtime_request *request, const struct snapshot *snapshot,
                  struct buf *out);
} operations[] = {
    {"voicemail/single", mailbox_single},   {"voicemail/multi", mailbox_multi},
    {"voicemail/require", answer_zero},     {"voicemail/update", answer_zero},
    {"voicemail/store", answer_zero},       {"voicemail/destroy", answer_zero},
    {"queues/single", queue_single},        {"queues/multi", answer_none},
    {"queues/require", answer_zero},        {"queue_members/single", answer_none},
    {"queue_members/multi", members_multi}, {"queue_members/update", members_update},
    {"queue_members/require", answer_zero}, {"musiconhold/single", music},
    {"musiconhold_entry/multi", music},
};

const char *realtime_domain(const struct form *form)
{
    static const char *const names[] = {"name", "queue_name"};
    const char *text = form_get(form, "context");

    for (size_t i = 0; !text && i < DP_COUNT(names); i++) {
        text = form_get(form, names[i]);
        text = text ? strchr(text, '@') : NULL;
        text = text ? text + 1 : NULL;
    }
    return text ? text : "";
}

int realtime_answer(const struct realtime_request *request, const struct snapshot *snapshot,
                    struct buf *out)
{
    int res;

    for (size_t i = 0; i < DP_COUNT(operations); i++) {
        if (strcmp(request->path, operations[i].path) != 0)
            continue;
        res = operations[i].answer(request, snapshot, out);
        return res ? res : buf_error(out);
    }
    return -ENOENT;
}
