/*
 * Records of Asterisk: one line of comma-separated values, RFC 4180. Columns are those of
 * conf/asterisk/cdr_custom.conf, which writes calls, and of [heard] in extensions.conf, which
 * writes legs: the first one tells which. Lines without a version are of before there was one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cdr/about.h"
#include "cdr/cause.h"
#include "cdr/codec.h"
#include "cdr/csv.h"
#include "cdr/quality.h"
#include "cdr/record.h"
#include "cdr/text.h"

enum {
    CALL_VERSION,
    CALL_CALL,
    CALL_SERVICE,
    CALL_ANSWER,
    CALL_END,
    CALL_REACHED,
    CALL_CODE,
    CALL_CAUSE,
    CALL_BY,
    CALL_SIP_CALL_ID,
    CALL_NODE,
    CALL_UNIQUEID,
    CALL_CLID,
    CALL_DISPOSITION,
    CALL_BILLSEC,
    CALL_RANG,
    CALL_KEY,
    CALL_JOINED,
    CALL_TAKEN,
    CALL_LEFT,
    CALL_AGENT,
    CALL_LEG,
    CALL_CODEC,
    CALL_QUALITY,
    CALL_COLUMNS
};

enum {
    LEG_WORD,
    LEG_CALL,
    LEG_DOMAIN,
    LEG_NODE,
    LEG_SIDE,
    LEG_SIP_CALL_ID,
    LEG_CODEC,
    LEG_QUALITY,
    LEG_COLUMNS
};

enum {
    OLD_ID,
    OLD_START,
    OLD_ANSWER,
    OLD_END,
    OLD_FROM,
    OLD_TO,
    OLD_REACHED,
    OLD_DOMAIN,
    OLD_DIR,
    OLD_EXT,
    OLD_CODE,
    OLD_CAUSE,
    OLD_BY,
    OLD_SIP_CALL_ID,
    OLD_NODE,
    OLD_UNIQUEID,
    OLD_CLID,
    OLD_DISPOSITION,
    OLD_BILLSEC,
    OLD_TRUNK, /* not in lines of before there were trunks */
    OLD_COLUMNS
};

enum { COLUMNS_MAX = CALL_COLUMNS };

static int take_time(int64_t *out, const char *text, const char *what, struct err *err)
{
    if (*text && text_to_us(text, out))
        return err_set(err, -EINVAL, "%s is no time", what);
    return 0;
}

static unsigned int take_number(const char *text, unsigned int max)
{
    uint64_t number;

    return str_to_u64(text, 1, max, &number) ? 0 : (unsigned int)number;
}

#define TAKE_TEXT(to, field) text_copy(to, sizeof(to), field, strlen(field))

static void take_cause(struct cdr *out, const char *code, const char *cause)
{
    unsigned int value = take_number(cause, 127);

    out->sip_code = take_number(code, 699);
    if (value)
        TAKE_TEXT(out->cause, cause_name(value));
}

static int take_old(struct cdr_record *record, char **fields, struct err *err)
{
    struct cdr *out = &record->cdr;
    int res = take_time(&out->started_us, fields[OLD_START], "start", err);

    if (!res)
        res = take_time(&out->answered_us, fields[OLD_ANSWER], "answer", err);
    if (!res)
        res = take_time(&out->ended_us, fields[OLD_END], "end", err);
    if (res)
        return res;
    take_cause(out, fields[OLD_CODE], fields[OLD_CAUSE]);
    TAKE_TEXT(out->call_id, fields[OLD_ID]);
    TAKE_TEXT(out->caller, fields[OLD_FROM]);
    TAKE_TEXT(out->callee, fields[OLD_TO]);
    TAKE_TEXT(out->reached, fields[OLD_REACHED]);
    TAKE_TEXT(out->domain, fields[OLD_DOMAIN]);
    TAKE_TEXT(out->direction, fields[OLD_DIR]);
    TAKE_TEXT(out->service, fields[OLD_EXT]);
    TAKE_TEXT(out->side, fields[OLD_BY]);
    TAKE_TEXT(out->sip_call_id, fields[OLD_SIP_CALL_ID]);
    TAKE_TEXT(out->trunk, fields[OLD_TRUNK]);
    if (*fields[OLD_NODE])
        TAKE_TEXT(out->node, fields[OLD_NODE]);
    return 0;
}

/* Who took the caller, and how long that was waited for; if nobody did, how long he stayed. */
static int take_queue(struct cdr *out, const struct about *about, char **fields, struct err *err)
{
    int64_t joined = 0, taken = 0, left = 0;
    int res = take_time(&joined, fields[CALL_JOINED], "joined", err);

    if (!res)
        res = take_time(&taken, fields[CALL_TAKEN], "taken", err);
    if (!res)
        res = take_time(&left, fields[CALL_LEFT], "left", err);
    if (res || strcmp(about->kind, "queue") != 0)
        return res;
    if (!left)
        left = out->ended_us;
    TAKE_TEXT(out->queue, about->number);
    out->wait_ms = cdr_ms_between(joined, taken ? taken : left);
    out->talk_ms = cdr_ms_between(taken, left);
    if (taken && *fields[CALL_AGENT] &&
        str_printf(out->agent, sizeof(out->agent), "%s@%s", fields[CALL_AGENT], out->domain))
        out->agent[0] = '\0';
    return 0;
}

