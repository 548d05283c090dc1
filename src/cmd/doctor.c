/* dialplane doctor: is every part of this node there and well, and what to do if not. */
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/checks.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

enum { POLL_MS = 100, WAIT_MAX_S = 86400 };

/* In the order in which they depend on each other, so that the first failure is the cause. */
static const struct check checks[] = {
    {"disk", ~0U, MEDIA_SERVER_AUTO, check_disk},
    {"postgresql", ROLE_DB, MEDIA_SERVER_AUTO, check_postgresql},
    {"schema", ROLE_DB, MEDIA_SERVER_AUTO, check_schema},
    {"clock", ~0U, MEDIA_SERVER_AUTO, check_clock},
    {"redis", ROLE_QUEUE, MEDIA_SERVER_AUTO, check_redis},
    {"rtpengine", ROLE_EDGE, MEDIA_SERVER_AUTO, check_rtpengine},
    {"kamailio", ROLE_EDGE, MEDIA_SERVER_AUTO, check_kamailio},
    {"sip", ROLE_EDGE, MEDIA_SERVER_AUTO, check_sip},
    {"turn", ROLE_EDGE, MEDIA_SERVER_AUTO, check_turn},
    {"freeswitch", ROLE_MEDIA, MEDIA_SERVER_FREESWITCH, check_freeswitch},
    {"asterisk", ROLE_MEDIA, MEDIA_SERVER_ASTERISK, check_asterisk},
    {"media-pool", ROLE_EDGE, MEDIA_SERVER_AUTO, check_media_pool},
    {"serve", ROLE_CONTROL, MEDIA_SERVER_AUTO, check_serve},
    {"collector", ROLE_EDGE | ROLE_MEDIA, MEDIA_SERVER_AUTO, check_collector},
    {"mail", ROLE_MEDIA, MEDIA_SERVER_AUTO, check_mail},
    {"cdr-writer", ROLE_DB, MEDIA_SERVER_AUTO, check_cdr_writer},
    {"cdr-dead", ROLE_DB, MEDIA_SERVER_AUTO, check_cdr_dead},
    {"records", ROLE_DB, MEDIA_SERVER_AUTO, check_records},
};

struct options {
    const char *wait;
    bool json;
    uint64_t wait_s;
};

/* One part of this node and how it was when last looked at. */
struct part {
    const struct check *check;
    struct check_result result;
    int64_t after_ms; /* from the start until then */
};

struct parts {
    struct part item[DP_COUNT(checks)];
    size_t count;
};

static const char *status_name(enum check_status status)
{
    static const char *const names[] = {"ok", "warn", "fail"};

    return names[status];
}

static void collect_parts(struct parts *parts, const struct cmd_node *node)
{
    enum media_server media = node->topology->media_server;

    parts->count = 0;
    for (size_t i = 0; i < DP_COUNT(checks); i++) {
        if (!(node->node->roles & checks[i].roles))
            continue;
        if (checks[i].only != MEDIA_SERVER_AUTO && checks[i].only != media)
            continue;
        if (checks[i].run == check_turn && !node->topology->edge.turn)
            continue;
        parts->item[parts->count++] =
            (struct part){.check = &checks[i], .result = {.status = CHECK_FAIL}};
    }
}

/* Daemons' answers are part of the text: no control character of theirs reaches the terminal. */
static void print_part(const struct part *part, bool waited)
{
    const struct check_result *result = &part->result;
    char detail[2048], advice[2048], line[4608];

    log_escape(detail, sizeof(detail), result->detail);
    log_escape(advice, sizeof(advice), result->advice);
    snprintf(line, sizeof(line), "%-4s  %-11s %s%s%s", status_name(result->status),
             part->check->name, detail, *advice ? " — " : "", advice);
    if (waited && result->status != CHECK_FAIL)
        printf("%s (%.1f s)\n", line, (double)part->after_ms / 1000);
    else
        printf("%s\n", line);
}

/* Looks at every part that was not well; true when none is left. */
static bool look(struct parts *parts, const struct cmd_node *node, int64_t started, bool quiet,
                 bool waiting)
{
    bool all_well = true;

    for (size_t i = 0; i < parts->count; i++) {
        struct part *part = &parts->item[i];

        if (part->result.status != CHECK_FAIL)
            continue;
        part->result = (struct check_result){.status = CHECK_FAIL};
        part->check->run(node, &part->result);
        part->after_ms = clock_mono_ms() - started;
        if (part->result.status == CHECK_FAIL)
            all_well = false;
        else if (!quiet)
            print_part(part, waiting);
    }
    return all_well;
}

static void print_failures(const struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->item[i].result.status == CHECK_FAIL)
            print_part(&parts->item[i], false);
}

static void print_json(const struct parts *parts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->item[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:f}", "part", part->check->name,
                                        "status", status_name(part->result.status), "detail",
                                        part->result.detail, "advice", part->result.advice,
                                        "seconds", (double)part->after_ms / 1000));
    }
    json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
    printf("\n");
    json_decref(list);
}

static int examine(const struct cmd_node *node, const struct options *options)
{
    int64_t started = clock_mono_ms();
    int64_t deadline = started + (int64_t)options->wait_s * 1000;
    bool waiting = options->wait != NULL, all_well;
    struct parts parts;

    collect_parts(&parts, node);
    for (;;) {
        all_well = look(&parts, node, started, options->json, waiting);
        if (all_well || cmd_stopping() || clock_mono_ms() >= deadline)
            break;
        /* A part that is down refuses at once: a pause, so as not to knock without end. */
        poll(NULL, 0, POLL_MS);
    }
    if (options->json)
        print_json(&parts);
    else
        print_failures(&parts);
    return all_well ? CMD_OK : CMD_FAILED;
}

static bool read_options(struct options *options)
{
    if (!options->wait)
        return true;
    if (str_to_u64(options->wait, 0, WAIT_MAX_S, &options->wait_s) == 0)
        return true;
    fprintf(stderr, "dialplane doctor: --wait takes seconds, 0 to %d\n", WAIT_MAX_S);
    return false;
}

int cmd_doctor(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"wait", "SECONDS", "look again until everything is well, or so long", &chosen.wait, NULL},
        {"json", NULL, "print a list of objects", NULL, &chosen.json},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status;

    if (!cmd_parse(argc, argv, "Check every part of this node and say what to do", options, &args,
                   &status))
        return status;
    if (!read_options(&chosen))
        return CMD_USAGE;
    if (cmd_open(&node, &args, &err))
        return cmd_fail("doctor", &err);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    status = examine(&node, &chosen);
    curl_global_cleanup();
    cmd_close(&node);
    return status;
}
