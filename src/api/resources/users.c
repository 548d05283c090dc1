/* Users. Their passwords are kept as HA1 (RFC 2617 3.2.2.2), which is of the name and the domain.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "api/resources/resources.h"
#include "base/crypto.h"

static const char *const devices[] = {"together", "in_order", NULL};

static const struct api_column columns[] = {
    API_ROW_ID,
    {"username", API_TEXT, API_REQUIRED | API_FILTER | API_SORT,
     .about = "What his phones register as. A new one needs the password with it.", API_SIP_USER},
    {"password", API_SECRET, API_WRITE_ONLY | API_REQUIRED,
     .about = "Of his phones. It is kept as a digest, and never told.", .min = 8, .max = 128,
     .digest = "ha1", .digest_user = "username"},
    {"display_name", API_TEXT, API_FILTER, .about = "What colleagues are shown.", .max = 100,
     .initial = "\"\""},
    {"enabled", API_BOOLEAN, API_FILTER, .about = "Off: he cannot register or be called.",
     .initial = "true"},
    {"do_not_disturb", API_BOOLEAN, API_FILTER, .about = "He is busy to everybody.",
     .initial = "false"},
    {"max_calls", API_INTEGER, API_FILTER, .about = "Simultaneous calls.", .min = 1, .max = 100,
     .initial = "10"},
    {"call_waiting", API_BOOLEAN, API_FILTER, .about = "Off: who is in a call is busy.",
     .initial = "true"},
    {"devices", API_ENUM, API_FILTER, .about = "His phones ring together, or one after the other.",
     .words = devices, .initial = "\"together\""},
    {"outside_caller_id", API_TEXT, API_NULLABLE | API_FILTER,
     .about = "What is shown outside instead of his number.", API_OUTSIDE},
    {"hide_caller_id", API_BOOLEAN, API_FILTER, .about = "Nothing is shown outside.",
     .initial = "false"},
    {"pickup_group", API_TEXT, API_NULLABLE | API_FILTER,
     .about = "Whose ringing phones he may answer: those of the same group.", API_LABEL},
    API_CREATED,
    {NULL},
};

static int prepare(struct api_write *write)
{
    const char *password = json_string_value(json_object_get(write->given, "password"));
    const char *name = json_string_value(json_object_get(write->given, "username"));
    const char *before = json_string_value(json_object_get(write->before, "username"));
    char ha1[CRYPTO_MD5_HEX];
    int res;

    if (!password && name && before && strcmp(name, before) != 0)
        return api_write_problem(
            write, 422, "/password",
            "password: a new username needs the password with it, because what "
            "is kept of it is of both.");
    if (!password || write->is_bad)
        return 0;
    if (crypto_ha1(name ? name : before, write->request->domain, password, ha1))
        return -EIO;
    res = api_write_set(write, "ha1", ha1);
    OPENSSL_cleanse(ha1, sizeof(ha1));
    return res;
}

const struct api_resource api_users = {
    .name = "users",
    .one = "user",
    .tag = "Users",
    .table = "voip.users",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "username",
    .order = "username",
    .columns = columns,
    .prepare = prepare,
};
