#include "base/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tmpdir.h"
#include "unit.h"

static void put(void **state, const char *name, mode_t mode)
{
    assert_int_equal(file_write(tmpdir_path(*state, name), name, strlen(name), mode, NULL), 0);
}

static int mode_of(void **state, const char *name)
{
    struct stat st;

    return lstat(tmpdir_path(*state, name), &st) ? -errno : (int)(st.st_mode & 07777);
}

static void make_source(void **state)
{
    assert_int_equal(file_make_dirs(tmpdir_path(*state, "from/sub"), 0755, NULL), 0);
    put(state, "from/a", 0600);
    put(state, "from/sub/run", 0700);
    put(state, "from/.hidden", 0644);
}

static int copy(void **state, struct err *err)
{
    char from[PATH_MAX];

    snprintf(from, sizeof(from), "%s", tmpdir_path(*state, "from"));
    return tree_copy(from, tmpdir_path(*state, "to"), err);
}

static void test_copy(void **state)
{
    struct err err;

    make_source(state);
    assert_int_equal(copy(state, &err), 0);
    assert_int_equal(mode_of(state, "to"), 0750);
    assert_int_equal(mode_of(state, "to/a"), 0644);
    assert_int_equal(mode_of(state, "to/sub/run"), 0755);
    assert_int_equal(mode_of(state, "to/.hidden"), -ENOENT);
}

static void test_links_are_refused(void **state)
{
    struct err err;

    make_source(state);
    assert_int_equal(symlink("/etc/passwd", tmpdir_path(*state, "from/link")), 0);
    assert_int_equal(copy(state, &err), -EINVAL);
    assert_non_null(strstr(err.text, "neither a file nor a folder"));
}

static void test_remove_leaves_what_links_name(void **state)
{
    char link[PATH_MAX];
    struct err err;

    make_source(state);
    put(state, "precious", 0644);
    snprintf(link, sizeof(link), "%s", tmpdir_path(*state, "from/link"));
    assert_int_equal(symlink(tmpdir_path(*state, "precious"), link), 0);
    assert_int_equal(tree_remove(tmpdir_path(*state, "from"), &err), 0);
    assert_int_equal(mode_of(state, "from"), -ENOENT);
    assert_int_equal(mode_of(state, "precious"), 0644);
    assert_int_equal(tree_remove(tmpdir_path(*state, "from"), &err), 0);
}

static void test_replace(void **state)
{
    char path[PATH_MAX];
    struct err err;

    make_source(state);
    snprintf(path, sizeof(path), "%s", tmpdir_path(*state, "live"));
    assert_int_equal(tree_replace(path, tmpdir_path(*state, "from"), &err), 0);
    assert_int_equal(mode_of(state, "live/a"), 0600);
    assert_int_equal(file_make_dirs(tmpdir_path(*state, "from"), 0755, &err), 0);
    put(state, "from/b", 0600);
    assert_int_equal(tree_replace(path, tmpdir_path(*state, "from"), &err), 0);
    assert_int_equal(mode_of(state, "live/a"), -ENOENT);
    assert_int_equal(mode_of(state, "live/b"), 0600);
    assert_int_equal(mode_of(state, "live.old"), -ENOENT);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("tree", WITH_FOLDER(test_copy), WITH_FOLDER(test_links_are_refused),
          WITH_FOLDER(test_remove_leaves_what_links_name), WITH_FOLDER(test_replace))
