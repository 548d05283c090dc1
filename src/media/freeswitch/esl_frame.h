/*
 * Frames of FreeSWITCH's event socket (mod_event_socket): header lines, an empty line, and as many
 * bytes of body as Content-Length says.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

enum {
    ESL_HEAD_MAX = 4096,
    ESL_HEADERS_MAX = 32,
    /* The longest is `show channels as json`: 1.5 KB for each of up to 2,000 channels, or more
     * where names are long. */
    ESL_BODY_MAX = 16 << 20,
    ESL_REPLY_SIZE = 256,
};

enum esl_type {
    ESL_AUTH,       /* auth/request: wants the password */
    ESL_REPLY,      /* command/reply */
    ESL_API,        /* api/response */
    ESL_EVENT,      /* text/event-plain */
    ESL_DISCONNECT, /* text/disconnect-notice: the last frame */
    ESL_REJECTION,  /* text/rude-rejection: our address is not on the list */
    ESL_OTHER,
};

struct esl_frame {
    enum esl_type type;
    char reply[ESL_REPLY_SIZE]; /* Reply-Text, cut to fit; "" when there is none */
    const char *body;           /* within the data; no NUL behind it */
    size_t len;                 /* of the body */
    size_t size;                /* of the whole frame */
};

/*
 * The frame at the beginning of `data`. -EAGAIN when it is not whole yet; -EMSGSIZE when it is
 * longer than the limits above; -EPROTO when it is no such frame.
 */
int esl_frame_parse(const char *data, size_t len, struct esl_frame *out) DP_CHECK;

/*
 * The value of a header of an event, percent-decoded. -ENOENT when it has no such header, -EINVAL
 * when the encoding is wrong or hides a NUL, -ENAMETOOLONG when it does not fit.
 */
int esl_event_get(const struct esl_frame *event, const char *name, char *out, size_t size) DP_CHECK;
