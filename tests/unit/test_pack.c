#include "unit.h"

#include <errno.h>
#include <string.h>

#include "cdr/pack.h"

enum { MAX = 64 * 1024 };

static char text[8000];

static struct buf packed(size_t len)
{
    struct buf out;

    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + i * i % 23);
    buf_init(&out, MAX);
    pack_add(&out, text, len);
    assert_int_equal(buf_error(&out), 0);
    return out;
}

static void test_there_and_back(void **state)
{
    static const size_t lengths[] = {0, 1, 5000, sizeof(text)};

    (void)state;
    for (size_t i = 0; i < DP_COUNT(lengths); i++) {
        struct buf frame = packed(lengths[i]), plain;
        size_t size = 7;

        buf_init(&plain, MAX);
        assert_true(pack_is(frame.data, frame.len));
        assert_int_equal(pack_size(frame.data, frame.len, MAX, &size, NULL), 0);
        assert_int_equal(size, lengths[i]);
        assert_int_equal(pack_open(&plain, frame.data, frame.len, lengths[i], NULL), 0);
        assert_int_equal(plain.len, lengths[i]);
        assert_memory_equal(plain.data, text, lengths[i]);
        buf_free(&plain);
        buf_free(&frame);
    }
}

static void test_not_packed(void **state)
{
    (void)state;
    assert_false(pack_is("", 0));
    assert_false(pack_is("\x28\xb5\x2f", 3));
    assert_false(pack_is("{\"variables\":{}}", 16));
}

/* Wherever it is cut or changed, it is refused, and never taken for something else. (A bit of its
 * head means nothing.) */
static void test_damaged(void **state)
{
    struct buf frame = packed(sizeof(text)), plain;
    size_t refused = 0;
    struct err err;

    (void)state;
    buf_init(&plain, MAX);
    for (size_t len = 4; len < frame.len; len++)
        assert_int_equal(pack_open(&plain, frame.data, len, MAX, &err), -EINVAL);
    for (size_t at = 4; at < frame.len; at++) {
        frame.data[at] ^= 0x10;
        buf_reset(&plain);
        if (pack_open(&plain, frame.data, frame.len, MAX, &err) == 0)
            assert_memory_equal(plain.data, text, sizeof(text));
        else
            refused++;
        frame.data[at] ^= 0x10;
    }
    assert_in_range(refused, frame.len - 6, frame.len - 4);
    assert_int_equal(pack_open(&plain, frame.data, frame.len, sizeof(text) - 1, &err), -EINVAL);
    buf_free(&plain);
    buf_free(&frame);
}

UNIT_MAIN("pack", cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_not_packed),
          cmocka_unit_test(test_damaged))
