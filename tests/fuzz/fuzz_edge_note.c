/* Notes of the edge: what is accepted fits the columns of voip.edge_calls. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "cdr/cause.h"
#include "cdr/edge_note.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct edge_note note;
    const struct cdr *cdr = &note.cdr;
    struct err err = {""};
    int res;

    (void)edge_note_is((const char *)data, size);
    res = edge_note_parse(&note, "node", (const char *)data, size, &err);
    if (res) {
        FUZZ_CHECK(res == -EINVAL && err.text[0]);
        return 0;
    }
    FUZZ_CHECK(note.booted_us > 0);
    CHECK_TEXT(cdr->node);
    if (note.kind == EDGE_NOTE_BOOT)
        return 0;
    FUZZ_CHECK(str_is_uuid(cdr->call_id));
    FUZZ_CHECK(cdr->started_us > 0 && cdr->answered_us >= cdr->started_us);
    FUZZ_CHECK(note.kind == EDGE_NOTE_END ? cdr->ended_us >= cdr->answered_us : !cdr->ended_us);
    FUZZ_CHECK(cdr->sip_code < 700);
    FUZZ_CHECK(is_one_of(cdr->direction, "internal", "inbound", "outbound"));
    FUZZ_CHECK(is_one_of(cdr->side, "caller", "callee", "system"));
    FUZZ_CHECK(cause_is_name(cdr->cause));
    CHECK_TEXT(cdr->domain);
    CHECK_TEXT(cdr->caller);
    CHECK_TEXT(cdr->callee);
    CHECK_TEXT(cdr->reached);
    CHECK_TEXT(cdr->service);
    CHECK_TEXT(cdr->trunk);
    CHECK_TEXT(cdr->sip_call_id);
    CHECK_TEXT(cdr->genesys_call_uuid);
    return 0;
}
