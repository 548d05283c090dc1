/* FreeSWITCH: vars.xml, whose variables the static XML uses as $${dp_…}. */
#include "cluster/render.h"

/* Values need no XML escaping: render.h says why. */
static void set(struct buf *text, const char *name, const char *value)
{
    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_%s=%s\"/>\n", name, value);
}

static void set_number(struct buf *text, const char *name, unsigned int value)
{
    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_%s=%u\"/>\n", name, value);
}

static void set_url(struct buf *text, const char *name, const char *address, unsigned int port)
{
    char host[RENDER_HOST_SIZE];

    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_%s=http://%s:%u\"/>\n", name,
               render_host(address, host), port);
}

/* Calls come from, and legs towards users go to, an edge node's inside socket. */
static void set_edges(struct buf *text, const struct topology *topology)
{
    const char *separator = "";
    char host[RENDER_HOST_SIZE];

    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_edge_inside=%s:%u\"/>\n",
               render_host(topology_first(topology, ROLE_EDGE)->inside, host),
               topology->edge.inside_port);
    buf_add_str(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_edge_acl=");
    for (size_t i = 0; i < topology->nodes_count; i++) {
        const struct topology_node *node = &topology->nodes[i];

        if (!(node->roles & ROLE_EDGE))
            continue;
        buf_printf(text, "%s%s/%d", separator, node->inside, render_prefix(node->inside));
        separator = ",";
    }
    buf_add_str(text, "\"/>\n");
}

int render_freeswitch(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    const struct topology_node *node = render->node;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "<!-- Written by `dialplane render`. -->\n<include>\n");
    set(&text, "node", node->name);
    set(&text, "state", render->state);
    set(&text, "address", node->address);
    set(&text, "inside", node->inside);
    set_number(&text, "media_sip_port", topology->media.sip_port);
    set_number(&text, "rtp_first", topology->media.rtp_first);
    set_number(&text, "rtp_last", topology->media.rtp_last);
    set_edges(&text, topology);
    set_url(&text, "documents_url", topology_first(topology, ROLE_CONTROL)->inside,
            topology->control.documents_port);
    set_url(&text, "collector_url", node->inside, topology->collector.port);
    set(&text, "media_password", render->secrets->value[SECRET_MEDIA_PASSWORD]);
    set_number(&text, "event_port", topology->media.event_port);
    set(&text, "event_password", render->secrets->value[SECRET_EVENT_PASSWORD]);
    buf_add_str(&text, "</include>\n");
    return render_put(render, "freeswitch/vars.xml", 0600, &text, err);
}
