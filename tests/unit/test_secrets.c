#include "cluster/secrets.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "tmpdir.h"
#include "unit.h"

static void test_made_once_and_kept(void **state)
{
    struct secrets first, second;
    struct err err = {""};

    assert_int_equal(secrets_create(*state, &err), 0);
    assert_int_equal(secrets_load(&first, *state, &err), 0);
    assert_int_equal(secrets_create(*state, &err), 0);
    assert_int_equal(secrets_load(&second, *state, &err), 0);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_string_not_equal(first.value[SECRET_DB_CDR], first.value[SECRET_DB_EDGE]);
    assert_int_equal(strlen(first.value[SECRET_RPC_TOKEN]), 64);
    secrets_clear(&first);
    assert_string_equal(first.value[SECRET_RPC_TOKEN], "");
}

static void test_files_are_private(void **state)
{
    struct err err = {""};
    struct stat st;

    assert_int_equal(secrets_create(*state, &err), 0);
    assert_int_equal(stat(*state, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    for (enum secret i = 0; i < SECRET_COUNT; i++) {
        assert_int_equal(stat(tmpdir_path(*state, secret_name(i)), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

static void put(void **state, const char *name, const char *value)
{
    assert_int_equal(file_write(tmpdir_path(*state, name), value, strlen(value), 0600, NULL), 0);
}

static void test_own_value_is_taken(void **state)
{
    struct secrets secrets;
    struct err err = {""};

    put(state, "redis_password", "my-own_PASSWORD-0123\n");
    assert_int_equal(secrets_create(*state, &err), 0);
    assert_int_equal(secrets_load(&secrets, *state, &err), 0);
    assert_string_equal(secrets.value[SECRET_REDIS_PASSWORD], "my-own_PASSWORD-0123");
}

static void test_bad_values_are_refused(void **state)
{
    static const char sixty_five[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";
    static const char *const bad[] = {"", "tooshort", "0123456789abcdef!", "0123456789 abcdef",
                                      sixty_five};
    struct secrets secrets;
    struct err err = {""};

    assert_int_equal(secrets_load(&secrets, *state, &err), -ENOENT);
    assert_int_equal(secrets_create(*state, &err), 0);
    for (size_t i = 0; i < DP_COUNT(bad); i++) {
        put(state, "db_cdr", bad[i]);
        assert_int_equal(secrets_load(&secrets, *state, &err), -EINVAL);
        assert_non_null(strstr(err.text, "db_cdr must hold"));
        /* The value itself is in no message. */
        assert_true(!*bad[i] || !strstr(err.text, bad[i]));
    }
}

static void test_roles(void **state)
{
    (void)state;
    assert_string_equal(secret_role(SECRET_DB_EDGE), "dialplane_edge");
    assert_null(secret_role(SECRET_RPC_TOKEN));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("secrets", WITH_FOLDER(test_made_once_and_kept), WITH_FOLDER(test_files_are_private),
          WITH_FOLDER(test_own_value_is_taken), WITH_FOLDER(test_bad_values_are_refused),
          cmocka_unit_test(test_roles))
