#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/str.h"
#include "store/spool.h"
#include "store/spool_format.h"
#include "tmpdir.h"

enum { WRITERS = 8, EACH = 200 };

static struct spool *open_spool(const char *dir, uint64_t size_max, size_t segment_bytes)
{
    const struct spool_options options = {dir, size_max, segment_bytes, 4096, 0};
    struct spool *spool;
    struct err err;

    if (spool_open(&spool, &options, &err))
        fail_msg("%s", err.text);
    return spool;
}

static void append(struct spool *spool, const char *text)
{
    const struct spool_record record = {text, strlen(text)};
    struct err err;

    if (spool_append(spool, &record, 1, &err))
        fail_msg("%s", err.text);
}

/* Reads everything that is there as one string, each record followed by a space. */
static void read_all(struct spool *spool, struct buf *out)
{
    struct spool_batch batch = {0};
    struct err err;

    buf_init(out, 1 << 20);
    do {
        if (spool_read(spool, &batch, 3, 64, 0, &err))
            fail_msg("%s", err.text);
        for (size_t i = 0; i < batch.count; i++) {
            buf_add(out, batch.list[i].data, batch.list[i].at.len);
            buf_add_char(out, ' ');
        }
    } while (batch.count);
    spool_batch_free(&batch);
}

/* All that was read is done with. */
static void commit(struct spool *spool)
{
    assert_int_equal(spool_commit(spool, spool_position(spool), NULL), 0);
}

static void expect(struct spool *spool, const char *text)
{
    struct buf all;

    read_all(spool, &all);
    assert_string_equal(all.data, text);
    buf_free(&all);
}

static void test_order_and_checkpoint(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1 << 16);

    append(spool, "one");
    append(spool, "two");
    append(spool, "");
    expect(spool, "one two  ");
    spool_close(spool);

    /* What was read and not committed comes again. */
    spool = open_spool(*state, 1 << 20, 1 << 16);
    expect(spool, "one two  ");
    commit(spool);
    append(spool, "three");
    spool_close(spool);

    spool = open_spool(*state, 1 << 20, 1 << 16);
    append(spool, "four");
    expect(spool, "three four ");
    spool_close(spool);

    /* Not committed: it comes again. */
    spool = open_spool(*state, 1 << 20, 1 << 16);
    expect(spool, "three four ");
    commit(spool);
    spool_close(spool);
    spool = open_spool(*state, 1 << 20, 1 << 16);
    expect(spool, "");
    append(spool, "five");
    expect(spool, "five ");
    spool_close(spool);
}

/* The reader is far ahead of what is done with, and has records in between again. */
static void test_read_again(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 40);
    struct spool_batch batch = {0}, again = {0};
    struct spool_extent wanted[3];
    struct spool_stats stats;

    for (int i = 0; i < 8; i++)
        append(spool, (const char *[]){"a", "bb", "ccc", ""}[i % 4]);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(spool_read(spool, &batch, 1, 4096, 0, NULL), 0);
        assert_int_equal(batch.count, 1);
        if (i >= 5)
            wanted[7 - i] = batch.list[0].at;
    }
    assert_int_equal(spool_commit(spool, wanted[2].place, NULL), 0);
    spool_stats(spool, &stats);
    assert_int_equal(stats.unread, 0);
    assert_int_equal(stats.unconfirmed, 3 * SPOOL_HEADER + 2 + 3 + 0);
    assert_int_equal(spool_read_again(spool, &again, wanted, 3, NULL), 0);
    assert_int_equal(again.count, 3);
    assert_int_equal(again.list[0].at.len, 0);
    assert_non_null(again.list[0].data);
    assert_memory_equal(again.list[1].data, "ccc", 3);
    assert_memory_equal(again.list[2].data, "bb", 2);

    /* What is before the checkpoint may be gone, and a place where no record begins has none. */
    wanted[0].place.segment = 1;
    wanted[1].place.offset++;
    assert_int_equal(spool_read_again(spool, &again, wanted, 3, NULL), 0);
    assert_null(again.list[0].data);
    assert_null(again.list[1].data);
    assert_memory_equal(again.list[2].data, "bb", 2);
    spool_close(spool);

    spool = open_spool(*state, 1 << 20, 40);
    expect(spool, "bb ccc  ");
    spool_batch_free(&batch);
    spool_batch_free(&again);
    spool_close(spool);
}

