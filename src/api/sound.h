/* Sound that is sent: whole or a range of its bytes (RFC 9110 14: one range, If-Range). */
#pragma once

#include "api/route.h"
#include "recording/read.h"

struct api_sound {
    struct reading *reading;
    const char *version; /* as in the ETag, without quotes, which the response has already */
    const char *type;    /* content type */
    const char *name;    /* of the file, for who saves it */
};

/* Makes the response of it; the reading is closed when it has been sent, or is not. */
void api_sound_reply(struct api_request *request, const struct api_sound *sound);
