/* The nodes of the deployment as the API's live views ask them. */
#include <errno.h>
#include <stdlib.h>

#include "api/live_hub.h"
#include "base/str.h"
#include "cluster/render.h"
#include "cmd/serve.h"

enum { URI_SIZE = RENDER_HOST_SIZE + 16 };

struct serve_live {
    struct live_nodes nodes;
    struct edge_place *edges;
    struct media_place *media;
    struct edge_media *media_uris;
    char (*uris)[URI_SIZE];
    char edge[URI_SIZE]; /* where media servers send legs: the same as theirs (render) */
};

static void add_edge(struct serve_live *live, const struct serve *serve,
                     const struct topology_node *node)
{
    live->edges[live->nodes.edge_count++] = (struct edge_place){
        .name = node->name,
        .address = node->inside,
        .rpc_port = serve->node.topology->edge.rpc_port,
        .rpc_token = serve->node.secrets.value[SECRET_RPC_TOKEN],
    };
}

static int add_media(struct serve_live *live, const struct serve *serve,
                     const struct topology_node *node)
{
    const struct topology *topology = serve->node.topology;
    size_t at = live->nodes.media_count++;
    char host[RENDER_HOST_SIZE];

    live->media[at] = (struct media_place){
        .server =
            topology->media_server == MEDIA_SERVER_FREESWITCH ? &media_freeswitch : &media_asterisk,
        .name = node->name,
        .address = node->inside,
        .event_port = topology->media.event_port,
        .password = serve->node.secrets.value[SECRET_EVENT_PASSWORD],
        .edge = live->edge,
    };
    live->media_uris[at] = (struct edge_media){.name = node->name, .uri = live->uris[at]};
    return str_printf(live->uris[at], URI_SIZE, "sip:%s:%u", render_host(node->inside, host),
                      topology->media.sip_port);
}

static int add_nodes(struct serve_live *live, const struct serve *serve)
{
    const struct topology *topology = serve->node.topology;
    char host[RENDER_HOST_SIZE];
    int res = str_printf(live->edge, sizeof(live->edge), "%s:%u",
                         render_host(topology_first(topology, ROLE_EDGE)->inside, host),
                         topology->edge.inside_port);

    for (size_t i = 0; i < topology->nodes_count && !res; i++) {
        if (topology->nodes[i].roles & ROLE_EDGE)
            add_edge(live, serve, &topology->nodes[i]);
        if (topology->nodes[i].roles & ROLE_MEDIA)
            res = add_media(live, serve, &topology->nodes[i]);
    }
    live->nodes.edges = live->edges;
    live->nodes.media = live->media;
    live->nodes.media_uris = live->media_uris;
    return res;
}

int serve_live_start(struct serve *serve, struct err *err)
{
    size_t count = serve->node.topology->nodes_count;
    struct serve_live *live = calloc(1, sizeof(*live));

    if (!live)
        return err_set(err, -ENOMEM, "no memory for live views");
    serve->live = live;
    live->edges = calloc(count, sizeof(*live->edges));
    live->media = calloc(count, sizeof(*live->media));
    live->media_uris = calloc(count, sizeof(*live->media_uris));
    live->uris = calloc(count, sizeof(*live->uris));
    if (!live->edges || !live->media || !live->media_uris || !live->uris || add_nodes(live, serve))
        return err_set(err, -ENOMEM, "no memory for live views");
    return live_hub_start(&live->nodes.hub, &live->nodes, serve->registry, err);
}

const struct live_nodes *serve_live_nodes(const struct serve *serve)
{
    return &serve->live->nodes;
}

void serve_live_stop(struct serve *serve)
{
    struct serve_live *live = serve->live;

    if (!live)
        return;
    live_hub_stop(live->nodes.hub);
    free(live->edges);
    free(live->media);
    free(live->media_uris);
    free(live->uris);
    free(live);
    serve->live = NULL;
}
