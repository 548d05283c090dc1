#include "cdr/record.h"

#include <errno.h>
#include <string.h>

#include "cdr/cause.h"
#include "cdr/text.h"

static const struct {
    const char *source;
    int (*parse)(struct cdr_record *out, const char *body, size_t len, struct err *err);
} forms[] = {
    {"edge", cdr_parse_edge},
    {"freeswitch", cdr_parse_freeswitch},
    {"asterisk", cdr_parse_asterisk},
};

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

/*
 * The start is the edge's, the rest may be of a media server with a clock of its own; FreeSWITCH's,
 * besides, goes forward in steps of 20 ms. Nothing is answered before it started.
 */
static void put_in_order(struct cdr *cdr)
{
    if (cdr->answered_us && cdr->answered_us < cdr->started_us)
        cdr->answered_us = cdr->started_us;
    if (cdr->ended_us < cdr->started_us)
        cdr->ended_us = cdr->started_us;
    if (cdr->ended_us < cdr->answered_us)
        cdr->ended_us = cdr->answered_us;
    if (cdr->rang_us && cdr->rang_us < cdr->started_us)
        cdr->rang_us = cdr->started_us;
}

struct cdr_leg *cdr_add_leg(struct cdr_record *record, const char *side, const char *leg)
{
    struct cdr_leg *out;

    if (record->legs_count == CDR_LEGS_MAX)
        return NULL;
    out = &record->legs[record->legs_count++];
    *out = (struct cdr_leg){
        .mos = CDR_UNKNOWN, .loss = CDR_UNKNOWN, .jitter = CDR_UNKNOWN, .packets = CDR_UNKNOWN};
    text_copy(out->side, sizeof(out->side), side, strlen(side));
    text_copy(out->leg, sizeof(out->leg), leg, strlen(leg));
    return out;
}

/* `number` where it lies in the column's range. */
static int32_t in_range(int32_t number, int32_t min, int32_t max)
{
    return number >= min && number <= max ? number : CDR_UNKNOWN;
}

/* A measurement that cannot be is none; the call's row must not be lost for it. */
static void complete_leg(struct cdr_leg *leg)
{
    /* Clocks of two servers, as above. */
    if (leg->rang_us && leg->rang_us < leg->begun_us)
        leg->rang_us = leg->begun_us;
    if (leg->answered_us && leg->answered_us < leg->begun_us)
        leg->answered_us = leg->begun_us;
    if (leg->ended_us && leg->ended_us < leg->begun_us)
        leg->ended_us = leg->begun_us;
    leg->mos = in_range(leg->mos, 100, 500);
    leg->loss = in_range(leg->loss, 0, 100 * 100);
    leg->jitter = in_range(leg->jitter, 0, 99999 * 100);
    leg->packets = in_range(leg->packets, 0, INT32_MAX);
    if (*leg->cause && !cause_is_name(leg->cause))
        leg->cause[0] = '\0';
}

/* A leg without a name, or of neither side, could be no row. */
static void complete_legs(struct cdr_record *record)
{
    size_t kept = 0;

    for (size_t i = 0; i < record->legs_count; i++) {
        struct cdr_leg *leg = &record->legs[i];

        complete_leg(leg);
        if (*leg->leg && (strcmp(leg->side, "caller") == 0 || strcmp(leg->side, "callee") == 0))
            record->legs[kept++] = *leg;
    }
    record->legs_count = kept;
}

/* What every row needs: the call's key. */
static int check_key(const struct cdr *cdr, struct err *err)
{
    if (!str_is_uuid(cdr->call_id))
        return err_set(err, -EINVAL, "the call's id is no uuid");
    if (cdr->started_us <= 0)
        return err_set(err, -EINVAL, "no start");
    return 0;
}

/* What the call's row needs, and what is usual where nothing was said. */
static int complete(struct cdr *cdr, struct err *err)
{
    if (cdr->ended_us <= 0)
        return err_set(err, -EINVAL, "no end");
    put_in_order(cdr);
    if (!is_one_of(cdr->direction, "internal", "inbound", "outbound"))
        return err_set(err, -EINVAL, "a direction that does not exist");
    if (!is_one_of(cdr->side, "caller", "callee", "system"))
        strcpy(cdr->side, "system");
    if (!cdr->reached[0])
        memcpy(cdr->reached, cdr->callee, sizeof(cdr->reached));
    if (!cdr->service[0])
        strcpy(cdr->service, "none");
    if (!cause_is_name(cdr->cause))
        strcpy(cdr->cause, cause_of_sip(cdr->sip_code));
    cdr->pdd_ms = cdr_ms_between(cdr->started_us, cdr->rang_us ? cdr->rang_us : cdr->answered_us);
    cdr->wait_ms = in_range(cdr->wait_ms, 0, INT32_MAX);
    cdr->talk_ms = in_range(cdr->talk_ms, 0, INT32_MAX);
    return 0;
}

int cdr_parse(struct cdr_record *out, const char *source, const char *node, const char *body,
              size_t len, struct err *err)
{
    struct cdr *cdr = &out->cdr;
    int res;

    /* Legs are cleared as they are added. */
    *cdr = (struct cdr){.pdd_ms = CDR_UNKNOWN, .wait_ms = CDR_UNKNOWN, .talk_ms = CDR_UNKNOWN};
    out->is_call = true;
    out->stage = 0;
    out->goes_on = false;
    out->legs_count = 0;
    text_copy(cdr->node, sizeof(cdr->node), node, strlen(node));
    for (size_t i = 0; i < DP_COUNT(forms); i++) {
        if (strcmp(source, forms[i].source) != 0)
            continue;
        text_copy(cdr->source, sizeof(cdr->source), source, strlen(source));
        res = forms[i].parse(out, body, len, err);
        if (!res)
            res = check_key(cdr, err);
        if (!res && out->is_call)
            res = complete(cdr, err);
        if (!res)
            complete_legs(out);
        return res;
    }
    return err_set(err, -EINVAL, "a source that does not exist");
}

static int32_t to_ms(int64_t us)
{
    int64_t ms = us / 1000;

    return us < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
}

int32_t cdr_ms_between(int64_t from_us, int64_t to_us)
{
    return !from_us || !to_us ? CDR_UNKNOWN : to_ms(to_us - from_us);
}

int32_t cdr_duration_ms(const struct cdr *cdr)
{
    return to_ms(cdr->ended_us - cdr->started_us);
}

int32_t cdr_billable_ms(const struct cdr *cdr)
{
    return cdr->answered_us ? to_ms(cdr->ended_us - cdr->answered_us) : 0;
}
