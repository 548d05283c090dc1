#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_returns_the_code(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, -EINVAL, "port %d", 70000), -EINVAL);
    assert_string_equal(err.text, "port 70000");
    assert_int_equal(err_set(NULL, -EIO, "nobody looks"), -EIO);
}

static void test_system_error_names_the_reason(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_sys(&err, -ENOENT, "%s", "a/b"), -ENOENT);
    assert_string_equal(err.text, "a/b: No such file or directory");
}

static void test_prefix(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, -EINVAL, "wrong");
    err_prefix(&err, "%s:%d", "file", 3);
    assert_string_equal(err.text, "file:3: wrong");
    err_prefix(NULL, "nobody looks");
}

static void test_long_text_is_cut(void **state)
{
    char text[4000];
    struct err err;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(err_sys(&err, -EIO, "%s", text), -EIO);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

UNIT_MAIN("err", cmocka_unit_test(test_returns_the_code),
          cmocka_unit_test(test_system_error_names_the_reason), cmocka_unit_test(test_prefix),
          cmocka_unit_test(test_long_text_is_cut))
