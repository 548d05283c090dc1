/* Frames of the event socket, one behind the other, and the headers of those that are events. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "media/freeswitch/esl_frame.h"

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
