/*
 * Records of Kamailio: one JSON object, written by conf/kamailio/records.cfg. Of each dialog there
 * is one: a call of which the edge has the record, a call of which a media server has it (there is
 * one only when rtpengine has something to say), and a leg that a media server has set up.
 */
#include <errno.h>
#include <string.h>

#include "cdr/cause.h"
#include "cdr/codec.h"
#include "cdr/fields.h"
#include "cdr/quality.h"
#include "cdr/record.h"
#include "cdr/text.h"

/* What has no answer is the number that Kamailio has put there; 0 for none or nonsense. */
static unsigned int read_code(const struct field *record)
{
    int64_t code = fields_integer(fields_get(record, "code"));

    return code >= 100 && code <= 699 ? (unsigned int)code : 0;
}

static int read_times(struct cdr *out, const struct field *record, struct err *err)
{
    int res = fields_time(&out->started_us, record, "start", err);

    if (!res)
        res = fields_time(&out->answered_us, record, "answer", err);
    if (!res)
        res = fields_time(&out->ended_us, record, "end", err);
    return res ? res : fields_time(&out->rang_us, record, "rang", err);
}

static int take_record(struct cdr *out, const struct field *record, struct err *err)
{
    uint64_t id = 0;
    int res = read_times(out, record, err);

    if (res)
        return res;
    out->sip_code = read_code(record);
    fields_copy(out->call_id, sizeof(out->call_id), record, "id");
    fields_copy(out->direction, sizeof(out->direction), record, "dir");
    fields_copy(out->side, sizeof(out->side), record, "by");
    fields_copy(out->cause, sizeof(out->cause), record, "cause");
    fields_copy(out->domain, sizeof(out->domain), record, "domain");
    fields_copy(out->caller, sizeof(out->caller), record, "from");
    fields_copy(out->callee, sizeof(out->callee), record, "to");
    fields_copy(out->reached, sizeof(out->reached), record, "reached");
    fields_copy(out->service, sizeof(out->service), record, "ext");
    fields_copy(out->trunk, sizeof(out->trunk), record, "trunk");
    fields_copy(out->sip_call_id, sizeof(out->sip_call_id), record, "sip_call_id");
    fields_copy(out->sip_call_id_callee, sizeof(out->sip_call_id_callee), record,
                "sip_call_id_callee");
    fields_copy(out->genesys_call_uuid, sizeof(out->genesys_call_uuid), record,
                "genesys_call_uuid");
    codec_name(out->codec, sizeof(out->codec), fields_text(record, "codec"));
    if (str_to_u64(fields_text(record, "eid"), 0, INT64_MAX, &id) == 0)
        out->extension_id = (int64_t)id;
    if (*fields_text(record, "node"))
        fields_copy(out->node, sizeof(out->node), record, "node");
    return 0;
}

static struct cdr_leg *add_leg(struct cdr_record *out, const struct field *record, const char *side,
                               const char *name, const char *quality)
{
    struct cdr_leg *leg = cdr_add_leg(out, side, name);
    const struct cdr *cdr = &out->cdr;
    const char *number = strcmp(side, "caller") == 0 ? cdr->caller : cdr->reached;
    const char *cause = *cdr->cause ? cdr->cause : cause_of_sip(cdr->sip_code);

    text_copy(leg->number, sizeof(leg->number), number, strlen(number));
    text_copy(leg->sip_call_id, sizeof(leg->sip_call_id), cdr->sip_call_id,
              strlen(cdr->sip_call_id));
    text_copy(leg->cause, sizeof(leg->cause), cause, strlen(cause));
    text_copy(leg->codec, sizeof(leg->codec), cdr->codec, strlen(cdr->codec));
    leg->begun_us = cdr->started_us;
    leg->rang_us = cdr->rang_us;
    leg->answered_us = cdr->answered_us;
    leg->ended_us = cdr->ended_us;
    leg->sip_code = cdr->sip_code;
    quality_take_edge(leg, fields_text(record, quality));
    return leg;
}

/* Of a call of its own: the caller, and who was called, if anybody was. */
static void take_both(struct cdr_record *out, const struct field *record)
{
    struct cdr *cdr = &out->cdr;

    add_leg(out, record, "caller", "caller", "caller_quality");
    /* A recorder's leg is that of the callee, and has a record. */
    if (*fields_text(record, "recorded"))
        return;
    if (!cdr->rang_us && !cdr->answered_us && strcmp(cdr->side, "callee") != 0)
        return;
    add_leg(out, record, "callee", "callee", "callee_quality");
    /* Nobody is between the two. */
    memcpy(cdr->sip_call_id_callee, cdr->sip_call_id, sizeof(cdr->sip_call_id));
}

/* What a media server has set up: a leg of somebody who was called. */
static int take_leg(struct cdr_record *out, const struct field *record, struct err *err)
{
    struct cdr_leg *leg = add_leg(out, record, "callee", out->cdr.sip_call_id, "callee_quality");

    out->is_call = false;
    return fields_time(&leg->begun_us, record, "begun", err);
}

int cdr_parse_edge(struct cdr_record *out, const char *body, size_t len, struct err *err)
{
    FIELDS_AUTO struct field *record = NULL;
    const char *leg;
    int res = fields_read(&record, body, len, err);

    if (!res)
        res = take_record(&out->cdr, record, err);
    if (res)
        return res;
    leg = fields_text(record, "leg");
    if (*leg && strcmp(leg, "0") != 0)
        return take_leg(out, record, err);
    if (!*fields_text(record, "media")) {
        take_both(out, record);
        return 0;
    }
    out->is_call = false;
    add_leg(out, record, "caller", "caller", "caller_quality");
    return 0;
}
