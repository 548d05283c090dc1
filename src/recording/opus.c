/* Opus in Ogg: the sound of a telephone in a fifth of the bytes, or less. */
#include <errno.h>
#include <opusenc.h>
#include <string.h>

#include "recording/sound.h"

enum {
    CHANNELS = 2,
    STEP = 960,
    /* For both channels. Enough for the two not to be mixed: at lower rates Opus codes what both
     * have in common, and the one is heard in the other. */
    BITS_PER_SECOND = 64000,
    FAMILY = 0, /* stereo, as everything plays it */
};

static int on_write(void *arg, const unsigned char *data, opus_int32 len)
{
    return sink_write(arg, data, (size_t)len) ? 1 : 0;
}

static int on_close(void *arg)
{
    (void)arg;
    return 0;
}

/* The line has its own mark in front, "NAME=", which is what a tag looks like. */
static OggOpusEnc *open_encoder(const struct sound *sound, const char *line, struct sink *sink)
{
    static const OpusEncCallbacks callbacks = {on_write, on_close};
    OggOpusComments *comments = ope_comments_create();
    OggOpusEnc *encoder = NULL;
    int error;

    if (comments && ope_comments_add_string(comments, line) == OPE_OK)
        encoder = ope_encoder_create_callbacks(&callbacks, sink, comments, (opus_int32)sound->rate,
                                               CHANNELS, FAMILY, &error);
    if (encoder)
        ope_encoder_ctl(encoder, OPUS_SET_BITRATE(BITS_PER_SECOND));
    if (comments)
        ope_comments_destroy(comments);
    return encoder;
}

static int encode(const struct sound *sound, OggOpusEnc *encoder, struct err *err)
{
    opus_int16 samples[STEP * CHANNELS];
    int res = 0;

    for (uint64_t at = 0; !res && at < sound->frames; at += STEP) {
        uint64_t left = sound->frames - at;
        size_t now = left < STEP ? (size_t)left : STEP;

        res = sound_read(sound, at, samples, now, err);
        if (!res && ope_encoder_write(encoder, samples, (int)now) != OPE_OK)
            res = err_set(err, -EIO, "the Opus encoder failed");
    }
    if (!res && ope_encoder_drain(encoder) != OPE_OK)
        res = err_set(err, -EIO, "the Opus encoder failed");
    return res;
}

int sound_to_opus(const struct sound *sound, const char *line, struct sink *sink, struct err *err)
{
    OggOpusEnc *encoder = open_encoder(sound, line, sink);
    int res = encoder ? encode(sound, encoder, err)
                      : err_set(err, -EINVAL, "no Opus encoder for this sound");

    if (encoder)
        ope_encoder_destroy(encoder);
    return res;
}
