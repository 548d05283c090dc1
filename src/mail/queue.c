#include "mail/queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum { DIGITS = 13, RANDOM = 8, FILE_MODE = 0600 };

const struct mail_limits mail_limits = {.count = 10000, .bytes = (uint64_t)1024 * 1024 * 1024};

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at != text && at == strrchr(text, '@') && at[1] && text[0] != '-' &&
           strlen(text) < MAIL_RECIPIENT_SIZE && text[strspn(text, ALNUM "@.+_=-")] == '\0';
}

bool mail_is_name(const char *name, int64_t *born_ms)
{
    char digits[DIGITS + 1];
    uint64_t born;

    if (strspn(name, "0123456789") != DIGITS || name[DIGITS] != '-' ||
        strspn(name + DIGITS + 1, "0123456789abcdef") != 2 * RANDOM ||
        name[DIGITS + 1 + 2 * RANDOM] != '\0')
        return false;
    memcpy(digits, name, DIGITS);
    digits[DIGITS] = '\0';
    /* Thirteen digits with a zero in front are no time of this program's. */
    if (str_to_u64(digits, 1, INT64_MAX, &born))
        return false;
    if (born_ms)
        *born_ms = (int64_t)born;
    return true;
}

/* Adds up the mails of one folder. */
static int count(const char *path, size_t *mails, struct mail_state *sum, int64_t *oldest_ms)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    struct stat st;
    int64_t born;

    if (!folder)
        return -errno;
    while ((entry = readdir(folder))) {
        if (!mail_is_name(entry->d_name, &born) ||
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        (*mails)++;
        sum->bytes += (uint64_t)st.st_size;
        if (!*oldest_ms || born < *oldest_ms)
            *oldest_ms = born;
    }
    closedir(folder);
    return 0;
}

int mail_look(const char *folder, struct mail_state *out)
{
    char failed[PATH_MAX];
    int64_t oldest = 0;
    int res = str_printf(failed, sizeof(failed), "%s/" MAIL_FAILED, folder);

    *out = (struct mail_state){0};
    if (!res)
        res = count(folder, &out->waiting, out, &out->oldest_ms);
    return res ? res : count(failed, &out->failed, out, &oldest);
}

static int check_room(const char *folder, const struct mail_limits *limits, size_t length,
                      struct err *err)
{
    struct mail_state state;
    int res = mail_look(folder, &state);
    size_t mails = state.waiting + state.failed;

    if (res)
        return err_sys(err, res, "%s", folder);
    if (mails >= limits->count || state.bytes + length > limits->bytes)
        return err_set(err, -ENOSPC, "%zu mails wait in %s: no more are taken", mails, folder);
    return 0;
}

int mail_put(const char *folder, const struct mail_limits *limits, const char *recipient,
             const char *text, size_t length, struct err *err)
{
    char path[PATH_MAX], random[2 * RANDOM + 1];
    struct buf whole;
    int res;

    if (!mail_is_address(recipient))
        return err_set(err, -EINVAL, "the recipient is no address");
    res = check_room(folder, limits, length, err);
    if (res)
        return res;
    res = crypto_random_hex(random, RANDOM);
    if (!res)
        res = str_printf(path, sizeof(path), "%s/%013" PRId64 "-%s", folder, clock_wall_us() / 1000,
                         random);
    if (res)
        return err_sys(err, res, "a name in %s", folder);
    buf_init(&whole, length + MAIL_RECIPIENT_SIZE + 1);
    buf_printf(&whole, "%s\n", recipient);
    buf_add(&whole, text, length);
    res = buf_error(&whole);
    res = res ? err_sys(err, res, "%s", path)
              : file_create(path, whole.data, whole.len, FILE_MODE, err);
    buf_free(&whole);
    return res;
}
