/* What `dialplane serve` tells about itself. */
#include <jansson.h>
#include <stdlib.h>

#include "cmd/serve.h"

static json_t *edges_json(const struct serve *serve)
{
    json_t *list = json_array();
    struct edge_state state;

    for (size_t i = 0; list && i < serve->edge_count; i++) {
        edge_state(serve->edges[i], &state);
        /* A failure leaves the list shorter: this is for people. */
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:b}", "node", edge_name(serve->edges[i]),
                                        "reachable", state.reachable, "current", state.current));
    }
    return list;
}

static json_t *media_json(const struct serve *serve)
{
    json_t *list = json_array();
    struct fs_node_state state;

    for (size_t i = 0; list && i < serve->media_count; i++) {
        fs_node_state(serve->media[i], &state);
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:b}", "node", fs_node_name(serve->media[i]),
                                        "reachable", state.reachable, "current", state.current));
    }
    return list;
}

/* After a start without the database: as soon as there are copies. */
static bool can_serve(const struct registry_state *state)
{
    return state->ready || state->copies;
}

static const char *status_of(const struct registry_state *state)
{
    if (state->ready && state->online)
        return "ok";
    return can_serve(state) ? "stale" : "starting";
}

void serve_healthz(void *arg, const struct http_request *request, struct http_response *response)
{
    struct serve *serve = arg;
    struct registry_state state;
    json_t *json;
    char *text;

    (void)request;
    registry_state(serve->registry, &state);
    json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "status", status_of(&state), "database",
                     state.online ? "connected" : "away", "tenants", (json_int_t)state.tenants,
                     "in_memory", (json_int_t)state.in_memory, "pending", (json_int_t)state.pending,
                     "edges", edges_json(serve), "media", media_json(serve));
    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text) {
        http_problem(response, 500, NULL, "no memory");
        return;
    }
    response->status = can_serve(&state) ? 200 : 503;
    response->content_type = "application/json";
    buf_add_str(&response->body, text);
    buf_add_char(&response->body, '\n');
    free(text);
}

static void add_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP dialplane_serve_%s %s\n# TYPE dialplane_serve_%s %s\n", name, help,
               name, type);
}

static void add_metric(struct buf *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    add_head(out, name, type, help);
    buf_printf(out, "dialplane_serve_%s %llu\n", name, (unsigned long long)value);
}

static void add_registry(struct buf *out, const struct serve *serve)
{
    struct registry_state state;

    registry_state(serve->registry, &state);
    add_metric(out, "database_up", "gauge", "Whether notifications are being received.",
               state.online);
    add_metric(out, "ready", "gauge", "Whether every tenant was read since the start.",
               state.ready);
    add_metric(out, "tenants", "gauge", "Tenants that are known.", state.tenants);
    add_metric(out, "tenants_in_memory", "gauge", "Tenants in memory.", state.in_memory);
    add_metric(out, "tenants_pending", "gauge", "Tenants still to be read.", state.pending);
    add_metric(out, "users", "gauge", "Users in memory.", state.size.users);
    add_metric(out, "extensions", "gauge", "Extensions in memory.", state.size.extensions);
    add_metric(out, "snapshot_bytes", "gauge", "Memory that the tenants take.", state.size.bytes);
    add_metric(out, "snapshot_loads_total", "counter", "Tenants read from the database.",
               state.loads);
    add_metric(out, "waiting", "gauge", "Requests that wait for a tenant.", state.waiting);
    add_metric(out, "copies_written_total", "counter", "Copies of tenants written to disk.",
               state.copies_written);
    add_metric(out, "copies_failed_total", "counter", "Copies that could not be written.",
               state.copies_failed);
    add_metric(out, "copies_read_total", "counter", "Tenants served from their copy.",
               state.copies_read);
    add_metric(out, "copies_refused_total", "counter",
               "Copies that were damaged, gone or of another version.", state.copies_refused);
}

static void add_answers(struct buf *out, struct serve *serve)
{
    static const char *const kinds[] = {"freeswitch", "asterisk_realtime"};
    static const char *const results[] = {"found", "not_found", "refused", "late", "failed"};
    unsigned long long value;

    add_head(out, "answers_total", "counter", "Answers to media servers.");
    for (size_t kind = 0; kind < SERVE_KINDS; kind++) {
        for (size_t result = 0; result < SERVE_RESULTS; result++) {
            value = atomic_load(&serve->answers[kind][result]);
            buf_printf(out, "dialplane_serve_answers_total{to=\"%s\",result=\"%s\"} %llu\n",
                       kinds[kind], results[result], value);
        }
    }
}

