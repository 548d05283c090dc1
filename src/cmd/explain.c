/* dialplane explain: what would happen if A called B, step by step. */
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/cause.h"
#include "cluster/render.h"
#include "cmd/common.h"
#include "cmd/verbs.h"
#include "edge/live.h"
#include "store/pg.h"
#include "tenant/explain_rows.h"

enum { QUERY_MS = 5000, NODES_MAX = 64, URI_MAX = 96, LINE_MAX_BYTES = 8192, LABEL = 10 };

/*
 * Exit status, besides those of every verb: it is explained, and nobody would be reached; there is
 * no such tenant, caller or trunk.
 */
enum { REFUSED = 3, UNKNOWN = 4 };

struct options {
    const char *from, *to, *trunk, *at;
    bool json, offline;
};

/* The edge that is asked, if there is one. */
struct edge {
    struct jsonrpc *rpc;
    struct edge_live *live;
    struct explain_live explain;
    struct edge_live_node nodes[NODES_MAX];
    char uris[NODES_MAX][URI_MAX];
    size_t count;
};

/* ---------------------------------------------------------------- the edge */

/* As render writes them into the edge's list. */
static void list_media_nodes(struct edge *edge, const struct topology *topology)
{
    char host[RENDER_HOST_SIZE];

    for (size_t i = 0; i < topology->nodes_count && edge->count < NODES_MAX; i++) {
        const struct topology_node *node = &topology->nodes[i];
        char *uri = edge->uris[edge->count];

        if (!(node->roles & ROLE_MEDIA) ||
            str_printf(uri, URI_MAX, "sip:%s:%u", render_host(node->inside, host),
                       topology->media.sip_port))
            continue;
        edge->nodes[edge->count++] = (struct edge_live_node){.name = node->name, .uri = uri};
    }
}

/* Without an edge: the nodes of the deployment, of which nobody says how they are. */
static size_t count_nodes(void *arg)
{
    const struct edge *edge = arg;

    return edge->count;
}

static const char *node_name(void *arg, size_t index, int *up)
{
    const struct edge *edge = arg;

    *up = -1;
    return edge->nodes[index].name;
}

static int ask_edge(struct edge *edge, const struct cmd_node *own, const struct topology_node *node,
                    struct err *err)
{
    int res = jsonrpc_new(&edge->rpc, node->inside, own->topology->edge.rpc_port,
                          own->secrets.value[SECRET_RPC_TOKEN]);

    if (res)
        return err_sys(err, res, "JSON-RPC");
    res = edge_live_open(&edge->live, edge->rpc, edge->nodes, edge->count, err);
    if (res) {
        jsonrpc_free(edge->rpc);
        edge->rpc = NULL;
    }
    return res;
}

/* The first edge that answers. Without one the explanation is that of the configuration alone. */
static void open_edge(struct edge *edge, const struct cmd_node *own, bool offline)
{
    const struct topology *topology = own->topology;
    struct err err = {"the deployment has none"};

    *edge = (struct edge){0};
    list_media_nodes(edge, topology);
    edge->explain = (struct explain_live){.arg = edge, .nodes = count_nodes, .node = node_name};
    for (size_t i = 0; i < topology->nodes_count && !offline; i++) {
        if (!(topology->nodes[i].roles & ROLE_EDGE) ||
            ask_edge(edge, own, &topology->nodes[i], &err))
            continue;
        edge_live_explain(edge->live, &edge->explain);
        return;
    }
    if (!offline)
        fprintf(stderr,
                "dialplane explain: no edge answers (%s): who is registered is not known "
                "(--offline says so without asking)\n",
                err.text);
}

static void close_edge(struct edge *edge)
{
    edge_live_close(edge->live);
    jsonrpc_free(edge->rpc);
}

/* ---------------------------------------------------------------- the words */

static const char *string_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* Names are a tenant's own: no control character of theirs reaches the terminal. */
static void print_line(int depth, const char *label, const char *text)
{
    char escaped[LINE_MAX_BYTES];

    log_escape(escaped, sizeof(escaped), text);
    printf("%*s%-*s%s\n", 2 * depth, "", LABEL, label, escaped);
}

/* The numbers that a branch goes through, and how it ends. */
static void print_branch(const json_t *branch, int depth)
{
    char text[LINE_MAX_BYTES];
    json_t *branches = json_object_get(branch, "branches"), *item;
    size_t i;

    snprintf(text, sizeof(text), "%s: %s", string_of(branch, "when"),
             string_of(json_object_get(branch, "result"), "text"));
    print_line(depth, "when", text);
    json_array_foreach(branches, i, item) print_branch(item, depth + 1);
}

