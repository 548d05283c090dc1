/* The spool's own name. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"
#include "store/spool_private.h"

enum { FILE_MAX = 64 };

/* A random one, RFC 9562 5.4. */
static int make(char out[SPOOL_UUID_SIZE])
{
    char hex[33];
    int res = crypto_random_hex(hex, 16);

    if (res)
        return res;
    hex[12] = '4';
    hex[16] = "89ab"[hex[16] & 3];
    return str_printf(out, SPOOL_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                      hex + 16, hex + 20);
}

/* "" where there is none, or what is there is none. */
static int load(const char *path, char out[SPOOL_UUID_SIZE], struct err *err)
{
    struct buf text;
    int res;

    buf_init(&text, FILE_MAX);
    res = file_read(path, &text, err);
    out[0] = '\0';
    if (!res) {
        text.data[strcspn(text.data, "\n")] = '\0';
        if (str_is_uuid(text.data))
            memcpy(out, text.data, SPOOL_UUID_SIZE);
    }
    buf_free(&text);
    return res == -ENOENT || res == -ENOBUFS ? 0 : res;
}

int spool_name(struct spool *spool, const char *folder, bool fresh, struct err *err)
{
    char path[PATH_MAX], line[SPOOL_UUID_SIZE + 1];
    int res = str_printf(path, sizeof(path), "%s/uuid", folder);

    res = res ? err_sys(err, res, "%s", folder) : load(path, spool->uuid, err);
    if (res || (spool->uuid[0] && !fresh))
        return res;
    res = make(spool->uuid);
    if (res)
        return err_sys(err, res, "uuid of the spool");
    snprintf(line, sizeof(line), "%s\n", spool->uuid);
    return file_write(path, line, strlen(line), 0600, err);
}

const char *spool_uuid(const struct spool *spool)
{
    return spool->uuid;
}
