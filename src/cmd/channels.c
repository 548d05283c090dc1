/*
 * dialplane channels: what runs on the media nodes now, and the end of one of it.
 *
 * A channel is one leg of a call. The list is FreeSWITCH's own (`show channels`), which runs some
 * tenths of a second behind; whoever calls has chosen the names in it, so they are printed with
 * everything escaped that is no text.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cdr/cause.h"
#include "cdr/text.h"
#include "cmd/channels.h"
#include "cmd/common.h"
#include "cmd/verbs.h"
#include "media/freeswitch/esl.h"

enum { TIMEOUT_MS = 5000, SECOND_US = 1000000 };

struct options {
    const char *node, *hangup, *cause;
    bool json;
};

/* What has been said and found, over all nodes. */
struct search {
    const struct options *options;
    json_t *channels; /* the list */
    const char *hung_up_on;
    int failed; /* nodes that did not answer */
};

const char *channels_text(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

/* The tenant, which the dialplan has noted in the channel (conf/freeswitch/dialplan); or "". */
static int find_domain(struct esl *esl, const char *uuid, struct buf *domain, struct err *err)
{
    int res;

    buf_reset(domain);
    res = ESL_API(esl, domain, err, "uuid_getvar", uuid, "dp_domain");
    /* -EREMOTEIO: it has ended meanwhile. */
    if (res && res != -EREMOTEIO && res != -EINVAL)
        return res;
    if (!str_is_domain(domain->data))
        buf_reset(domain);
    return 0;
}

/*
 * The caller and what was called at the channel's beginning: later ones are turned round, and name
 * the dialplan's own destinations.
 */
static int add_channel(json_t *list, const char *node, const json_t *row, const char *domain)
{
    int64_t age = clock_wall_us() / SECOND_US - atoll(channels_text(row, "created_epoch"));
    json_t *channel = json_pack(
        "{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "node", node, "uuid",
        channels_text(row, "uuid"), "direction", channels_text(row, "direction"), "seconds",
        (json_int_t)(age > 0 ? age : 0), "caller", channels_text(row, "initial_cid_num"),
        "caller_name", channels_text(row, "initial_cid_name"), "callee",
        channels_text(row, "initial_dest"), "domain", domain, "state",
        channels_text(row, "callstate"));

    return json_array_append_new(list, channel) ? -ENOMEM : 0;
}

static int add_rows(struct esl *esl, const char *node, const json_t *rows, json_t *list,
                    struct err *err)
{
    struct buf domain;
    int res = 0;

    buf_init(&domain, ESL_BODY_MAX);
    for (size_t i = 0; !res && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        res = find_domain(esl, channels_text(row, "uuid"), &domain, err);
        if (!res && add_channel(list, node, row, domain.data))
            res = err_set(err, -ENOMEM, "no memory for the list");
    }
    buf_free(&domain);
    return res;
}

/* FreeSWITCH passes a caller's bytes on as they came, so the document need not be UTF-8. */
static json_t *read_document(const struct buf *document)
{
    json_t *json = NULL;
    struct buf clean;

    buf_init(&clean, 3 * (size_t)ESL_BODY_MAX);
    text_clean(&clean, document->data, document->len);
    if (!buf_error(&clean))
        json = json_loadb(clean.data, clean.len, 0, NULL);
    buf_free(&clean);
    return json;
}

static int list_node(struct esl *esl, const char *node, struct search *search, struct err *err)
{
    struct buf document;
    json_t *json = NULL;
    int res;

    buf_init(&document, ESL_BODY_MAX);
    res = ESL_API(esl, &document, err, "show", "channels", "as", "json");
    if (!res) {
        json = read_document(&document);
        res = json ? add_rows(esl, node, json_object_get(json, "rows"), search->channels, err)
                   : err_set(err, -EPROTO, "the list of channels is no JSON");
    }
    json_decref(json);
    buf_free(&document);
    return res;
}

static int hang_up(struct esl *esl, const char *node, struct search *search, struct err *err)
{
    int res = ESL_API(esl, NULL, err, "uuid_kill", search->options->hangup, search->options->cause);

    if (!res)
        search->hung_up_on = node;
    /* What the node refuses is a channel that it does not have. */
    return res == -EREMOTEIO ? 0 : res;
}

static void visit(const struct cmd_node *own, const struct topology_node *node,
                  struct search *search)
{
    const struct esl_options options = {
        .address = node->inside,
        .port = own->topology->media.event_port,
        .password = own->secrets.value[SECRET_EVENT_PASSWORD],
        .timeout_ms = TIMEOUT_MS,
        .cancel_fd = -1,
    };
    struct esl *esl = NULL;
    struct err err;
    int res = esl_open(&esl, &options, &err);

    if (!res)
        res = search->options->hangup ? hang_up(esl, node->name, search, &err)
                                      : list_node(esl, node->name, search, &err);
    esl_close(esl);
    if (res) {
        search->failed++;
        err_prefix(&err, "node %s", node->name);
        cmd_fail("channels", &err);
    }
}

static int report(const struct search *search)
{
    const char *uuid = search->options->hangup;
    struct err err;

    if (search->hung_up_on) {
        printf("hung up %s on %s\n", uuid, search->hung_up_on);
        return CMD_OK;
    }
    if (uuid) {
        err_set(&err, -ENOENT, "no channel %s%s", uuid,
                search->failed ? " on the nodes that answer" : "");
        return cmd_fail("channels", &err);
    }
    if (search->options->json) {
        /* Nothing but ASCII: nothing that a terminal could obey. */
        json_dumpf(search->channels, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        printf("\n");
    } else {
        channels_print(search->channels);
    }
    return search->failed ? CMD_FAILED : CMD_OK;
}

static int run(const struct cmd_node *own, const struct options *options)
{
    const struct topology *topology = own->topology;
    struct search search = {.options = options, .channels = json_array()};
    int visited = 0, status;
    struct err err;

    if (topology->media_server != MEDIA_SERVER_FREESWITCH) {
        err_set(&err, -EINVAL, "the media server is %s: this is for FreeSWITCH",
                media_server_name(topology->media_server));
        status = cmd_fail("channels", &err);
        goto out;
    }
    for (size_t i = 0; i < topology->nodes_count && !search.hung_up_on; i++) {
        const struct topology_node *node = &topology->nodes[i];

        if (!(node->roles & ROLE_MEDIA) ||
            (options->node && strcmp(options->node, node->name) != 0))
            continue;
        visit(own, node, &search);
        visited++;
    }
    if (!visited) {
        err_set(&err, -ENOENT, "the deployment has no media node named '%s'", options->node);
        status = cmd_fail("channels", &err);
        goto out;
    }
    status = report(&search);
out:
    json_decref(search.channels);
    return status;
}

static bool check(const struct options *options)
{
    const char *cause = options->cause;

    if (options->hangup && !str_is_uuid(options->hangup))
        fprintf(stderr, "dialplane channels: '%s' is no UUID\n", options->hangup);
    else if (!cause_is_name(cause) || (cause[0] >= '0' && cause[0] <= '9'))
        fprintf(stderr, "dialplane channels: --cause is a name such as USER_BUSY\n");
    else if (options->hangup && options->json)
        fprintf(stderr, "dialplane channels: --json is for the list\n");
    else
        return true;
    return false;
}

int cmd_channels(int argc, char **argv)
{
    struct options chosen = {.cause = "NORMAL_CLEARING"};
    const struct cmd_option options[] = {
        {"node", "NAME", "this media node only", &chosen.node, NULL},
        {"json", NULL, "print JSON instead of a table", NULL, &chosen.json},
        {"hangup", "UUID", "hang this one up instead", &chosen.hangup, NULL},
        {"cause", "NAME", "with this Q.850 cause (NORMAL_CLEARING)", &chosen.cause, NULL},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status;

    if (!cmd_parse(argc, argv, "List the channels of the media nodes, or hang one up", options,
                   &args, &status))
        return status;
    if (!check(&chosen))
        return CMD_USAGE;
    if (cmd_open(&node, &args, &err))
        return cmd_fail("channels", &err);
    status = run(&node, &chosen);
    cmd_close(&node);
    return status;
}