static void print_text(const json_t *document)
{
    json_t *steps = json_object_get(document, "steps"), *item;
    char text[LINE_MAX_BYTES];
    size_t i;

    if (json_object_get(document, "local")) {
        snprintf(text, sizeof(text), "%s (%s)", string_of(document, "local"),
                 string_of(document, "zone"));
        print_line(0, "time", text);
    }
    json_array_foreach(steps, i, item)
        print_line(0, string_of(item, "step"), string_of(item, "text"));
    json_array_foreach(json_object_get(document, "branches"), i, item) print_branch(item, 0);
    print_line(0, "result", string_of(json_object_get(document, "result"), "text"));
}

static int print(const json_t *document, bool json)
{
    if (json) {
        /* Nothing but ASCII: nothing that a terminal could obey. */
        json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        printf("\n");
    } else {
        print_text(document);
    }
    return json_is_true(json_object_get(json_object_get(document, "result"), "answered")) ? CMD_OK
                                                                                          : REFUSED;
}

/* ---------------------------------------------------------------- the verb */

static int connect_db(const struct cmd_node *node, PGconn **out, struct err *err)
{
    const struct pg_target target =
        cmd_target(node, SECRET_DB_CONTROL, "dialplane explain", QUERY_MS);
    int res = pg_connect(out, &target, err);

    if (res)
        err_prefix(err, "the database is needed (see `dialplane doctor`)");
    return res;
}

static int explain(json_t **out, const struct cmd_node *node, const struct options *options,
                   struct edge *edge, struct err *err)
{
    const struct explain_question question = {
        .from = options->from,
        .to = options->to,
        .trunk = options->trunk,
        .at = options->at,
        .max_calls = node->topology->edge.max_calls,
        .media_server = media_server_name(node->topology->media_server),
        .cause_of = cause_of_sip,
        .status_of = cause_to_sip,
    };
    struct explain_source source = {0};
    PGconn *conn = NULL;
    int res = connect_db(node, &conn, err);

    if (!res)
        res = explain_rows_open(&source, conn, err);
    if (res == -ENOENT || res == -EINVAL)
        res = -EIO; /* of the database, and not of the question */
    if (!res)
        res = explain_call(out, &question, &source, &edge->explain, err);
    explain_rows_close(&source);
    PQfinish(conn);
    return res;
}

static int fail(int res, const struct err *err)
{
    int status = cmd_fail("explain", err);

    return res == -EINVAL ? CMD_USAGE : res == -ENOENT ? UNKNOWN : status;
}

static int run(const struct cmd_node *node, const struct options *options)
{
    json_t *document = NULL;
    struct edge edge;
    struct err err = {""};
    int res, status;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    open_edge(&edge, node, options->offline);
    res = explain(&document, node, options, &edge, &err);
    status = res ? fail(res, &err) : print(document, options->json);
    json_decref(document);
    close_edge(&edge);
    curl_global_cleanup();
    return status;
}

int cmd_explain(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"from", "USER@TENANT", "who calls; with --trunk a number outside", &chosen.from, NULL},
        {"to", "NUMBER", "what is dialled, with @TENANT or without", &chosen.to, NULL},
        {"trunk", "NAME", "the call comes in by this trunk", &chosen.trunk, NULL},
        {"at", "TIME", "2026-12-25T10:00 by the tenant's clock, instead of now", &chosen.at, NULL},
        {"offline", NULL, "do not ask the edge: by the database alone", NULL, &chosen.offline},
        {"json", NULL, "print one object", NULL, &chosen.json},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status;

    if (!cmd_parse(
            argc, argv,
            "Say what would happen if one called the other, step by step.\n"
            "Exit status: 0 somebody or something answers, 3 the call is refused, 4 no such\n"
            "tenant, caller or trunk, 2 wrong usage, 1 it could not be explained (no database)",
            options, &args, &status))
        return status;
    if (!chosen.from || !chosen.to) {
        fprintf(stderr, "dialplane explain: --from and --to are needed, as in --from "
                        "1001@acme.test --to 8001\n");
        return CMD_USAGE;
    }
    if (cmd_open(&node, &args, &err))
        return cmd_fail("explain", &err);
    status = run(&node, &chosen);
    cmd_close(&node);
    return status;
}
