/*
 * What Asterisk knows of this moment. Every channel of a call has its X-VOIP-Call in the variable
 * `call` and the name of the caller's channel in `caller` (conf/asterisk/extensions.conf), which
 * the manager interface tells of each channel (manager.conf: channelvars).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "media/asterisk/live.h"
#include "media/voicemail_private.h"

enum {
    LINE_SIZE = 512,
    CHANNEL_SIZE = 96,
    BRIDGE_SIZE = 64,
    CHANNELS_MAX = 256, /* of one call; what is beyond is not looked at */
    LEGS_MAX = 10,
};

int asterisk_connect(struct ami **out, const struct media_place *place, struct err *err)
{
    const struct ami_options options = {
        .address = place->address,
        .port = place->event_port,
        .user = "dialplane",
        .password = place->password,
        .timeout_ms = MEDIA_LIVE_MS,
    };

    return ami_open(out, &options, err);
}

/* ---------------------------------------------------------------- the node */

/* The answer to CoreSettings and CoreStatus has no list: it is asked for as one line of it. */
static int ask_line(struct ami *ami, const char *action, const char *name, char *out, size_t size,
                    struct err *err)
{
    char line[LINE_SIZE];
    const char *const lines[] = {line};
    struct ami_message answer;
    int res = str_printf(line, sizeof(line), "Action: %s", action);

    if (!res)
        res = ami_ask(ami, lines, DP_COUNT(lines), &answer, err);
    if (!res && str_copy(out, size, ami_get(&answer, name)))
        res = err_set(err, -EPROTO, "%s says no %s", action, name);
    return res;
}

static int asterisk_info(const struct media_place *place, struct media_info *out, struct err *err)
{
    struct ami *ami = NULL;
    char calls[24];
    int res = asterisk_connect(&ami, place, err);

    if (!res)
        res = ask_line(ami, "CoreSettings", "AsteriskVersion", out->version, sizeof(out->version),
                       err);
    if (!res)
        res = ask_line(ami, "CoreStatus", "CoreCurrentCalls", calls, sizeof(calls), err);
    if (!res && str_to_u64(calls, 0, UINT64_MAX, &out->calls))
        res = err_set(err, -EPROTO, "CoreStatus says no number of calls");
    ami_close(ami);
    return res;
}

/* ---------------------------------------------------------------- channels */

struct channel {
    char name[CHANNEL_SIZE], bridge[BRIDGE_SIZE];
    bool is_caller;
    int leg; /* how many media servers the call has come through before */
};

struct channels {
    const char *id; /* of the call */
    struct channel *of;
    size_t count;
};

/* The value of a variable of the channel, of which there is a line each; "" when it has none. */
static const char *variable_of(const struct ami_message *event, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < event->count; i++) {
        const char *value = event->line[i].value;

        if (strcmp(event->line[i].name, "ChanVariable") == 0 && strncmp(value, name, length) == 0 &&
            value[length] == '=')
            return value + length + 1;
    }
    return "";
}

static int leg_of(const char *call)
{
    const char *at = strstr(call, ";leg=");

    return at ? atoi(at + strlen(";leg=")) : 0;
}

static int on_channel(const struct ami_message *event, void *arg)
{
    struct channels *found = arg;
    struct channel *one = &found->of[found->count];
    const char *call = variable_of(event, "call");

    if (strncmp(call, found->id, STR_UUID_LENGTH) != 0 || found->count == CHANNELS_MAX ||
        str_copy(one->name, sizeof(one->name), ami_get(event, "Channel")) ||
        str_copy(one->bridge, sizeof(one->bridge), ami_get(event, "BridgeId")))
        return 0;
    one->is_caller = strcmp(variable_of(event, "caller"), one->name) == 0;
    one->leg = leg_of(call);
    found->count++;
    return 0;
}

/* The channel of who called: where the call meets several services here, of the first one. */
static const struct channel *caller_of(const struct channels *found)
{
    const struct channel *best = NULL;

    for (size_t i = 0; i < found->count; i++) {
        const struct channel *one = &found->of[i];

        if (one->is_caller && (!best || one->leg < best->leg))
            best = one;
    }
    return best;
}

/* Whom he is connected to. */
static const struct channel *callee_of(const struct channels *found, const struct channel *caller)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct channel *one = &found->of[i];

        if (one != caller && *one->bridge && strcmp(one->bridge, caller->bridge) == 0)
            return one;
    }
    return NULL;
}

