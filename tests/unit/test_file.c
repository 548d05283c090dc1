#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tmpdir.h"
#include "unit.h"

static void test_write_then_read(void **state)
{
    const char *path = tmpdir_path(*state, "a");
    struct buf data;
    struct stat st;

    assert_int_equal(file_write(path, "one\0two", 7, 0640, NULL), 0);
    assert_int_equal(file_write(path, "three", 5, 0600, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    buf_init(&data, 100);
    assert_int_equal(file_read(path, &data, NULL), 0);
    assert_string_equal(data.data, "three");
    buf_free(&data);
}

static void test_create_replaces_nothing(void **state)
{
    const char *path = tmpdir_path(*state, "a");
    struct buf data;
    struct err err;

    assert_int_equal(file_create(path, "one", 3, 0600, &err), 0);
    assert_int_equal(file_create(path, "two", 3, 0600, &err), -EEXIST);
    buf_init(&data, 10);
    assert_int_equal(file_read(path, &data, &err), 0);
    assert_string_equal(data.data, "one");
    buf_free(&data);
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void test_failed_write_leaves_nothing(void **state)
{
    char target[4096];
    struct err err;

    /* The name is a folder: rename fails after the temporary file was written. */
    snprintf(target, sizeof(target), "%s", tmpdir_path(*state, "d"));
    assert_int_equal(file_make_dirs(target, 0750, &err), 0);
    assert_int_equal(file_write(target, "x", 1, 0644, &err), -EISDIR);
    assert_non_null(strstr(err.text, target));
    assert_int_equal(count_entries(*state), 1);
    assert_int_equal(file_write(tmpdir_path(*state, "no/such"), "x", 1, 0644, &err), -ENOENT);
}

static void test_read_has_a_limit(void **state)
{
    const char *path = tmpdir_path(*state, "a");
    struct buf data;
    struct err err;

    assert_int_equal(file_write(path, "12345", 5, 0644, NULL), 0);
    buf_init(&data, 5);
    assert_int_equal(file_read(path, &data, &err), 0);
    assert_int_equal(data.len, 5);
    buf_free(&data);
    buf_init(&data, 4);
    assert_int_equal(file_read(path, &data, &err), -ENOBUFS);
    assert_non_null(strstr(err.text, "longer than 4 bytes"));
    buf_free(&data);
}

static void test_read_tells_what_is_wrong(void **state)
{
    struct buf data;
    struct err err;

    buf_init(&data, 5);
    assert_int_equal(file_read(tmpdir_path(*state, "none"), &data, &err), -ENOENT);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(file_read(*state, &data, &err), -EISDIR);
    buf_free(&data);
}

static void test_folders(void **state)
{
    char deep[4096];
    struct stat st;
    struct err err;

    snprintf(deep, sizeof(deep), "%s", tmpdir_path(*state, "x/y/z"));
    assert_int_equal(file_make_dirs(deep, 0700, &err), 0);
    assert_int_equal(file_make_dirs(deep, 0750, &err), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(file_write(tmpdir_path(*state, "f"), "", 0, 0644, &err), 0);
    assert_int_equal(file_make_dirs(tmpdir_path(*state, "f"), 0750, &err), -ENOTDIR);
    assert_int_equal(file_make_dirs("", 0750, &err), -ENOENT);
}

static void test_copy(void **state)
{
    char from[4096];
    struct buf data;

    snprintf(from, sizeof(from), "%s", tmpdir_path(*state, "from"));
    assert_int_equal(file_write(from, "abc", 3, 0644, NULL), 0);
    assert_int_equal(file_copy(from, tmpdir_path(*state, "to"), 3, 0644, NULL), 0);
    assert_int_equal(file_copy(from, tmpdir_path(*state, "to"), 2, 0644, NULL), -ENOBUFS);
    buf_init(&data, 10);
    assert_int_equal(file_read(tmpdir_path(*state, "to"), &data, NULL), 0);
    assert_string_equal(data.data, "abc");
    buf_free(&data);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("file", WITH_FOLDER(test_write_then_read), WITH_FOLDER(test_create_replaces_nothing),
          WITH_FOLDER(test_failed_write_leaves_nothing), WITH_FOLDER(test_read_has_a_limit),
          WITH_FOLDER(test_read_tells_what_is_wrong), WITH_FOLDER(test_folders),
          WITH_FOLDER(test_copy))
