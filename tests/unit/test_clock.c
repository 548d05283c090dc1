#include "base/clock.h"

#include "unit.h"

static void test_monotonic_does_not_go_back(void **state)
{
    int64_t first = clock_mono_ms();

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(clock_mono_ms() >= first);
}

static void test_wall_is_after_2024(void **state)
{
    (void)state;
    assert_true(clock_wall_us() > INT64_C(1704067200) * 1000000);
}

static void test_utc_text(void **state)
{
    char text[CLOCK_UTC_SIZE];

    (void)state;
    clock_utc(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_utc(INT64_C(1738367999123999), text);
    assert_string_equal(text, "2025-01-31T23:59:59.123Z");
    clock_utc(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_utc(INT64_MAX, text);
    assert_true(text[0] != '\0');
}

UNIT_MAIN("clock", cmocka_unit_test(test_monotonic_does_not_go_back),
          cmocka_unit_test(test_wall_is_after_2024), cmocka_unit_test(test_utc_text))
