/* Records of the source SOURCE: what is accepted fits the columns of voip.cdr. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "cdr/cause.h"
#include "cdr/record.h"
#include "cdr/text.h"
#include "fuzz.h"

/* Ends within its array, and is what PostgreSQL takes as text. */
static void check_text(const char *text, size_t size)
{
    struct buf clean;

    FUZZ_CHECK(memchr(text, '\0', size));
    buf_init(&clean, size * 3);
    text_clean(&clean, text, strlen(text));
    FUZZ_CHECK(strcmp(clean.data, text) == 0);
    buf_free(&clean);
}

#define CHECK_TEXT(array) check_text(array, sizeof(array))

static int is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

static void check_legs(const struct cdr_record *record)
{
    FUZZ_CHECK(record->legs_count <= CDR_LEGS_MAX);
    for (size_t i = 0; i < record->legs_count; i++) {
        const struct cdr_leg *leg = &record->legs[i];

        CHECK_TEXT(leg->leg);
        CHECK_TEXT(leg->number);
        CHECK_TEXT(leg->sip_call_id);
        CHECK_TEXT(leg->codec);
        FUZZ_CHECK(leg->leg[0] && is_one_of(leg->side, "caller", "callee", "callee"));
        FUZZ_CHECK(leg->mos == CDR_UNKNOWN || (leg->mos >= 100 && leg->mos <= 500));
        FUZZ_CHECK(leg->loss >= CDR_UNKNOWN && leg->loss <= 10000);
        FUZZ_CHECK(!*leg->cause || cause_is_name(leg->cause));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cdr_record record;
    struct cdr cdr;
    struct err err = {""};
    int res = cdr_parse(&record, SOURCE, "node", (const char *)data, size, &err);

    if (res) {
        FUZZ_CHECK((res == -EINVAL || res == -ENOMSG) && err.text[0]);
        return 0;
    }
    check_legs(&record);
    cdr = record.cdr;
    FUZZ_CHECK(str_is_uuid(cdr.call_id));
    FUZZ_CHECK(cdr.started_us > 0);
    CHECK_TEXT(cdr.domain);
    CHECK_TEXT(cdr.node);
    FUZZ_CHECK(record.stage <= 9);
    CHECK_TEXT(cdr.ivr_path);
    CHECK_TEXT(cdr.queue);
    CHECK_TEXT(cdr.agent);
    FUZZ_CHECK(cdr.wait_ms >= CDR_UNKNOWN && cdr.talk_ms >= CDR_UNKNOWN);
    if (!record.is_call)
        return 0;
    FUZZ_CHECK(cdr.ended_us > 0 && cdr.answered_us >= 0);
    FUZZ_CHECK(cdr_duration_ms(&cdr) >= 0 && cdr_billable_ms(&cdr) >= 0);
    FUZZ_CHECK(cdr.sip_code < 700);
    FUZZ_CHECK(is_one_of(cdr.direction, "internal", "inbound", "outbound"));
    FUZZ_CHECK(is_one_of(cdr.side, "caller", "callee", "system"));
    FUZZ_CHECK(cause_is_name(cdr.cause));
    FUZZ_CHECK(strcmp(cdr.source, SOURCE) == 0);
    CHECK_TEXT(cdr.caller);
    CHECK_TEXT(cdr.callee);
    CHECK_TEXT(cdr.reached);
    CHECK_TEXT(cdr.service);
    CHECK_TEXT(cdr.sip_call_id);
    CHECK_TEXT(cdr.sip_call_id_callee);
    CHECK_TEXT(cdr.queue);
    CHECK_TEXT(cdr.agent);
    CHECK_TEXT(cdr.ivr_path);
    CHECK_TEXT(cdr.codec);
    CHECK_TEXT(cdr.genesys_call_uuid);
    CHECK_TEXT(cdr.trunk);
    FUZZ_CHECK(cdr.pdd_ms >= CDR_UNKNOWN && cdr.wait_ms >= CDR_UNKNOWN &&
               cdr.talk_ms >= CDR_UNKNOWN);
    return 0;
}
