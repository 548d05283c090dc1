/*
 * Whatever is in a file: of a media server (where its sound is), of the store (whose recording it
 * is, and sealed), and what a collector is said to have sent. What is accepted is a path in the
 * store.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cdr/recording.h"
#include "fuzz.h"
#include "recording/name.h"
#include "recording/seal.h"
#include "recording/sound.h"

enum { NAME_SIZE = 300 };

static void check(const struct recording *recording)
{
    struct recording again;
    struct buf line;
    struct err err;

    FUZZ_CHECK(recording_is_path(recording->path));
    buf_init(&line, RECORDING_LINE_MAX);
    recording_write_line(recording, &line);
    FUZZ_CHECK(!buf_error(&line));
    FUZZ_CHECK(recording_find_line(&again, line.data, line.len, &err) == 0);
    FUZZ_CHECK(strcmp(again.path, recording->path) == 0);
    buf_free(&line);
}

static void try_rows(const char *data, size_t size)
{
    struct recording recording;
    struct err err;

    if (recording_find_line(&recording, data, size, &err) == 0)
        check(&recording);
    if (recording_parse(&recording, data, size, true, &err) == 0)
        check(&recording);
}

static void try_name(const char *data, size_t size)
{
    struct media_name name;
    char text[NAME_SIZE] = "";

    memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
    if (media_name_parse(&name, text) == 0)
        FUZZ_CHECK(str_is_uuid(name.call_id) && str_is_domain(name.domain) && name.started_us > 0);
}

static int on_plain(void *arg, const void *data, size_t len)
{
    (void)data;
    *(size_t *)arg += len;
    return 0;
}

static void try_file(const uint8_t *data, size_t size)
{
    static const unsigned char key[SEAL_KEY];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct sound sound;
    size_t plain = 0;
    struct err err;
    char last[4];

    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    for (int raw = 0; raw < 2; raw++) {
        if (sound_open(&sound, fd, raw, &err))
            continue;
        FUZZ_CHECK((uint64_t)sound.at + sound.frames * 4 <= size && sound.rate > 0);
        if (sound.frames)
            FUZZ_CHECK(sound_read(&sound, sound.frames - 1, last, 1, &err) == 0);
    }
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    /* Nobody has the key. */
    FUZZ_CHECK(seal_open(fd, key, on_plain, &plain, &err) == -EBADMSG && plain == 0);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_rows((const char *)data, size);
    try_name((const char *)data, size);
    try_file(data, size);
    return 0;
}
