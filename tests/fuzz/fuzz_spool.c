/* A segment of the spool, of any bytes, and what words of Redis may be taken for. */
#include <errno.h>
#include <string.h>

#include "cdr/intake.h"
#include "fuzz.h"
#include "store/spool_format.h"

static void look_at_entry(const char *data, size_t len)
{
    struct redis_entry entry;

    if (intake_decode(data, len, &entry))
        return;
    FUZZ_CHECK(entry.src == data && strlen(entry.src) < len);
    FUZZ_CHECK(entry.node == entry.src + strlen(entry.src) + 1);
    FUZZ_CHECK(entry.body == entry.node + strlen(entry.node) + 1);
    FUZZ_CHECK(entry.body + entry.len == data + len);
}

static void look_at_place(const uint8_t *data, size_t size)
{
    char again[SPOOL_PLACE_SIZE], *text = fuzz_string(data, size);
    struct spool_place place, same;

    if (spool_place_parse(text, &place) == 0) {
        spool_place_format(again, place);
        FUZZ_CHECK(spool_place_parse(again, &same) == 0);
        FUZZ_CHECK(!spool_is_before(place, same) && !spool_is_before(same, place));
    }
    free(text);
}

/* Every byte is of a record or skipped, and no record is taken from elsewhere. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spool_window window = {
        .place = {1, 0}, .bytes = (const char *)data, .len = size, .last = true};
    struct spool_record record;
    size_t taken = 0;

    look_at_place(data, size);
    look_at_entry((const char *)data, size);
    while (spool_scan(&window, &record)) {
        FUZZ_CHECK((const char *)record.data >= window.bytes + SPOOL_HEADER);
        FUZZ_CHECK((const char *)record.data + record.len == window.bytes + window.pos);
        FUZZ_CHECK(window.pos <= size);
        taken += SPOOL_HEADER + record.len;
        look_at_entry(record.data, record.len);
    }
    FUZZ_CHECK(window.pos == size && taken + window.skipped == size);
    return 0;
}
