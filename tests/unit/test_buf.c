#include "base/buf.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_starts_as_empty_string(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    assert_string_equal(buf.data, "");
    assert_int_equal(buf_error(&buf), 0);
    buf_free(&buf);
    buf_free(&buf);
}

static void test_appends_all_kinds(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1 << 20);
    assert_int_equal(buf_add(&buf, "ab\0c", 4), 0);
    assert_int_equal(buf_add_char(&buf, '-'), 0);
    assert_int_equal(buf_add_str(&buf, "de"), 0);
    assert_int_equal(buf_printf(&buf, "%d/%s", 7, "x"), 0);
    assert_int_equal(buf.len, 10);
    assert_memory_equal(buf.data, "ab\0c-de7/x", 11);
    buf_free(&buf);
}

static void test_grows_far_beyond_the_first_size(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add_char(&buf, (char)('a' + i % 26));
    assert_int_equal(buf_error(&buf), 0);
    assert_int_equal(buf.len, 100000);
    assert_int_equal(buf.data[99999], 'a' + 99999 % 26);
    buf_free(&buf);
}

static void test_maximum_is_exact_and_sticks(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 3);
    assert_int_equal(buf_add_str(&buf, "abc"), 0);
    assert_int_equal(buf_add_char(&buf, 'd'), -ENOBUFS);
    assert_string_equal(buf.data, "abc");
    assert_int_equal(buf_printf(&buf, "%s", ""), -ENOBUFS);
    assert_int_equal(buf_error(&buf), -ENOBUFS);
    buf_reset(&buf);
    assert_int_equal(buf_error(&buf), 0);
    assert_int_equal(buf_printf(&buf, "%d", 1234), -ENOBUFS);
    assert_string_equal(buf.data, "");
    buf_free(&buf);
}

static void test_drop(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    buf_drop(&buf, 5);
    buf_add_str(&buf, "abcdef");
    buf_drop(&buf, 2);
    assert_string_equal(buf.data, "cdef");
    buf_drop(&buf, 99);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
    buf_free(&buf);
}

UNIT_MAIN("buf", cmocka_unit_test(test_starts_as_empty_string),
          cmocka_unit_test(test_appends_all_kinds),
          cmocka_unit_test(test_grows_far_beyond_the_first_size),
          cmocka_unit_test(test_maximum_is_exact_and_sticks), cmocka_unit_test(test_drop))
