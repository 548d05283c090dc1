/* Audio as files: RIFF WAVE, PCM, one channel, 16 bits, 8 or 16 kHz. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum {
    WAV_HEAD = 44,
    WAV_DATA_MAX = 9600000, /* ten minutes at 8 kHz */
};

/*
 * Appends to `out` the same audio with a head of WAV_HEAD bytes and nothing else: no titles, cue
 * points or whatever else a file may carry. -EINVAL, with what is wrong in words, when it is no
 * such file, has no sound in it or more than WAV_DATA_MAX bytes; -ENOBUFS or -ENOMEM of `out`.
 */
int wav_plain(const char *data, size_t len, struct buf *out, struct err *err) DP_CHECK;
