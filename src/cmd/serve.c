/*
 * dialplane serve: what media servers ask, and the edge's memory kept true.
 *
 *     PostgreSQL --NOTIFY--> listener's thread --+--> a thread per edge node: has the key read
 *                                                |    again
 *                                                +--> the tenant's next snapshot
 *                                                +--> then a thread per media node (FreeSWITCH):
 *                                                     what it holds on to is put right
 *     FreeSWITCH, Asterisk --> HTTP threads, FastAGI thread --> snapshots (never the database)
 *     PostgreSQL --> webhooks' thread --> receivers of tenants (nothing else waits for it)
 *     operators, their programs --> the API's threads --> PostgreSQL
 */
#include "cmd/serve.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/verbs.h"
#include "media/waiting.h"
#include "tenant/prompts.h"

enum {
    IDLE_MS = 3600 * 1000,     /* a tenant without a call for so long leaves memory */
    EDGE_RELOAD_S = 24 * 3600, /* well within a schedule's fortnight */
    WEBHOOKS_MS = 5000,        /* statements */
};

static void on_loaded(const char *domain, void *arg)
{
    struct serve *serve = arg;

    for (size_t i = 0; i < serve->media_count; i++)
        fs_node_loaded(serve->media[i], domain);
}

static int start_peers(struct serve *serve, struct err *err)
{
    const struct topology *topology = serve->node.topology;
    const char **addresses = calloc(topology->nodes_count, sizeof(*addresses));
    int res = addresses ? 0 : -ENOMEM;

    for (size_t i = 0; i < topology->nodes_count && !res; i++)
        addresses[i] = topology->nodes[i].inside;
    if (!res)
        res = peers_new(&serve->peers, addresses, topology->nodes_count);
    free(addresses);
    return res ? err_sys(err, res, "the nodes' inside addresses") : 0;
}

static int start_edges(struct serve *serve, struct err *err)
{
    const struct topology *topology = serve->node.topology;
    struct edge_options options = {
        .rpc_port = topology->edge.rpc_port,
        .rpc_token = serve->node.secrets.value[SECRET_RPC_TOKEN],
        .reload_every_s = EDGE_RELOAD_S,
    };
    int res = 0;

    serve->edges = calloc(topology->nodes_count, sizeof(*serve->edges));
    if (!serve->edges)
        return err_set(err, -ENOMEM, "no memory for the edge nodes");
    for (size_t i = 0; i < topology->nodes_count && !res; i++) {
        if (!(topology->nodes[i].roles & ROLE_EDGE))
            continue;
        options.name = topology->nodes[i].name;
        options.address = topology->nodes[i].inside;
        res = edge_start(&serve->edges[serve->edge_count], &options, err);
        if (!res)
            serve->edge_count++;
    }
    return res;
}

static int start_media(struct serve *serve, struct err *err)
{
    const struct topology *topology = serve->node.topology;
    struct fs_node_options options = {
        .event_port = topology->media.event_port,
        .password = serve->node.secrets.value[SECRET_EVENT_PASSWORD],
        .registry = serve->registry,
    };
    int res = 0;

    if (topology->media_server != MEDIA_SERVER_FREESWITCH)
        return 0;
    serve->media = calloc(topology->nodes_count, sizeof(*serve->media));
    if (!serve->media)
        return err_set(err, -ENOMEM, "no memory for the media nodes");
    for (size_t i = 0; i < topology->nodes_count && !res; i++) {
        if (!(topology->nodes[i].roles & ROLE_MEDIA))
            continue;
        options.name = topology->nodes[i].name;
        options.address = topology->nodes[i].inside;
        res = fs_node_start(&serve->media[serve->media_count], &options, err);
        if (!res)
            serve->media_count++;
    }
    return res;
}

static int start_agi(struct serve *serve, struct err *err)
{
    const struct agi_options options = {
        .address = serve->node.node->inside,
        .port = serve->node.topology->control.agi_port,
        .registry = serve->registry,
        .peers = serve->peers,
    };

    return agi_start(&serve->agi, &options, err);
}

static int start_webhooks(struct serve *serve, struct err *err)
{
    const struct topology *topology = serve->node.topology;
    const struct webhooks_options options = {
        .database = cmd_target(&serve->node, SECRET_DB_CONTROL, "dialplane webhooks", WEBHOOKS_MS),
        .agent = "dialplane/" DIALPLANE_VERSION,
        .allow_private = topology->webhooks.allow_private,
        .timeout_s = topology->webhooks.timeout_s,
        .retry_s = topology->webhooks.retry_s,
        .dead_hours = topology->webhooks.dead_hours,
        .keep_days = topology->webhooks.keep_days,
    };

    return webhooks_start(&serve->webhooks, &options, err);
}

