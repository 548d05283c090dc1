/* What is another one in every request: see http_load.c, --stamp. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http_load.h"

enum { UUID_LEN = 36, TIME_LEN = 17, MICRO_LEN = 16, MARKS_MAX = 16, CALL_S = 30 };

static const struct {
    const char *text;
    enum mark_kind { UUID, START, END } kind;
} kinds[] = {
    {"UUUUUUUU-UUUU-UUUU-UUUU-UUUUUUUUUUUU", UUID},
    {"SSSSSSSSSS.SSSSSS", START},
    {"EEEEEEEEEEEEEEEE", END},
};

struct marks {
    struct {
        size_t at;
        enum mark_kind kind;
    } mark[MARKS_MAX];
    size_t count;
};

static void look_for(struct marks *marks, const struct slice *text, size_t kind)
{
    const char *at = text->data, *end = text->data + text->len;
    size_t len = strlen(kinds[kind].text);

    while ((at = memmem(at, (size_t)(end - at), kinds[kind].text, len))) {
        if (marks->count == MARKS_MAX) {
            fputs("http_load: too many marks in a request\n", stderr);
            exit(1);
        }
        marks->mark[marks->count].at = (size_t)(at - text->data);
        marks->mark[marks->count++].kind = kinds[kind].kind;
        at += len;
    }
}

void stamp_prepare(struct request *request)
{
    request->marks = calloc(1, sizeof(*request->marks));
    if (!request->marks)
        die("memory");
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
        look_for(request->marks, &request->text, kind);
}

/* Version 4, of a generator that is quick and need not be good. */
static void write_uuid(char out[UUID_LEN + 1])
{
    static uint64_t state[2];
    uint64_t half[2];

    if (!state[0])
        state[0] = (uint64_t)clock_wall_us() * 0x9e3779b97f4a7c15 | 1;
    for (size_t i = 0; i < 2; i++) {
        state[0] ^= state[0] << 13;
        state[0] ^= state[0] >> 7;
        state[0] ^= state[0] << 17;
        half[i] = state[0] + ++state[1] * 0x9e3779b97f4a7c15;
    }
    snprintf(out, UUID_LEN + 1, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned int)(half[0] >> 32),
             (unsigned int)(half[0] >> 16 & 0xffff), (unsigned int)(half[0] & 0xfff),
             (unsigned int)(half[1] >> 52), half[1] & 0xffffffffffff);
}

void stamp_write(const struct request *request, char *out)
{
    int64_t end_us = clock_wall_us(), start_us = end_us - CALL_S * 1000000LL;
    char uuid[UUID_LEN + 1], start[TIME_LEN + 16], end[MICRO_LEN + 16];

    write_uuid(uuid);
    snprintf(start, sizeof(start), "%010" PRId64 ".%06" PRId64, start_us / 1000000,
             start_us % 1000000);
    snprintf(end, sizeof(end), "%016" PRId64, end_us);
    memcpy(out, request->text.data, request->text.len);
    for (size_t i = 0; i < request->marks->count; i++) {
        char *at = out + request->marks->mark[i].at;

        if (request->marks->mark[i].kind == UUID)
            memcpy(at, uuid, UUID_LEN);
        else if (request->marks->mark[i].kind == START)
            memcpy(at, start, TIME_LEN);
        else
            memcpy(at, end, MICRO_LEN);
    }
}