/* The spool keeps its name with its places, and only then. */
static void test_uuid(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1 << 16);
    char first[SPOOL_UUID_SIZE];

    memcpy(first, spool_uuid(spool), sizeof(first));
    assert_true(str_is_uuid(first));
    append(spool, "one");
    spool_close(spool);
    spool = open_spool(*state, 1 << 20, 1 << 16);
    assert_string_equal(spool_uuid(spool), first);
    expect(spool, "one ");
    commit(spool);
    spool_close(spool);

    /* All is done with, and the checkpoint says where places go on. */
    spool = open_spool(*state, 1 << 20, 1 << 16);
    assert_string_equal(spool_uuid(spool), first);
    spool_close(spool);
    assert_int_equal(unlink(tmpdir_path(*state, "checkpoint")), 0);
    spool = open_spool(*state, 1 << 20, 1 << 16);
    assert_string_not_equal(spool_uuid(spool), first);
    spool_close(spool);
}

static void test_places(void **state)
{
    const struct spool_place largest = {UINT64_MAX, UINT64_MAX};
    char text[SPOOL_PLACE_SIZE];
    struct spool_place place;

    (void)state;
    spool_place_format(text, largest);
    assert_int_equal(spool_place_parse(text, &place), 0);
    assert_memory_equal(&place, &largest, sizeof(place));
    assert_int_equal(spool_place_parse("3-17", &place), 0);
    assert_int_equal(place.segment, 3);
    assert_int_equal(place.offset, 17);
    assert_true(spool_is_before(place, (struct spool_place){4, 0}));
    assert_false(spool_is_before(place, (struct spool_place){3, 17}));
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(spool_place_parse((const char *[]){"", "3", "3-", "-3", "3-1-7", "a-1",
                                                            "3-18446744073709551616"}[i],
                                           &place),
                         -EINVAL);
}

static void test_levels(void **state)
{
    struct spool_stats stats = {.size_max = 1 << 30, .free_min = 1 << 28, .free = UINT64_MAX};

    (void)state;
    assert_int_equal(spool_level(&stats), SPOOL_EASY);
    stats.bytes = 1 << 29;
    assert_int_equal(spool_level(&stats), SPOOL_HALF);
    stats.bytes = (3 << 28);
    assert_int_equal(spool_level(&stats), SPOOL_HIGH);
    stats.bytes = (1 << 30) - 1000;
    assert_int_equal(spool_level(&stats), SPOOL_FULL);
    stats.bytes = 0;
    stats.free = ((uint64_t)1 << 30) - 1;
    assert_int_equal(spool_level(&stats), SPOOL_HALF);
    stats.free = ((uint64_t)1 << 29) - 1;
    assert_int_equal(spool_level(&stats), SPOOL_HIGH);
    stats.free = 1 << 28;
    assert_int_equal(spool_level(&stats), SPOOL_FULL);
}

static size_t count_segments(const char *dir)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(folder)))
        count += strstr(entry->d_name, ".seg") != NULL;
    closedir(folder);
    return count;
}

static void test_segments_are_deleted(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 40);
    struct spool_stats stats;

    for (int i = 0; i < 20; i++)
        append(spool, "0123456789");
    assert_int_equal(count_segments(*state), 10);
    expect(spool, "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
                  "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
                  "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 ");
    commit(spool);
    assert_int_equal(count_segments(*state), 1);
    spool_stats(spool, &stats);
    assert_int_equal(stats.unread, 0);
    assert_int_equal(stats.appended, 20);
    spool_close(spool);
    spool_close(open_spool(*state, 1 << 20, 40));
    assert_int_equal(count_segments(*state), 0);
}

