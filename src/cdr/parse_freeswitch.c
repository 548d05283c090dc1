/*
 * Records of FreeSWITCH: mod_json_cdr, one JSON object per channel. What identifies the call is in
 * the headers that the edge put into the INVITE (about.h) and that Sofia keeps as channel
 * variables. A leg that FreeSWITCH sets up carries them too, to tell the edge which call it is of.
 *
 * Nearly all numbers in there are strings.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cdr/about.h"
#include "cdr/cause.h"
#include "cdr/codec.h"
#include "cdr/fields.h"
#include "cdr/quality.h"
#include "cdr/queue_times.h"
#include "cdr/text.h"

/* Microseconds since 1970, 0 for what has not happened. */
static int take_epoch(int64_t *out, const struct field *variables, const char *key, struct err *err)
{
    const char *text = fields_text(variables, key);
    uint64_t us = 0;

    if (*text && str_to_u64(text, 0, TEXT_US_MAX, &us))
        return err_set(err, -EINVAL, "%s is no time", key);
    *out = (int64_t)us;
    return 0;
}

static int take_times(struct cdr *out, const struct field *variables, struct err *err)
{
    int res = take_epoch(&out->answered_us, variables, "answer_uepoch", err);

    if (!res)
        res = take_epoch(&out->ended_us, variables, "end_uepoch", err);
    return res ? res : take_epoch(&out->rang_us, variables, "progress_uepoch", err);
}

static bool is(const struct field *variables, const char *key, const char *value)
{
    return strcmp(fields_text(variables, key), value) == 0;
}

/* The dialplan knows when a callee has hung up (dp_by, conf/freeswitch/dialplan/services.xml): to
 * Sofia that is a call which FreeSWITCH has ended. */
static const char *find_side(const struct field *variables)
{
    if (is(variables, "sip_hangup_disposition", "recv_bye") ||
        is(variables, "sip_hangup_disposition", "recv_cancel"))
        return "caller";
    return is(variables, "dp_by", "callee") ? "callee" : "system";
}

static unsigned int find_code(const struct cdr *cdr, const struct field *variables)
{
    uint64_t status;

    if (cdr->answered_us)
        return 200;
    if (str_to_u64(fields_text(variables, "sip_term_status"), 300, 699, &status) == 0)
        return (unsigned int)status;
    return cause_to_sip(cdr->cause);
}

/* Where a menu led the caller, or who of a queue took the call (mod_callcenter: <user>@<domain>).
 */
static void take_reached(struct cdr *out, const struct field *variables)
{
    const char *member = fields_text(variables, "cc_agent");

    if (*fields_text(variables, "dp_reached"))
        fields_copy(out->reached, sizeof(out->reached), variables, "dp_reached");
    else if (*member)
        text_copy(out->reached, sizeof(out->reached), member, strcspn(member, "@"));
}

/* The leg that the caller was connected to: its uuid is its Call-ID (edge.xml). Where calls meet,
 * that is somebody else's own call. */
static void take_callee(struct cdr *out, const struct about *about, const struct field *variables)
{
    const char *uuid = fields_text(variables, "last_bridge_to");

    if (!*uuid)
        uuid = fields_text(variables, "bridge_uuid");
    if (strcmp(about->kind, "park") != 0 && strcmp(about->kind, "pickup") != 0)
        text_copy(out->sip_call_id_callee, sizeof(out->sip_call_id_callee), uuid, strlen(uuid));
}

static void take_queue(struct cdr *out, const struct about *about, const struct field *record,
                       const struct field *variables)
{
    const char *agent = fields_text(variables, "cc_agent");

    if (strcmp(about->kind, "queue") != 0)
        return;
    text_copy(out->queue, sizeof(out->queue), about->number, strlen(about->number));
    if (*fields_text(variables, "cc_queue_answered_epoch"))
        text_copy(out->agent, sizeof(out->agent), agent, strlen(agent));
    queue_times_take(out, fields_get(record, "callflow"));
}

static uint64_t count_of(const struct field *variables, const char *key)
{
    uint64_t count = 0;

    return str_to_u64(fields_text(variables, key), 0, INT32_MAX, &count) ? 0 : count;
}

static void take_quality(struct cdr_leg *leg, const struct field *variables)
{
    uint64_t packets = count_of(variables, "rtp_audio_in_media_packet_count");
    int32_t lost = quality_hundredths(fields_text(variables, "rtp_audio_in_jitter_loss_rate"));
    int32_t variance =
        quality_hundredths(fields_text(variables, "rtp_audio_in_jitter_max_variance"));

    if (packets == 0)
        return;
    leg->packets = (int32_t)packets;
    leg->mos = quality_hundredths(fields_text(variables, "rtp_audio_in_mos"));
    /* Of those that came; a share of all of them is wanted. */
    if (lost > 0 || (lost == 0 && packets >= QUALITY_PACKETS_MIN))
        leg->loss = (int32_t)(INT64_C(10000) * lost / (100 + lost));
    if (variance >= 0)
        leg->jitter = (int32_t)lround(sqrt(variance / 100.0) * 100);
}

