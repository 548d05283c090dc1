/* Kamailio: node.cfg, included first by kamailio.cfg, and the dispatcher's list of media nodes. */
#include "cluster/render.h"

#define TREE "/tree/kamailio6/lib/kamailio/modules"

/*
 * substdef replaces the name wherever it appears, also in the middle of a longer one, in the order
 * of the lines: a name must come after every name that it is a part of.
 */
static void substitute(struct buf *text, const char *name, const char *value)
{
    buf_printf(text, "#!substdef \"!NODE_%s!%s!g\"\n", name, value);
}

static void substitute_number(struct buf *text, const char *name, unsigned int value)
{
    buf_printf(text, "#!substdef \"!NODE_%s!%u!g\"\n", name, value);
}

static void add_sockets(struct buf *text, const struct render *render)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];

    substitute_number(text, "SIP_PORT", topology->edge.sip_port);
    substitute_number(text, "TLS_PORT", topology->edge.tls_port);
    substitute_number(text, "INSIDE_PORT", topology->edge.inside_port);
    substitute_number(text, "RPC_PORT", topology->edge.rpc_port);
    substitute_number(text, "RTPENGINE_PORT", topology->edge.rtpengine_port);
    substitute(text, "ADDRESS", render_host(render->node->address, host));
    substitute(text, "INSIDE", render_host(render->node->inside, host));
}

static void add_database(struct buf *text, const struct topology *topology)
{
    char host[RENDER_HOST_SIZE];

    substitute(text, "DB_HOST", render_host(topology_first(topology, ROLE_DB)->inside, host));
    substitute_number(text, "DB_PORT", topology->db.port);
    substitute(text, "DB_NAME", topology->db.name);
}

static void add_paths(struct buf *text, const struct render *render)
{
    substitute(text, "STATE", render->state);
    buf_printf(text, "#!substdef \"!NODE_RUN!%s/run!g\"\n", render->state);
    if (render->kamailio_mpath)
        substitute(text, "MPATH", render->kamailio_mpath);
    else if (render->kamailio6)
        buf_printf(text, "#!substdef \"!NODE_MPATH!%s" TREE "!g\"\n", render->state);
    if (render->kamailio_mpath || render->kamailio6)
        buf_add_str(text, "#!define NODE_PRIVATE_MODULES\n");
}

static int write_node(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "# Written by `dialplane render`.\n");
    substitute(&text, "NAME", render->node->name);
    add_sockets(&text, render);
    add_database(&text, topology);
    add_paths(&text, render);
    substitute(&text, "RPC_TOKEN", render->secrets->value[SECRET_RPC_TOKEN]);
    substitute(&text, "NONCE_KEY", render->secrets->value[SECRET_NONCE_KEY]);
    substitute(&text, "MASK_KEY", render->secrets->value[SECRET_MASK_KEY]);
    substitute(&text, "CREDENTIAL_KEY", render->secrets->value[SECRET_CREDENTIAL_KEY]);
    substitute_number(&text, "WORKERS", topology->edge.workers);
    substitute_number(&text, "MAX_REQUESTS", topology->edge.max_requests);
    substitute_number(&text, "MAX_CALLS", topology->edge.max_calls);
    if (render->kamailio6 || render->tls_threads)
        buf_add_str(&text, "#!define TLS_THREADS\n");
    if (topology->edge.anchor_media == ANCHOR_MEDIA_ALWAYS)
        buf_add_str(&text, "#!define ANCHOR_ALWAYS\n");
    return render_put(render, "kamailio/node.cfg", 0600, &text, err);
}

int render_kamailio(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];
    struct buf text;
    int res;

    res = write_node(render, err);
    if (!res)
        res = render_tls(render, err);
    if (res)
        return res;
    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "# setid destination flags priority\n");
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (topology->nodes[i].roles & ROLE_MEDIA)
            buf_printf(&text, "1 sip:%s:%u 0 0\n", render_host(topology->nodes[i].inside, host),
                       topology->media.sip_port);
    return render_put(render, "kamailio/dispatcher.list", 0644, &text, err);
}
