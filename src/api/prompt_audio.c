#include "api/prompt_audio.h"

#include <errno.h>

#include "base/file.h"
#include "store/pg.h"

enum { FILE_MAX = 2 * WAV_DATA_MAX }; /* whatever else is in it */

int prompt_audio_hex(const char *wav, size_t len, struct buf *hex, struct err *err)
{
    struct buf audio;
    int res;

    buf_init(&audio, WAV_HEAD + WAV_DATA_MAX + 1);
    res = wav_plain(wav, len, &audio, err);
    if (!res && pg_add_bytea(hex, audio.data, audio.len))
        res = err_set(err, -ENOMEM, "there is no memory for it");
    buf_free(&audio);
    return res;
}

int prompt_audio_read(const char *path, struct buf *hex, struct err *err)
{
    struct buf file;
    int res;

    buf_init(&file, FILE_MAX);
    res = file_read(path, &file, err);
    if (!res) {
        res = prompt_audio_hex(file.data ? file.data : "", file.len, hex, err);
        if (res)
            err_prefix(err, "%s", path);
    }
    buf_free(&file);
    return res;
}
