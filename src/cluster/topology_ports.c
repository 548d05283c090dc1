/* What listens where, and that nothing is in the way of another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cluster/topology_private.h"

/* What a daemon of a role listens on: a setting, or two that are the ends of a range. */
struct listener {
    enum role role;
    bool inside; /* else on the node's outer address */
    const char *first, *last;
};

static const struct listener listeners[] = {
    {ROLE_EDGE, false, "edge.sip_port", NULL},
    {ROLE_EDGE, false, "edge.tls_port", NULL},
    {ROLE_EDGE, true, "edge.inside_port", NULL},
    {ROLE_EDGE, true, "edge.rpc_port", NULL},
    {ROLE_EDGE, true, "edge.rtpengine_port", NULL},
    {ROLE_EDGE, false, "edge.rtp_first", "edge.rtp_last"},
    {ROLE_EDGE, false, "edge.turn_port", NULL},
    {ROLE_EDGE, false, "edge.turn_first", "edge.turn_last"},
    {ROLE_MEDIA, true, "media.sip_port", NULL},
    {ROLE_MEDIA, true, "media.event_port", NULL},
    {ROLE_MEDIA, false, "media.rtp_first", "media.rtp_last"},
    {ROLE_CONTROL, true, "control.documents_port", NULL},
    {ROLE_CONTROL, true, "control.agi_port", NULL},
    {ROLE_CONTROL, true, "control.api_port", NULL},
    {ROLE_EDGE | ROLE_MEDIA, true, "collector.port", NULL},
    {ROLE_QUEUE, true, "queue.port", NULL},
    {ROLE_DB, true, "db.port", NULL},
};

/* One listener on one node. */
struct claim {
    const struct topology_node *node;
    const struct listener *listener;
    const char *address;
    unsigned int first, last;
};

static struct claim claim_of(const struct topology *topology, const struct topology_node *node,
                             const struct listener *listener)
{
    const char *last = listener->last ? listener->last : listener->first;

    return (struct claim){
        .node = node,
        .listener = listener,
        .address = listener->inside ? node->inside : node->address,
        .first = topology_value(topology, listener->first),
        .last = topology_value(topology, last),
    };
}

static int compare_claims(const struct claim *a, const struct claim *b, const struct places *places,
                          struct err *err)
{
    if (strcmp(a->address, b->address) != 0 || a->last < b->first || b->last < a->first)
        return 0;
    return topology_wrong(places, err, b->listener->first,
                          "%s of node %s and %s of node %s share port %u of %s", a->listener->first,
                          a->node->name, b->listener->first, b->node->name,
                          a->first > b->first ? a->first : b->first, a->address);
}

static bool is_used(const struct topology *topology, const struct topology_node *node,
                    const struct listener *listener)
{
    return (node->roles & listener->role) &&
           (topology->edge.turn || !str_starts_with(listener->first, "edge.turn_"));
}

/*
 * Every pair of listeners: a few hundred comparisons for nine nodes. UDP and TCP are not told
 * apart, since a port that means two things on one address confuses firewalls and people.
 */
int topology_check_ports(const struct topology *topology, const struct places *places,
                         struct err *err)
{
    struct claim *claims;
    size_t count = 0;
    int res = 0;

    claims = calloc(topology->nodes_count * DP_COUNT(listeners), sizeof(*claims));
    if (!claims)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < topology->nodes_count; i++)
        for (size_t j = 0; j < DP_COUNT(listeners); j++)
            if (is_used(topology, &topology->nodes[i], &listeners[j]))
                claims[count++] = claim_of(topology, &topology->nodes[i], &listeners[j]);
    for (size_t i = 0; !res && i < count; i++)
        for (size_t j = 0; !res && j < i; j++)
            res = compare_claims(&claims[j], &claims[i], places, err);
    free(claims);
    return res;
}
