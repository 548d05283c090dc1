/* Kamailio and rtpengine. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "cluster/render.h"
#include "cmd/checks.h"
#include "cmd/probe.h"
#include "edge/jsonrpc.h"

/* Bencoded dictionary behind a cookie that the answer repeats: rtpengine's ng protocol. */
#define PING "doctor d7:command4:pinge"
#define PONG "doctor d6:result4:ponge"

void check_rtpengine(const struct cmd_node *node, struct check_result *out)
{
    struct err err = {""};
    struct buf reply;

    buf_init(&reply, PROBE_REPLY_MAX);
    if (probe_udp(node->node->inside, node->topology->edge.rtpengine_port, PING, strlen(PING),
                  &reply, &err))
        check_fail(out, node, "rtpengine", &err);
    else if (strcmp(reply.data, PONG) == 0)
        check_set(out, CHECK_OK, "answers ping");
    else
        check_set(out, CHECK_FAIL, "answers something else: %.100s", reply.data);
    buf_free(&reply);
}

/* The result of a method without parameters; the caller's. */
static int call(const struct cmd_node *node, const char *method, json_t **result, struct err *err)
{
    struct jsonrpc *rpc = NULL;
    int res, code = 0;

    res = jsonrpc_new(&rpc, node->node->inside, node->topology->edge.rpc_port,
                      node->secrets.value[SECRET_RPC_TOKEN]);
    if (res)
        return err_sys(err, res, "JSON-RPC");
    res = jsonrpc_call(rpc, method, NULL, 0, PROBE_MS, result, &code, err);
    jsonrpc_free(rpc);
    return res;
}

void check_kamailio(const struct cmd_node *node, struct check_result *out)
{
    char version[64] = "?";
    json_t *result = NULL;
    struct err err = {""};

    if (call(node, "core.version", &result, &err)) {
        check_fail(out, node, "kamailio", &err);
    } else {
        /* "kamailio 5.6.3 (x86_64/linux) " */
        if (json_is_string(result))
            sscanf(json_string_value(result), "kamailio %63s", version);
        check_set(out, CHECK_OK, "version %s", version);
    }
    json_decref(result);
}

/* RFC 3261 11.1; sent to the outer address, as a phone would. */
static int make_options(const struct cmd_node *node, char *out, size_t size)
{
    char host[RENDER_HOST_SIZE], tag[17];
    int res;

    res = crypto_random_hex(tag, 8);
    if (res)
        return res;
    render_host(node->node->address, host);
    return str_printf(out, size,
                      "OPTIONS sip:doctor@%s:%u SIP/2.0\r\n"
                      "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\n"
                      "Max-Forwards: 70\r\n"
                      "From: <sip:doctor@%s>;tag=%s\r\n"
                      "To: <sip:doctor@%s>\r\n"
                      "Call-ID: %s\r\n"
                      "CSeq: 1 OPTIONS\r\n"
                      "User-Agent: Dialplane doctor\r\n"
                      "Content-Length: 0\r\n\r\n",
                      host, node->topology->edge.sip_port, host, tag, host, tag, host, tag);
}

void check_sip(const struct cmd_node *node, struct check_result *out)
{
    struct err err = {""};
    struct buf reply;
    char request[1024];

    buf_init(&reply, PROBE_REPLY_MAX);
    if (make_options(node, request, sizeof(request)))
        check_set(out, CHECK_FAIL, "no request could be made");
    else if (probe_udp(node->node->address, node->topology->edge.sip_port, request, strlen(request),
                       &reply, &err))
        check_fail(out, node, "kamailio", &err);
    else if (str_starts_with(reply.data, "SIP/2.0 "))
        check_set(out, CHECK_OK, "%s port %u answers OPTIONS", node->node->address,
                  node->topology->edge.sip_port);
    else
        check_set(out, CHECK_FAIL, "what answers on port %u is not SIP",
                  node->topology->edge.sip_port);
    buf_free(&reply);
}

void check_turn(const struct cmd_node *node, struct check_result *out)
{
    /* RFC 5389: a Binding request without attributes; the magic cookie; a transaction's id. */
    static const char request[] = "\0\1\0\0\x21\x12\xa4\x42"
                                  "dialplane-dr";
    static const char success[] = "\1\1";
    struct err err = {""};
    struct buf reply;

    buf_init(&reply, PROBE_REPLY_MAX);
    if (probe_udp(node->node->address, node->topology->edge.turn_port, request, sizeof(request) - 1,
                  &reply, &err))
        check_fail(out, node, "coturn", &err);
    else if (reply.len >= 20 && memcmp(reply.data, success, 2) == 0 &&
             memcmp(reply.data + 4, request + 4, 16) == 0)
        check_set(out, CHECK_OK, "%s port %u answers STUN", node->node->address,
                  node->topology->edge.turn_port);
    else
        check_set(out, CHECK_FAIL, "what answers on port %u is not STUN",
                  node->topology->edge.turn_port);
    buf_free(&reply);
}

/*
 * dispatcher.list nests RECORDS / SET / TARGETS / DEST objects, differently in 5.6 and 6.0; FLAGS
 * begins with A when the destination is active (I, D, T: inactive, disabled, trying).
 */
static void count_destinations(json_t *value, unsigned int *all, unsigned int *active)
{
    const char *flags, *key;
    json_t *item;
    size_t i;

    if (json_is_array(value))
        json_array_foreach(value, i, item) count_destinations(item, all, active);
    if (!json_is_object(value))
        return;
    flags = json_string_value(json_object_get(value, "FLAGS"));
    if (flags) {
        (*all)++;
        *active += flags[0] == 'A';
    }
    json_object_foreach(value, key, item) count_destinations(item, all, active);
}

void check_media_pool(const struct cmd_node *node, struct check_result *out)
{
    unsigned int all = 0, active = 0;
    json_t *list = NULL;
    struct err err = {""};

    if (call(node, "dispatcher.list", &list, &err)) {
        check_fail(out, node, "kamailio", &err);
    } else {
        count_destinations(list, &all, &active);
        check_set(out,
                  active == all && all ? CHECK_OK
                  : active             ? CHECK_WARN
                                       : CHECK_FAIL,
                  "%u of %u media nodes are active at the edge", active, all);
        if (active < all)
            check_advise(out, "see doctor on the media nodes");
    }
    json_decref(list);
}
