/* The HTTP side of the collector: what FreeSWITCH posts, and how it is doing. */
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/collector.h"
#include "mail/queue.h"

enum {
    /* Nobody waits in them; they read and pack. */
    THREADS = 2,
    CONNECTIONS = 1024,
    TIMEOUT_S = 30,
    REPLY_MAX = 64 * 1024,
};

/* Says when records begin to be refused, and when that is over: once each. */
static void tell(struct collector *collector, int res, const struct err *err)
{
    if (atomic_exchange(&collector->refusing, res != 0) == (res != 0))
        return;
    if (res)
        log_error("FreeSWITCH has to keep its call records: %s", err->text);
    else
        log_info("call records of FreeSWITCH are taken again");
}

static void answer(int res, struct http_response *response)
{
    if (res == -ENOSPC)
        http_problem(response, 507, NULL, "the spool is full");
    else if (res)
        http_problem(response, 500, NULL, "the spool does not write");
}

/* A record is on disk, or not: its handler goes on. */
static void is_written(void *arg, void *request, int res, const struct err *err)
{
    tell(arg, res, err);
    http_set_result(request, res);
    http_resume(request);
}

int collector_take_posts(struct collector *collector, struct err *err)
{
    return intake_queue_start(&collector->posted, &collector->intake, is_written, collector, err);
}

/* mod_json_cdr. 200 means: on disk. After anything else FreeSWITCH writes the record to a file. */
static void post_cdr(void *arg, const struct http_request *request, struct http_response *response)
{
    struct collector *collector = arg;
    struct http_request *waiting;
    struct intake_body body;
    struct err err;
    int res;

    if (http_is_resumed(request)) {
        answer(http_result(request), response);
        return;
    }
    body.data = http_body(request, &body.len);
    if (!intake_is_object(body.data, body.len)) {
        atomic_fetch_add(&collector->intake.rejected[INTAKE_FREESWITCH], 1);
        http_problem(response, 400, NULL, "the body is not a JSON object");
        return;
    }
    waiting = http_suspend(request);
    if (waiting) {
        res = intake_queue_add(collector->posted, INTAKE_FREESWITCH, &body, waiting, &err);
        if (res)
            is_written(collector, waiting, res, &err);
        return;
    }
    /* The server is being stopped: nobody comes back to the request. */
    res = intake_add(&collector->intake, INTAKE_FREESWITCH, &body, 1, &err);
    tell(collector, res, &err);
    answer(res, response);
}

static void get_health(void *arg, const struct http_request *request,
                       struct http_response *response)
{
    struct collector *collector = arg;
    struct spool_stats spool;
    struct sender_stats sender;

    (void)request;
    spool_stats(collector->spool, &spool);
    sender_stats(collector->sender, &sender);
    response->content_type = "application/json";
    buf_printf(&response->body,
               "{\"status\":\"ok\",\"redis\":%s,\"spool\":\"%s\",\"spool_bytes\":%" PRIu64
               ",\"spool_limit_bytes\":%" PRIu64 ",\"disk_free_bytes\":%" PRIu64
               ",\"disk_reserve_bytes\":%" PRIu64 ",\"unsent_bytes\":%" PRIu64
               ",\"unconfirmed_bytes\":%" PRIu64 "}\n",
               sender.connected ? "true" : "false",
               spool_level_name((enum spool_level)atomic_load(&collector->level)), spool.bytes,
               spool.size_max, spool.free, spool.free_min, spool.unread + sender.waiting_bytes,
               spool.unconfirmed);
}

/* One sample with its description, in the text format of Prometheus. */
static void put_metric(struct buf *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    buf_printf(out, "# HELP dialplane_collector_%s %s\n# TYPE dialplane_collector_%s %s\n", name,
               help, name, type);
    buf_printf(out, "dialplane_collector_%s %" PRIu64 "\n", name, value);
}

/* One counter with a sample per source. */
static void put_sources(struct buf *out, const char *name, const char *help,
                        const atomic_uint_fast64_t counters[INTAKE_SOURCES])
{
    buf_printf(out, "# HELP dialplane_collector_%s %s\n# TYPE dialplane_collector_%s counter\n",
               name, help, name);
    for (int i = 0; i < INTAKE_SOURCES; i++)
        buf_printf(out, "dialplane_collector_%s{source=\"%s\"} %" PRIuFAST64 "\n", name,
                   intake_name((enum intake_source)i), atomic_load(&counters[i]));
}

