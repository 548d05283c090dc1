#include "unit.h"

#include <errno.h>
#include <string.h>

#include "store/pg_array.h"

/* Completes the array and compares it with what array_send() makes of the same. */
static void assert_is(struct pg_array *array, const char *bytes, size_t len)
{
    assert_int_equal(pg_array_end(array), 0);
    assert_int_equal(array->bytes.len, len);
    assert_memory_equal(array->bytes.data, bytes, len);
    pg_array_free(array);
}

#define ASSERT_IS(array, text) assert_is(array, text, sizeof(text) - 1)

/* One dimension, nulls allowed; the type; length, first index. */
#define HEAD(type, count) "\0\0\0\1\0\0\0\1" type "\0\0\0" count "\0\0\0\1"

static void test_numbers(void **state)
{
    struct pg_array array;

    (void)state;
    pg_array_init(&array, PG_INT4, 1000);
    pg_array_int4(&array, -2);
    pg_array_null(&array);
    ASSERT_IS(&array, HEAD("\0\0\0\x17", "\2") "\0\0\0\4\xff\xff\xff\xfe\xff\xff\xff\xff");
    pg_array_init(&array, PG_INT8, 1000);
    pg_array_int8(&array, 0x0102030405060708);
    ASSERT_IS(&array, HEAD("\0\0\0\x14", "\1") "\0\0\0\x8\1\2\3\4\5\6\7\x8");
}

static void test_bytes(void **state)
{
    struct pg_array array;

    (void)state;
    pg_array_init(&array, PG_TEXT, 1000);
    pg_array_text(&array, "");
    pg_array_text(&array, "a\"b");
    ASSERT_IS(&array, HEAD("\0\0\0\x19", "\2") "\0\0\0\0\0\0\0\3a\"b");
    pg_array_init(&array, PG_BYTEA, 1000);
    pg_array_bytes(&array, "\0\xff", 2);
    ASSERT_IS(&array, HEAD("\0\0\0\x11", "\1") "\0\0\0\2\0\xff");
    pg_array_init(&array, PG_UUID, 1000);
    pg_array_uuid(&array, "6efc7d39-A88E-4ee8-9fe4-26031afd0f46");
    ASSERT_IS(&array, HEAD("\0\0\xb\x86", "\1") "\0\0\0\x10\x6e\xfc\x7d\x39\xa8\x8e\x4e\xe8\x9f\xe4"
                                                "\x26\x03\x1a\xfd\x0f\x46");
}

static void test_times(void **state)
{
    struct pg_array array;

    (void)state;
    pg_array_init(&array, PG_TIMESTAMPTZ, 1000);
    pg_array_time(&array, 946684800000001); /* 2000-01-01 */
    pg_array_time(&array, 946684799000000); /* a second before */
    pg_array_time(&array, 0);
    ASSERT_IS(&array, HEAD("\0\0\4\xa0", "\3") "\0\0\0\x8\0\0\0\0\0\0\0\1"
                                               "\0\0\0\x8\xff\xff\xff\xff\xff\xf0\xbd\xc0"
                                               "\xff\xff\xff\xff");
}

static void test_limits(void **state)
{
    struct pg_array array;

    (void)state;
    pg_array_init(&array, PG_TEXT, 1000);
    ASSERT_IS(&array, "\0\0\0\0\0\0\0\1\0\0\0\x19");
    pg_array_init(&array, PG_TEXT, 24);
    pg_array_text(&array, "a");
    assert_int_equal(pg_array_end(&array), -ENOBUFS);
    pg_array_free(&array);
}

UNIT_MAIN("pg_array", cmocka_unit_test(test_numbers), cmocka_unit_test(test_bytes),
          cmocka_unit_test(test_times), cmocka_unit_test(test_limits))
