#include "base/wav.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { CHUNK_HEAD = 8, RIFF_HEAD = 12, FORMAT_SIZE = 16, PCM = 1, BITS = 16 };

/* What is found in a file. */
struct wav {
    const unsigned char *format, *samples;
    size_t length; /* of the samples, in bytes */
};

static uint32_t number(const unsigned char *at, size_t bytes)
{
    uint32_t value = 0;

    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static void put_number(struct buf *out, uint32_t value, size_t bytes)
{
    for (; bytes--; value >>= 8)
        buf_add_char(out, (char)(value & 0xFF));
}

/* Goes through the chunks. A last one that says more than there is has what there is. */
static int find(const unsigned char *data, size_t len, struct wav *wav)
{
    size_t at = RIFF_HEAD, size;

    if (len < RIFF_HEAD || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0)
        return -EINVAL;
    for (; len - at >= CHUNK_HEAD; at += size + (size & 1)) {
        const unsigned char *chunk = data + at;

        at += CHUNK_HEAD;
        size = number(chunk + 4, 4);
        if (size > len - at)
            size = len - at;
        if (memcmp(chunk, "fmt ", 4) == 0 && size >= FORMAT_SIZE && !wav->format) {
            wav->format = data + at;
        } else if (memcmp(chunk, "data", 4) == 0 && !wav->samples) {
            wav->samples = data + at;
            wav->length = size & ~(size_t)1;
        }
        if (size + (size & 1) > len - at)
            break;
    }
    return wav->format && wav->samples ? 0 : -EINVAL;
}

static int check(const struct wav *wav, struct err *err)
{
    unsigned int code = number(wav->format, 2), channels = number(wav->format + 2, 2);
    unsigned int rate = number(wav->format + 4, 4), bits = number(wav->format + 14, 2);

    if (code != PCM || bits != BITS)
        return err_set(err, -EINVAL, "not 16-bit PCM (format %u, %u bits)", code, bits);
    if (channels != 1)
        return err_set(err, -EINVAL, "%u channels, must be one", channels);
    if (rate != 8000 && rate != 16000)
        return err_set(err, -EINVAL, "%u samples a second, must be 8000 or 16000", rate);
    if (!wav->length)
        return err_set(err, -EINVAL, "there is no sound in it");
    if (wav->length > WAV_DATA_MAX)
        return err_set(err, -EINVAL, "%u seconds long, at most %u are taken",
                       (unsigned int)(wav->length / 2 / rate), WAV_DATA_MAX / 2 / rate);
    return 0;
}

int wav_plain(const char *data, size_t len, struct buf *out, struct err *err)
{
    struct wav wav = {0};
    uint32_t rate;
    int res;

    if (find((const unsigned char *)data, len, &wav))
        return err_set(err, -EINVAL, "not a WAV file");
    res = check(&wav, err);
    if (res)
        return res;
    rate = number(wav.format + 4, 4);
    buf_add_str(out, "RIFF");
    put_number(out, (uint32_t)(wav.length + WAV_HEAD - CHUNK_HEAD), 4);
    buf_add_str(out, "WAVEfmt ");
    put_number(out, FORMAT_SIZE, 4);
    put_number(out, PCM, 2);
    put_number(out, 1, 2);
    put_number(out, rate, 4);
    put_number(out, rate * BITS / 8, 4);
    put_number(out, BITS / 8, 2);
    put_number(out, BITS, 2);
    buf_add_str(out, "data");
    put_number(out, (uint32_t)wav.length, 4);
    buf_add(out, (const char *)wav.samples, wav.length);
    res = buf_error(out);
    return res ? err_sys(err, res, "the audio") : 0;
}
