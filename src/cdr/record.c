#include "cdr/record.h"

#include <errno.h>
#include <string.h>

#include "cdr/cause.h"
#include "cdr/text.h"

static const struct {
    const char *source;
    int (*parse)(struct cdr *out, const char *body, size_t len, struct err *err);
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
}

/* What every row needs, and what is usual where nothing was said. */
static int complete(struct cdr *cdr, struct err *err)
{
    if (!str_is_uuid(cdr->call_id))
        return err_set(err, -EINVAL, "the call's id is no uuid");
    if (cdr->started_us <= 0)
        return err_set(err, -EINVAL, "no start");
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
    return 0;
}

int cdr_parse(struct cdr *out, const char *source, const char *node, const char *body, size_t len,
              struct err *err)
{
    struct cdr cdr = {0};
    int res;

    text_copy(cdr.node, sizeof(cdr.node), node, strlen(node));
    for (size_t i = 0; i < DP_COUNT(forms); i++) {
        if (strcmp(source, forms[i].source) != 0)
            continue;
        text_copy(cdr.source, sizeof(cdr.source), source, strlen(source));
        res = forms[i].parse(&cdr, body, len, err);
        if (!res)
            res = complete(&cdr, err);
        if (!res)
            *out = cdr;
        return res;
    }
    return err_set(err, -EINVAL, "a source that does not exist");
}

static int32_t to_ms(int64_t us)
{
    int64_t ms = us / 1000;

    return us < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
}

int32_t cdr_duration_ms(const struct cdr *cdr)
{
    return to_ms(cdr->ended_us - cdr->started_us);
}

int32_t cdr_billable_ms(const struct cdr *cdr)
{
    return cdr->answered_us ? to_ms(cdr->ended_us - cdr->answered_us) : 0;
}
