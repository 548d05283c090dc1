#include "recording/sound.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RAW_RATE = 8000,
    RATE_MAX = 48000,
    CHANNELS = 2,
    FRAME = 4, /* bytes: two channels of 16 bits */
    HEAD_MAX = 4096,
    CHUNK_HEAD = 8,
    RIFF_HEAD = 12,
    FORMAT_SIZE = 16,
    PCM = 1,
    EXTENSIBLE = 0xFFFE,
    STEP = 4096, /* frames at a time */
};

static uint32_t number(const unsigned char *at, size_t bytes)
{
    uint32_t value = 0;

    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static int take_format(struct sound *sound, const unsigned char *format, struct err *err)
{
    unsigned int code = number(format, 2), channels = number(format + 2, 2);

    sound->rate = number(format + 4, 4);
    if ((code != PCM && code != EXTENSIBLE) || number(format + 14, 2) != 16 || channels != CHANNELS)
        return err_set(err, -EINVAL, "not 16-bit PCM of two channels (format %u, %u channels)",
                       code, channels);
    if (!sound->rate || sound->rate > RATE_MAX)
        return err_set(err, -EINVAL, "%u samples a second", sound->rate);
    return 0;
}

/* Goes through the chunks up to the samples, which are whatever is behind: how long its chunk is
 * said to be may be of an earlier moment. */
static int find_samples(struct sound *sound, const unsigned char *head, size_t len, struct err *err)
{
    size_t at = RIFF_HEAD;
    int res = -EINVAL;

    if (len < RIFF_HEAD || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
        return err_set(err, -EINVAL, "not a WAV file");
    err_set(err, -EINVAL, "a WAV file without a format");
    while (len - at >= CHUNK_HEAD) {
        const unsigned char *chunk = head + at;
        size_t size = number(chunk + 4, 4);

        at += CHUNK_HEAD;
        if (memcmp(chunk, "data", 4) == 0) {
            sound->at = (off_t)at;
            return res;
        }
        if (size > len - at)
            break;
        if (memcmp(chunk, "fmt ", 4) == 0 && size >= FORMAT_SIZE)
            res = take_format(sound, chunk + CHUNK_HEAD, err);
        at += size + (size & 1) < len ? size + (size & 1) : len - at;
    }
    return res ? res : err_set(err, -EINVAL, "a WAV file without samples");
}

int sound_open(struct sound *out, int fd, bool raw, struct err *err)
{
    struct sound sound = {.fd = fd, .rate = RAW_RATE};
    unsigned char head[HEAD_MAX];
    struct stat st;
    ssize_t len;
    int res;

    if (fstat(fd, &st))
        return err_sys(err, -errno, "a recording");
    if (!raw && st.st_size > 0) {
        len = pread(fd, head, sizeof(head), 0);
        res = len < 0 ? err_sys(err, -errno, "a recording")
                      : find_samples(&sound, head, (size_t)len, err);
        if (res)
            return res;
    }
    sound.frames = (uint64_t)(st.st_size - sound.at) / FRAME;
    *out = sound;
    return 0;
}

int64_t sound_duration_ms(const struct sound *sound)
{
    return (int64_t)(sound->frames * 1000 / sound->rate);
}

int sound_read(const struct sound *sound, uint64_t from, void *out, size_t frames, struct err *err)
{
    off_t at = sound->at + (off_t)(from * FRAME);
    size_t len = frames * FRAME, done = 0;

    while (done < len) {
        ssize_t got = pread(sound->fd, (char *)out + done, len - done, at + (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_sys(err, got ? -errno : -EIO, "reading a recording");
        done += (size_t)got;
    }
    return 0;
}

static void put_number(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* What is too long for a field of 32 bits (37 hours at 8,000 Hz) says so: readers go on to the end.
 */
static uint64_t clamp(uint64_t value)
{
    return value < UINT32_MAX ? value : UINT32_MAX;
}

static void put_wav_head(const struct sound *sound, const char *line, struct sink *sink)
{
    static const unsigned char none[2];
    unsigned char riff[12] = "RIFF____WAVE", format[24] = "fmt ", list[20] = "LIST____INFOICMT";
    unsigned char data[8] = "data";
    size_t len = strlen(line) + 1, comment = len + (len & 1);
    uint64_t samples = sound->frames * FRAME;

    put_number(riff + 4, clamp(4 + sizeof(format) + sizeof(list) + comment + 8 + samples), 4);
    put_number(format + 4, FORMAT_SIZE, 4);
    put_number(format + 8, PCM, 2);
    put_number(format + 10, CHANNELS, 2);
    put_number(format + 12, sound->rate, 4);
    put_number(format + 16, (uint64_t)sound->rate * FRAME, 4);
    put_number(format + 20, FRAME, 2);
    put_number(format + 22, 16, 2);
    put_number(list + 4, 4 + 8 + comment, 4);
    put_number(list + 16, len, 4);
    put_number(data + 4, clamp(samples), 4);
    sink_write(sink, riff, sizeof(riff));
    sink_write(sink, format, sizeof(format));
    sink_write(sink, list, sizeof(list));
    sink_write(sink, line, len);
    sink_write(sink, none, comment - len);
    sink_write(sink, data, sizeof(data));
}

int sound_to_wav(const struct sound *sound, const char *line, struct sink *sink, struct err *err)
{
    unsigned char bytes[STEP * FRAME];
    int res = 0;

    put_wav_head(sound, line, sink);
    for (uint64_t at = 0; !res && at < sound->frames; at += STEP) {
        uint64_t left = sound->frames - at;
        size_t now = left < STEP ? (size_t)left : STEP;

        res = sound_read(sound, at, bytes, now, err);
        if (!res && sink_write(sink, bytes, now * FRAME))
            break; /* sink_finish says why */
    }
    return res;
}
