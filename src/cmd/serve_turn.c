/* Where browsers find a relay: on each edge node, over UDP and over TCP. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/render.h"
#include "cmd/serve.h"

int serve_turn_find(struct serve *serve, struct err *err)
{
    static const char *const transports[] = {"udp", "tcp"};
    const struct topology *topology = serve->node.topology;
    size_t most = topology->nodes_count * DP_COUNT(transports);
    char host[RENDER_HOST_SIZE];

    if (!topology->edge.turn)
        return 0;
    serve->turn_urls = calloc(most, sizeof(*serve->turn_urls));
    for (size_t i = 0; serve->turn_urls && i < most; i++) {
        const struct topology_node *node = &topology->nodes[i / DP_COUNT(transports)];
        char *url;

        if (!(node->roles & ROLE_EDGE))
            continue;
        if (asprintf(&url, "turn:%s:%u?transport=%s", render_host(node->address, host),
                     topology->edge.turn_port, transports[i % DP_COUNT(transports)]) < 0)
            return err_set(err, -ENOMEM, "out of memory");
        serve->turn_urls[serve->turn_url_count++] = url;
    }
    return serve->turn_urls ? 0 : err_set(err, -ENOMEM, "out of memory");
}

void serve_turn_clear(struct serve *serve)
{
    for (size_t i = 0; i < serve->turn_url_count; i++)
        free(serve->turn_urls[i]);
    free(serve->turn_urls);
}
