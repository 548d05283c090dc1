/*
 * Changes of messages. Two remember numbers of messages beyond the lock of app_voicemail: who has
 * the mailbox open by phone, for as long as he has, and what mails a message that was just left
 * (mailbox-left in conf/asterisk/extensions.conf). While there is one of these, nothing is moved:
 * the first is told to who asks, the second waited for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/asterisk/voicemail.h"
#include "media/waiting.h"

enum {
    LINE_SIZE = 512,
    NAME_SIZE = STR_EXTENSION_MAX + STR_DOMAIN_MAX + 2,
    LEAVE_MS =
        3000, /* from a message that is saved to its caller's end: a word of goodbye, a mail */
    LOOK_MS = 100,
};

/* ---------------------------------------------------------------- who is at it */

struct look {
    char opened[NAME_SIZE + 1]; /* "<mailbox>@<domain>," as VoiceMailMain was given it */
    char left[NAME_SIZE + 32];  /* "/voicemail/<domain>/<mailbox>/" of a file */
    bool is_open, is_left;
};

static int on_channel(const struct ami_message *event, void *arg)
{
    static const char file[] = "VM_MESSAGEFILE=";
    struct look *look = arg;

    if (strcasecmp(ami_get(event, "Application"), "VoiceMailMain") == 0 &&
        str_starts_with(ami_get(event, "ApplicationData"), look->opened))
        look->is_open = true;
    for (size_t i = 0; i < event->count; i++)
        if (strcmp(event->line[i].name, "ChanVariable") == 0 &&
            str_starts_with(event->line[i].value, file) && strstr(event->line[i].value, look->left))
            look->is_left = true;
    return 0;
}

/* Until nobody remembers numbers of messages. -EBUSY. */
static int wait_for_quiet(struct ami *ami, const struct media_box *box, struct err *err)
{
    static const char *const lines[] = {"Action: CoreShowChannels"};
    int64_t late = clock_mono_ms() + LEAVE_MS;
    struct look look;
    int res;

    for (;;) {
        look = (struct look){0};
        if (str_printf(look.opened, sizeof(look.opened), "%s@%s,", box->mailbox, box->domain) ||
            str_printf(look.left, sizeof(look.left), "/voicemail/%s/%s/", box->domain,
                       box->mailbox))
            return err_set(err, -EINVAL, "no name of a mailbox");
        res = ami_action(ami, lines, DP_COUNT(lines), on_channel, &look, err);
        if (res)
            return res;
        if (look.is_open)
            return err_set(err, -EBUSY, "the mailbox is open by phone");
        if (!look.is_left)
            return 0;
        if (clock_mono_ms() > late)
            return err_set(err, -EBUSY, "a message is on its way into the mailbox");
        usleep(LOOK_MS * 1000);
    }
}

/* ---------------------------------------------------------------- changes */

/* Tells how many there are now: Asterisk tells nobody. What fails here is told at the mailbox's
 * next change. */
static void tell_counts(struct ami *ami, const struct media_box *box)
{
    char mailbox[LINE_SIZE], new_messages[16];
    const char *const lines[] = {"Action: MailboxCount", mailbox};
    struct ami_message answer;
    uint64_t urgent, normal;
    struct err err;

    snprintf(mailbox, sizeof(mailbox), "Mailbox: %s@%s", box->mailbox, box->domain);
    if (ami_ask(ami, lines, DP_COUNT(lines), &answer, &err) ||
        str_to_u64(ami_get(&answer, "UrgMessages"), 0, INT32_MAX, &urgent) ||
        str_to_u64(ami_get(&answer, "NewMessages"), 0, INT32_MAX, &normal))
        return;
    snprintf(new_messages, sizeof(new_messages), "%llu", (unsigned long long)(urgent + normal));
    (void)!waiting_note(box->domain, box->mailbox, new_messages, ami_get(&answer, "OldMessages"));
}

/* Moves the message of the summary to the folder; NULL: nowhere. */
static int move(struct ami *ami, const struct media_box *box, const struct asterisk_summary *from,
                const char *to, struct err *err)
{
    char context[LINE_SIZE], mailbox[LINE_SIZE], folder[LINE_SIZE], id[LINE_SIZE],
        target[LINE_SIZE];
    const char *const lines[] = {to ? "Action: VoicemailMove" : "Action: VoicemailRemove",
                                 context,
                                 mailbox,
                                 folder,
                                 id,
                                 target};
    struct ami_message answer;
    int res;

    snprintf(context, sizeof(context), "Context: %s", box->domain);
    snprintf(mailbox, sizeof(mailbox), "Mailbox: %s", box->mailbox);
    snprintf(folder, sizeof(folder), "Folder: %s", from->folder);
    snprintf(id, sizeof(id), "ID: %s", from->id);
    snprintf(target, sizeof(target), "ToFolder: %s", to ? to : "");
    res = ami_ask(ami, lines, DP_COUNT(lines), &answer, err);
    /* It answers Success in any case. */
    if (!res && !strstr(ami_get(&answer, "Message"), "successful"))
        res = err_set(err, -EBUSY, "%s", ami_get(&answer, "Message"));
    return res;
}

/* `to` says where to; NULL: the message is removed. */
static int change(const struct media_place *place, const struct media_box *box, const char *id,
                  const char *(*to)(const struct asterisk_summary *), struct err *err)
{
    struct media_message message = {.place = place};
    struct asterisk_summary summary = {.id = id};
    struct ami *ami = NULL;
    int res = asterisk_connect(&ami, place, err);

    if (!res)
        res = wait_for_quiet(ami, box, err);
    if (!res)
        res = asterisk_find_message(ami, box, &summary, &message, err);
    if (!res)
        res = move(ami, box, &summary, to ? to(&summary) : NULL, err);
    if (!res)
        tell_counts(ami, box);
    json_decref(message.about);
    ami_close(ami);
    return res;
}

static const char *to_saved(const struct asterisk_summary *from)
{
    return asterisk_is_new(from->folder) ? "Old" : from->folder;
}

static const char *to_new(const struct asterisk_summary *from)
{
    if (asterisk_is_new(from->folder))
        return from->folder;
    return from->is_urgent ? "Urgent" : "INBOX";
}

int asterisk_mark_message(const struct media_place *place, const struct media_box *box,
                          const char *id, bool is_read, struct err *err)
{
    return change(place, box, id, is_read ? to_saved : to_new, err);
}

int asterisk_remove_message(const struct media_place *place, const struct media_box *box,
                            const char *id, struct err *err)
{
    return change(place, box, id, NULL, err);
}
