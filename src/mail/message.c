#include "mail/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"

enum {
    DESCRIPTION_MAX = 64 * 1024,
    AUDIO_MAX = 40 * 1024 * 1024, /* an hour and more */
    LINE = 57,                    /* bytes that are 76 characters of base64 */
    LOCK_MS = 5000,               /* as long as Asterisk waits */
};

/* What Asterisk's description of a message says. */
struct description {
    char caller[512];
    time_t time;
    long seconds;
};

/* "name=value" is the whole line. The first one counts: later ones could be somebody's name. */
static void take(const char *text, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);

    out[0] = '\0';
    for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
        if (strncmp(text, name, length) != 0 || text[length] != '=')
            continue;
        text += length + 1;
        if (str_printf(out, size, "%.*s", (int)strcspn(text, "\r\n"), text))
            out[0] = '\0';
        return;
    }
}

/* A semicolon begins a comment there, unless a backslash is before it (extensions.conf: voicemail).
 */
static void undo_semicolons(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (text[0] == '\\' && text[1] == ';')
            text++;
        *to++ = *text;
    }
    *to = '\0';
}

/*
 * "Ann" <1001> is Ann (1001), and without a name 1001 (1001), as mod_voicemail has it. What is no
 * text does not get into the mail.
 */
static void name_caller(const char *text, char *out, size_t size)
{
    const char *begin = strrchr(text, '<'), *end = begin ? strchr(begin, '>') : NULL;
    const char *number = end ? begin + 1 : text;
    size_t digits = end ? (size_t)(end - number) : strlen(text);
    size_t length = end ? (size_t)(begin - text) : digits;

    while (length && text[length - 1] == ' ')
        length--;
    if (length > 1 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    if (!length) {
        text = number;
        length = digits;
    }
    if (!digits || str_printf(out, size, "%.*s (%.*s)", (int)length, text, (int)digits, number))
        snprintf(out, size, "unknown");
    for (char *at = out; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    }
}

static int read_description(const char *file, struct description *out, struct err *err)
{
    char path[PATH_MAX], value[512];
    struct buf text;
    int res = str_printf(path, sizeof(path), "%s.txt", file);

    if (res)
        return err_sys(err, res, "%s", file);
    buf_init(&text, DESCRIPTION_MAX);
    res = file_read(path, &text, err);
    if (!res) {
        take(text.data, "callerid", value, sizeof(value));
        undo_semicolons(value);
        name_caller(value, out->caller, sizeof(out->caller));
        str_unescape(out->caller);
        take(text.data, "origtime", value, sizeof(value));
        out->time = (time_t)strtoll(value, NULL, 10);
        take(text.data, "duration", value, sizeof(value));
        out->seconds = strtol(value, NULL, 10);
        if (out->time <= 0)
            res = err_set(err, -EINVAL, "%s describes no message", path);
    }
    buf_free(&text);
    return res;
}

static int add_base64(const struct buf *audio, struct buf *out)
{
    unsigned char line[4 * ((LINE + 2) / 3) + 1];

    for (size_t at = 0; at < audio->len; at += LINE) {
        size_t length = audio->len - at < LINE ? audio->len - at : LINE;
        int made = EVP_EncodeBlock(line, (const unsigned char *)audio->data + at, (int)length);

        buf_add(out, line, (size_t)made);
        buf_add_char(out, '\n');
    }
    return buf_error(out);
}

static int add_audio(const char *file, const char *boundary, struct buf *out, struct err *err)
{
    const char *name = strrchr(file, '/');
    char path[PATH_MAX];
    struct buf audio;
    int res = str_printf(path, sizeof(path), "%s.wav", file);

    name = name ? name + 1 : file;
    if (res)
        return err_sys(err, res, "%s", file);
    buf_init(&audio, AUDIO_MAX);
    res = file_read(path, &audio, err);
    if (!res) {
        buf_printf(out,
                   "\n--%s\nContent-Type: audio/x-wav; name=\"%s.wav\"\n"
                   "Content-Transfer-Encoding: base64\n"
                   "Content-Disposition: attachment; filename=\"%s.wav\"\n\n",
                   boundary, name, name);
        res = add_base64(&audio, out);
        if (res)
            err_sys(err, res, "%s", path);
    }
    buf_free(&audio);
    return res;
}

static void add_head(const struct mail_message *message, const char *boundary, struct buf *out)
{
    time_t now = (time_t)(clock_wall_us() / 1000000);
    char date[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_printf(out,
               "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n"
               "Date: %s\nFrom: %s\nTo: %s\nSubject: New message in mailbox %s\n\n",
               boundary, date, message->from, message->to, message->mailbox);
}

static void add_text(const struct mail_message *message, const char *boundary,
                     const struct description *description, struct buf *out)
{
    char time_text[32];
    struct tm tm;

    /* For this program alone, which has one message to tell of. */
    if (message->timezone[0])
        setenv("TZ", message->timezone, 1);
    tzset();
    localtime_r(&description->time, &tm);
    strftime(time_text, sizeof(time_text), "%Y-%m-%d %H:%M", &tm);
    buf_printf(out,
               "--%s\nContent-Type: text/plain; charset=utf-8\n\n"
               "A new message is in mailbox %s.\n\nLength: %02ld:%02ld:%02ld\nTime: %s\nFrom: %s\n",
               boundary, message->mailbox, description->seconds / 3600,
               description->seconds / 60 % 60, description->seconds % 60, time_text,
               description->caller);
}

int mail_message(const struct mail_message *message, struct buf *out, struct err *err)
{
    struct description description;
    char boundary[2 * 16 + 1];
    int res = read_description(message->file, &description, err);

    if (res)
        return res;
    res = crypto_random_hex(boundary, 16);
    if (res)
        return err_sys(err, res, "random numbers");
    add_head(message, boundary, out);
    add_text(message, boundary, &description, out);
    if (message->audio)
        res = add_audio(message->file, boundary, out, err);
    if (res)
        return res;
    buf_printf(out, "\n--%s--\n", boundary);
    res = buf_error(out);
    return res ? err_sys(err, res, "the mail") : 0;
}

static int lock(const char *path, struct err *err)
{
    int64_t late = clock_mono_ms() + LOCK_MS;
    int fd;

    while ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
        if (errno != EEXIST)
            return err_sys(err, -errno, "%s", path);
        if (clock_mono_ms() > late)
            return err_set(err, -EBUSY, "%s is there for too long", path);
        usleep(10000);
    }
    close(fd);
    return 0;
}

int mail_message_delete(const struct mail_message *message, struct err *err)
{
    static const char *const endings[] = {".wav", ".txt"};
    const char *slash = strrchr(message->file, '/');
    char locked[PATH_MAX], path[PATH_MAX];
    int res = slash ? str_printf(locked, sizeof(locked), "%.*s/.lock", (int)(slash - message->file),
                                 message->file)
                    : -EINVAL;

    if (res)
        return err_sys(err, res, "%s", message->file);
    res = lock(locked, err);
    if (res)
        return res;
    for (size_t i = 0; i < DP_COUNT(endings) && !res; i++) {
        res = str_printf(path, sizeof(path), "%s%s", message->file, endings[i]);
        if (!res && unlink(path) && errno != ENOENT)
            res = -errno;
        if (res)
            err_sys(err, res, "%s", message->file);
    }
    unlink(locked);
    return res;
}