static int start_api(struct serve *serve, struct err *err)
{
    const struct topology *topology = serve->node.topology;
    const char **nodes = calloc(topology->nodes_count, sizeof(*nodes));
    const struct api_options options = {
        .address = serve->node.node->inside,
        .port = topology->control.api_port,
        .database = cmd_target(&serve->node, SECRET_DB_API, "dialplane api", 0),
        .proxies = nodes,
        .proxy_count = topology->nodes_count,
        .parts =
            {
                .state = serve->node.state,
                .node = serve->node.node->name,
                .recording_secret = serve->node.secrets.value[SECRET_RECORDING_KEY],
                .credential_key = serve->node.secrets.value[SECRET_CREDENTIAL_KEY],
                .turn_key = serve->node.secrets.value[SECRET_TURN_KEY],
                .turn_urls = (const char *const *)serve->turn_urls,
                .turn_url_count = serve->turn_url_count,
                .registry = serve->registry,
                .edges = serve->edges,
                .edge_count = serve->edge_count,
                .media = serve->media,
                .media_count = serve->media_count,
                .live = serve_live_nodes(serve),
            },
    };

    int res = nodes ? 0 : err_set(err, -ENOMEM, "out of memory");

    /* nginx is on one of them. */
    for (size_t i = 0; nodes && i < topology->nodes_count; i++)
        nodes[i] = topology->nodes[i].inside;
    if (!res)
        res = api_start(&serve->api, &options, err);
    free(nodes);
    return res;
}

static int start_registry(struct serve *serve, struct err *err)
{
    char folder[PATH_MAX];
    struct registry_options options = {
        .folder = folder, .idle_ms = IDLE_MS, .loaded = on_loaded, .arg = serve};
    int res = str_printf(folder, sizeof(folder), "%s/tenants", serve->node.state);

    if (!res) {
        res = prompts_init(serve->node.state, err);
        if (res)
            return res;
        res = registry_new(&serve->registry, &options);
    }
    return res ? err_sys(err, res, "tenants, with copies in %s", folder) : 0;
}

/* Who uses something starts after it, and stops before it. */
static int start(struct serve *serve, struct err *err)
{
    int res = start_registry(serve, err);

    if (!res)
        res = start_peers(serve, err);
    if (!res)
        res = start_edges(serve, err);
    if (!res)
        res = start_media(serve, err);
    if (!res)
        res = serve_listen_start(serve, err);
    if (!res)
        res = start_agi(serve, err);
    if (!res)
        res = start_webhooks(serve, err);
    if (!res)
        res = serve_live_start(serve, err);
    if (!res)
        res = serve_turn_find(serve, err);
    if (!res)
        res = start_api(serve, err);
    return res ? res : serve_documents_start(serve, err);
}

static void stop(struct serve *serve)
{
    registry_stop(serve->registry);
    http_server_stop(serve->documents);
    api_stop(serve->api);
    serve_live_stop(serve);
    webhooks_stop(serve->webhooks);
    agi_stop(serve->agi);
    waiting_start(NULL, NULL);
    listen_stop(serve->listen);
    for (size_t i = 0; i < serve->edge_count; i++)
        edge_stop(serve->edges[i]);
    free(serve->edges);
    for (size_t i = 0; i < serve->media_count; i++)
        fs_node_stop(serve->media[i]);
    free(serve->media);
    waiting_clear();
    registry_free(serve->registry);
    peers_free(serve->peers);
    serve_turn_clear(serve);
}

static int run(struct serve *serve, struct err *err)
{
    struct pollfd until = {.events = POLLIN};
    int res;

    /* Before there are threads: signals, and what these libraries do once. */
    until.fd = cmd_stop_fd();
    if (until.fd < 0)
        return err_sys(err, until.fd, "signals");
    json_object_seed(0);
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_set(err, -ENOMEM, "libcurl does not start");
    res = start(serve, err);
    if (!res) {
        log_info("serving media servers on %s port %u, FastAGI on port %u, the API on port %u",
                 serve->node.node->inside, http_server_port(serve->documents), agi_port(serve->agi),
                 api_port(serve->api));
        while (!cmd_stopping())
            poll(&until, 1, -1);
        log_info("stopping");
    }
    stop(serve);
    curl_global_cleanup();
    return res;
}

int cmd_serve(int argc, char **argv)
{
    struct serve serve = {0};
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Answer the media servers and keep the edge's memory true", NULL,
                   &args, &status))
        return status;
    log_init("dialplane-serve");
    res = cmd_open(&serve.node, &args, &err);
    if (res)
        return cmd_fail("serve", &err);
    res = run(&serve, &err);
    cmd_close(&serve.node);
    return res ? cmd_fail("serve", &err) : CMD_OK;
}
