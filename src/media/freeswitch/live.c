/*
 * What FreeSWITCH knows of this moment. A caller's channel has the id of his call in presence_data
 * (conf/freeswitch/dialplan/from-edge.xml), which is a column of the core's table of channels.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/callcenter.h"
#include "media/freeswitch/commands.h"
#include "media/freeswitch/live.h"
#include "media/live_private.h"
#include "media/voicemail_private.h"

enum { LISTEN_RING_S = 60, DIAL_SIZE = ESL_WORD_MAX };

int freeswitch_connect(struct esl **out, const struct media_place *place, struct err *err)
{
    const struct esl_options options = {
        .address = place->address,
        .port = place->event_port,
        .password = place->password,
        .timeout_ms = MEDIA_LIVE_MS,
        .cancel_fd = -1,
    };

    return esl_open(out, &options, err);
}

static int fs_info(const struct media_place *place, struct media_info *out, struct err *err)
{
    struct esl *esl = NULL;
    struct buf reply;
    int res = freeswitch_connect(&esl, place, err);

    buf_init(&reply, ESL_BODY_MAX);
    if (!res)
        res = fs_sessions(esl, &out->calls, err);
    if (!res)
        res = ESL_API(esl, &reply, err, "version");
    /* "FreeSWITCH Version 1.10.12-release~64bit (…)" */
    if (!res && sscanf(reply.data, "FreeSWITCH Version %63[0-9A-Za-z.-]", out->version) != 1)
        res = err_set(err, -EPROTO, "the answer to `version` has none");
    buf_free(&reply);
    esl_close(esl);
    return res;
}

/* ---------------------------------------------------------------- channels */

/* Names of callers are anybody's, and may be no UTF-8, without which there is no JSON. */
static void make_ascii(struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] >= 0x80)
            text->data[i] = '?';
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

/* The first channel that came in as this call: where it meets several services here, the caller's.
 */
static int choose(const json_t *rows, const char *id, char uuid[STR_UUID_LENGTH + 1])
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        /* Somebody may have this id in his name. */
        if (strcmp(text_of(row, "presence_data"), id) == 0 &&
            strcmp(text_of(row, "direction"), "inbound") == 0 && str_is_uuid(text_of(row, "uuid")))
            return str_copy(uuid, STR_UUID_LENGTH + 1, text_of(row, "uuid"));
    }
    return -ENOENT;
}

static int find_channel(struct esl *esl, const struct media_call *call,
                        char uuid[STR_UUID_LENGTH + 1], struct err *err)
{
    json_t *table = NULL;
    struct buf reply;
    int res;

    buf_init(&reply, ESL_BODY_MAX);
    res = ESL_API(esl, &reply, err, "show", "channels", "like", call->id, "as", "json");
    if (!res) {
        make_ascii(&reply);
        table = json_loadb(reply.data, reply.len, 0, NULL);
        res = choose(json_object_get(table, "rows"), call->id, uuid);
        if (res)
            err_set(err, res, "the call is not here");
    }
    json_decref(table);
    buf_free(&reply);
    return res;
}

/* Connects, and finds the caller's channel. `esl` is the caller's when it succeeds. */
static int open_call(struct esl **out, const struct media_place *place,
                     const struct media_call *call, char uuid[STR_UUID_LENGTH + 1], struct err *err)
{
    struct esl *esl = NULL;
    int res = freeswitch_connect(&esl, place, err);

    if (!res)
        res = find_channel(esl, call, uuid, err);
    if (res)
        esl_close(esl);
    else
        *out = esl;
    return res;
}

/* Whom he is connected to. */
static int find_other(struct esl *esl, char uuid[STR_UUID_LENGTH + 1], struct err *err)
{
    struct buf reply;
    int res;

    buf_init(&reply, ESL_BODY_MAX);
    res = ESL_API(esl, &reply, err, "uuid_getvar", uuid, "bridge_to");
    if (!res) {
        reply.data[strcspn(reply.data, "\n")] = '\0';
        res = str_is_uuid(reply.data) ? str_copy(uuid, STR_UUID_LENGTH + 1, reply.data) : -EINVAL;
        if (res)
            res = err_set(err, -EREMOTEIO, "nobody is connected to the caller");
    }
    buf_free(&reply);
    return res;
}

static int dial_listener(const struct media_place *place, const struct media_call *call,
                         const char *username, char out[DIAL_SIZE])
{
    char header[MEDIA_LIVE_HEADER_SIZE];
    int res = media_live_header(call, header);

    if (res)
        return res;
    /* The edge has the record of this leg. */
    return str_printf(out, DIAL_SIZE,
                      "{origination_caller_id_number=listen,origination_caller_id_name=Listen,"
                      "process_cdr=false,ignore_early_media=true,originate_timeout=%d,"
                      "sip_h_X-VOIP-Call=%s,sip_h_X-VOIP-Ring=listen,sip_h_X-VOIP-Recorded=yes,"
                      "sip_invite_domain=%s}sofia/edge/sip:%s@%s;fs_path=sip:%s",
                      LISTEN_RING_S, header, call->domain, username, call->domain, place->edge);
}

