/*
 * Messages of app_voicemail. Asterisk numbers the messages of a folder, and anew whenever one is
 * gone, so each is named by the id that its description has (msg_id), and Asterisk itself moves and
 * removes it, under the lock that keeps callers from leaving one meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "media/asterisk/voicemail.h"

enum { LINE_SIZE = 512 };

/* ---------------------------------------------------------------- a message */

/* "Sat Nov 21 08:41:41 PM UTC 2026"; 0 for what is no such time. */
static int64_t parse_date(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%a %b %e %I:%M:%S %p UTC %Y", &tm);

    return end && !*end ? (int64_t)timegm(&tm) : 0;
}

/* "Ann" <1001> into its parts; without a name it is the number. Cuts the text. */
static void parse_caller(char *text, struct media_message_more *out)
{
    char *begin = strrchr(text, '<');
    size_t length = strlen(text);

    out->caller = out->caller_name = "";
    if (strcasecmp(text, "unknown") == 0)
        return;
    if (!begin || !length || text[length - 1] != '>') {
        *(str_is_extension(text) ? &out->caller : &out->caller_name) = text;
        return;
    }
    text[length - 1] = '\0';
    *begin = '\0';
    out->caller = begin + 1;
    length = strlen(text);
    while (length && text[length - 1] == ' ')
        text[--length] = '\0';
    if (length > 1 && text[0] == '"' && text[length - 1] == '"') {
        text[length - 1] = '\0';
        str_unescape(++text);
    }
    out->caller_name = text;
}

bool asterisk_is_new(const char *folder)
{
    return strcmp(folder, "INBOX") == 0 || strcmp(folder, "Urgent") == 0;
}

/* -EINVAL: the event is none of a message that somebody may hear. */
static int parse_message(const struct ami_message *event, struct media_message *out,
                         struct err *err)
{
    const char *folder = ami_get(event, "Folder");
    struct media_message_more more = {.is_urgent = strcmp(ami_get(event, "Flag"), "Urgent") == 0};
    char caller[LINE_SIZE];

    *out = (struct media_message){.received_s = parse_date(ami_get(event, "Date")),
                                  .is_read = !asterisk_is_new(folder)};
    if (!media_message_is_id(ami_get(event, "ID")) || strcmp(folder, "Deleted") == 0 ||
        str_copy(out->id, sizeof(out->id), ami_get(event, "ID")))
        return -EINVAL;
    if (str_copy(caller, sizeof(caller), ami_get(event, "CallerID")))
        snprintf(caller, sizeof(caller), "unknown");
    parse_caller(caller, &more);
    if (str_to_u64(ami_get(event, "Duration"), 0, INT32_MAX, &more.length_s))
        more.length_s = 0;
    return media_message_about(out, &more, err);
}

/* ---------------------------------------------------------------- a mailbox */

static int keep_one(struct asterisk_summary *summary, const struct ami_message *event,
                    const struct media_message *message)
{
    /* While a message is moved it is in both folders. */
    json_decref(summary->one->about);
    *summary->one = *message;
    summary->is_urgent = strcmp(ami_get(event, "Flag"), "Urgent") == 0;
    return str_copy(summary->folder, sizeof(summary->folder), ami_get(event, "Folder"));
}

static int on_message(const struct ami_message *event, void *arg)
{
    struct asterisk_summary *summary = arg;
    struct media_message message;
    int res;

    if (strcmp(ami_get(event, "Event"), "VoicemailBoxDetail") != 0 ||
        (summary->id && strcmp(ami_get(event, "ID"), summary->id) != 0))
        return 0;
    res = parse_message(event, &message, summary->err);
    if (res)
        return res == -EINVAL ? 0 : res;
    res = summary->id ? keep_one(summary, event, &message)
                      : media_messages_add(summary->all, &message, summary->err);
    if (res)
        json_decref(message.about);
    return res;
}

static int ask_summary(struct ami *ami, const struct media_box *box,
                       struct asterisk_summary *summary, struct err *err)
{
    char context[LINE_SIZE], mailbox[LINE_SIZE];
    const char *const lines[] = {"Action: VoicemailBoxSummary", context, mailbox};

    summary->err = err;
    ami_set_timeout(ami, MEDIA_MESSAGES_MS);
    snprintf(context, sizeof(context), "Context: %s", box->domain);
    snprintf(mailbox, sizeof(mailbox), "Mailbox: %s", box->mailbox);
    return ami_action(ami, lines, DP_COUNT(lines), on_message, summary, err);
}

int asterisk_find_message(struct ami *ami, const struct media_box *box,
                          struct asterisk_summary *summary, struct media_message *out,
                          struct err *err)
{
    const struct media_place *place = out->place;
    int res;

    *out = (struct media_message){0};
    summary->one = out;
    res = ask_summary(ami, box, summary, err);
    out->place = place;
    if (res || !out->about) {
        json_decref(out->about);
        out->about = NULL;
        return res ? res : err_set(err, -ENOENT, "no message");
    }
    return 0;
}

static int asterisk_list(const struct media_place *place, const struct media_box *box,
                         struct media_messages *out, struct err *err)
{
    struct asterisk_summary summary = {.all = out};
    struct ami *ami = NULL;
    int res = asterisk_connect(&ami, place, err);

    if (!res)
        res = ask_summary(ami, box, &summary, err);
    ami_close(ami);
    return res;
}

/* The list has told everything. */
static int asterisk_tell(const struct media_place *place, const struct media_box *box,
                         struct media_message *const of[], size_t count, struct err *err)
{
    (void)place;
    (void)box;
    (void)of;
    (void)count;
    (void)err;
    return 0;
}

static int asterisk_find(const struct media_place *place, const struct media_box *box,
                         const char *id, struct media_message *out, struct err *err)
{
    struct asterisk_summary summary = {.id = id};
    struct ami *ami = NULL;
    int res = asterisk_connect(&ami, place, err);

    if (!res)
        res = asterisk_find_message(ami, box, &summary, out, err);
    ami_close(ami);
    return res;
}

const struct media_voicemail media_asterisk_voicemail = {
    .list = asterisk_list,
    .tell = asterisk_tell,
    .find = asterisk_find,
    .mark = asterisk_mark_message,
    .remove = asterisk_remove_message,
    .open = asterisk_open_message,
};
