#include "tenant/change.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const table_names[] = {
    [CHANGE_DOMAINS] = "domains",
    [CHANGE_USERS] = "users",
    [CHANGE_EXTENSIONS] = "extensions",
    [CHANGE_IVR_MENUS] = "ivr_menus",
    [CHANGE_VOICEMAIL_BOXES] = "voicemail_boxes",
    [CHANGE_QUEUES] = "queues",
    [CHANGE_CONFERENCES] = "conferences",
    [CHANGE_RING_GROUPS] = "ring_groups",
    [CHANGE_ANNOUNCEMENTS] = "announcements",
    [CHANGE_SCHEDULES] = "schedules",
    [CHANGE_TRUNKS] = "trunks",
    [CHANGE_OUTBOUND_ROUTES] = "outbound_routes",
    [CHANGE_INBOUND_NUMBERS] = "inbound_numbers",
    [CHANGE_PROMPTS] = "prompts",
    [CHANGE_GATEWAYS] = "gateways",
    [CHANGE_LIMITS] = "limits",
    [CHANGE_RECORDINGS] = "recordings",
    [CHANGE_VOICEMAIL_COUNTS] = "voicemail_counts",
};

static int find_table(const char *name, enum change_table *out)
{
    for (size_t i = 0; i < DP_COUNT(table_names); i++) {
        if (strcmp(name, table_names[i]) == 0) {
            *out = (enum change_table)i;
            return 0;
        }
    }
    return -EINVAL;
}

/*
 * Behind a number that is a prefix stands '!' (db/migrations/0010_edge.sql); before the name of
 * what is recorded, what it is (0017_recording.sql).
 */
static bool is_key(const struct change *change)
{
    char number[sizeof(change->key)];
    size_t len = strlen(change->key);

    if (change->table == CHANGE_RECORDINGS)
        return strspn(change->key, "eutd") == 1 && change->key[1] == '.' &&
               str_is_extension(change->key + 2);
    memcpy(number, change->key, sizeof(number));
    if (change->table == CHANGE_EXTENSIONS && len > 1 && number[len - 1] == '!')
        number[len - 1] = '\0';
    return str_is_extension(number);
}

/*
 * Anybody with a database role may send a notification, and keys of it go to the edge: only what
 * the columns admit passes.
 */
static int check(const struct change *change)
{
    if (change->every_domain)
        return change->table == CHANGE_DOMAINS ? 0 : -EINVAL;
    if (!str_is_domain(change->domain))
        return -EINVAL;
    if (change->table == CHANGE_DOMAINS)
        return 0;
    return is_key(change) ? 0 : -EINVAL;
}

static int fill(json_t *json, struct change *change)
{
    const char *table, *domain, *key;

    if (json_unpack(json, "{s:s, s:s, s:s}", "table", &table, "domain", &domain, "key", &key))
        return -EINVAL;
    if (find_table(table, &change->table) ||
        str_copy(change->domain, sizeof(change->domain), domain) ||
        str_copy(change->key, sizeof(change->key), key))
        return -EINVAL;
    change->every_domain = strcmp(domain, "*") == 0;
    return check(change);
}

int change_parse(const char *payload, struct change *out, struct err *err)
{
    struct change change = {0};
    json_error_t where;
    json_t *json = json_loads(payload, JSON_REJECT_DUPLICATES, &where);
    int res;

    if (!json)
        return err_set(err, -EINVAL, "notification is no JSON: %s", where.text);
    res = fill(json, &change);
    json_decref(json);
    if (res)
        return err_set(err, res, "notification names no row of ours: %.200s", payload);
    *out = change;
    return 0;
}
