/* The sound of recordings, as it is asked for: whole or in parts, decrypted on the way. */
#pragma once

#include "api/route.h"

/* GET …/recordings/{id}/audio (RFC 9110 14: one range, If-Range, If-None-Match). */
void api_recording_audio(struct api_request *request);
