/* Names of codecs, as in SDP (RFC 4566), whoever tells them. */
#pragma once

#include <stddef.h>

/*
 * Copies into `out` the name, in capitals, of "0" (a payload type of RFC 3551), "opus", "(ulaw)" or
 * "ulaw|alaw" (Asterisk; the first counts). "" for none, and for a number without a name.
 */
void codec_name(char *out, size_t size, const char *text);
