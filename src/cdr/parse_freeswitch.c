/*
 * Records of FreeSWITCH: mod_json_cdr, one JSON object per channel. What identifies the call is in
 * the headers that the edge put into the INVITE and that Sofia keeps as channel variables:
 *
 *   X-VOIP-Call: <uuid>;start=<time>;from=…;to=…;reached=…;dir=…;ext=…;leg=0…9[;trunk=…]
 *   X-VOIP-Service: <kind>;id=…;domain=<tenant>
 *
 * Nearly all numbers in there are strings.
 */
#include <errno.h>
#include <string.h>

#include "cdr/cause.h"
#include "cdr/fields.h"
#include "cdr/record.h"
#include "cdr/text.h"

/* Copies the parameter `name` of a header "value;name=…;name=…"; "" when there is none. */
static void copy_param(char *out, size_t size, const char *header, const char *name)
{
    size_t len = strlen(name);

    out[0] = '\0';
    while ((header = strchr(header, ';'))) {
        header++;
        if (strncmp(header, name, len) != 0 || header[len] != '=')
            continue;
        header += len + 1;
        text_copy(out, size, header, strcspn(header, ";"));
        return;
    }
}

#define PARAM(to, header, name) copy_param(to, sizeof(to), header, name)

/* The call's key and numbers, from the edge's header. */
static int take_call(struct cdr *out, const char *header, struct err *err)
{
    char start[32], leg[8];

    PARAM(leg, header, "leg");
    if (*leg && strcmp(leg, "0") != 0)
        return err_set(err, -ENOMSG, "a leg of a call that has its own record");
    text_copy(out->call_id, sizeof(out->call_id), header, strcspn(header, ";"));
    PARAM(start, header, "start");
    if (text_to_us(start, &out->started_us))
        return err_set(err, -EINVAL, "X-VOIP-Call has no start");
    PARAM(out->caller, header, "from");
    PARAM(out->callee, header, "to");
    PARAM(out->reached, header, "reached");
    PARAM(out->direction, header, "dir");
    PARAM(out->service, header, "ext");
    PARAM(out->trunk, header, "trunk");
    return 0;
}

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

static int take_variables(struct cdr *out, const struct field *variables, struct err *err)
{
    const char *call = fields_text(variables, "sip_h_X-VOIP-Call");
    int res;

    if (!*call)
        return err_set(err, -ENOMSG, "a leg without X-VOIP-Call");
    /* Legs that FreeSWITCH makes carry the header too, to tell the edge which call they are of. */
    if (!is(variables, "direction", "inbound"))
        return err_set(err, -ENOMSG, "a leg that was not the caller's");
    res = take_call(out, call, err);
    if (!res)
        res = take_epoch(&out->answered_us, variables, "answer_uepoch", err);
    if (!res)
        res = take_epoch(&out->ended_us, variables, "end_uepoch", err);
    if (res)
        return res;
    PARAM(out->domain, fields_text(variables, "sip_h_X-VOIP-Service"), "domain");
    fields_copy(out->sip_call_id, sizeof(out->sip_call_id), variables, "sip_call_id");
    fields_copy(out->cause, sizeof(out->cause), variables, "hangup_cause");
    take_reached(out, variables);
    out->sip_code = find_code(out, variables);
    strcpy(out->side, find_side(variables));
    return 0;
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
    return take_variables(&out->cdr, variables, err);
}
