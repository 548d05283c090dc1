#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cdr/recording.h"
#include "recording/sink.h"
#include "recording/sound.h"
#include "recording/take.h"
#include "tmpdir.h"

#define CALL "0f8fad5b-d9cb-469f-a165-70867728950e"

/* ---- names and rows */

static void test_names(void **state)
{
    static const char *const wrong[] = {
        "",
        ".",
        "..",
        CALL ".wav",
        CALL "_1.5_.wav",
        CALL "_1.5_a.test",
        CALL "_1.5_a.test.mp3",
        CALL "_1.5_../x.wav",
        CALL "_1.5_A.test.wav",
        CALL "_15_a.test.wav",
        CALL "_0.0_a.test.wav",
        CALL "_1.1234567_a.test.wav",
        CALL "_1.5_a.test.raw.end",
        "0f8fad5b-d9cb-469f-a165-70867728950_1.5_a.test.wav",
    };
    struct media_name name;

    (void)state;
    assert_int_equal(media_name_parse(&name, CALL "_1795224953.25_a.test.wav"), 0);
    assert_string_equal(name.call_id, CALL);
    assert_string_equal(name.domain, "a.test");
    assert_true(name.started_us == 1795224953250000);
    assert_false(name.raw);
    assert_int_equal(media_name_parse(&name, CALL "_1.000001_x.raw"), 0);
    assert_true(name.raw && name.started_us == 1000001);
    for (size_t i = 0; i < DP_COUNT(wrong); i++)
        assert_int_equal(media_name_parse(&name, wrong[i]), -EINVAL);
}

static struct recording example(void)
{
    struct recording recording = {
        .id = "11111111-2222-8333-8444-555555555555",
        .call_id = CALL,
        .started_us = 1795224953250000,
        .domain = "a.test",
        .node = "one",
        .format = "opus",
        .duration_ms = 1234,
        .key_id = 7,
        .bytes = 99,
    };

    memset(recording.sha256, 'a', sizeof(recording.sha256) - 1);
    recording_set_path(&recording);
    return recording;
}

