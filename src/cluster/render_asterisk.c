/*
 * Asterisk: etc/asterisk/asterisk.conf whole (it is read before there is a folder that an include
 * could be relative to), and one small file in etc/asterisk/node/ for each static file that
 * includes it.
 */
#include "cluster/render.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

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
               "astmoddir => %s/tree/asterisk/lib/asterisk/modules\n"
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
    char control[RENDER_HOST_SIZE], recordings[PATH_MAX];
    struct buf text;
    int res = render_recordings(render, recordings, err);

    if (res)
        return res;
    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "[globals]\nDP_NODE=%s\nDP_AGI=agi://%s:%u\nDP_RECORDINGS=%s\nDP_RECORDS=%s/cdr/"
               "asterisk.csv\n",
               render->node->name,
               render_host(topology_first(topology, ROLE_CONTROL)->inside, control),
               topology->control.agi_port, recordings, render->state);
    if (render_has_mail(topology))
        buf_printf(&text, "DP_MAIL=%s/bin/dialplane mail -s %s\n", render->state, render->state);
    return render_put(render, "asterisk/node/globals.conf", 0644, &text, err);
}

/* Nobody but an edge node's inside socket is known: address and port. */
static void add_edges(struct buf *text, const struct topology *topology)
{
    char host[RENDER_HOST_SIZE];

    buf_add_str(text, "[edge-nodes]\ntype=identify\nendpoint=edge\n");
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (topology->nodes[i].roles & ROLE_EDGE)
            buf_printf(text, "match=%s:%u\n", render_host(topology->nodes[i].inside, host),
                       topology->edge.inside_port);
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
    /* hide: the edge gets the request, but no Route header that names it. */
    buf_printf(&text,
               "[edge](edge-endpoint)\n"
               "media_address=%s\n"
               "outbound_proxy=sip:%s:%u\\;lr\\;hide\n\n",
               render->node->address,
               render_host(topology_first(topology, ROLE_EDGE)->inside, host),
               topology->edge.inside_port);
    add_edges(&text, topology);
    return render_put(render, "asterisk/node/pjsip.conf", 0644, &text, err);
}

static int put_rtp(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text, "rtpstart=%u\nrtpend=%u\n", render->topology->media.rtp_first,
               render->topology->media.rtp_last);
    return render_put(render, "asterisk/node/rtp.conf", 0644, &text, err);
}

static int put_extconfig(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];
    static const char *const families[] = {"voicemail", "queues", "queue_members", "musiconhold",
                                           "musiconhold_entry"};
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "[settings]\n");
    for (size_t i = 0; i < DP_COUNT(families); i++)
        buf_printf(&text, "%s => curl,http://%s:%u/ast/realtime/%s\n", families[i],
                   render_host(topology_first(topology, ROLE_CONTROL)->inside, host),
                   topology->control.documents_port, families[i]);
    return render_put(render, "asterisk/node/extconfig.conf", 0644, &text, err);
}

static int put_curl(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text, "userpwd=media:%s\n", render->secrets->value[SECRET_MEDIA_PASSWORD]);
    return render_put(render, "asterisk/node/res_curl.conf", 0600, &text, err);
}

static int put_records(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text, "[%s/cdr/asterisk.csv](call)\n", render->state);
    return render_put(render, "asterisk/node/cdr_custom.conf", 0644, &text, err);
}

static int put_manager(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "[general](general-common)\n"
               "enabled=yes\n"
               "bindaddr=%s\n"
               "port=%u\n\n"
               "[dialplane](dialplane-common)\n"
               "secret=%s\n",
               render->node->inside, topology->media.event_port,
               render->secrets->value[SECRET_EVENT_PASSWORD]);
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (&topology->nodes[i] == render->node || topology->nodes[i].roles & ROLE_CONTROL)
            buf_printf(&text, "permit=%s/%d\n", topology->nodes[i].inside,
                       render_prefix(topology->nodes[i].inside));
    return render_put(render, "asterisk/node/manager.conf", 0600, &text, err);
}

/*
 * Asterisk's data folder: prompts shared with FreeSWITCH, documentation (without which it refuses
 * options) and music from its tree. The tree's own link to its prompts is absolute.
 */
static int link_data(const struct render *render, struct err *err)
{
    static const char *const links[][2] = {
        {"sounds/en", "../../../../sounds/en"},
        {"documentation", "../../../tree/asterisk/usr/share/asterisk/documentation"},
        {"moh", "../../../tree/asterisk/usr/share/asterisk/moh"},
    };
    char path[PATH_MAX];
    int res;

    res = str_printf(path, sizeof(path), "%s/media/asterisk/data/sounds", render->state);
    res = res ? err_sys(err, res, "%s", render->state) : file_make_dirs(path, 0750, err);
    for (size_t i = 0; !res && i < DP_COUNT(links); i++) {
        res =
            str_printf(path, sizeof(path), "%s/media/asterisk/data/%s", render->state, links[i][0]);
        if (!res && symlink(links[i][1], path) && errno != EEXIST)
            res = -errno;
        if (res)
            err_sys(err, res, "%s", path);
    }
    return res;
}

int render_asterisk(const struct render *render, struct err *err)
{
    static int (*const steps[])(const struct render *render, struct err *err) = {
        put_asterisk_conf, put_globals, put_pjsip,   put_rtp,   put_extconfig,
        put_curl,          put_records, put_manager, link_data,
    };
    char folder[PATH_MAX];
    int res;

    res = str_printf(folder, sizeof(folder), "%s/etc.next/asterisk/node", render->state);
    res = res ? err_sys(err, res, "%s", render->state) : file_make_dirs(folder, 0750, err);
    for (size_t i = 0; !res && i < DP_COUNT(steps); i++)
        res = steps[i](render, err);
    return res;
}
