/*
 * Sound between a file of a media server and one of the store: 16 bits, two channels, the caller on
 * the left one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "recording/sink.h"

/* Where the samples are in a media server's file. */
struct sound {
    int fd;          /* the caller's */
    off_t at;        /* of the first byte */
    uint64_t frames; /* samples per channel */
    uint32_t rate;   /* of them in a second */
};

/*
 * Looks at a file: WAV, whose head may be as it was when its writer was killed, or (`raw`) the same
 * without a head, at 8,000 Hz. A file without sound is a success with 0 frames. -EINVAL, with what
 * is wrong, for what is neither; errno of reading.
 */
int sound_open(struct sound *out, int fd, bool raw, struct err *err) DP_CHECK;

int64_t sound_duration_ms(const struct sound *sound);

/* Writes it all as a WAV file, with `line` as its comment (LIST INFO ICMT). */
int sound_to_wav(const struct sound *sound, const char *line, struct sink *sink,
                 struct err *err) DP_CHECK;

/* As Opus in Ogg (RFC 7845), `line` being one of its tags. */
int sound_to_opus(const struct sound *sound, const char *line, struct sink *sink,
                  struct err *err) DP_CHECK;

/* For those two: up to `frames` frames from the frame `from` on, into 4 bytes each. The last may be
 * fewer than there are to be: then a negative errno. */
int sound_read(const struct sound *sound, uint64_t from, void *out, size_t frames,
               struct err *err) DP_CHECK;