static ino_t inode_of(const char *dir, const char *name, off_t *size)
{
    struct stat st;

    if (stat(tmpdir_path(dir, name), &st))
        return 0;
    *size = st.st_size;
    return st.st_ino;
}

/* A segment that is done with becomes a new one; what it held before is never read again. */
static void test_spare(void **state)
{
    static const char third[] = "00000000000000000003.seg";
    struct spool *spool = open_spool(*state, 1 << 20, 40);
    struct spool_stats stats;
    off_t size = 0;
    ino_t spare;

    append(spool, "a record that is longer than those that will be in its place");
    append(spool, "2");
    append(spool, "a record that fills the second segment, too");
    expect(spool, "a record that is longer than those that will be in its place 2 "
                  "a record that fills the second segment, too ");
    assert_int_equal(inode_of(*state, "spare", &size), 0);
    commit(spool);
    spare = inode_of(*state, "spare", &size);
    assert_int_not_equal(spare, 0);
    append(spool, "3");
    assert_int_equal(inode_of(*state, "spare", &size), 0);
    assert_int_equal(inode_of(*state, third, &size), spare);
    assert_true(size > SPOOL_HEADER + 1);
    spool_close(spool);

    /* As after a crash: the end is where the last record ends. */
    spool = open_spool(*state, 1 << 20, 40);
    assert_int_equal(inode_of(*state, third, &size), spare);
    assert_int_equal(size, SPOOL_HEADER + 1);
    expect(spool, "3 ");
    commit(spool);
    spool_stats(spool, &stats);
    assert_int_equal(stats.damaged, 0);
    spool_close(spool);
}

/* Nor behind the end of a segment that is full before its file is. */
static void test_spare_is_cut(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 20);
    struct spool_stats stats;

    append(spool, "a record that is longer than those that will be in its place");
    append(spool, "the second segment");
    expect(spool, "a record that is longer than those that will be in its place "
                  "the second segment ");
    commit(spool);
    append(spool, "the third");
    append(spool, "the fourth");
    spool_close(spool);
    spool = open_spool(*state, 1 << 20, 20);
    expect(spool, "the third the fourth ");
    spool_stats(spool, &stats);
    assert_int_equal(stats.damaged, 0);
    spool_close(spool);
}

/* Places that begin anew are places of what the spare file held. */
static void test_spare_of_another_life(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 40);

    append(spool, "old");
    append(spool, "a record that fills the first segment");
    append(spool, "x");
    expect(spool, "old a record that fills the first segment x ");
    commit(spool);
    spool_close(spool);
    assert_int_equal(unlink(tmpdir_path(*state, "checkpoint")), 0);
    assert_int_equal(unlink(tmpdir_path(*state, "00000000000000000002.seg")), 0);

    spool = open_spool(*state, 1 << 20, 40);
    append(spool, "new");
    spool_close(spool);
    spool = open_spool(*state, 1 << 20, 40);
    expect(spool, "new ");
    spool_close(spool);
}

static void test_limits(void **state)
{
    struct spool *spool = open_spool(*state, 100, 1 << 16), *second;
    const struct spool_options options = {*state, 100, 100, 100, 0};
    static const char big[5000];
    const struct spool_record huge = {big, sizeof(big)}, filling = {big, 60};
    struct err err;

    assert_int_equal(spool_open(&second, &options, &err), -EBUSY);
    assert_int_equal(spool_append(spool, &huge, 1, &err), -EMSGSIZE);
    assert_int_equal(spool_append(spool, &filling, 1, &err), 0);
    assert_int_equal(spool_append(spool, &filling, 1, &err), -ENOSPC);
    assert_non_null(strstr(err.text, "full"));
    spool_close(spool);
}

