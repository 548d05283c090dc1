#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "recording/read.h"
#include "recording/sink.h"
#include "tmpdir.h"

enum { CHUNKS = 5, LONGEST = CHUNKS * SEAL_CHUNK + 7 };

static const struct seal_key some_key = {7, "0123456789abcdef0123456789abcdef"};
static const struct seal_key no_key = {0, ""};
static const char line[] = "DIALPLANE={}";

static unsigned char data[LONGEST];

static int fill_data(void **state)
{
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 2654435761u >> 13);
    return tmpdir_setup(state);
}

static uint64_t store(const char *path, const struct seal_key *key, size_t len)
{
    char sha256[RECORDING_DIGEST_SIZE];
    struct sink *sink;
    uint64_t bytes;
    struct err err;

    assert_int_equal(sink_open(&sink, path, key, line, &err), 0);
    sink_write(sink, data, len);
    assert_int_equal(sink_finish(sink, &bytes, sha256, &err), 0);
    return bytes;
}

static struct reading *open_whole(const char *path, const struct seal_key *key, uint64_t bytes)
{
    struct reading *reading;
    struct err err;

    if (reading_open(&reading, path, key->id ? key->bytes : NULL, bytes, &err))
        fail_msg("%s", err.text);
    return reading;
}

/* What is at a place is what was written there, to the end of the file. */
static void check_from(struct reading *reading, uint64_t at, size_t len, size_t total)
{
    unsigned char out[3000];

    while (len) {
        ssize_t got = reading_at(reading, at, out, len < sizeof(out) ? len : sizeof(out));

        if (at >= total) {
            assert_int_equal(got, 0);
            return;
        }
        assert_true(got > 0 && (size_t)got <= len && at + (size_t)got <= total);
        assert_memory_equal(out, data + at, (size_t)got);
        at += (size_t)got;
        len -= (size_t)got;
    }
}

static void check_places(const char *path, const struct seal_key *key, size_t len)
{
    struct reading *reading = open_whole(path, key, store(path, key, len));

    assert_true(reading_size(reading) == len);
    check_from(reading, 0, len + 1, len);
    for (int i = 0; i < 60; i++)
        check_from(reading, (uint64_t)rand() % (len + 2), 1 + (size_t)rand() % 5000, len);
    reading_close(reading);
}

static void test_places(void **state)
{
    static const size_t lengths[] = {0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, LONGEST};
    const char *path = tmpdir_path(*state, "x");

    srand(1);
    for (size_t i = 0; i < DP_COUNT(lengths); i++) {
        check_places(path, &some_key, lengths[i]);
        check_places(path, &no_key, lengths[i]);
    }
}

static int try_open(const char *path, const struct seal_key *key, uint64_t bytes)
{
    struct reading *reading = NULL;
    struct err err;
    int res = reading_open(&reading, path, key->id ? key->bytes : NULL, bytes, &err);

    if (!res)
        reading_close(reading);
    return res;
}

static void test_not_whole(void **state)
{
    const struct seal_key other = {7, "x123456789abcdef0123456789abcdef"};
    const char *path = tmpdir_path(*state, "x");
    uint64_t bytes = store(path, &some_key, 2 * SEAL_CHUNK);
    struct reading *reading;
    unsigned char byte;

    assert_int_equal(try_open(path, &some_key, bytes + 1), -EBADMSG);
    assert_int_equal(try_open("/nowhere/x", &some_key, bytes), -ENOENT);
    assert_int_equal(try_open(*state, &no_key, 4096), -EBADMSG);
    reading = open_whole(path, &other, bytes);
    assert_int_equal(reading_at(reading, 0, &byte, 1), -EBADMSG);
    reading_close(reading);
    /* Whole chunks are missing, and whoever says how long it is does not know. */
    bytes -= 17;
    assert_int_equal(truncate(path, (off_t)bytes), 0);
    assert_int_equal(try_open(path, &some_key, bytes), -EBADMSG);
    assert_int_equal(truncate(path, (off_t)--bytes), 0);
    reading = open_whole(path, &some_key, bytes);
    assert_int_equal(reading_at(reading, SEAL_CHUNK, &byte, 1), -EBADMSG);
    assert_int_equal(reading_at(reading, 0, &byte, 1), 1);
    reading_close(reading);
    store(path, &no_key, 100);
    assert_int_equal(try_open(path, &some_key, 100), -EBADMSG);
}

static void flip(const char *path, off_t at)
{
    FILE *file = fopen(path, "r+");
    int byte;

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    byte = getc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    putc(byte ^ 1, file);
    assert_int_equal(fclose(file), 0);
}

/* Returns what comes of reading the first byte of a chunk. */
static int read_chunk(const char *path, uint64_t bytes, uint64_t chunk)
{
    struct reading *reading = open_whole(path, &some_key, bytes);
    unsigned char byte;
    ssize_t got = reading_at(reading, chunk * SEAL_CHUNK, &byte, 1);

    if (got == 1)
        assert_int_equal(byte, data[chunk * SEAL_CHUNK]);
    reading_close(reading);
    return (int)got;
}

/* A chunk that was changed does not open; others do, since it is not decrypted for them. What is
 * behind a tag that was changed does not open either. */
static void test_changed(void **state)
{
    const char *path = tmpdir_path(*state, "x");
    const off_t head = 8 + 4 + (off_t)strlen(line) + 24, sealed = SEAL_CHUNK + 17;
    uint64_t bytes = store(path, &some_key, LONGEST);

    flip(path, head + sealed + 1000);
    assert_int_equal(read_chunk(path, bytes, 0), 1);
    assert_int_equal(read_chunk(path, bytes, 1), -EBADMSG);
    for (uint64_t chunk = 2; chunk <= CHUNKS; chunk++)
        assert_int_equal(read_chunk(path, bytes, chunk), 1);
    flip(path, head + sealed + 1000);
    assert_int_equal(read_chunk(path, bytes, 1), 1);
    flip(path, head + 2 * sealed - 16);
    assert_int_equal(read_chunk(path, bytes, 0), 1);
    for (uint64_t chunk = 1; chunk <= CHUNKS; chunk++)
        assert_int_equal(read_chunk(path, bytes, chunk), -EBADMSG);
}

UNIT_MAIN("reading", cmocka_unit_test_setup_teardown(test_places, fill_data, tmpdir_teardown),
          cmocka_unit_test_setup_teardown(test_not_whole, fill_data, tmpdir_teardown),
          cmocka_unit_test_setup_teardown(test_changed, fill_data, tmpdir_teardown))
