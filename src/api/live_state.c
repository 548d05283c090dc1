#include "api/live_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "edge/contacts.h"
#include "tenant/registry.h"

enum { PAGE = 500, KEY_SIZE = 600 };

/* One look. */
struct look {
    const struct live_nodes *nodes;
    const char *domain;
    const json_t *before;
    json_t *now;
    bool failed; /* no memory */
};

static void put(struct look *look, const char *key, json_t *value)
{
    if (json_object_set_new(look->now, key, value))
        look->failed = true;
}

/* Takes over what was known of this kind and is not there now. */
static void keep(struct look *look, const char *kind)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)look->before, key, value)
    {
        if (str_starts_with(key, kind) && !json_object_get(look->now, key) &&
            json_object_set(look->now, key, value))
            look->failed = true;
    }
}

static bool some_are_silent(const struct edge_pool *pool)
{
    bool silent = false;

    for (size_t i = 0; i < edge_pool_count(pool); i++)
        silent |= edge_pool_is_silent(pool, i);
    return silent;
}

/* ---------------------------------------------------------------- the parts */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void put_calls(struct look *look, const json_t *calls)
{
    char key[KEY_SIZE];
    json_t *call;
    size_t i;

    json_array_foreach(calls, i, call)
    {
        snprintf(key, sizeof(key), "call/%s", text_of(call, "id"));
        put(look, key, json_incref(call));
    }
}

static void look_at_calls(struct look *look, struct edge_pool *pool)
{
    char after[STR_UUID_LENGTH + 1] = "";
    bool more = true;
    size_t seen = 0;
    struct err err;

    while (more && seen < LIVE_CALLS_MAX && !look->failed) {
        json_t *calls = json_array();

        if (!calls || edge_calls_list(pool, look->nodes->media_uris, look->nodes->media_count,
                                      look->domain, after, PAGE, calls, &more, &err)) {
            look->failed = true;
        } else if (json_array_size(calls)) {
            seen += json_array_size(calls);
            put_calls(look, calls);
            snprintf(after, sizeof(after), "%s",
                     text_of(json_array_get(calls, json_array_size(calls) - 1), "id"));
        }
        json_decref(calls);
    }
    if (some_are_silent(pool))
        keep(look, "call/");
}

static void put_contacts(struct look *look, const json_t *contacts)
{
    char key[KEY_SIZE];
    json_t *contact;
    size_t i;

    json_array_foreach(contacts, i, contact)
    {
        snprintf(key, sizeof(key), "registration/%s/%s", text_of(contact, "aor"),
                 text_of(contact, "contact"));
        /* Becomes less by itself. */
        json_object_del(contact, "expires_s");
        put(look, key, json_incref(contact));
    }
}

static void look_at_contacts(struct look *look, struct edge_pool *pool,
                             const struct snapshot *snapshot)
{
    const char *names[PAGE];
    size_t count = 0, some;
    const struct snapshot_user *users = snapshot_users(snapshot, &count);
    struct err err;

    for (size_t at = 0; at < count && count <= LIVE_USERS_MAX && !look->failed; at += some) {
        json_t *contacts = json_array();

        for (some = 0; some < PAGE && at + some < count; some++)
            names[some] = users[at + some].username;
        if (!contacts || edge_contacts_list(pool, look->domain, names, some, contacts, &err))
            look->failed = true;
        else
            put_contacts(look, contacts);
        json_decref(contacts);
    }
    if (some_are_silent(pool))
        keep(look, "registration/");
}

static const char *status_of(const struct snapshot_member *member)
{
    static const char *const names[] = {
        [SNAPSHOT_AVAILABLE] = "available",
        [SNAPSHOT_PAUSED] = "paused",
        [SNAPSHOT_LOGGED_OUT] = "logged_out",
    };

    return names[member->status];
}

