/*
 * Asterisk: etc/asterisk/asterisk.conf whole (it is read before there is a folder that an include
 * could be relative to), and one small file in etc/asterisk/node/ for each static file that
 * includes it.
 */
#include "cluster/render.h"

#include <limits.h>

#include "base/file.h"
#include "base/str.h"

static int put_asterisk_conf(const struct render *render, struct err *err)
{
    const char *state = render->state;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "; Written by `dialplane render`.\n"
               "[directories]\n"
               "astetcdir => %s/etc/asterisk\n"
               "astmoddir => %s/tree/asterisk/usr/lib/x86_64-linux-gnu/asterisk/modules\n"
               "astdatadir => %s/media/asterisk/data\n"
               "astvarlibdir => %s/media/asterisk\n"
               "astdbdir => %s/media/asterisk\n"
               "astkeydir => %s/media/asterisk\n"
               "astspooldir => %s/media/asterisk/spool\n"
               "astagidir => %s/media/asterisk/agi-bin\n"
               "astrundir => %s/run\n"
               "astlogdir => %s/log/asterisk\n",
               state, state, state, state, state, state, state, state, state, state);
    buf_printf(&text,
               "\n[options]\n"
               "systemname = %s\n"
               "documentation_language = en_US\n"
               "nocolor = yes\n",
               render->node->name);
    return render_put(render, "asterisk/asterisk.conf", 0644, &text, err);
}

static int put_globals(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char edge[RENDER_HOST_SIZE], control[RENDER_HOST_SIZE];
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "[globals]\n"
               "DP_NODE=%s\n"
               "DP_STATE=%s\n"
               "DP_EDGE_INSIDE=%s:%u\n"
               "DP_AGI=agi://%s:%u\n",
               render->node->name, render->state,
               render_host(topology_first(topology, ROLE_EDGE)->inside, edge),
               topology->edge.inside_port,
               render_host(topology_first(topology, ROLE_CONTROL)->inside, control),
               topology->control.agi_port);
    return render_put(render, "asterisk/node/globals.conf", 0644, &text, err);
}

static int put_pjsip(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "[inside]\n"
               "type=transport\n"
               "protocol=udp\n"
               "bind=%s:%u\n\n",
               render_host(render->node->inside, host), topology->media.sip_port);
    /* Adds to the template that the static file defines. */
    buf_printf(&text, "[edge](+)\nmedia_address=%s\n\n", render->node->address);
    buf_add_str(&text, "[edge]\ntype=identify\nendpoint=edge\n");
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (topology->nodes[i].roles & ROLE_EDGE)
            buf_printf(&text, "match=%s/%d\n", topology->nodes[i].inside,
                       render_prefix(topology->nodes[i].inside));
    return render_put(render, "asterisk/node/pjsip.conf", 0644, &text, err);
}

static int put_rtp(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text, "[general]\nrtpstart=%u\nrtpend=%u\n", render->topology->media.rtp_first,
               render->topology->media.rtp_last);
    return render_put(render, "asterisk/node/rtp.conf", 0644, &text, err);
}

static int put_extconfig(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text, "[settings]\nvoicemail => curl,http://%s:%u/ast/realtime/voicemail\n",
               render_host(topology_first(topology, ROLE_CONTROL)->inside, host),
               topology->control.documents_port);
    return render_put(render, "asterisk/node/extconfig.conf", 0644, &text, err);
}

static int put_manager(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "[general]\n"
               "enabled=yes\n"
               "bindaddr=%s\n"
               "port=%u\n\n"
               "[dialplane]\n"
               "secret=%s\n",
               render->node->inside, render->topology->media.event_port,
               render->secrets->value[SECRET_EVENT_PASSWORD]);
    return render_put(render, "asterisk/node/manager.conf", 0600, &text, err);
}

int render_asterisk(const struct render *render, struct err *err)
{
    char folder[PATH_MAX];
    int res;

    res = str_printf(folder, sizeof(folder), "%s/etc.next/asterisk/node", render->state);
    res = res ? err_sys(err, res, "%s", render->state) : file_make_dirs(folder, 0750, err);
    if (!res)
        res = put_asterisk_conf(render, err);
    if (!res)
        res = put_globals(render, err);
    if (!res)
        res = put_pjsip(render, err);
    if (!res)
        res = put_rtp(render, err);
    if (!res)
        res = put_extconfig(render, err);
    if (!res)
        res = put_manager(render, err);
    return res;
}
