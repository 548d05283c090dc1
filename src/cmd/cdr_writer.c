/* dialplane cdr-writer: takes call records from Redis and inserts them into PostgreSQL. */
#include <inttypes.h>
#include <jansson.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/writer.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

enum { STATEMENT_MS = 30000 };

static int run(const struct cmd_node *node, struct err *err)
{
    const struct topology *topology = node->topology;
    char consumer[STR_DOMAIN_MAX];
    struct writer_stats stats = {0};
    struct writer_options options = {
        .redis_host = topology_first(topology, ROLE_QUEUE)->inside,
        .redis_port = topology->queue.port,
        .redis_password = node->secrets.value[SECRET_REDIS_PASSWORD],
        .database =
            {
                .host = topology_first(topology, ROLE_DB)->inside,
                .port = topology->db.port,
                .database = topology->db.name,
                .role = secret_role(SECRET_DB_CDR),
                .application = "dialplane cdr-writer",
                .statement_timeout_ms = STATEMENT_MS,
            },
        .consumer = consumer,
    };
    int res = str_printf(consumer, sizeof(consumer), "%s-1", node->node->name);

    if (res)
        return err_sys(err, res, "name of the writer");
    options.stop_fd = cmd_stop_fd();
    if (options.stop_fd < 0)
        return err_sys(err, options.stop_fd, "signals");
    log_info("writing call records to %s port %u", options.database.host, options.database.port);
    res = writer_run(&options, &stats, err);
    log_info("stopped: %" PRIu64 " entries in %" PRIu64 " batches; %" PRIu64
             " legs that are no calls, %" PRIu64 " dead",
             stats.taken, stats.batches, stats.legs, stats.dead);
    return res;
}

int cmd_cdr_writer(int argc, char **argv)
{
    struct cmd_args args;
    struct cmd_node node;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Take call records from Redis and insert them into the database",
                   NULL, &args, &status))
        return status;
    log_init("dialplane-cdr-writer");
    /* The seed of jansson's tables: from the kernel. */
    json_object_seed(0);
    res = cmd_open(&node, &args, &err);
    if (res)
        return cmd_fail("cdr-writer", &err);
    res = run(&node, &err);
    cmd_close(&node);
    return res ? cmd_fail("cdr-writer", &err) : CMD_OK;
}