static void test_full_disk(void **state)
{
    const struct spool_options options = {*state, 1 << 20, 1 << 16, 100, (uint64_t)1 << 62};
    const struct spool_record record = {"one", 3};
    struct spool *spool;
    struct err err;

    assert_int_equal(spool_open(&spool, &options, &err), 0);
    assert_int_equal(spool_append(spool, &record, 1, &err), -ENOSPC);
    assert_non_null(strstr(err.text, "disk"));
    spool_close(spool);

    /* Nothing of what was refused is left, and it works again once there is room. */
    spool = open_spool(*state, 1 << 20, 1 << 16);
    append(spool, "two");
    expect(spool, "two ");
    spool_close(spool);
}

/* The only segment's path and bytes. */
static const char *segment_of(const char *dir, struct buf *bytes)
{
    const char *path = tmpdir_path(dir, "00000000000000000001.seg");

    buf_init(bytes, 1 << 20);
    assert_int_equal(file_read(path, bytes, NULL), 0);
    return path;
}

/* Whatever the length at which a crash has left the file: whole records stay, the rest goes. */
static void test_torn_tail(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1 << 16);
    struct buf whole;
    const char *path;

    append(spool, "first");
    append(spool, "second");
    append(spool, "third");
    spool_close(spool);
    path = segment_of(*state, &whole);
    assert_int_equal(whole.len, 3 * SPOOL_HEADER + 5 + 6 + 5);
    for (size_t len = 0; len <= whole.len; len++) {
        char text[32];

        path = tmpdir_path(*state, "00000000000000000001.seg");
        assert_int_equal(file_write(path, whole.data, len, 0600, NULL), 0);
        unlink(tmpdir_path(*state, "00000000000000000002.seg"));
        spool = open_spool(*state, 1 << 20, 1 << 16);
        append(spool, "new");
        snprintf(text, sizeof(text), "%s%s%snew ", len >= 17 ? "first " : "",
                 len >= 35 ? "second " : "", len >= 52 ? "third " : "");
        expect(spool, text);
        spool_close(spool);
    }
    buf_free(&whole);
}

/* Damage in the middle costs the record it is in, and no other. */
static void test_damage_in_the_middle(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1 << 16);
    struct spool_stats stats;
    struct buf whole;

    append(spool, "first");
    append(spool, "second");
    append(spool, "third");
    spool_close(spool);
    segment_of(*state, &whole);
    for (size_t at = 17; at < 35; at++) {
        whole.data[at] ^= 0x20;
        assert_int_equal(file_write(tmpdir_path(*state, "00000000000000000001.seg"), whole.data,
                                    whole.len, 0600, NULL),
                         0);
        whole.data[at] ^= 0x20;
        spool = open_spool(*state, 1 << 20, 1 << 16);
        expect(spool, "first third ");
        spool_stats(spool, &stats);
        assert_int_equal(stats.damaged, 18);
        spool_close(spool);
    }
    buf_free(&whole);
}

/* A record's bytes may hold what looks like a record: it is not taken for one. */
static void test_record_within_record(void **state)
{
    struct spool_record inner = {"forged", 6}, outer;
    struct buf bytes;
    struct spool_window window = {.place = {1, 0}, .last = true};

    (void)state;
    buf_init(&bytes, 4096);
    spool_encode(&bytes, (struct spool_place){1, 0}, &inner);
    outer = (struct spool_record){bytes.data, bytes.len};
    window.bytes = bytes.data;
    window.len = bytes.len;
    assert_true(spool_scan(&window, &inner));
    /* The same bytes one byte further, as they stand behind a damaged header. */
    window =
        (struct spool_window){.place = {1, 1}, .bytes = outer.data, .len = outer.len, .last = true};
    assert_false(spool_scan(&window, &inner));
    window =
        (struct spool_window){.place = {2, 0}, .bytes = outer.data, .len = outer.len, .last = true};
    assert_false(spool_scan(&window, &inner));
    buf_free(&bytes);
}

