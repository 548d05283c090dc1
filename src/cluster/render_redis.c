/* Redis: node.conf, included by redis.conf, whose folder is the program's working directory. */
#include "cluster/render.h"

int render_redis(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "# Written by `dialplane render`.\n"
               "bind %s\n"
               "port %u\n"
               "requirepass %s\n"
               "dir %s/redis\n",
               render->node->inside, render->topology->queue.port,
               render->secrets->value[SECRET_REDIS_PASSWORD], render->state);
    return render_put(render, "redis/node.conf", 0600, &text, err);
}
