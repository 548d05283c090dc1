/* rtpengine: its configuration has no include, so the short file is written whole. */
#include "cluster/render.h"

int render_rtpengine(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    char host[RENDER_HOST_SIZE];
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "# Written by `dialplane render`.\n"
               "[rtpengine]\n"
               "# In userspace: the kernel module is an addition, not a need.\n"
               "table = -1\n"
               "interface = %s\n"
               "listen-ng = %s:%u\n"
               "port-min = %u\n"
               "port-max = %u\n",
               render->node->address, render_host(render->node->inside, host),
               topology->edge.rtpengine_port, topology->edge.rtp_first, topology->edge.rtp_last);
    buf_add_str(&text, "foreground = true\n"
                       "log-stderr = true\n"
                       "log-level = 5\n"
                       "# DSCP EF (RFC 4594, 4.1).\n"
                       "tos = 184\n"
                       "# Seconds without RTP after which a call's ports are given back: the BYE\n"
                       "# was lost. Held and muted calls are silent for longer.\n"
                       "timeout = 60\n"
                       "silent-timeout = 3600\n"
                       "offer-timeout = 3600\n"
                       "delete-delay = 0\n");
    return render_put(render, "rtpengine/rtpengine.conf", 0644, &text, err);
}