static int fs_listen(const struct media_place *place, const struct media_call *call,
                     const char *username, struct err *err)
{
    char uuid[STR_UUID_LENGTH + 1], dial[DIAL_SIZE], then[64];
    struct esl *esl = NULL;
    int res;

    if (dial_listener(place, call, username, dial))
        return err_set(err, -EINVAL, "the names are too long for a call");
    res = open_call(&esl, place, call, uuid, err);
    if (res)
        return res;
    snprintf(then, sizeof(then), "listen-%s", uuid);
    res = ESL_COMMAND(esl, err, "bgapi", "originate", dial, then, "XML", "services");
    esl_close(esl);
    return res;
}

static int fs_transfer(const struct media_place *place, const struct media_call *call,
                       enum media_side side, const char *number, struct err *err)
{
    char uuid[STR_UUID_LENGTH + 1];
    struct esl *esl = NULL;
    int res = open_call(&esl, place, call, uuid, err);

    if (res)
        return res;
    if (side == MEDIA_CALLEE)
        res = find_other(esl, uuid, err);
    if (!res)
        res = ESL_API(esl, NULL, err, "uuid_transfer", uuid, number, "XML", "transferred");
    esl_close(esl);
    return res;
}

static int fs_hangup(const struct media_place *place, const struct media_call *call,
                     struct err *err)
{
    char uuid[STR_UUID_LENGTH + 1];
    struct esl *esl = NULL;
    int res = open_call(&esl, place, call, uuid, err);

    if (res)
        return res;
    res = ESL_API(esl, NULL, err, "uuid_kill", uuid, "NORMAL_CLEARING");
    esl_close(esl);
    return res;
}

/* ---------------------------------------------------------------- queues */

/* 0 for what is no number. */
static int64_t number_of(const struct fs_table *table, size_t row, const char *column)
{
    uint64_t number = 0;

    return str_to_u64(fs_table_get(table, row, column), 0, INT64_MAX, &number) ? 0
                                                                               : (int64_t)number;
}

static int add_members(const struct fs_table *members, json_t *waiting, struct err *err)
{
    int res = 0;

    for (size_t row = 0; row < members->rows && !res; row++) {
        const char *state = fs_table_get(members, row, "state");
        const struct media_waiting who = {
            .number = fs_table_get(members, row, "cid_number"),
            .name = fs_table_get(members, row, "cid_name"),
            .joined_s = number_of(members, row, "joined_epoch"),
        };

        if (strcmp(state, "Waiting") == 0 || strcmp(state, "Trying") == 0)
            res = media_live_add_waiting(waiting, &who, err);
    }
    return res;
}

static const char *agent_state(const char *state)
{
    if (strcmp(state, "Receiving") == 0)
        return "ringing";
    return strcmp(state, "In a queue call") == 0 ? "talking" : "idle";
}

static int add_agents(const struct fs_table *agents, json_t *out, struct err *err)
{
    char username[STR_EXTENSION_MAX + 1];
    const char *domain;
    int res = 0;

    for (size_t row = 0; row < agents->rows && !res; row++) {
        if (cc_agent_parse(fs_table_get(agents, row, "name"), username, &domain))
            continue;
        res = media_live_add_agent(out, username, agent_state(fs_table_get(agents, row, "state")),
                                   number_of(agents, row, "calls_answered"),
                                   number_of(agents, row, "last_bridge_start"), err);
    }
    return res;
}

static int fs_queue(const struct media_place *place, const char *domain, int64_t id,
                    json_t *waiting, json_t *agents, struct err *err)
{
    struct cc_list members = {0}, list = {0};
    struct fs_sync sync = {0};
    char name[CC_NAME_SIZE];
    int res = freeswitch_connect(&sync.esl, place, err);

    snprintf(name, sizeof(name), "%" PRId64 "@%s", id, domain);
    if (!res)
        res = CC_LIST(&members, &sync, err, "queue", "list", "members", name);
    if (!res)
        res = add_members(&members.table, waiting, err);
    if (!res)
        res = CC_LIST(&list, &sync, err, "queue", "list", "agents", name);
    if (!res)
        res = add_agents(&list.table, agents, err);
    cc_list_free(&members);
    cc_list_free(&list);
    esl_close(sync.esl);
    return res;
}

const struct media_live media_freeswitch = {
    .info = fs_info,
    .listen = fs_listen,
    .transfer = fs_transfer,
    .hangup = fs_hangup,
    .queue = fs_queue,
    .voicemail = &media_freeswitch_voicemail,
};
