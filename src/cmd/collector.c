/*
 * dialplane collector: takes the call records of this node's media server and edge, puts them on
 * disk, and hands them to Redis.
 *
 *     FreeSWITCH --POST, or a file in cdr/freeswitch-errors--+
 *     Asterisk ---line in cdr/asterisk.csv-------------------+--> spool --sender's thread--> Redis
 *     Kamailio ---line in cdr/edge.jsonl---------------------+
 */
#include "cmd/collector.h"

#include <errno.h>
#include <poll.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/verbs.h"

#define SPOOL_BYTES ((uint64_t)4 * 1024 * 1024 * 1024) /* days of calls while Redis is away */

/* Kept free on the disk for the daemons that share it; calls go on when the spool takes no more. */
#define FREE_BYTES ((uint64_t)256 * 1024 * 1024)

enum { SEGMENT_BYTES = 16 * 1024 * 1024, ROTATE_BYTES = 16 * 1024 * 1024 };

static int in_state(const struct collector *collector, const char *name, char out[PATH_MAX],
                    struct err *err)
{
    int res = str_printf(out, PATH_MAX, "%s/%s", collector->node.state, name);

    return res ? err_sys(err, res, "%s/%s", collector->node.state, name) : 0;
}

static int open_spool(struct collector *collector, struct err *err)
{
    char folder[PATH_MAX];
    const struct spool_options options = {
        .folder = folder,
        .size_max = SPOOL_BYTES,
        .free_min = FREE_BYTES,
        .segment_bytes = SEGMENT_BYTES,
        .record_max = INTAKE_RECORD_MAX,
    };
    int res = in_state(collector, "spool", folder, err);

    if (!res)
        res = spool_open(&collector->spool, &options, err);
    collector->intake.spool = collector->spool;
    collector->intake.node = collector->node.node->name;
    return res;
}

static int start_sender(struct collector *collector, struct err *err)
{
    const struct topology *topology = collector->node.topology;
    const struct sender_options options = {
        .spool = collector->spool,
        .host = topology_first(topology, ROLE_QUEUE)->inside,
        .port = topology->queue.port,
        .password = collector->node.secrets.value[SECRET_REDIS_PASSWORD],
    };

    return sender_start(&collector->sender, &options, err);
}

/* Follows STATE/cdr/NAME, with its checkpoint STATE/spool/NAME.mark. */
static int start_follow(struct collector *collector, struct follow **out, const char *name,
                        enum intake_source source, struct err *err)
{
    char path[PATH_MAX], mark[PATH_MAX];
    const struct follow_options options = {
        .path = path,
        .checkpoint = mark,
        .rotate_bytes = ROTATE_BYTES,
        .source = source,
        .intake = &collector->intake,
    };
    int res = str_printf(path, sizeof(path), "%s/cdr/%s", collector->node.state, name);

    if (!res)
        res = str_printf(mark, sizeof(mark), "%s/spool/%s.mark", collector->node.state, name);
    return res ? err_sys(err, res, "cdr/%s", name) : follow_start(out, &options, err);
}

/* Everybody who may write, whatever the roles of the node: a file that never comes costs nothing,
 * and one that a former role has left is not forgotten. */
static int start(struct collector *collector, struct err *err)
{
    int res = open_spool(collector, err);

    if (!res)
        res = start_sender(collector, err);
    if (!res)
        res = start_follow(collector, &collector->edge, "edge.jsonl", INTAKE_EDGE, err);
    if (!res)
        res = start_follow(collector, &collector->asterisk, "asterisk.csv", INTAKE_ASTERISK, err);
    if (!res)
        res = in_state(collector, "cdr/freeswitch-errors", collector->errors, err);
    if (!res)
        res = replay_start(&collector->replay, collector->errors, &collector->intake, err);
    return res ? res : collector_listen(collector, err);
}

/* First those who put records into the spool. */
static void stop(struct collector *collector)
{
    http_server_stop(collector->http);
    replay_stop(collector->replay);
    follow_stop(collector->asterisk);
    follow_stop(collector->edge);
    sender_stop(collector->sender);
    spool_close(collector->spool);
}

static int run(struct collector *collector, struct err *err)
{
    struct pollfd until = {.events = POLLIN};
    int res;

    until.fd = cmd_stop_fd();
    if (until.fd < 0)
        return err_sys(err, until.fd, "signals");
    res = start(collector, err);
    if (!res) {
        log_info("collecting call records on %s port %u", collector->node.node->inside,
                 http_server_port(collector->http));
        while (!cmd_stopping())
            poll(&until, 1, -1);
        log_info("stopping");
    }
    stop(collector);
    return res;
}

int cmd_collector(int argc, char **argv)
{
    /* Zeroed counters, and not on the stack: threads use it. */
    static struct collector collector;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Take call records, put them on disk, hand them to Redis", NULL,
                   &args, &status))
        return status;
    log_init("dialplane-collector");
    res = cmd_open(&collector.node, &args, &err);
    if (res)
        return cmd_fail("collector", &err);
    res = run(&collector, &err);
    cmd_close(&collector.node);
    return res ? cmd_fail("collector", &err) : CMD_OK;
}