static void add_caller(struct cdr_record *record, char **fields)
{
    struct cdr_leg *leg = cdr_add_leg(record, "caller", "caller");
    const struct cdr *cdr = &record->cdr;

    TAKE_TEXT(leg->number, cdr->caller);
    TAKE_TEXT(leg->sip_call_id, cdr->sip_call_id);
    TAKE_TEXT(leg->cause, cdr->cause);
    TAKE_TEXT(leg->codec, cdr->codec);
    leg->begun_us = cdr->started_us;
    leg->rang_us = cdr->rang_us;
    leg->answered_us = cdr->answered_us;
    leg->ended_us = cdr->ended_us;
    leg->sip_code = cdr->sip_code;
    quality_take_asterisk(leg, fields[CALL_QUALITY]);
}

static int take_call(struct cdr_record *record, char **fields, struct err *err)
{
    struct cdr *out = &record->cdr;
    struct about about;
    int res = about_take(&about, out, fields[CALL_CALL], fields[CALL_SERVICE], err);

    if (!res)
        res = take_time(&out->answered_us, fields[CALL_ANSWER], "answer", err);
    if (!res)
        res = take_time(&out->ended_us, fields[CALL_END], "end", err);
    if (!res)
        res = take_time(&out->rang_us, fields[CALL_RANG], "rang", err);
    if (!res)
        res = take_queue(out, &about, fields, err);
    if (res)
        return res;
    if (*fields[CALL_NODE])
        TAKE_TEXT(out->node, fields[CALL_NODE]);
    about_path(out, &about, fields[CALL_KEY], *out->agent ? "" : fields[CALL_REACHED]);
    if (about.stage > 0)
        return about_stage(record, &about, err);
    if (*fields[CALL_REACHED])
        TAKE_TEXT(out->reached, fields[CALL_REACHED]);
    record->goes_on = *fields[CALL_REACHED] && !*out->agent;
    take_cause(out, fields[CALL_CODE], fields[CALL_CAUSE]);
    TAKE_TEXT(out->side, fields[CALL_BY]);
    TAKE_TEXT(out->sip_call_id, fields[CALL_SIP_CALL_ID]);
    TAKE_TEXT(out->sip_call_id_callee, fields[CALL_LEG]);
    codec_name(out->codec, sizeof(out->codec), fields[CALL_CODEC]);
    add_caller(record, fields);
    return 0;
}

/* How somebody was to be heard; all else of the leg is the edge's to say. */
static int take_leg(struct cdr_record *record, char **fields, struct err *err)
{
    bool is_caller = strcmp(fields[LEG_SIDE], "caller") == 0;
    struct cdr *out = &record->cdr;
    struct cdr_leg *leg;
    struct about about;
    int res = about_take(&about, out, fields[LEG_CALL], "", err);

    if (res)
        return res;
    record->is_call = false;
    TAKE_TEXT(out->domain, fields[LEG_DOMAIN]);
    TAKE_TEXT(out->node, fields[LEG_NODE]);
    leg = cdr_add_leg(record, is_caller ? "caller" : "callee",
                      is_caller ? "caller" : fields[LEG_SIP_CALL_ID]);
    TAKE_TEXT(leg->sip_call_id, fields[LEG_SIP_CALL_ID]);
    codec_name(leg->codec, sizeof(leg->codec), fields[LEG_CODEC]);
    quality_take_asterisk(leg, fields[LEG_QUALITY]);
    return 0;
}

/* The forms of lines, the last one for any other beginning. */
static const struct form {
    const char *beginning;
    int columns, optional;
    int (*take)(struct cdr_record *record, char **fields, struct err *err);
} forms[] = {
    {"\"2\",", CALL_COLUMNS, 0, take_call},
    {"\"leg\",", LEG_COLUMNS, 0, take_leg},
    {"", OLD_COLUMNS, OLD_COLUMNS - OLD_TRUNK, take_old},
};

static int take_line(struct cdr_record *out, char *line, struct err *err)
{
    static char nothing[] = "";
    char *fields[COLUMNS_MAX];
    const struct form *form = forms;
    int res;

    while (!str_starts_with(line, form->beginning))
        form++;
    for (int i = 0; i < COLUMNS_MAX; i++)
        fields[i] = nothing;
    res = csv_split(line, fields, form->columns, form->optional, err);
    return res ? res : form->take(out, fields, err);
}

int cdr_parse_asterisk(struct cdr_record *out, const char *body, size_t len, struct err *err)
{
    char *line;
    int res;

    if (len > 0 && body[len - 1] == '\r')
        len--;
    if (len == 0 || memchr(body, '\0', len))
        return err_set(err, -EINVAL, "%s", len ? "a NUL in the line" : "an empty line");
    line = malloc(len + 1);
    if (!line)
        return err_set(err, -ENOMEM, "out of memory");
    memcpy(line, body, len);
    line[len] = '\0';
    res = take_line(out, line, err);
    free(line);
    return res;
}
