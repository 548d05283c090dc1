/*
 * dialplane collector: takes the call records of this node's media server and edge, puts them on
 * disk, and hands them to Redis.
 *
 *     FreeSWITCH --POST, or a file in cdr/freeswitch-errors--+
 *     Asterisk ---line in cdr/asterisk.csv-------------------+--> spool --sender's thread--> Redis
 *     Kamailio ---line in cdr/edge.jsonl---------------------+
 *
 * They stay on disk until the writer says that PostgreSQL has them.
 *
 * It also sends the mail that `dialplane mail` has put into the folder "mail".
 */
#include "cmd/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/verbs.h"
#include "mail/queue.h"

enum {
    SEGMENT_BYTES = 16 * 1024 * 1024,
    SEGMENTS = 16, /* at least, of a spool with a low limit: a segment goes as a whole */
    ROTATE_BYTES = 16 * 1024 * 1024,
    LOOK_MS = 1000, /* at how full the spool is */
    QUERY_MS = 10000,
};

static int in_state(const struct collector *collector, const char *name, char out[PATH_MAX],
                    struct err *err)
{
    int res = str_printf(out, PATH_MAX, "%s/%s", collector->node.state, name);

    return res ? err_sys(err, res, "%s/%s", collector->node.state, name) : 0;
}

static int open_spool(struct collector *collector, struct err *err)
{
    const uint64_t size_max = (uint64_t)collector->node.topology->collector.spool_mib << 20;
    char folder[PATH_MAX];
    const struct spool_options options = {
        .folder = folder,
        .size_max = size_max,
        .free_min = (uint64_t)collector->node.topology->collector.reserve_mib << 20,
        .segment_bytes = size_max / SEGMENTS < SEGMENT_BYTES ? size_max / SEGMENTS : SEGMENT_BYTES,
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

/* Takes recordings of STATE/run/recordings, or where the deployment says, to STATE/store. */
static int start_keeper(struct collector *collector, struct err *err)
{
    const struct cmd_node *node = &collector->node;
    const struct topology *topology = node->topology;
    const struct keeper_options options = {
        .live = collector->live,
        .started = collector->started,
        .take = {collector->store, node->node->name, &collector->intake},
        .policies =
            {
                .database = cmd_target(node, SECRET_DB_CDR, "dialplane collector", QUERY_MS),
                .folder = collector->policies,
                .secret = node->secrets.value[SECRET_RECORDING_KEY],
            },
    };
    const char *live = topology->recordings.folder;
    int res;

    if (!(node->node->roles & ROLE_MEDIA))
        return 0;
    res = *live ? str_copy(collector->live, sizeof(collector->live), live)
                : in_state(collector, "run/recordings", collector->live, err);
    if (!res)
        res = in_state(collector, "run/asterisk.ctl", collector->started, err);
    if (!res)
        res = in_state(collector, "store", collector->store, err);
    if (!res)
        res = in_state(collector, "spool/recordings", collector->policies, err);
    return res ? res : keeper_start(&collector->keeper, &options, err);
}

static int start_courier(struct collector *collector, struct err *err)
{
    char folder[PATH_MAX], failed[PATH_MAX], config[PATH_MAX];
    const struct courier_options options = {
        .folder = folder,
        .program = "/usr/bin/msmtp",
        .config = config,
    };
    int res;

    if (!*collector->node.topology->mail.host)
        return 0;
    res = in_state(collector, "mail", folder, err);
    if (!res)
        res = in_state(collector, "mail/" MAIL_FAILED, failed, err);
    if (!res)
        res = file_make_dirs(failed, 0750, err);
    if (!res)
        res = in_state(collector, "etc/mail/msmtprc", config, err);
    return res ? res : courier_start(&collector->courier, &options, err);
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
    if (!res)
        res = start_keeper(collector, err);
    if (!res)
        res = start_courier(collector, err);
    if (!res)
        res = collector_take_posts(collector, err);
    return res ? res : collector_listen(collector, err);
}

/* First those who put records into the spool. */
static void stop(struct collector *collector)
{
    http_server_stop(collector->http);
    intake_queue_stop(collector->posted);
    keeper_stop(collector->keeper);
    courier_stop(collector->courier);
    replay_stop(collector->replay);
    follow_stop(collector->asterisk);
    follow_stop(collector->edge);
    sender_stop(collector->sender);
    spool_close(collector->spool);
}

/* The level, which goes down only with some room to spare: not up and down at its edge. */
static enum spool_level steady_level(struct spool_stats stats, enum spool_level told)
{
    enum spool_level level = spool_level(&stats);

    if (level >= told)
        return level;
    stats.bytes += stats.size_max / 20;
    stats.free -= stats.free < stats.free_min / 4 ? stats.free : stats.free_min / 4;
    level = spool_level(&stats);
    return level < told ? level : told;
}

/* Says how full it is: once per change, and long before anything is refused. */
static void look_at_spool(struct collector *collector)
{
    enum spool_level level, told = (enum spool_level)atomic_load(&collector->level);
    struct spool_stats stats;
    unsigned int percent;

    spool_stats(collector->spool, &stats);
    level = steady_level(stats, told);
    if (level == told)
        return;
    atomic_store(&collector->level, level);
    percent = (unsigned int)(stats.bytes * 100 / stats.size_max);
    if (level == SPOOL_EASY)
        log_info("the spool has room again: %u %% of its limit used, %" PRIu64 " MiB of disk free",
                 percent, stats.free >> 20);
    else
        log_warning("the spool is %s: %u %% of its limit used, %" PRIu64 " MiB of disk free",
                    level == SPOOL_FULL ? "full" : "filling up", percent, stats.free >> 20);
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
        while (!cmd_stopping()) {
            look_at_spool(collector);
            poll(&until, 1, LOOK_MS);
        }
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