/* The channel of the record as a leg. `cdr` has its times. */
static void add_leg(struct cdr_record *out, const char *side, const char *name, const char *number,
                    const struct field *variables, int64_t begun_us)
{
    struct cdr_leg *leg = cdr_add_leg(out, side, name);
    const struct cdr *cdr = &out->cdr;

    if (!leg)
        return;
    text_copy(leg->number, sizeof(leg->number), number, strlen(number));
    fields_copy(leg->sip_call_id, sizeof(leg->sip_call_id), variables, "sip_call_id");
    leg->begun_us = begun_us;
    leg->rang_us = cdr->rang_us;
    leg->answered_us = cdr->answered_us;
    leg->ended_us = cdr->ended_us;
    leg->sip_code = cdr->sip_code;
    text_copy(leg->cause, sizeof(leg->cause), cdr->cause, strlen(cdr->cause));
    codec_name(leg->codec, sizeof(leg->codec), fields_text(variables, "rtp_use_codec_name"));
    take_quality(leg, variables);
}

/* The caller's channel: the call, as far as this server is concerned. */
static int take_caller(struct cdr_record *out, struct about *about, const struct field *record,
                       const struct field *variables, struct err *err)
{
    struct cdr *cdr = &out->cdr;

    about_path(cdr, about, fields_text(variables, "dp_key"), fields_text(variables, "dp_reached"));
    take_queue(cdr, about, record, variables);
    /* What it was connected to later rang then. */
    if (cdr->answered_us && cdr->rang_us > cdr->answered_us)
        cdr->rang_us = 0;
    if (about->stage > 0)
        return about_stage(out, about, err);
    take_reached(cdr, variables);
    take_callee(cdr, about, variables);
    strcpy(cdr->side, find_side(variables));
    codec_name(cdr->codec, sizeof(cdr->codec), fields_text(variables, "rtp_use_codec_name"));
    /* Of a call that is only recorded here, the record is the edge's. */
    out->is_call = strcmp(about->kind, "recorder") != 0;
    out->goes_on = *fields_text(variables, "dp_reached");
    add_leg(out, "caller", "caller", cdr->caller, variables, cdr->started_us);
    return 0;
}

/* A leg towards a user. Its channel has the headers of the call. */
static int take_callee_leg(struct cdr_record *out, const struct field *variables, struct err *err)
{
    const char *name = fields_text(variables, "sip_call_id");
    int64_t begun = 0, media = 0;
    int res = take_epoch(&begun, variables, "start_uepoch", err);

    /* Sound on the line (183). A caller's channel has that time, too, when it is just answered. */
    if (!res)
        res = take_epoch(&media, variables, "progress_media_uepoch", err);
    if (res)
        return res;
    if (media && (!out->cdr.rang_us || media < out->cdr.rang_us))
        out->cdr.rang_us = media;
    if (!*name)
        return err_set(err, -ENOMSG, "a leg that was never sent");
    fields_copy(out->cdr.domain, sizeof(out->cdr.domain), variables, "dp_domain");
    out->is_call = false;
    add_leg(out, "callee", name, fields_text(variables, "sip_to_user"), variables, begun);
    return 0;
}

static int take_variables(struct cdr_record *out, const struct field *record,
                          const struct field *variables, struct err *err)
{
    const char *call = fields_text(variables, "sip_h_X-VOIP-Call");
    struct cdr *cdr = &out->cdr;
    struct about about;
    int res;

    if (!*call)
        return err_set(err, -ENOMSG, "a leg without X-VOIP-Call");
    res = about_take(&about, cdr, call, fields_text(variables, "sip_h_X-VOIP-Service"), err);
    if (!res)
        res = take_times(cdr, variables, err);
    if (res)
        return res;
    fields_copy(cdr->sip_call_id, sizeof(cdr->sip_call_id), variables, "sip_call_id");
    fields_copy(cdr->cause, sizeof(cdr->cause), variables, "hangup_cause");
    cdr->sip_code = find_code(cdr, variables);
    return is(variables, "direction", "inbound") ? take_caller(out, &about, record, variables, err)
                                                 : take_callee_leg(out, variables, err);
}

int cdr_parse_freeswitch(struct cdr_record *out, const char *body, size_t len, struct err *err)
{
    FIELDS_AUTO struct field *record = NULL;
    const struct field *variables;
    int res = fields_read(&record, body, len, err);

    if (res)
        return res;
    variables = fields_get(record, "variables");
    if (!fields_is_object(variables))
        return err_set(err, -EINVAL, "no variables");
    return take_variables(out, record, variables, err);
}
