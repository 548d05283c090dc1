/* Who waits in queues, and what their agents do. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/live.h"
#include "api/server.h"
#include "base/clock.h"

/* ---------------------------------------------------------------- a queue */

/* Its agents as the database has them, by name: {status, reason, since, level, position}. */
#define AGENTS                                                                                     \
    "SELECT u.username, to_json(x) FROM voip.queue_members m"                                      \
    " JOIN voip.users u ON u.id = m.user_id"                                                       \
    " LEFT JOIN voip.queue_agents a ON a.user_id = u.id"                                           \
    " CROSS JOIN LATERAL (SELECT u.id AS user_id, u.username,"                                     \
    " coalesce(a.status, 'available') AS status, a.reason, a.since) x"                             \
    " WHERE m.queue_id = $1 ORDER BY m.level, m.position, u.username"

static int find_queue(struct api_request *request, json_t **name)
{
    const char *const values[] = {request->param[0]};
    PGresult *rows = NULL;
    int res = api_query(request, "SELECT name FROM voip.queues WHERE id = $1", 1, values, &rows);

    if (res)
        return res;
    if (PQntuples(rows) == 1)
        *name = json_string(PQgetvalue(rows, 0, 0));
    else
        res = -ENOENT;
    PQclear(rows);
    if (res)
        api_not_found(request);
    return res;
}

/* What a node says of the agent, nobody's where none does. */
static const json_t *find_agent(const json_t *said, const char *username)
{
    const json_t *item;
    size_t i;

    json_array_foreach(said, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "username"));

        if (name && strcmp(name, username) == 0)
            return item;
    }
    return NULL;
}

static json_t *time_or_null(json_int_t seconds)
{
    char utc[CLOCK_UTC_SIZE];

    if (!seconds)
        return json_null();
    clock_utc((int64_t)seconds * 1000000, utc);
    return json_string(utc);
}

static int add_agent(json_t *agents, const char *username, const char *row, const json_t *said)
{
    const json_t *live = find_agent(said, username);
    const char *state = json_string_value(json_object_get(live, "state"));
    json_t *agent = json_loads(row, 0, NULL);
    int res = agent ? 0 : -ENOMEM;

    if (!res)
        res = json_object_set_new(agent, "state", json_string(state ? state : "idle"));
    if (!res)
        res = json_object_set_new(agent, "calls",
                                  json_integer(json_integer_value(json_object_get(live, "calls"))));
    if (!res)
        res = json_object_set_new(
            agent, "last_call_at",
            time_or_null(json_integer_value(json_object_get(live, "last_call_at"))));
    if (res)
        json_decref(agent);
    return res || json_array_append_new(agents, agent) ? -ENOMEM : 0;
}

/* NULL: the response is a problem. */
static json_t *read_agents(struct api_request *request, const json_t *said)
{
    const char *const values[] = {request->param[0]};
    json_t *agents = json_array();
    PGresult *rows = NULL;
    int res = agents ? 0 : -ENOMEM;

    if (!res && api_query(request, AGENTS, 1, values, &rows)) {
        json_decref(agents);
        return NULL;
    }
    for (int i = 0; i < PQntuples(rows) && !res; i++)
        res = add_agent(agents, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), said);
    PQclear(rows);
    if (res) {
        json_decref(agents);
        live_no_memory(request);
        return NULL;
    }
    return agents;
}

/* Since when, and for how long, each of them waits. */
static int tell_wait(json_t *waiting)
{
    int64_t now = clock_wall_us() / 1000000;
    json_t *item;
    size_t i;

    json_array_foreach(waiting, i, item)
    {
        json_int_t joined = json_integer_value(json_object_get(item, "joined_at"));

        if (json_object_set_new(item, "joined_at", time_or_null(joined)) ||
            json_object_set_new(item, "waits_s",
                                json_integer(joined && now > joined ? now - joined : 0)))
            return -ENOMEM;
    }
    return 0;
}

/* All calls to a queue are on one node; after one was away, another may have some of them as well.
 */
static json_t *ask_nodes(const struct api_request *request, json_t *waiting, json_t *said)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    int64_t id = strtoll(request->param[0], NULL, 10);
    json_t *silent = json_array();
    struct err err;

    for (size_t i = 0; i < nodes->media_count; i++)
        if (media_queue(&nodes->media[i], request->domain, id, waiting, said, &err))
            json_array_append_new(silent, json_string(nodes->media[i].name));
    return silent;
}

