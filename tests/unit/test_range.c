#include "unit.h"

#include <stddef.h>

#include "api/range.h"
#include "base/compiler.h"

static void test_ranges(void **state)
{
    static const struct {
        const char *value;
        uint64_t size;
        enum range_kind kind;
        uint64_t first, count;
    } cases[] = {
        {NULL, 10, RANGE_WHOLE, 0, 10},
        {"bytes=0-0", 10, RANGE_PART, 0, 1},
        {"bytes=0-", 10, RANGE_PART, 0, 10},
        {"Bytes=3-7", 10, RANGE_PART, 3, 5},
        {"bytes=3-99", 10, RANGE_PART, 3, 7},
        {"bytes=9-9", 10, RANGE_PART, 9, 1},
        {"bytes=0-18446744073709551615", 10, RANGE_PART, 0, 10},
        {"bytes=0-99999999999999999999999", 10, RANGE_PART, 0, 10},
        {"bytes=-3", 10, RANGE_PART, 7, 3},
        {"bytes=-10", 10, RANGE_PART, 0, 10},
        {"bytes=-99999999999999999999999", 10, RANGE_PART, 0, 10},
        {"bytes=10-", 10, RANGE_NONE, 0, 10},
        {"bytes=99999999999999999999999-", 10, RANGE_NONE, 0, 10},
        {"bytes=-0", 10, RANGE_NONE, 0, 10},
        {"bytes=-1", 0, RANGE_NONE, 0, 0},
        {"bytes=0-", 0, RANGE_NONE, 0, 0},
        {"bytes=", 10, RANGE_WHOLE, 0, 10},
        {"bytes=-", 10, RANGE_WHOLE, 0, 10},
        {"bytes=7-3", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0-1 ", 10, RANGE_WHOLE, 0, 10},
        {"bytes=+1-2", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0x1-2", 10, RANGE_WHOLE, 0, 10},
        {"bytes", 10, RANGE_WHOLE, 0, 10},
        {"items=0-1", 10, RANGE_WHOLE, 0, 10},
        {"", 10, RANGE_WHOLE, 0, 10},
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(cases); i++) {
        struct range found;

        assert_int_equal(range_parse(cases[i].value, cases[i].size, &found), cases[i].kind);
        assert_true(found.first == cases[i].first && found.count == cases[i].count);
    }
}

UNIT_MAIN("range", cmocka_unit_test(test_ranges))
