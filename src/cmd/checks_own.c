/* The platform's own daemons, and the machine they stand on. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cmd/checks.h"
#include "cmd/probe.h"

enum { DISK_WARN_MIB = 1024, DISK_FAIL_MIB = 256 };

void check_set(struct check_result *out, enum check_status status, const char *format, ...)
{
    va_list args;

    out->status = status;
    va_start(args, format);
    vsnprintf(out->detail, sizeof(out->detail), format, args);
    va_end(args);
}

void check_advise(struct check_result *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out->advice, sizeof(out->advice), format, args);
    va_end(args);
}

void check_fail(struct check_result *out, const struct cmd_node *node, const char *program,
                const struct err *err)
{
    check_set(out, CHECK_FAIL, "%s", err->text);
    check_advise(out,
                 "see %s/log/%s.log and `supervisorctl -c %s/etc/supervisor/supervisord.conf "
                 "status %s`",
                 node->state, program, node->state, program);
}

/* `judge` looks at what a healthy program says of itself; NULL: that it answers is enough. */
static void check_health(const struct cmd_node *node, const char *program, uint16_t port,
                         void (*judge)(const char *reply, struct check_result *out),
                         struct check_result *out)
{
    struct err err = {""};
    struct buf reply;

    buf_init(&reply, PROBE_REPLY_MAX);
    if (probe_http(node->node->inside, port, "/healthz", &reply, &err)) {
        check_fail(out, node, program, &err);
    } else {
        check_set(out, CHECK_OK, "healthy on port %u", port);
        if (judge)
            judge(reply.data, out);
    }
    buf_free(&reply);
}

void check_serve(const struct cmd_node *node, struct check_result *out)
{
    check_health(node, "serve", node->topology->control.documents_port, NULL, out);
}

static long long megabytes(const json_t *health, const char *name)
{
    return json_integer_value(json_object_get(health, name)) >> 20;
}

/* How full the spool is. It warns at half of its limit and fails where hours or less may be left.
 */
static void judge_spool(const char *reply, struct check_result *out)
{
    json_t *health = json_loads(reply, 0, NULL);
    const char *level = json_string_value(json_object_get(health, "spool"));

    if (level && strcmp(level, "ok") != 0) {
        check_set(out, strcmp(level, "half") == 0 ? CHECK_WARN : CHECK_FAIL,
                  "the spool of call records is %s: %lld of %lld MiB; %lld MiB of disk free, %lld "
                  "kept for others",
                  strcmp(level, "full") == 0 ? "full" : "filling up",
                  megabytes(health, "spool_bytes"), megabytes(health, "spool_limit_bytes"),
                  megabytes(health, "disk_free_bytes"), megabytes(health, "disk_reserve_bytes"));
        check_advise(out, "are PostgreSQL, Redis and cdr-writer running? No call record is lost: "
                          "what does not fit waits where it was made");
    }
    json_decref(health);
}

void check_collector(const struct cmd_node *node, struct check_result *out)
{
    check_health(node, "collector", node->topology->collector.port, judge_spool, out);
}

void check_disk(const struct cmd_node *node, struct check_result *out)
{
    unsigned long long free_mib;
    struct statvfs fs;

    if (statvfs(node->state, &fs)) {
        check_set(out, CHECK_FAIL, "%s: %s", node->state, strerror(errno));
        return;
    }
    /* What is left for everybody, not what root may use on top of it. */
    free_mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    check_set(out,
              free_mib < DISK_FAIL_MIB   ? CHECK_FAIL
              : free_mib < DISK_WARN_MIB ? CHECK_WARN
                                         : CHECK_OK,
              "%llu MiB free in %s", free_mib, node->state);
    if (out->status != CHECK_OK)
        check_advise(out, "make room: call records, voicemail and logs stop when it is full");
}