static void test_checkpoint_torn(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1 << 16);
    int fd;

    append(spool, "one");
    expect(spool, "one ");
    commit(spool);
    append(spool, "two");
    expect(spool, "two ");
    commit(spool);
    append(spool, "three");
    spool_close(spool);
    /* The second slot, written last, is torn: the first one counts. */
    fd = open(tmpdir_path(*state, "checkpoint"), O_WRONLY);
    assert_int_equal(pwrite(fd, "999", 3, 4096), 3);
    close(fd);
    spool = open_spool(*state, 1 << 20, 1 << 16);
    expect(spool, "two three ");
    spool_close(spool);
}

static void *write_many(void *arg)
{
    struct spool *spool = arg;

    for (int i = 0; i < EACH; i++) {
        const struct spool_record records[] = {{"x", 1}, {"yy", 2}};

        if (spool_append(spool, records, 2, NULL))
            return spool;
    }
    return NULL;
}

static void test_many_writers(void **state)
{
    struct spool *spool = open_spool(*state, 1 << 20, 1000);
    pthread_t threads[WRITERS];
    struct spool_batch batch = {0};
    struct spool_stats stats;
    size_t seen = 0, bytes = 0;

    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, spool), 0);
    while (seen < (size_t)WRITERS * EACH * 2) {
        assert_int_equal(spool_read(spool, &batch, 100, 4096, 5000, NULL), 0);
        assert_true(batch.count > 0);
        seen += batch.count;
        for (size_t i = 0; i < batch.count; i++)
            bytes += batch.list[i].at.len;
        commit(spool);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(bytes, WRITERS * EACH * 3);
    spool_stats(spool, &stats);
    assert_int_equal(stats.unread, 0);
    /* Writers shared flushes. */
    assert_true(stats.commits < (uint64_t)WRITERS * EACH);
    spool_batch_free(&batch);
    spool_close(spool);
}

/* Appends 1, 2, … and says each to the pipe once it is acknowledged, until it is killed. */
static void append_until_killed(const char *dir, int pipe_fd)
{
    const struct spool_options options = {dir, 1 << 24, 2000, 4096, 0};
    struct spool *spool;

    if (spool_open(&spool, &options, NULL))
        _exit(1);
    for (uint32_t i = 1;; i++) {
        const struct spool_record record = {&i, sizeof(i)};

        if (spool_append(spool, &record, 1, NULL) || write(pipe_fd, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

static uint32_t last_acknowledged(int fd)
{
    uint32_t last = 0, got;

    while (read(fd, &got, sizeof(got)) == sizeof(got))
        last = got;
    return last;
}

static void test_killed(void **state)
{
    struct spool_batch batch = {0};
    uint32_t last = 0, previous = 0, ends[2];
    struct spool *spool;
    int fds[2];
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0)
        append_until_killed(*state, fds[1]);
    close(fds[1]);
    for (int i = 0; i < 100; i++)
        assert_int_equal(read(fds[0], ends, sizeof(*ends)), sizeof(*ends));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    last = last_acknowledged(fds[0]);
    close(fds[0]);

    spool = open_spool(*state, 1 << 24, 2000);
    do {
        assert_int_equal(spool_read(spool, &batch, 1000, 1 << 20, 0, NULL), 0);
        for (size_t i = 0; i < batch.count; i++) {
            assert_int_equal(batch.list[i].at.len, sizeof(previous));
            memcpy(ends, batch.list[i].data, sizeof(*ends));
            assert_int_equal(ends[0], ++previous);
        }
    } while (batch.count);
    assert_true(previous >= last && previous >= 100);
    spool_batch_free(&batch);
    spool_close(spool);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("spool", TEST(test_order_and_checkpoint), TEST(test_read_again), TEST(test_uuid),
          TEST(test_places), TEST(test_levels), TEST(test_segments_are_deleted), TEST(test_spare),
          TEST(test_spare_is_cut), TEST(test_spare_of_another_life), TEST(test_limits),
          TEST(test_full_disk), TEST(test_torn_tail), TEST(test_damage_in_the_middle),
          TEST(test_record_within_record), TEST(test_checkpoint_torn), TEST(test_many_writers),
          TEST(test_killed))