static void add_agi(struct buf *out, const struct serve *serve)
{
    struct agi_counts counts;

    agi_counts(serve->agi, &counts);
    add_metric(out, "agi_answered_total", "counter", "FastAGI scripts that were carried out.",
               counts.answered);
    add_metric(out, "agi_refused_total", "counter", "FastAGI connections that were refused.",
               counts.refused);
    add_metric(out, "agi_aborted_total", "counter", "FastAGI scripts cut short.", counts.aborted);
}

static void add_edge_metric(struct buf *out, const struct serve *serve, const char *name,
                            const char *type, const char *help,
                            uint64_t (*value)(const struct edge_state *state))
{
    struct edge_state state;

    add_head(out, name, type, help);
    for (size_t i = 0; i < serve->edge_count; i++) {
        edge_state(serve->edges[i], &state);
        /* Names of nodes are labels (str_is_label): nothing to escape. */
        buf_printf(out, "dialplane_serve_%s{edge=\"%s\"} %llu\n", name, edge_name(serve->edges[i]),
                   (unsigned long long)value(&state));
    }
}

static uint64_t edge_reachable(const struct edge_state *state)
{
    return state->reachable;
}

static uint64_t edge_refreshed(const struct edge_state *state)
{
    return state->refreshed;
}

static uint64_t edge_reloads(const struct edge_state *state)
{
    return state->reloads;
}

static uint64_t edge_failures(const struct edge_state *state)
{
    return state->failures;
}

static void add_media_metric(struct buf *out, const struct serve *serve, const char *name,
                             const char *type, const char *help,
                             uint64_t (*value)(const struct fs_node_state *state))
{
    struct fs_node_state state;

    if (!serve->media_count)
        return;
    add_head(out, name, type, help);
    for (size_t i = 0; i < serve->media_count; i++) {
        fs_node_state(serve->media[i], &state);
        buf_printf(out, "dialplane_serve_%s{node=\"%s\"} %llu\n", name,
                   fs_node_name(serve->media[i]), (unsigned long long)value(&state));
    }
}

static uint64_t media_reachable(const struct fs_node_state *state)
{
    return state->reachable;
}

static uint64_t media_sessions(const struct fs_node_state *state)
{
    return state->sessions;
}

static uint64_t media_commands(const struct fs_node_state *state)
{
    return state->commands;
}

static uint64_t media_failures(const struct fs_node_state *state)
{
    return state->failures;
}

static void add_media(struct buf *out, const struct serve *serve)
{
    add_media_metric(out, serve, "media_up", "gauge",
                     "Whether the media server answered the last command.", media_reachable);
    add_media_metric(out, serve, "media_sessions", "gauge", "Channels on the media server.",
                     media_sessions);
    add_media_metric(out, serve, "media_commands_total", "counter",
                     "Commands sent to the media server.", media_commands);
    add_media_metric(out, serve, "media_failures_total", "counter",
                     "Connections and commands that failed.", media_failures);
}

static void add_webhooks(struct buf *out, const struct serve *serve)
{
    struct webhooks_counts counts;

    webhooks_counts(serve->webhooks, &counts);
    add_metric(out, "webhooks_delivered_total", "counter", "Webhooks that were delivered.",
               counts.delivered);
    add_metric(out, "webhooks_failed_total", "counter", "Tries to deliver a webhook that failed.",
               counts.failed);
    add_metric(out, "webhooks_dead_total", "counter", "Webhooks that were given up.", counts.dead);
    add_metric(out, "webhooks_in_flight", "gauge", "Webhooks that are being delivered.",
               counts.in_flight);
}

void serve_metrics(void *arg, const struct http_request *request, struct http_response *response)
{
    struct serve *serve = arg;
    struct buf *out = &response->body;

    (void)request;
    response->content_type = "text/plain; version=0.0.4";
    add_registry(out, serve);
    add_answers(out, serve);
    add_agi(out, serve);
    add_edge_metric(out, serve, "edge_up", "gauge", "Whether the edge answered the last call.",
                    edge_reachable);
    add_edge_metric(out, serve, "edge_keys_refreshed_total", "counter",
                    "Keys that the edge has read again.", edge_refreshed);
    add_edge_metric(out, serve, "edge_reloads_total", "counter",
                    "Times the edge was told to read its tables again.", edge_reloads);
    add_edge_metric(out, serve, "edge_failures_total", "counter",
                    "Calls that the edge did not answer.", edge_failures);
    add_media(out, serve);
    add_webhooks(out, serve);
}
