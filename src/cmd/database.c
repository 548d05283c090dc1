#include "cmd/common.h"

struct pg_target cmd_target(const struct cmd_node *node, enum secret role, const char *application,
                            unsigned int statement_timeout_ms)
{
    const struct topology *topology = node->topology;

    return (struct pg_target){
        .host = topology_first(topology, ROLE_DB)->inside,
        .port = topology->db.port,
        .database = topology->db.name,
        .role = secret_role(role),
        .application = application,
        .statement_timeout_ms = statement_timeout_ms,
    };
}
