#include "edge/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { CALL_MS = 2000, NODES_MAX = 64, KEY_MAX = 320 };

struct destination {
    const char *name; /* of the deployment, or the URI */
    bool is_up;
};

struct edge_live {
    struct jsonrpc *rpc;
    const struct edge_live_node *nodes;
    size_t node_count;
    json_t *list; /* dispatcher.list */
    struct destination at[NODES_MAX];
    size_t count;
};

/* NULL when there is no such thing, or nobody answers. */
static json_t *ask(struct edge_live *live, const char *method, const char *one, const char *two)
{
    const char *const params[] = {one, two};
    json_t *result = NULL;
    struct err err;
    int code = 0;

    return jsonrpc_call(live->rpc, method, params, 2, CALL_MS, &result, &code, &err) ? NULL
                                                                                     : result;
}

/* ---------------------------------------------------------------- questions */

/* Contacts that have not run out: the module keeps them until its timer comes by. */
static int count_contacts(const json_t *found)
{
    json_t *contacts = json_object_get(found, "Contacts"), *item;
    int count = 0;
    size_t i;

    json_array_foreach(contacts, i, item)
    {
        json_t *expires = json_object_get(json_object_get(item, "Contact"), "Expires");

        count += !json_is_string(expires) || strcmp(json_string_value(expires), "permanent") == 0;
    }
    return count;
}

static int devices(void *arg, const char *domain, const char *user)
{
    char aor[KEY_MAX];
    json_t *found;
    int count;

    if (str_printf(aor, sizeof(aor), "%s@%s", user, domain))
        return -1;
    found = ask(arg, "ul.lookup", "location", aor);
    count = found ? count_contacts(found) : 0;
    json_decref(found);
    return count;
}

static int calls(void *arg, const char *profile, const char *value)
{
    json_t *size = ask(arg, "dlg.profile_get_size", profile, value);
    int count = json_is_integer(size) ? (int)json_integer_value(size) : -1;

    json_decref(size);
    return count;
}

static int is_dead(void *arg, const char *gateway, const char *unused)
{
    (void)unused;
    json_t *found = ask(arg, "htable.get", "dead", gateway);

    json_decref(found);
    return found != NULL;
}

static char *remembered(void *arg, const char *table, const char *key)
{
    json_t *found = ask(arg, "htable.get", table, key);
    const char *value = json_string_value(json_object_get(json_object_get(found, "item"), "value"));
    char *copy = value ? strdup(value) : NULL;

    json_decref(found);
    return copy;
}

/* ---------------------------------------------------------------- media nodes */

static void add_destination(struct edge_live *live, const json_t *item, const char *flags)
{
    const char *uri = json_string_value(json_object_get(item, "URI"));
    struct destination *to = &live->at[live->count];

    if (!uri || live->count == NODES_MAX)
        return;
    *to = (struct destination){.name = uri, .is_up = flags[0] == 'A'};
    for (size_t i = 0; i < live->node_count; i++)
        if (strcmp(live->nodes[i].uri, uri) == 0)
            to->name = live->nodes[i].name;
    live->count++;
}

/* RECORDS, SET, TARGETS and DEST nest differently in 5.6 and 6.0: what has FLAGS is a destination.
 */
static void collect(struct edge_live *live, json_t *value)
{
    const char *flags, *key;
    json_t *item;
    size_t i;

    if (json_is_array(value))
        json_array_foreach(value, i, item) collect(live, item);
    if (!json_is_object(value))
        return;
    flags = json_string_value(json_object_get(value, "FLAGS"));
    if (flags)
        add_destination(live, value, flags);
    json_object_foreach(value, key, item) collect(live, item);
}

static size_t count_nodes(void *arg)
{
    const struct edge_live *live = arg;

    return live->count;
}

static const char *node(void *arg, size_t index, int *up)
{
    const struct edge_live *live = arg;

    *up = live->at[index].is_up;
    return live->at[index].name;
}

/* As ds_get_hash() of the dispatcher module: four bytes at a time. `char` is signed there. */
unsigned int edge_dispatcher_hash(const char *text)
{
    const signed char *at = (const signed char *)text;
    size_t len = strlen(text), i = 0;
    unsigned int part, hash = 0;

    for (; len >= 4 && i + 4 <= len; i += 4) {
        part = ((unsigned int)at[i] << 24) + ((unsigned int)at[i + 1] << 16) +
               ((unsigned int)at[i + 2] << 8) + (unsigned int)at[i + 3];
        hash += part ^ (part >> 3);
    }
    for (part = 0; i < len; i++)
        part = (part << 8) + (unsigned int)at[i];
    hash += part ^ (part >> 3);
    hash = hash + (hash >> 11) + (hash >> 13) + (hash >> 23);
    return hash ? hash : 1;
}

/* The node of the hash, or the next one that is up. */
static int pick(void *arg, const char *service)
{
    const struct edge_live *live = arg;
    size_t first = live->count ? edge_dispatcher_hash(service) % live->count : 0;

    for (size_t i = 0; i < live->count; i++) {
        size_t at = (first + i) % live->count;

        if (live->at[at].is_up)
            return (int)at;
    }
    return -1;
}

/* ---------------------------------------------------------------- all of it */

int edge_live_open(struct edge_live **out, struct jsonrpc *rpc, const struct edge_live_node nodes[],
                   size_t count, struct err *err)
{
    struct edge_live *live = calloc(1, sizeof(*live));
    int res, code = 0;

    if (!live)
        return err_set(err, -ENOMEM, "no memory");
    live->rpc = rpc;
    live->nodes = nodes;
    live->node_count = count;
    res = jsonrpc_call(rpc, "dispatcher.list", NULL, 0, CALL_MS, &live->list, &code, err);
    if (res) {
        edge_live_close(live);
        return res;
    }
    collect(live, live->list);
    *out = live;
    return 0;
}

void edge_live_close(struct edge_live *live)
{
    if (!live)
        return;
    json_decref(live->list);
    free(live);
}

void edge_live_explain(struct edge_live *live, struct explain_live *out)
{
    *out = (struct explain_live){
        .arg = live,
        .devices = devices,
        .calls = calls,
        .is_dead = is_dead,
        .remembered = remembered,
        .nodes = count_nodes,
        .node = node,
        .pick = pick,
    };
}