static void put_recordings(const struct collector *collector, struct buf *out)
{
    struct keeper_stats stats;

    if (!collector->keeper)
        return;
    keeper_stats(collector->keeper, &stats);
    put_metric(out, "recordings_total", "counter", "Recordings put into the store.", stats.taken);
    put_metric(out, "recordings_empty_total", "counter", "Recordings without sound: removed.",
               stats.empty);
    put_metric(out, "recordings_failed_total", "counter", "Failed tries to store a recording.",
               stats.failed);
    put_metric(out, "recordings_waiting", "gauge", "Recordings that are not in the store yet.",
               stats.waiting);
    put_metric(out, "recordings_deleted_total", "counter", "Recordings that were old enough.",
               stats.deleted);
    put_metric(out, "recordings_adopted_total", "counter", "Files of the store without a row.",
               stats.adopted);
    put_metric(out, "recordings_missing", "gauge", "Rows whose file is not in the store.",
               stats.missing);
}

static void put_mail(const struct collector *collector, struct buf *out)
{
    char folder[PATH_MAX];
    struct mail_state state;

    if (str_printf(folder, sizeof(folder), "%s/mail", collector->node.state) ||
        mail_look(folder, &state))
        return;
    put_metric(out, "mail_waiting", "gauge", "Mails that no server has taken yet.", state.waiting);
    put_metric(out, "mail_failed", "gauge", "Mails that were given up.", state.failed);
}

static void get_metrics(void *arg, const struct http_request *request,
                        struct http_response *response)
{
    struct collector *collector = arg;
    struct intake *intake = &collector->intake;
    struct buf *out = &response->body;
    struct spool_stats spool;
    struct sender_stats sender;

    (void)request;
    spool_stats(collector->spool, &spool);
    sender_stats(collector->sender, &sender);
    response->content_type = "text/plain; version=0.0.4";
    put_sources(out, "accepted_total", "Call records put on disk.", intake->accepted);
    put_sources(out, "rejected_total", "What is no call record, or too long: its sender keeps it.",
                intake->rejected);
    put_sources(out, "refused_total", "Call records that the spool did not take.", intake->failed);
    put_metric(out, "spool_bytes", "gauge", "Bytes of the spool's files.", spool.bytes);
    put_metric(out, "spool_limit_bytes", "gauge", "Bytes that they may have.", spool.size_max);
    put_metric(out, "spool_level", "gauge",
               "How near the spool is to taking nothing more: 0 well, 1 half, 2 high, 3 full.",
               (uint64_t)atomic_load(&collector->level));
    put_metric(out, "disk_free_bytes", "gauge", "Bytes of the spool's disk.", spool.free);
    put_metric(out, "unsent_bytes", "gauge", "Bytes that Redis has not acknowledged.",
               spool.unread + sender.waiting_bytes);
    put_metric(out, "unconfirmed_bytes", "gauge", "Bytes that are not known to be in PostgreSQL.",
               spool.unconfirmed);
    put_metric(out, "unconfirmed", "gauge", "Call records sent and not known to be in PostgreSQL.",
               sender.window);
    put_metric(out, "spool_commits_total", "counter", "Flushes of the spool.", spool.commits);
    put_metric(out, "spool_damaged_bytes_total", "counter", "Bytes passed over as damaged.",
               spool.damaged);
    put_metric(out, "redis_up", "gauge", "1 when Redis answered the last time.", sender.connected);
    put_metric(out, "sent_total", "counter", "Call records that Redis acknowledged.", sender.sent);
    put_metric(out, "sent_again_total", "counter", "Call records that Redis had lost.",
               sender.sent_again);
    put_metric(out, "confirmed_total", "counter", "Call records that are in PostgreSQL.",
               sender.confirmed);
    put_metric(out, "redis_errors_total", "counter", "Failed tries to reach Redis.", sender.errors);
    put_recordings(collector, out);
    put_mail(collector, out);
}

int collector_listen(struct collector *collector, struct err *err)
{
    /* They stay for as long as the server runs; a process has one collector. */
    static struct http_route routes[3];
    const struct http_options options = {
        .address = collector->node.node->inside,
        .port = collector->node.topology->collector.port,
        .threads = THREADS,
        .connections_max = CONNECTIONS,
        .timeout_s = TIMEOUT_S,
        .body_max = INTAKE_POST_MAX,
        .reply_max = REPLY_MAX,
        .user = "media",
        .password = collector->node.secrets.value[SECRET_MEDIA_PASSWORD],
        .routes = routes,
        .routes_count = DP_COUNT(routes),
    };

    routes[0] = (struct http_route){"POST", "/fs/cdr", HTTP_AUTH, post_cdr, collector};
    routes[1] = (struct http_route){"GET", "/healthz", 0, get_health, collector};
    routes[2] = (struct http_route){"GET", "/metrics", 0, get_metrics, collector};
    return http_server_start(&collector->http, &options, err);
}
