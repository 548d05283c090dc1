#include "cluster/secrets.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"

enum { RANDOM_BYTES = 32, RANDOM_DIGITS = 2 * RANDOM_BYTES };

static const struct {
    const char *name, *role;
} table[SECRET_COUNT] = {
    [SECRET_RPC_TOKEN] = {"rpc_token", NULL},
    [SECRET_MEDIA_PASSWORD] = {"media_password", NULL},
    [SECRET_EVENT_PASSWORD] = {"event_password", NULL},
    [SECRET_REDIS_PASSWORD] = {"redis_password", NULL},
    [SECRET_NONCE_KEY] = {"nonce_key", NULL},
    [SECRET_MASK_KEY] = {"mask_key", NULL},
    [SECRET_RECORDING_KEY] = {"recording_key", NULL},
    [SECRET_CREDENTIAL_KEY] = {"credential_key", NULL},
    [SECRET_TURN_KEY] = {"turn_key", NULL},
    [SECRET_DB_ADMIN] = {"db_admin", "dialplane"},
    [SECRET_DB_CONTROL] = {"db_control", "dialplane_control"},
    [SECRET_DB_CDR] = {"db_cdr", "dialplane_cdr"},
    [SECRET_DB_EDGE] = {"db_edge", "dialplane_edge"},
    [SECRET_DB_API] = {"db_api", "dialplane_api"},
};

const char *secret_name(enum secret secret)
{
    return table[secret].name;
}

const char *secret_role(enum secret secret)
{
    return table[secret].role;
}

static int create_one(const char *path, struct err *err)
{
    char value[RANDOM_DIGITS + 1];
    int res;

    res = crypto_random_hex(value, RANDOM_BYTES);
    if (res)
        return err_sys(err, res, "random numbers");
    res = file_create(path, value, RANDOM_DIGITS, 0600, err);
    explicit_bzero(value, sizeof(value));
    /* There already, perhaps since a moment ago: that one counts. */
    return res == -EEXIST ? 0 : res;
}

int secrets_create(const char *folder, struct err *err)
{
    char path[PATH_MAX];
    int res;

    res = file_make_dirs(folder, 0700, err);
    for (size_t i = 0; !res && i < SECRET_COUNT; i++) {
        res = str_printf(path, sizeof(path), "%s/%s", folder, table[i].name);
        res = res ? err_sys(err, res, "%s", folder) : create_one(path, err);
    }
    return res;
}

static bool is_good(const char *value)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = strlen(value);

    return len >= SECRET_MIN && len <= SECRET_MAX && strspn(value, allowed) == len;
}

static int load_one(char value[SECRET_MAX + 1], const char *path, struct err *err)
{
    struct buf data;
    int res;

    buf_init(&data, SECRET_MAX + 2);
    res = file_read(path, &data, err);
    if (!res) {
        data.data[strcspn(data.data, "\r\n")] = '\0';
        if (!is_good(data.data) || str_copy(value, SECRET_MAX + 1, data.data))
            res = err_set(err, -EINVAL, "%s must hold %d to %d of A-Z a-z 0-9 _ -", path,
                          SECRET_MIN, SECRET_MAX);
    }
    if (data.cap)
        explicit_bzero(data.data, data.cap);
    buf_free(&data);
    return res;
}

int secrets_load(struct secrets *secrets, const char *folder, struct err *err)
{
    char path[PATH_MAX];
    int res = 0;

    for (size_t i = 0; !res && i < SECRET_COUNT; i++) {
        res = str_printf(path, sizeof(path), "%s/%s", folder, table[i].name);
        res = res ? err_sys(err, res, "%s", folder) : load_one(secrets->value[i], path, err);
    }
    return res;
}

void secrets_clear(struct secrets *secrets)
{
    explicit_bzero(secrets, sizeof(*secrets));
}