static void test_rows(void **state)
{
    struct recording before = example(), after;
    struct buf text;
    struct err err;

    (void)state;
    assert_string_equal(before.path,
                        "recordings/2026/11/21/11111111-2222-8333-8444-555555555555.opus.enc");
    assert_true(recording_is_path(before.path));
    buf_init(&text, RECORDING_LINE_MAX);
    recording_write(&before, true, &text);
    assert_int_equal(recording_parse(&after, text.data, text.len, true, &err), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(recording_parse(&after, text.data, len, true, &err), -EINVAL);
    buf_reset(&text);
    buf_add(&text, "\0\377xx", 4);
    recording_write_line(&before, &text);
    buf_add(&text, "\0yy", 3);
    assert_int_equal(recording_find_line(&after, text.data, text.len, &err), 0);
    assert_string_equal(after.path, before.path);
    assert_int_equal(recording_find_line(&after, text.data, 20, &err), -ENOENT);
    buf_free(&text);
}

static void test_hostile_rows(void **state)
{
    static const char *const changes[][2] = {
        {"a.test", "../../etc"},
        {"a.test", "a\\u0022"},
        {"one", "x/y"},
        {"opus", "../x"},
        {"1234", "-1"},
        {"1234", "\\\"x\\\""},
        {CALL, "no-uuid"},
        {"1795224953250000", "0"},
        {"aaaa", "zzzz"},
        {"99", "-99"},
        {"\"bytes\"", "\"byte\""},
    };
    struct recording before = example(), after;
    struct buf text, changed;
    struct err err;

    (void)state;
    buf_init(&text, RECORDING_LINE_MAX);
    recording_write(&before, true, &text);
    for (size_t i = 0; i < DP_COUNT(changes); i++) {
        char *at = strstr(text.data, changes[i][0]);

        assert_non_null(at);
        buf_init(&changed, 2 * RECORDING_LINE_MAX);
        buf_add(&changed, text.data, (size_t)(at - text.data));
        buf_add_str(&changed, changes[i][1]);
        buf_add_str(&changed, at + strlen(changes[i][0]));
        assert_int_equal(recording_parse(&after, changed.data, changed.len, true, &err), -EINVAL);
        buf_free(&changed);
    }
    buf_free(&text);
    assert_false(recording_is_path("recordings/2026/11/21/../../../etc/passwd"));
    assert_false(
        recording_is_path("recordings/2026/11/2x/11111111-2222-8333-8444-555555555555.wav"));
    assert_false(
        recording_is_path("recordings/2026/11/21/11111111-2222-8333-8444-555555555555.sh"));
    assert_false(recording_is_path("/etc/passwd"));
    assert_false(recording_is_path("recordings/"));
}

/* ---- sound */

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void write_file(const char *path, const void *data, size_t len)
{
    struct err err;

    if (file_write(path, data, len, 0600, &err))
        fail_msg("%s", err.text);
}

/* 44 bytes as FreeSWITCH's, with what it says of the length. */
static void add_wav_head(struct buf *out, unsigned int channels, uint32_t said)
{
    const uint32_t rate = 8000, bytes = rate * channels * 2;
    unsigned char head[44] = "RIFF____WAVEfmt \20\0\0\0\1\0\0\0rrrrbbbb\0\0\20\0data____";

    head[22] = (unsigned char)channels;
    head[32] = (unsigned char)(channels * 2);
    memcpy(head + 24, &rate, 4);
    memcpy(head + 28, &bytes, 4);
    memcpy(head + 40, &said, 4);
    buf_add(out, head, sizeof(head));
}

static void test_heads(void **state)
{
    const char *path = tmpdir_path(*state, "x.wav");
    struct sound sound;
    struct buf file;
    struct err err;
    int fd;

    /* Said to be 8 bytes long when its writer was killed, or nothing yet. */
    for (uint32_t said = 0; said <= 8; said += 8) {
        buf_init(&file, 1000);
        add_wav_head(&file, 2, said);
        buf_add(&file, "0123456789abcdefgh", 18);
        write_file(path, file.data, file.len);
        fd = open_file(path);
        assert_int_equal(sound_open(&sound, fd, false, &err), 0);
        assert_true(sound.frames == 4 && sound.at == 44 && sound.rate == 8000);
        close(fd);
        buf_free(&file);
    }
    buf_init(&file, 1000);
    add_wav_head(&file, 1, 0);
    write_file(path, file.data, file.len);
    fd = open_file(path);
    assert_int_equal(sound_open(&sound, fd, false, &err), -EINVAL);
    close(fd);
    for (size_t len = 1; len < 44; len++) {
        write_file(path, file.data, len);
        fd = open_file(path);
        assert_int_equal(sound_open(&sound, fd, false, &err), -EINVAL);
        assert_int_equal(sound_open(&sound, fd, true, &err), 0);
        assert_true(sound.frames == len / 4);
        close(fd);
    }
    write_file(path, "", 0);
    fd = open_file(path);
    assert_int_equal(sound_open(&sound, fd, false, &err), 0);
    assert_true(sound.frames == 0);
    close(fd);
    buf_free(&file);
}

/* ---- sealed files */

static const struct seal_key some_key = {7, "0123456789abcdef0123456789abcdef"};

static int gather(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

static int unseal(const char *path, const struct seal_key *key, struct buf *out)
{
    struct err err;
    int fd = open_file(path), res = seal_open(fd, key->bytes, gather, out, &err);

    close(fd);
    return res;
}

static void seal(const char *path, const char *data, size_t len)
{
    char sha256[RECORDING_DIGEST_SIZE];
    struct recording digest;
    struct sink *sink;
    uint64_t bytes;
    struct err err;

    assert_int_equal(sink_open(&sink, path, &some_key, "DIALPLANE={}", &err), 0);
    sink_write(sink, data, len);
    assert_int_equal(sink_finish(sink, &bytes, sha256, &err), 0);
    assert_int_equal(take_digest(path, &digest, &err), 0);
    assert_string_equal(digest.sha256, sha256);
    assert_true(digest.bytes == bytes);
}

static void test_sealed(void **state)
{
    static const size_t lengths[] = {
        0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 3 * SEAL_CHUNK};
    const struct seal_key other = {7, "x123456789abcdef0123456789abcdef"};
    char *data = test_malloc(3 * SEAL_CHUNK);
    const char *path = tmpdir_path(*state, "x.enc");
    struct buf out;

    for (size_t i = 0; i < 3 * SEAL_CHUNK; i++)
        data[i] = (char)(i * 7 >> 3);
    for (size_t i = 0; i < DP_COUNT(lengths); i++) {
        seal(path, data, lengths[i]);
        buf_init(&out, 4 * SEAL_CHUNK);
        assert_int_equal(unseal(path, &some_key, &out), 0);
        assert_int_equal(out.len, lengths[i]);
        assert_memory_equal(out.data, data, lengths[i]);
        assert_int_equal(unseal(path, &other, &out), -EBADMSG);
        buf_free(&out);
    }
    test_free(data);
}

/* One byte anywhere, or some at the end. */
static void test_changed_seal(void **state)
{
    const char *path = tmpdir_path(*state, "x.enc");
    struct buf file, out;
    struct err err;

    seal(path, "hello, hello", 12);
    buf_init(&file, 1000);
    assert_int_equal(file_read(path, &file, &err), 0);
    buf_init(&out, 4 * SEAL_CHUNK);
    for (size_t at = 0; at < file.len; at++) {
        file.data[at] ^= 1;
        write_file(path, file.data, file.len);
        assert_int_equal(unseal(path, &some_key, &out), -EBADMSG);
        write_file(path, file.data, at);
        assert_int_equal(unseal(path, &some_key, &out), -EBADMSG);
        file.data[at] ^= 1;
    }
    buf_add_char(&file, 'x');
    write_file(path, file.data, file.len);
    assert_int_equal(unseal(path, &some_key, &out), -EBADMSG);
    buf_free(&out);
    buf_free(&file);
}

/* Whole chunks that are missing at the end are noticed, too. */
static void test_cut_seal(void **state)
{
    const char *path = tmpdir_path(*state, "x.enc");
    char *data = test_calloc(1, 2 * SEAL_CHUNK);
    struct buf out;
    struct stat st;

    seal(path, data, 2 * SEAL_CHUNK);
    assert_int_equal(stat(path, &st), 0);
    buf_init(&out, 4 * SEAL_CHUNK);
    assert_int_equal(truncate(path, st.st_size - 17), 0);
    assert_int_equal(unseal(path, &some_key, &out), -EBADMSG);
    assert_int_equal(truncate(path, st.st_size - 17 - SEAL_CHUNK - 17), 0);
    assert_int_equal(unseal(path, &some_key, &out), -EBADMSG);
    buf_free(&out);
    test_free(data);
}

static void test_keys(void **state)
{
    unsigned char platform[SEAL_KEY], other[SEAL_KEY], wrapped[SEAL_WRAPPED], key[SEAL_KEY];
    struct err err;

    (void)state;
    assert_int_equal(seal_platform_key(platform, "a secret of the platform", &err), 0);
    assert_int_equal(seal_platform_key(other, "another secret of it", &err), 0);
    assert_int_equal(seal_make_key(wrapped, platform, 3, &err), 0);
    assert_int_equal(seal_unwrap(key, wrapped, platform, 3, &err), 0);
    assert_int_equal(seal_unwrap(key, wrapped, platform, 4, &err), -EBADMSG);
    assert_int_equal(seal_unwrap(key, wrapped, other, 3, &err), -EBADMSG);
}

/* ---- from the media server's folder into the store */

enum { FILES = 8, FRAMES = 20000, ROUNDS = 400 };

struct place {
    char live[64], store[64], spool[64];
    struct spool *spool_open;
    struct intake intake;
    struct take_options take;
};

static void open_place(struct place *place, const char *dir)
{
    const struct spool_options options = {place->spool, 1 << 24, 1 << 20, 4096, 0};
    char path[4096];
    struct err err;

    memset(place, 0, sizeof(*place));
    snprintf(place->live, sizeof(place->live), "%s/live", dir);
    snprintf(place->store, sizeof(place->store), "%s/store", dir);
    snprintf(place->spool, sizeof(place->spool), "%s/spool", dir);
    assert_int_equal(file_make_dirs(place->live, 0700, &err), 0);
    snprintf(path, sizeof(path), "%s/%s", place->store, TAKE_UNFINISHED);
    assert_int_equal(file_make_dirs(path, 0700, &err), 0);
    if (spool_open(&place->spool_open, &options, &err))
        fail_msg("%s", err.text);
    place->intake.spool = place->spool_open;
    place->intake.node = "one";
    place->take = (struct take_options){place->store, "one", &place->intake};
}

static void close_place(struct place *place)
{
    spool_close(place->spool_open);
}

/* The i-th file: each sample of the left channel is i, of the right one -i. */
static void make_file(const struct place *place, int i, char name[128])
{
    char path[256];
    int16_t *samples = test_malloc(FRAMES * 4);

    snprintf(name, 128, "0f8fad5b-d9cb-469f-a165-7086772895%02d_1795224953.5_a.test.raw", i);
    snprintf(path, sizeof(path), "%s/%s", place->live, name);
    for (int at = 0; at < FRAMES; at++) {
        samples[2 * at] = (int16_t)i;
        samples[2 * at + 1] = (int16_t)-i;
    }
    write_file(path, samples, FRAMES * 4);
    test_free(samples);
}

static int take_name(const struct place *place, const char *file, const struct policy *policy,
                     bool *taken)
{
    struct media_name name;
    char path[4096];
    struct err err;

    if (media_name_parse(&name, file))
        return -EINVAL;
    snprintf(path, sizeof(path), "%s/%s", place->live, file);
    return take_file(&place->take, path, &name, policy, taken, &err);
}

/* What was said of recordings, in order; how many. */
static size_t read_spool(struct place *place, struct recording *list, size_t max)
{
    struct spool_batch batch = {0};
    struct redis_entry entry;
    struct err err;
    size_t count = 0;

    do {
        assert_int_equal(spool_read(place->spool_open, &batch, 100, 1 << 20, 0, &err), 0);
        for (size_t i = 0; i < batch.count; i++) {
            assert_int_equal(intake_decode(batch.list[i].data, batch.list[i].at.len, &entry), 0);
            assert_string_equal(entry.src, "recording");
            assert_true(count < max);
            assert_int_equal(recording_parse(&list[count++], entry.body, entry.len, true, &err), 0);
        }
    } while (batch.count);
    spool_batch_free(&batch);
    return count;
}

/* Whether the file of the store is what was said of it, and has the samples of make_file. */
static void check_stored(const struct place *place, const struct recording *said)
{
    struct recording found = {.bytes = 0}, line;
    int number = atoi(said->call_id + STR_UUID_LENGTH - 2);
    int16_t sample[2];
    char path[4096], head[RECORDING_HEAD_MAX];
    struct sound sound;
    struct err err;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", place->store, said->path);
    assert_int_equal(take_digest(path, &found, &err), 0);
    assert_string_equal(found.sha256, said->sha256);
    assert_true(found.bytes == said->bytes);
    assert_true(said->duration_ms == FRAMES / 8);
    fd = open_file(path);
    assert_int_equal(sound_open(&sound, fd, false, &err), 0);
    assert_true(sound.frames == FRAMES);
    assert_int_equal(sound_read(&sound, FRAMES - 1, sample, 1, &err), 0);
    assert_true(sample[0] == number && sample[1] == -number);
    assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
    assert_int_equal(recording_find_line(&line, head, sizeof(head), &err), 0);
    assert_string_equal(line.path, said->path);
    close(fd);
}

static void test_taken(void **state)
{
    const struct policy policy = {.format = "wav"};
    struct recording said[4];
    struct place place;
    char name[128];
    bool taken;

    open_place(&place, *state);
    make_file(&place, 3, name);
    assert_int_equal(take_name(&place, name, &policy, &taken), 0);
    assert_true(taken);
    assert_int_equal(take_name(&place, name, &policy, &taken), -ENOENT);
    assert_int_equal(read_spool(&place, said, DP_COUNT(said)), 1);
    check_stored(&place, said);
    close_place(&place);
}

static void test_without_sound(void **state)
{
    static const char name[] = CALL "_1795224953.5_a.test.wav";
    const struct policy policy = {.format = "wav"};
    struct recording said[1];
    struct place place;
    char path[4096];
    bool taken;

    open_place(&place, *state);
    snprintf(path, sizeof(path), "%s/%s", place.live, name);
    write_file(path, "", 0);
    assert_int_equal(take_name(&place, name, &policy, &taken), 0);
    assert_false(taken);
    assert_int_equal(access(path, F_OK), -1);
    write_file(path, "nonsense nonsense", 17);
    assert_int_equal(take_name(&place, name, &policy, &taken), -EINVAL);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(read_spool(&place, said, DP_COUNT(said)), 0);
    close_place(&place);
}

static void test_taken_sealed(void **state)
{
    struct policy policy = {.format = "opus", .key = some_key};
    struct recording said[1];
    struct place place;
    char name[128], path[4096];
    struct buf out;
    bool taken;

    open_place(&place, *state);
    make_file(&place, 5, name);
    assert_int_equal(take_name(&place, name, &policy, &taken), 0);
    assert_int_equal(read_spool(&place, said, 1), 1);
    assert_true(said->key_id == 7);
    snprintf(path, sizeof(path), "%s/%s", place.store, said->path);
    buf_init(&out, 1 << 20);
    assert_int_equal(unseal(path, &some_key, &out), 0);
    assert_memory_equal(out.data, "OggS", 4);
    assert_non_null(memmem(out.data, out.len, "OpusTags", 8));
    buf_free(&out);
    close_place(&place);
}

/* What a child does until it is killed, or done. */
static void take_everything(const char *dir)
{
    const struct policy policy = {.format = "wav"};
    const struct dirent *entry;
    struct place place;
    DIR *folder;
    bool taken;

    open_place(&place, dir);
    folder = opendir(place.live);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.' && take_name(&place, entry->d_name, &policy, &taken))
            _exit(1);
    _exit(0);
}

/* True when it was done before it was killed. */
static bool take_and_be_killed(const char *dir, unsigned int us)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        take_everything(dir);
    usleep(us);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    return WIFEXITED(status);
}

static int count_files(const char *path, const struct stat *st, int type, struct FTW *walk);
static int found_files;

static int count_files(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)walk;
    found_files += type == FTW_F && !strstr(path, ".unfinished");
    return 0;
}

