/*
 * The audio of a message in the spool of app_voicemail: msgNNNN.wav, whose number is that of the
 * description with the message's id. Numbers change while we look, under a lock that is not ours:
 * one that dies with it in its hands closes the mailbox for good. So this looks twice.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "media/asterisk/voicemail.h"

enum {
    DESCRIPTION_MAX = 64 * 1024,
    NAME_SIZE = 24,
    TRIES = 200,
    TRY_MS = 5,
};

/* app_voicemail's own, where a message can be. */
static const char *const folders[] = {"INBOX", "Old",   "Urgent", "Work",  "Family", "Friends",
                                      "Cust1", "Cust2", "Cust3",  "Cust4", "Cust5"};

/* "msg0012.txt" */
static bool is_description(const char *name)
{
    return strlen(name) == strlen("msgNNNN.txt") && str_starts_with(name, "msg") &&
           strspn(name + 3, "0123456789") == 4 && strcmp(name + 7, ".txt") == 0;
}

/* Whether the line "msg_id=<id>" is in it. */
static bool has_id(const char *folder, const char *name, const char *id)
{
    char path[PATH_MAX], line[MEDIA_MESSAGE_ID_SIZE + 16];
    bool found = false;
    struct buf text;

    if (str_printf(path, sizeof(path), "%s/%s", folder, name) ||
        str_printf(line, sizeof(line), "\nmsg_id=%s\n", id))
        return false;
    buf_init(&text, DESCRIPTION_MAX);
    if (!file_read(path, &text, NULL))
        found = strstr(text.data, line) != NULL;
    buf_free(&text);
    return found;
}

/* The name of the description with this id. -ENOENT, -errno. */
static int find(const char *folder, const char *id, char out[NAME_SIZE])
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int res = -ENOENT;

    if (!dir)
        return -errno;
    while (res && (entry = readdir(dir))) {
        if (is_description(entry->d_name) && has_id(folder, entry->d_name, id))
            res = str_copy(out, NAME_SIZE, entry->d_name);
    }
    closedir(dir);
    return res;
}

static void name_audio(const char *description, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "%.7s.wav", description);
}

/* Whether a message is half way to another number: its audio goes first. */
static bool is_moving(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char audio[NAME_SIZE];
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        if (!is_description(entry->d_name))
            continue;
        name_audio(entry->d_name, audio);
        found = faccessat(dirfd(dir), audio, F_OK, 0) != 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/*
 * -EAGAIN: numbers are changing. When the description still has the id after the audio was opened
 * and no message is between two numbers, the audio is its own. `patient` is false at last: what is
 * without audio for so long is not moving.
 */
static int look(const char *folder, const char *id, bool patient, int *fd)
{
    char name[NAME_SIZE], audio[NAME_SIZE];
    int res = find(folder, id, name), file = -1;

    if (res)
        return res;
    name_audio(name, audio);
    res = media_open_file(folder, audio, &file);
    if (res)
        return res == -ENOENT && patient ? -EAGAIN : res;
    if ((patient && is_moving(folder)) || !has_id(folder, name, id)) {
        close(file);
        return -EAGAIN;
    }
    *fd = file;
    return 0;
}

/* In any of the folders: it may be moved from one to another while we look. */
static int look_everywhere(const char *mailbox, const char *id, bool patient, int *fd)
{
    char folder[PATH_MAX];
    int res = -ENOENT;

    for (size_t i = 0; i < DP_COUNT(folders) && res == -ENOENT; i++) {
        res = str_printf(folder, sizeof(folder), "%s/%s", mailbox, folders[i]);
        if (!res)
            res = look(folder, id, patient, fd);
    }
    return res;
}

int asterisk_open_message(const struct media_place *place, const char *state,
                          const struct media_box *box, const char *id, int *fd, struct err *err)
{
    char mailbox[PATH_MAX];
    int res = str_printf(mailbox, sizeof(mailbox), "%s/media/asterisk/spool/voicemail/%s/%s", state,
                         box->domain, box->mailbox);

    (void)place;
    for (int i = 1; i <= TRIES && !res; i++) {
        res = look_everywhere(mailbox, id, i < TRIES, fd);
        if (!res)
            return 0;
        if (i < TRIES && (res == -EAGAIN || (res == -ENOENT && i == 1))) {
            usleep(TRY_MS * 1000);
            res = 0;
        }
    }
    return err_sys(err, res, "message %s", id);
}