static void get_queue(struct api_request *request)
{
    json_t *name = NULL, *waiting = json_array(), *said = json_array(), *silent, *agents, *reply;

    if (find_queue(request, &name)) {
        json_decref(waiting);
        json_decref(said);
        return;
    }
    silent = ask_nodes(request, waiting, said);
    agents = read_agents(request, said);
    json_decref(said);
    if (agents && tell_wait(waiting)) {
        live_no_memory(request);
        json_decref(agents);
        agents = NULL;
    }
    if (!agents) {
        json_decref(waiting);
        json_decref(silent);
        json_decref(name);
        return;
    }
    reply = json_pack("{s:I, s:o, s:o, s:o, s:o}", "id", strtoll(request->param[0], NULL, 10),
                      "name", name, "waiting", waiting, "agents", agents, "silent", silent);
    if (reply)
        api_reply(request, 200, reply);
    else
        live_no_memory(request);
}

/* ---------------------------------------------------------------- routes */

#define TEXT     "{\"type\":\"string\"}"
#define INTEGER  "{\"type\":\"integer\"}"
#define NULLABLE "{\"type\":[\"string\",\"null\"]}"
#define STATUS   "{\"type\":\"string\",\"enum\":[\"available\",\"paused\",\"logged_out\"]}"
#define WAITING                                                                                    \
    "{\"type\":\"object\",\"properties\":{\"position\":" INTEGER ",\"number\":" NULLABLE           \
    ",\"name\":" NULLABLE ",\"joined_at\":" NULLABLE ",\"waits_s\":" INTEGER "}}"
#define MEMBER                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"user_id\":" INTEGER ",\"username\":" TEXT              \
    ",\"status\":" STATUS ",\"reason\":" NULLABLE ",\"since\":" NULLABLE                           \
    ",\"state\":{\"type\":\"string\",\"enum\":[\"idle\",\"ringing\",\"talking\"]}"                 \
    ",\"calls\":" INTEGER ",\"last_call_at\":" NULLABLE "}}"
#define AGENT                                                                                      \
    "{\"type\":\"object\",\"required\":[\"id\",\"username\",\"status\"],\"properties\":{"          \
    "\"id\":" INTEGER ",\"username\":" TEXT ",\"display_name\":" NULLABLE ",\"status\":" STATUS    \
    ",\"reason\":" NULLABLE ",\"since\":" NULLABLE                                                 \
    ",\"queues\":{\"type\":\"array\",\"items\":" INTEGER "}}}"

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/domains/{domain}/queues/{id}/live",
        .scope = API_LIVE_READ,
        .name = "get_queue_live",
        .tag = "Agents",
        .summary = "Read who waits in a queue, and what its agents do",
        .reply_schema = "{\"type\":\"object\",\"required\":[\"id\",\"waiting\",\"agents\"],"
                        "\"properties\":{\"id\":" INTEGER ",\"name\":" NULLABLE
                        ",\"waiting\":{\"type\":\"array\",\"items\":" WAITING
                        "},\"agents\":{\"type\":\"array\",\"items\":" MEMBER
                        "},\"silent\":{\"type\":\"array\",\"items\":" TEXT "}}}",
        .handler = get_queue,
    },
    {
        .method = "GET",
        .path = "/domains/{domain}/agents",
        .scope = API_LIVE_READ,
        .name = "list_agents",
        .tag = "Agents",
        .summary = "List the users who are members of queues, and whether they take calls",
        .query = live_paging,
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"items\",\"next\"],\"properties\":{"
            "\"items\":{\"type\":\"array\",\"items\":" AGENT "},\"next\":" NULLABLE "}}",
        .handler = live_list_agents,
    },
    {
        .method = "PATCH",
        .path = "/domains/{domain}/agents/{id}",
        .scope = API_LIVE_WRITE,
        .flags = API_DRY_RUN,
        .name = "set_agent",
        .tag = "Agents",
        .summary = "Log a member of queues in or out, or give him a pause, in all of his queues",
        .body_schema =
            "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":" STATUS
            ",\"reason\":" NULLABLE "}}",
        .reply_schema = "{\"type\":\"object\",\"properties\":{\"id\":" INTEGER ",\"status\":" STATUS
                        ",\"reason\":" NULLABLE ",\"since\":" NULLABLE "}}",
        .handler = live_set_agent,
    },
};

const struct api_routes live_queue_routes = {routes, DP_COUNT(routes)};