/* Killed at any moment: each file is in the store once, whole, and what is said of it says the same
 * however often. */
static void test_killed(void **state)
{
    static struct recording said[FILES * ROUNDS];
    struct place place;
    char name[128];
    size_t count;
    unsigned int rounds = 0;

    open_place(&place, *state);
    for (int i = 0; i < FILES; i++)
        make_file(&place, i, name);
    close_place(&place);
    srand(1);
    while (!take_and_be_killed(*state, 500 + (unsigned int)rand() % (200 + 20 * rounds)))
        assert_true(++rounds < ROUNDS);
    assert_true(rounds > 3);
    open_place(&place, *state);
    count = read_spool(&place, said, DP_COUNT(said));
    assert_true(count >= FILES);
    for (size_t i = 0; i < count; i++) {
        check_stored(&place, &said[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(said[i].call_id, said[j].call_id) == 0)
                assert_memory_equal(&said[i], &said[j], sizeof(said[i]));
    }
    found_files = 0;
    assert_int_equal(nftw(place.store, count_files, 16, FTW_PHYS), 0);
    assert_int_equal(found_files, FILES);
    assert_int_equal(rmdir(place.live), 0);
    close_place(&place);
}

/* A copy that has its name is whole: it is not made again, and said to be what it is. */
static void test_gone_on_with(void **state)
{
    const struct policy policy = {.format = "wav", .key = some_key};
    struct recording said[2];
    struct place place;
    char name[128], path[256], saved[256];
    struct err err;
    bool taken;

    open_place(&place, *state);
    make_file(&place, 4, name);
    snprintf(path, sizeof(path), "%s/%s", place.live, name);
    snprintf(saved, sizeof(saved), "%s/saved", place.store);
    assert_int_equal(link(path, saved), 0);
    assert_int_equal(take_name(&place, name, &policy, &taken), 0);
    assert_int_equal(rename(saved, path), 0);
    assert_int_equal(take_name(&place, name, &policy, &taken), 0);
    assert_int_equal(read_spool(&place, said, 2), 2);
    assert_memory_equal(&said[0], &said[1], sizeof(said[0]));
    snprintf(path, sizeof(path), "%s/%s", place.store, said[0].path);
    assert_int_equal(take_digest(path, &said[1], &err), 0);
    assert_string_equal(said[0].sha256, said[1].sha256);
    close_place(&place);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("recording", cmocka_unit_test(test_names), cmocka_unit_test(test_rows),
          cmocka_unit_test(test_hostile_rows), IN_FOLDER(test_heads), IN_FOLDER(test_sealed),
          IN_FOLDER(test_changed_seal), IN_FOLDER(test_cut_seal), cmocka_unit_test(test_keys),
          IN_FOLDER(test_taken), IN_FOLDER(test_without_sound), IN_FOLDER(test_taken_sealed),
          IN_FOLDER(test_gone_on_with), IN_FOLDER(test_killed))
