/*
 * Frames of the event socket, one behind the other, and what is in them: headers of an event, a
 * list of mod_callcenter.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "media/freeswitch/esl_frame.h"
#include "media/freeswitch/table.h"

static void look_at_list(const struct esl_frame *frame)
{
    char *text = fuzz_string((const uint8_t *)frame->body, frame->len);
    struct fs_table table;

    FUZZ_CHECK(fs_table_parse(&table, text) == 0);
    for (size_t row = 0; row < table.rows; row++)
        FUZZ_CHECK(strlen(fs_table_get(&table, row, "name")) < frame->len);
    FUZZ_CHECK(fs_table_find(&table, "name", "1@a.test") <= table.rows);
    fs_table_free(&table);
    free(text);
}

static void look_at(const struct esl_frame *frame)
{
    char value[64];
    int res;

    FUZZ_CHECK(strlen(frame->reply) < ESL_REPLY_SIZE);
    FUZZ_CHECK(frame->len <= ESL_BODY_MAX);
    res = esl_event_get(frame, "CC-Queue", value, sizeof(value));
    FUZZ_CHECK(res == 0 || res == -ENOENT || res == -EINVAL || res == -ENAMETOOLONG);
    if (!res)
        FUZZ_CHECK(strlen(value) < sizeof(value));
    look_at_list(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct esl_frame frame;

    while (size && esl_frame_parse(text, size, &frame) == 0) {
        FUZZ_CHECK(frame.size > 0 && frame.size <= size);
        FUZZ_CHECK(frame.body + frame.len == text + frame.size);
        /* What has come before its end is no frame yet. */
        FUZZ_CHECK(esl_frame_parse(text, frame.size - 1, &frame) == -EAGAIN);
        look_at(&frame);
        text += frame.size;
        size -= frame.size;
    }
    return 0;
}
