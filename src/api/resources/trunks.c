/* Trunks to carriers, and their gateways. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "api/resources/resources.h"
#include "base/crypto.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"enabled", API_BOOLEAN, API_FILTER, .about = "Off: no calls by it.", .initial = "true"},
    {"register", API_BOOLEAN, API_FILTER,
     .about = "The platform registers at the first gateway (RFC 3261 10).", .initial = "false"},
    {"username", API_TEXT, API_NULLABLE | API_FILTER,
     .about = "Of the credentials that the carrier gave. A change needs the password with it.",
     API_SIP_USER},
    {"realm", API_TEXT, API_NULLABLE,
     .about = "The realm of the carrier's challenges. A change needs the password with it.",
     .max = 190, .pattern = "^[A-Za-z0-9._-]+$", .meaning = "has A-Z a-z 0-9 . _ -"},
    {"password", API_SECRET, API_WRITE_ONLY | API_NULLABLE,
     .about = "It is kept as a digest, and never told.", .min = 1, .max = 128, .digest = "ha1",
     .digest_user = "username", .digest_realm = "realm"},
    {"max_calls", API_INTEGER, API_NULLABLE, .about = "Simultaneous calls; null: any number.",
     .min = 1, .max = 100000},
    {"max_cps", API_INTEGER, API_NULLABLE, .about = "New calls a second; null: any number.",
     .min = 1, .max = 1000},
    {"caller_id", API_TEXT, API_NULLABLE,
     .about = "Shown outside for who has no number of his own.", API_OUTSIDE},
    {NULL},
};

static const struct api_rule rules[] = {
    {"credentials_are_whole", "password",
     "password: credentials are username, realm and password: all of them, or none."},
    {"registers_with_credentials", "register",
     "register: needs credentials: username, realm and password."},
    {NULL},
};

/* What is sent, or else what is there. */
static const char *value_of(const struct api_write *write, const char *name)
{
    const json_t *given = json_object_get(write->given, name);

    return json_string_value(given ? given : json_object_get(write->before, name));
}

static bool is_changed(const struct api_write *write, const char *name)
{
    const json_t *given = json_object_get(write->given, name);

    return json_is_string(given) && write->before &&
           !json_equal(given, json_object_get(write->before, name));
}

static int prepare(struct api_write *write)
{
    const char *user = value_of(write, "username"), *realm = value_of(write, "realm");
    const char *password = json_string_value(json_object_get(write->given, "password"));
    char ha1[CRYPTO_MD5_HEX];
    int res;

    /* Only who may give one at all. */
    if (json_object_get(write->given, "ha1"))
        return 0;
    if (!user && !realm && !password)
        return api_write_set(write, "ha1", NULL);
    if (!password && (is_changed(write, "username") || is_changed(write, "realm")))
        return api_write_problem(write, 422, "/password",
                                 "password: a new username or realm needs the password with it, "
                                 "because what is kept of it is of all three.");
    if (!password)
        return 0;
    /* What is of another type was told already. */
    if (write->is_bad)
        return 0;
    if (!user || !realm)
        return api_write_problem(write, 422, "/password",
                                 "password: credentials are username, realm and password: all of "
                                 "them, or none.");
    if (crypto_ha1(user, realm, password, ha1))
        return -EIO;
    res = api_write_set(write, "ha1", ha1);
    OPENSSL_cleanse(ha1, sizeof(ha1));
    return res;
}

const struct api_resource api_trunks = {
    .name = "trunks",
    .one = "trunk",
    .tag = "Trunks",
    .table = "voip.trunks",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
    .prepare = prepare,
};

static const char *const transports[] = {"udp", "tcp", "tls", NULL};

static const struct api_column gateway_columns[] = {
    API_ROW_ID,
    {"trunk_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which trunk.",
     .refers_to = &api_trunks},
    {"priority", API_INTEGER, API_FILTER | API_SORT, .about = "Lower ones first.", .min = 1,
     .max = 1000, .initial = "1"},
    {"host", API_TEXT, API_REQUIRED | API_FILTER,
     .about = "An address (IPv6 in brackets), or a name that the edge looks up.", .max = 190,
     .pattern = "^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])$",
     .meaning = "is an address or a host name"},
    {"port", API_INTEGER, API_FILTER, .about = "Its port.", .min = 1, .max = 65535,
     .initial = "5060"},
    {"transport", API_ENUM, API_FILTER, .about = "How it is reached.", .words = transports,
     .initial = "\"udp\""},
    {"verify", API_BOOLEAN, 0, .about = "Of TLS: its certificate has to be vouched for.",
     .initial = "true"},
    {NULL},
};

static const struct api_rule gateway_rules[] = {
    {"host_is_an_address", "host", "host: what is in brackets is an IPv6 address."},
    {NULL},
};

static const char *const trunk_gateways_known_by[] = {"host", "port", "transport", NULL};

const struct api_resource api_trunk_gateways = {
    .known_by = trunk_gateways_known_by,
    .name = "gateways",
    .one = "trunk gateway",
    .tag = "Trunks",
    .table = "voip.trunk_gateways",
    .parent = &api_trunks,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "priority",
    .columns = gateway_columns,
    .rules = gateway_rules,
};
