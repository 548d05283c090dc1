/*
 * FreeSWITCH: vars.xml, whose variables the static XML uses as $${dp_…}, what that XML includes
 * from private/, and its certificates.
 */
#include "cluster/render.h"

#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "cluster/certificate.h"

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
static void set_edge(struct buf *text, const struct topology *topology)
{
    char host[RENDER_HOST_SIZE];

    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_edge_inside=%s:%u\"/>\n",
               render_host(topology_first(topology, ROLE_EDGE)->inside, host),
               topology->edge.inside_port);
    set_number(text, "edge_port", topology->edge.inside_port);
}

/* The inside addresses of the nodes that have the role, and of `self` unless it is NULL. */
static void set_acl(struct buf *text, const char *name, const struct topology *topology,
                    enum role role, const struct topology_node *self)
{
    const char *separator = "";

    buf_printf(text, "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_%s=", name);
    for (size_t i = 0; i < topology->nodes_count; i++) {
        const struct topology_node *node = &topology->nodes[i];

        if (node != self && !(node->roles & role))
            continue;
        buf_printf(text, "%s%s/%d", separator, node->inside, render_prefix(node->inside));
        separator = ",";
    }
    buf_add_str(text, "\"/>\n");
}

/* What mod_voicemail adds (the sender, the recipient) is in the mail as well. */
static void set_mailer(struct buf *text, const struct render *render)
{
    const char *state = render->state;

    if (render_has_mail(render->topology))
        buf_printf(text,
                   "  <X-PRE-PROCESS cmd=\"set\" data=\"dp_mailer=/bin/sh -c 'exec "
                   "%s/bin/dialplane mail -s %s'\"/>\n",
                   state, state);
    else
        set(text, "mailer", "/bin/true");
}

static int put_vars(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    const struct topology_node *node = render->node;
    char recordings[PATH_MAX];
    struct buf text;
    int res = render_recordings(render, recordings, err);

    if (res)
        return res;
    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "<!-- Written by `dialplane render`. -->\n<include>\n");
    set(&text, "node", node->name);
    set(&text, "state", render->state);
    set(&text, "recordings", recordings);
    set(&text, "address", node->address);
    set(&text, "inside", node->inside);
    set_number(&text, "media_sip_port", topology->media.sip_port);
    set_number(&text, "event_port", topology->media.event_port);
    set_number(&text, "rtp_first", topology->media.rtp_first);
    /* Even numbers only; FreeSWITCH would warn, and round it itself. */
    set_number(&text, "rtp_last", topology->media.rtp_last & ~1U);
    set(&text, "dialplan", topology->media.dialplan == DIALPLAN_DYNAMIC ? "dynamic" : "static");
    set_edge(&text, topology);
    set_acl(&text, "edge_acl", topology, ROLE_EDGE, NULL);
    set_acl(&text, "control_acl", topology, ROLE_CONTROL, node);
    set_url(&text, "documents_url", topology_first(topology, ROLE_CONTROL)->inside,
            topology->control.documents_port);
    set_mailer(&text, render);
    set(&text, "mail_from", render_has_mail(topology) ? topology->mail.from : "nobody@localhost");
    set_url(&text, "collector_url", node->inside, topology->collector.port);
    buf_add_str(&text, "</include>\n");
    return render_put(render, "freeswitch/vars.xml", 0644, &text, err);
}

/*
 * Parameters with a password, one file for each static file that includes it. They are no
 * variables: FreeSWITCH expands ${…} in what phones send, and any variable can be named there.
 */
static int put_private(const struct render *render, struct err *err)
{
    const struct {
        const char *file, *name, *user;
        enum secret secret;
    } params[] = {
        {"event_socket", "password", "", SECRET_EVENT_PASSWORD},
        {"json_cdr", "cred", "media:", SECRET_MEDIA_PASSWORD},
        {"xml_curl", "gateway-credentials", "media:", SECRET_MEDIA_PASSWORD},
    };
    char name[64];
    struct buf text;
    int res = 0;

    for (size_t i = 0; !res && i < DP_COUNT(params); i++) {
        snprintf(name, sizeof(name), "freeswitch/private/%s.xml", params[i].file);
        buf_init(&text, RENDER_FILE_MAX);
        buf_printf(&text, "<include>\n  <param name=\"%s\" value=\"%s%s\"/>\n</include>\n",
                   params[i].name, params[i].user, render->secrets->value[params[i].secret]);
        res = render_put(render, name, 0600, &text, err);
    }
    return res;
}

/*
 * Without them FreeSWITCH makes its own at its first start, with RSA keys of 4096 bits: up to half
 * a minute of a processor. Nothing uses them while the edge talks DTLS to browsers.
 */
static int make_certificates(const struct render *render, struct err *err)
{
    static const char *const names[] = {"dtls-srtp.pem", "wss.pem"};
    char path[PATH_MAX];
    int res = 0;

    for (size_t i = 0; i < DP_COUNT(names) && !res; i++) {
        res =
            str_printf(path, sizeof(path), "%s/media/freeswitch/certs/%s", render->state, names[i]);
        res = res ? err_sys(err, res, "%s", render->state)
                  : certificate_make(path, render->node->inside, err);
    }
    return res;
}

int render_freeswitch(const struct render *render, struct err *err)
{
    char folder[PATH_MAX];
    int res;

    res = str_printf(folder, sizeof(folder), "%s/etc.next/freeswitch/private", render->state);
    res = res ? err_sys(err, res, "%s", render->state) : file_make_dirs(folder, 0750, err);
    if (!res)
        res = put_vars(render, err);
    if (!res)
        res = put_private(render, err);
    if (!res)
        res = make_certificates(render, err);
    return res ? res : render_timezones(render, err);
}
