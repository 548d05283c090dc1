/* dialplane cdr-writer: takes call records from Redis and inserts them into PostgreSQL. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/reconcile.h"
#include "cdr/writer.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

enum { STATEMENT_MS = 30000, INSTANCES = 64 };

/*
 * Takes the name NODE-N, which no other writer may have at the same time: N as given, or the first
 * that is free on this machine. The lock (of run/cdr-writer-N) ends with the process.
 */
static int take_name(const struct cmd_node *node, uint64_t instance, char out[STR_DOMAIN_MAX],
                     struct err *err)
{
    uint64_t last = instance ? instance : INSTANCES;
    char path[PATH_MAX];
    int res;

    for (uint64_t n = instance ? instance : 1; n <= last; n++) {
        int fd;

        res = str_printf(path, sizeof(path), "%s/run/cdr-writer-%" PRIu64, node->state, n);
        if (!res)
            res = str_printf(out, STR_DOMAIN_MAX, "%s-%" PRIu64, node->node->name, n);
        if (res)
            return err_sys(err, res, "name of the writer");
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return err_sys(err, -errno, "%s", path);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        close(fd);
    }
    return err_set(err, -EBUSY, "a writer named %s is running already", out);
}

static int run(const struct cmd_node *node, uint64_t instance, struct err *err)
{
    const struct topology *topology = node->topology;
    char consumer[STR_DOMAIN_MAX];
    struct writer_stats stats = {0};
    struct writer_options options = {
        .redis_host = topology_first(topology, ROLE_QUEUE)->inside,
        .redis_port = topology->queue.port,
        .redis_password = node->secrets.value[SECRET_REDIS_PASSWORD],
        .database = cmd_target(node, SECRET_DB_CDR, "dialplane cdr-writer", STATEMENT_MS),
        .consumer = consumer,
        .keep_months = topology->cdr.keep_months,
        .keep_raw_days = topology->cdr.keep_raw_days,
        .keep_audit_days = topology->audit.keep_days,
    };
    struct reconcile_options reconciling = {
        .database = options.database,
        .every_s = topology->cdr.reconcile_every,
        .grace_s = topology->cdr.reconcile_grace,
        .keep_days = topology->cdr.keep_note_days,
    };
    struct reconcile *reconcile = NULL;
    int res = take_name(node, instance, consumer, err);

    if (res)
        return res;
    reconciling.database.application = "dialplane cdr-writer reconciling";
    options.stop_fd = cmd_stop_fd();
    if (options.stop_fd < 0)
        return err_sys(err, options.stop_fd, "signals");
    log_info("writing call records to %s port %u as %s", options.database.host,
             options.database.port, consumer);
    res = reconcile_start(&reconcile, &reconciling, err);
    if (res)
        return res;
    res = writer_run(&options, &stats, err);
    reconcile_stop(reconcile);
    log_info("stopped: %" PRIu64 " entries in %" PRIu64 " batches; %" PRIu64
             " said nothing of a call, %" PRIu64 " dead",
             stats.taken, stats.batches, stats.legs, stats.dead);
    return res;
}

int cmd_cdr_writer(int argc, char **argv)
{
    const char *instance = NULL;
    const struct cmd_option options[] = {
        {"instance", "N", "this writer's number on its node (the first that is free)", &instance,
         NULL},
        {0},
    };
    struct cmd_args args;
    struct cmd_node node;
    struct err err = {""};
    uint64_t number = 0;
    int status, res;

    if (!cmd_parse(argc, argv, "Take call records from Redis and insert them into the database",
                   options, &args, &status))
        return status;
    if (instance && str_to_u64(instance, 1, INSTANCES, &number)) {
        fprintf(stderr, "dialplane cdr-writer: --instance takes a number, 1 to %d\n", INSTANCES);
        return CMD_USAGE;
    }
    log_init("dialplane-cdr-writer");
    /* The seed of jansson's tables: from the kernel. */
    json_object_seed(0);
    res = cmd_open(&node, &args, &err);
    if (res)
        return cmd_fail("cdr-writer", &err);
    res = run(&node, number, &err);
    cmd_close(&node);
    return res ? cmd_fail("cdr-writer", &err) : CMD_OK;
}
