#include "media/freeswitch/esl_frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum { LENGTH_DIGITS_MAX = 19 };

/* A part of the data. */
struct piece {
    const char *text;
    size_t len;
};

struct header {
    struct piece name, value;
};

static const struct type_name {
    const char *name;
    enum esl_type type;
} type_names[] = {
    {"auth/request", ESL_AUTH},
    {"command/reply", ESL_REPLY},
    {"api/response", ESL_API},
    {"text/event-plain", ESL_EVENT},
    {"text/disconnect-notice", ESL_DISCONNECT},
    {"text/rude-rejection", ESL_REJECTION},
};

static bool is(const struct piece *piece, const char *text)
{
    return piece->len == strlen(text) && strncasecmp(piece->text, text, piece->len) == 0;
}

/* Takes the next line off `rest`. -ENOENT when there is none, -EPROTO when it is no header. */
static int next_header(struct piece *rest, struct header *out)
{
    const char *end = memchr(rest->text, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    const char *colon = memchr(rest->text, ':', len);

    if (len == 0)
        return -ENOENT;
    if (!colon)
        return -EPROTO;
    out->name = (struct piece){rest->text, (size_t)(colon - rest->text)};
    out->value = (struct piece){colon + 1, len - out->name.len - 1};
    if (out->value.len && out->value.text[0] == ' ') {
        out->value.text++;
        out->value.len--;
    }
    rest->text += end ? len + 1 : len;
    rest->len -= end ? len + 1 : len;
    return 0;
}

static enum esl_type find_type(const struct piece *value)
{
    for (size_t i = 0; i < DP_COUNT(type_names); i++)
        if (is(value, type_names[i].name))
            return type_names[i].type;
    return ESL_OTHER;
}

static int read_length(const struct piece *value, size_t *out)
{
    char digits[LENGTH_DIGITS_MAX + 1];
    uint64_t length;
    int res;

    if (value->len > LENGTH_DIGITS_MAX)
        return -EMSGSIZE;
    memcpy(digits, value->text, value->len);
    digits[value->len] = '\0';
    res = str_to_u64(digits, 0, ESL_BODY_MAX, &length);
    if (res)
        return res == -ERANGE ? -EMSGSIZE : -EPROTO;
    *out = (size_t)length;
    return 0;
}

/* What a frame's head may say once, and has said. */
struct seen {
    bool type, length;
};

static int take_header(const struct header *header, struct seen *seen, struct esl_frame *frame)
{
    if (is(&header->name, "Content-Type")) {
        if (seen->type)
            return -EPROTO;
        seen->type = true;
        frame->type = find_type(&header->value);
    } else if (is(&header->name, "Content-Length")) {
        if (seen->length)
            return -EPROTO;
        seen->length = true;
        return read_length(&header->value, &frame->len);
    } else if (is(&header->name, "Reply-Text")) {
        snprintf(frame->reply, sizeof(frame->reply), "%.*s", (int)header->value.len,
                 header->value.text);
    }
    return 0;
}

static int read_head(struct piece head, struct esl_frame *frame)
{
    struct seen seen = {0};
    struct header header;
    int res = 0;

    for (size_t count = 0; !res; count++) {
        if (count > ESL_HEADERS_MAX)
            return -EMSGSIZE;
        res = next_header(&head, &header);
        if (!res)
            res = take_header(&header, &seen, frame);
    }
    if (res != -ENOENT)
        return res;
    return seen.type ? 0 : -EPROTO;
}

int esl_frame_parse(const char *data, size_t len, struct esl_frame *out)
{
    size_t looked_at = len < ESL_HEAD_MAX ? len : ESL_HEAD_MAX;
    const char *end = memmem(data, looked_at, "\n\n", 2);
    struct esl_frame frame = {0};
    size_t head;
    int res;

    if (memchr(data, '\0', end ? (size_t)(end - data) : looked_at))
        return -EPROTO;
    if (!end)
        return len < ESL_HEAD_MAX ? -EAGAIN : -EMSGSIZE;
    head = (size_t)(end - data) + 1;
    res = read_head((struct piece){data, head}, &frame);
    if (res)
        return res;
    frame.body = end + 2;
    frame.size = head + 1 + frame.len;
    if (frame.size > len)
        return -EAGAIN;
    *out = frame;
    return 0;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

/* The byte that `%XX` stands for, or -EINVAL; never a NUL. */
static int decode_byte(const char *text, size_t len)
{
    int high = len > 2 ? hex_value(text[1]) : -1;
    int low = high >= 0 ? hex_value(text[2]) : -1;
    int byte = high * 16 + low;

    return low >= 0 && byte > 0 ? byte : -EINVAL;
}

static int decode(const struct piece *value, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < value->len; i++) {
        int byte = (unsigned char)value->text[i];

        if (byte == '%') {
            byte = decode_byte(value->text + i, value->len - i);
            i += 2;
        }
        if (byte <= 0)
            return -EINVAL;
        if (used + 1 >= size)
            return -ENAMETOOLONG;
        out[used++] = (char)byte;
    }
    if (used >= size)
        return -ENAMETOOLONG;
    out[used] = '\0';
    return 0;
}

int esl_event_get(const struct esl_frame *event, const char *name, char *out, size_t size)
{
    struct piece rest = {event->body, event->len};
    struct header header;
    int res;

    do {
        res = next_header(&rest, &header);
    } while (!res && !is(&header.name, name));
    if (res)
        return -ENOENT;
    return decode(&header.value, out, size);
}
