/* Records of Kamailio: one JSON object, written by conf/kamailio/records.cfg. */
#include <errno.h>
#include <string.h>

#include "cdr/fields.h"
#include "cdr/record.h"

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
    return res;
}

static int take_record(struct cdr *out, const struct field *record, struct err *err)
{
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
    if (*fields_text(record, "node"))
        fields_copy(out->node, sizeof(out->node), record, "node");
    return 0;
}

int cdr_parse_edge(struct cdr_record *out, const char *body, size_t len, struct err *err)
{
    FIELDS_AUTO struct field *record = NULL;
    int res = fields_read(&record, body, len, err);

    return res ? res : take_record(&out->cdr, record, err);
}