/* Who of the agents is logged in is the tenant's to say, what he does the node's. */
static json_t *list_agents(const struct snapshot_queue *queue, const json_t *said)
{
    json_t *agents = json_array();
    const json_t *item;
    size_t i;

    for (size_t n = 0; n < queue->member_count && agents; n++) {
        const struct snapshot_member *member = &queue->members[n];
        const char *state = "idle";

        json_array_foreach(said, i, item)
        {
            if (strcmp(text_of(item, "username"), member->username) == 0)
                state = text_of(item, "state");
        }
        if (json_array_append_new(agents, json_pack("{s:s, s:s, s:s}", "username", member->username,
                                                    "status", status_of(member), "state", state))) {
            json_decref(agents);
            agents = NULL;
        }
    }
    return agents;
}

/* A server that says for how long somebody waits, in seconds, has him join at another one each
 * time. */
static void steady(json_t *waiting, const json_t *before)
{
    json_t *item, *other;
    size_t i, j;

    json_array_foreach(waiting, i, item)
    {
        json_int_t joined = json_integer_value(json_object_get(item, "joined_at"));

        json_array_foreach(before, j, other)
        {
            json_int_t then = json_integer_value(json_object_get(other, "joined_at"));

            if (joined - then <= 2 && then - joined <= 2 &&
                strcmp(text_of(item, "number"), text_of(other, "number")) == 0)
                json_object_set_new(item, "joined_at", json_integer(then));
        }
    }
}

static void look_at_queue(struct look *look, const struct snapshot_queue *queue)
{
    json_t *waiting = json_array(), *said = json_array();
    char key[KEY_SIZE];
    bool silent = false;
    struct err err;

    for (size_t i = 0; i < look->nodes->media_count; i++)
        silent |=
            media_queue(&look->nodes->media[i], look->domain, queue->id, waiting, said, &err) != 0;
    snprintf(key, sizeof(key), "queue/%" PRId64, queue->id);
    if (silent && look->before && json_object_get(look->before, key)) {
        put(look, key, json_incref(json_object_get(look->before, key)));
        json_decref(waiting);
    } else {
        steady(waiting, json_object_get(json_object_get(look->before, key), "waiting"));
        put(look, key,
            json_pack("{s:I, s:o, s:o}", "id", (json_int_t)queue->id, "waiting", waiting, "agents",
                      list_agents(queue, said)));
    }
    json_decref(said);
}

static void look_at_queues(struct look *look, const struct snapshot *snapshot)
{
    size_t count = 0;
    const struct snapshot_queue *queues = snapshot_queues(snapshot, &count);

    for (size_t i = 0; i < count && i < LIVE_QUEUES_MAX && !look->failed; i++)
        look_at_queue(look, &queues[i]);
}

/* ---------------------------------------------------------------- all of it */

static void look_at_tenant(struct look *look, struct edge_pool *pool, struct registry *registry,
                           unsigned int parts)
{
    struct snapshot *snapshot = NULL;

    if (registry_get(registry, look->domain, &snapshot)) {
        keep(look, "registration/");
        keep(look, "queue/");
        return;
    }
    if (parts & LIVE_REGISTRATIONS)
        look_at_contacts(look, pool, snapshot);
    else
        keep(look, "registration/");
    if (parts & LIVE_QUEUES)
        look_at_queues(look, snapshot);
    else
        keep(look, "queue/");
    snapshot_unref(snapshot);
}

json_t *live_state(const struct live_nodes *nodes, struct registry *registry, const char *domain,
                   unsigned int parts, const json_t *before)
{
    struct look look = {nodes, domain, before, json_object(), false};
    struct edge_pool *pool = NULL;
    struct err err;

    if (!look.now || edge_pool_open(&pool, nodes->edges, nodes->edge_count, &err)) {
        json_decref(look.now);
        return NULL;
    }
    if (parts & LIVE_CALLS)
        look_at_calls(&look, pool);
    else
        keep(&look, "call/");
    look_at_tenant(&look, pool, registry, parts);
    edge_pool_close(pool);
    if (look.failed) {
        json_decref(look.now);
        return NULL;
    }
    return look.now;
}
