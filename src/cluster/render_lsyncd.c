/* lsyncd: what its static file takes from node.lua. Without a peer it does not run. */
#include "cluster/render.h"

int render_lsyncd(const struct render *render, struct err *err)
{
    const char *state = render->state;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "dialplane = {\n"
               "    source = \"%s/store/recordings/\",\n"
               "    target = \"%s\",\n"
               "    status = \"%s/run/lsyncd.status\",\n"
               "}\n",
               state, render->topology->recordings.peer, state);
    return render_put(render, "lsyncd/node.lua", 0644, &text, err);
}
