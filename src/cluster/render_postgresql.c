/* PostgreSQL: node.conf, included by postgresql.conf, and pg_hba.conf, which has no include. */
#include "cluster/render.h"

static int put_node(const struct render *render, struct err *err)
{
    const char *state = render->state;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_printf(&text,
               "# Written by `dialplane render`.\n"
               "data_directory = '%s/db'\n"
               "hba_file = '%s/etc/postgresql/pg_hba.conf'\n"
               "ident_file = '%s/etc/postgresql/pg_ident.conf'\n"
               "unix_socket_directories = '%s/run'\n"
               "unix_socket_permissions = 0700\n"
               "listen_addresses = '%s'\n"
               "port = %u\n"
               "cluster_name = 'dialplane-%s'\n",
               state, state, state, state, render->node->inside, render->topology->db.port,
               render->node->name);
    return render_put(render, "postgresql/node.conf", 0644, &text, err);
}

/* The nodes of the deployment, each by its own address, and nobody without a password. */
static int put_hba(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "# Written by `dialplane render`.\n"
                       "# type database user address method\n"
                       "local all all scram-sha-256\n");
    for (size_t i = 0; i < topology->nodes_count; i++)
        buf_printf(&text, "host all all %s/%d scram-sha-256\n", topology->nodes[i].inside,
                   render_prefix(topology->nodes[i].inside));
    return render_put(render, "postgresql/pg_hba.conf", 0644, &text, err);
}

int render_postgresql(const struct render *render, struct err *err)
{
    int res = put_node(render, err);

    return res ? res : put_hba(render, err);
}
