#include "media/voicemail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/live_private.h"
#include "media/voicemail_private.h"

bool media_message_is_id(const char *text)
{
    return strlen(text) < MEDIA_MESSAGE_ID_SIZE &&
           media_live_is_made_of(text, "0123456789abcdef-") && text[0] != '-';
}

/* ---------------------------------------------------------------- texts */

/* How many bytes the character at `at` has (RFC 3629 4); 0: it is none. */
static size_t utf8_length(const unsigned char *at)
{
    size_t length = at[0] < 0x80                     ? 1
                    : at[0] >= 0xc2 && at[0] <= 0xdf ? 2
                    : at[0] >= 0xe0 && at[0] <= 0xef ? 3
                    : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
                                                     : 0;

    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

void media_repair_utf8(char *text)
{
    while (*text) {
        size_t length = utf8_length((const unsigned char *)text);

        if (!length)
            *text = '?';
        text += length ? length : 1;
    }
}

/* null for nothing. */
static json_t *text_of(const char *text)
{
    char *copy;
    json_t *value;

    if (!*text)
        return json_null();
    copy = strdup(text);
    if (!copy)
        return NULL;
    media_repair_utf8(copy);
    value = json_string(copy);
    free(copy);
    return value;
}

int media_message_about(struct media_message *message, const struct media_message_more *more,
                        struct err *err)
{
    char received[CLOCK_UTC_SIZE];

    clock_utc(message->received_s * 1000000, received);
    message->about = json_pack("{s:s, s:o, s:o, s:s, s:I, s:b, s:b}", "id", message->id, "caller",
                               text_of(more->caller), "caller_name", text_of(more->caller_name),
                               "received_at", received, "length_s", (json_int_t)more->length_s,
                               "read", message->is_read, "urgent", more->is_urgent);
    return message->about ? 0 : err_set(err, -ENOMEM, "no memory for a message");
}

/* ---------------------------------------------------------------- lists */

int media_messages_add(struct media_messages *messages, const struct media_message *message,
                       struct err *err)
{
    if (messages->count == MEDIA_MESSAGES_MAX)
        return err_set(err, -ENOBUFS, "more than %d messages", MEDIA_MESSAGES_MAX);
    if (messages->count == messages->size) {
        size_t size = messages->size ? 2 * messages->size : 64;
        struct media_message *of = reallocarray(messages->of, size, sizeof(*of));

        if (!of)
            return err_set(err, -ENOMEM, "no memory for messages");
        messages->of = of;
        messages->size = size;
    }
    messages->of[messages->count++] = *message;
    return 0;
}

void media_messages_free(struct media_messages *messages)
{
    for (size_t i = 0; i < messages->count; i++)
        json_decref(messages->of[i].about);
    free(messages->of);
    *messages = (struct media_messages){0};
}

/* ---------------------------------------------------------------- asking */

static int check(const struct media_box *box, const char *id, struct err *err)
{
    if (!str_is_domain(box->domain) || !media_live_is_made_of(box->mailbox, "0123456789") ||
        strlen(box->mailbox) > STR_EXTENSION_MAX)
        return err_set(err, -EINVAL, "no name of a mailbox");
    /* What has no such name is nowhere. */
    return media_message_is_id(id) ? 0 : err_set(err, -ENOENT, "no name of a message");
}

static int about(const struct media_place *place, int res, struct err *err)
{
    if (res)
        err_prefix(err, "media node %s", place->name);
    return res;
}

int media_messages_list(const struct media_place *place, const struct media_box *box,
                        struct media_messages *out, struct err *err)
{
    size_t before = out->count;
    int res = check(box, "0", err);

    if (res)
        return res;
    res = place->server->voicemail->list(place, box, out, err);
    while (res && out->count > before)
        json_decref(out->of[--out->count].about);
    for (size_t i = before; i < out->count; i++)
        out->of[i].place = place;
    return about(place, res, err);
}

int media_messages_tell(const struct media_place *place, const struct media_box *box,
                        struct media_message *const of[], size_t count, struct err *err)
{
    int res = check(box, "0", err);

    return res ? res
               : about(place, place->server->voicemail->tell(place, box, of, count, err), err);
}

int media_message_find(const struct media_place *place, const struct media_box *box, const char *id,
                       struct media_message *out, struct err *err)
{
    int res = check(box, id, err);

    *out = (struct media_message){.place = place};
    return res ? res : about(place, place->server->voicemail->find(place, box, id, out, err), err);
}

int media_message_mark(const struct media_place *place, const struct media_box *box, const char *id,
                       bool is_read, struct err *err)
{
    int res = check(box, id, err);

    return res ? res
               : about(place, place->server->voicemail->mark(place, box, id, is_read, err), err);
}

int media_message_delete(const struct media_place *place, const struct media_box *box,
                         const char *id, struct err *err)
{
    int res = check(box, id, err);

    return res ? res : about(place, place->server->voicemail->remove(place, box, id, err), err);
}

int media_message_open(const struct media_place *place, const char *state,
                       const struct media_box *box, const char *id, int *fd, struct err *err)
{
    int res = check(box, id, err);

    return res ? res
               : about(place, place->server->voicemail->open(place, state, box, id, fd, err), err);
}

int media_open_file(const char *folder, const char *name, int *fd)
{
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), res = 0, file = -1;
    struct stat st;

    if (at < 0)
        return -errno;
    /* Not blocking: whatever has that name, opening it returns. */
    file = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &st))
        res = -errno;
    else if (!S_ISREG(st.st_mode))
        res = -EINVAL;
    close(at);
    if (res && file >= 0)
        close(file);
    if (!res)
        *fd = file;
    return res;
}
