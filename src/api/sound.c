#include "api/sound.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/range.h"
#include "base/log.h"

enum { HEADER_SIZE = 128 };

/* What is sent, while it is. */
struct sending {
    struct reading *reading;
    uint64_t at, end;
};

static ssize_t read_sound(void *arg, const struct http_request *request, char *out, size_t size)
{
    struct sending *sending = arg;
    uint64_t left = sending->end - sending->at;
    ssize_t got;

    (void)request;
    got = reading_at(sending->reading, sending->at, out, left < size ? (size_t)left : size);
    if (got > 0)
        sending->at += (uint64_t)got;
    if (got < 0)
        log_error("sound that is sent: %s", strerror((int)-got));
    return got;
}

static void close_sound(void *arg)
{
    struct sending *sending = arg;

    reading_close(sending->reading);
    free(sending);
}

static void add_headers(struct http_response *response, const struct api_sound *sound,
                        enum range_kind kind, const struct range *range, uint64_t size)
{
    char text[HEADER_SIZE];

    snprintf(text, sizeof(text), "inline; filename=\"%s\"", sound->name);
    http_response_header(response, "Content-Disposition", text);
    http_response_header(response, "Accept-Ranges", "bytes");
    if (kind != RANGE_PART)
        return;
    snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
             range->first + range->count - 1, size);
    http_response_header(response, "Content-Range", text);
}

/* Hands the reading over to the answer. */
static int hand_over(struct api_request *request, struct reading *reading,
                     const struct range *range)
{
    struct sending *sending = malloc(sizeof(*sending));

    if (!sending)
        return -ENOMEM;
    *sending = (struct sending){reading, range->first, range->first + range->count};
    request->response->stream =
        (struct http_stream){read_sound, close_sound, sending, (int64_t)range->count};
    return 0;
}

/* What is asked for. A date, which If-Range may also be, is no entity tag: none is kept. */
static enum range_kind read_range(const struct api_request *request, const char *version,
                                  uint64_t size, struct range *out)
{
    const char *wanted = http_header(request->http, "Range");
    const char *condition = http_header(request->http, "If-Range");
    char etag[HEADER_SIZE];

    snprintf(etag, sizeof(etag), "\"%s\"", version);
    if (condition && strcmp(condition, etag) != 0)
        wanted = NULL;
    return range_parse(wanted, size, out);
}

static void refuse(struct api_request *request, uint64_t size)
{
    char part[HEADER_SIZE];

    api_problem(request, 416, "Range", "The sound has %" PRIu64 " bytes.", size);
    snprintf(part, sizeof(part), "bytes */%" PRIu64, size);
    http_response_header(request->response, "Content-Range", part);
}

void api_sound_reply(struct api_request *request, const struct api_sound *sound)
{
    struct http_response *response = request->response;
    uint64_t size = reading_size(sound->reading);
    struct range range;
    enum range_kind kind = read_range(request, sound->version, size, &range);

    if (kind == RANGE_NONE) {
        refuse(request, size);
        reading_close(sound->reading);
        return;
    }
    response->status = kind == RANGE_PART ? 206 : 200;
    response->content_type = sound->type;
    add_headers(response, sound, kind, &range, size);
    if (hand_over(request, sound->reading, &range)) {
        reading_close(sound->reading);
        api_problem(request, 500, NULL, "There is no memory.");
    }
}