static int find_channel(struct ami *ami, const struct media_call *call, enum media_side side,
                        char name[CHANNEL_SIZE], struct err *err)
{
    static const char *const lines[] = {"Action: CoreShowChannels"};
    struct channels found = {.id = call->id};
    const struct channel *one;
    int res;

    found.of = calloc(CHANNELS_MAX + 1, sizeof(*found.of));
    if (!found.of)
        return err_set(err, -ENOMEM, "no memory for channels");
    res = ami_action(ami, lines, DP_COUNT(lines), on_channel, &found, err);
    one = res ? NULL : caller_of(&found);
    if (!res && !one)
        res = err_set(err, -ENOENT, "the call is not here");
    if (!res && side == MEDIA_CALLEE) {
        one = callee_of(&found, one);
        if (!one)
            res = err_set(err, -EREMOTEIO, "nobody is connected to the caller");
    }
    if (!res)
        memcpy(name, one->name, CHANNEL_SIZE);
    free(found.of);
    return res;
}

/* Connects, and finds the channel. `ami` is the caller's when it succeeds. */
static int open_call(struct ami **out, const struct media_place *place,
                     const struct media_call *call, enum media_side side, char name[CHANNEL_SIZE],
                     struct err *err)
{
    struct ami *ami = NULL;
    int res = asterisk_connect(&ami, place, err);

    if (!res)
        res = find_channel(ami, call, side, name, err);
    if (res)
        ami_close(ami);
    else
        *out = ami;
    return res;
}

/* The other end of the Local channel calls the phone (extensions.conf: listener). */
static int asterisk_listen(const struct media_place *place, const struct media_call *call,
                           const char *username, struct err *err)
{
    char name[CHANNEL_SIZE], header[MEDIA_LIVE_HEADER_SIZE];
    char calls[LINE_SIZE], spied[LINE_SIZE], listener[LINE_SIZE], domain[LINE_SIZE];
    const char *const lines[] = {
        "Action: Originate",
        "Channel: Local/s@listener/n",
        "Context: listen",
        "Exten: s",
        "Priority: 1",
        "Async: true",
        "Timeout: 65000",
        "CallerID: Listen <listen>",
        calls,
        spied,
        listener,
        domain,
    };
    struct ami *ami = NULL;
    int res = open_call(&ami, place, call, MEDIA_CALLER, name, err);

    if (res)
        return res;
    if (media_live_header(call, header) ||
        str_printf(calls, sizeof(calls), "Variable: __call=%s", header) ||
        str_printf(spied, sizeof(spied), "Variable: spied=%s", name) ||
        str_printf(listener, sizeof(listener), "Variable: listener=%s", username) ||
        str_printf(domain, sizeof(domain), "Variable: domain=%s", call->domain))
        res = err_set(err, -EINVAL, "the names are too long for a call");
    if (!res)
        res = ami_action(ami, lines, DP_COUNT(lines), NULL, NULL, err);
    ami_close(ami);
    return res;
}

static int asterisk_transfer(const struct media_place *place, const struct media_call *call,
                             enum media_side side, const char *number, struct err *err)
{
    char name[CHANNEL_SIZE], channel[LINE_SIZE], exten[LINE_SIZE];
    const char *const lines[] = {"Action: Redirect", channel, "Context: transferred", exten,
                                 "Priority: 1"};
    struct ami *ami = NULL;
    int res = open_call(&ami, place, call, side, name, err);

    if (res)
        return res;
    snprintf(channel, sizeof(channel), "Channel: %s", name);
    snprintf(exten, sizeof(exten), "Exten: %s", number);
    res = ami_action(ami, lines, DP_COUNT(lines), NULL, NULL, err);
    ami_close(ami);
    return res;
}

static int asterisk_hangup(const struct media_place *place, const struct media_call *call,
                           struct err *err)
{
    char name[CHANNEL_SIZE], channel[LINE_SIZE];
    const char *const lines[] = {"Action: Hangup", channel, "Cause: 16"};
    struct ami *ami = NULL;
    int res = open_call(&ami, place, call, MEDIA_CALLER, name, err);

    if (res)
        return res;
    snprintf(channel, sizeof(channel), "Channel: %s", name);
    res = ami_action(ami, lines, DP_COUNT(lines), NULL, NULL, err);
    ami_close(ami);
    return res;
}

const struct media_live media_asterisk = {
    .info = asterisk_info,
    .listen = asterisk_listen,
    .transfer = asterisk_transfer,
    .hangup = asterisk_hangup,
    .queue = asterisk_queue,
    .voicemail = &media_asterisk_voicemail,
};
