#include "http/form.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "unit.h"

static int parse(struct form *form, const char *body)
{
    return form_parse(form, body, strlen(body), 8);
}

static void test_pairs(void **state)
{
    struct form form;

    (void)state;
    assert_int_equal(parse(&form, "a=1&b=x+y%20z&c&&d=%C3%9c&e=a=b"), 0);
    assert_int_equal(form.count, 5);
    assert_string_equal(form_get(&form, "a"), "1");
    assert_string_equal(form_get(&form, "b"), "x y z");
    assert_string_equal(form_get(&form, "c"), "");
    assert_string_equal(form_get(&form, "d"), "\xc3\x9c");
    assert_string_equal(form_get(&form, "e"), "a=b");
    assert_null(form_get(&form, "f"));
    form_free(&form);
}

static void test_duplicates_are_no_value(void **state)
{
    struct form form;

    (void)state;
    assert_int_equal(parse(&form, "user=1001&x=&user=1002"), 0);
    assert_null(form_get(&form, "user"));
    assert_int_equal(form.count, 3);
    assert_string_equal(form.pairs[2].value, "1002");
    form_free(&form);
}

static void test_empty_and_odd(void **state)
{
    struct form form;

    (void)state;
    assert_int_equal(form_parse(&form, "", 0, 0), 0);
    assert_int_equal(form.count, 0);
    form_free(&form);
    assert_int_equal(parse(&form, "&&&=&"), 0);
    assert_int_equal(form.count, 1);
    assert_string_equal(form.pairs[0].name, "");
    form_free(&form);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {"a=%", "a=%4", "a=%4g", "%zz=1", "a=%00", "b=1&a=1%"};
    struct form form;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(parse(&form, bad[i]), -EINVAL);
    assert_int_equal(form_parse(&form, "a=\0b", 4, 8), -EINVAL);
    assert_int_equal(form_parse(&form, "a&b&c", 5, 2), -E2BIG);
}

UNIT_MAIN("form", cmocka_unit_test(test_pairs), cmocka_unit_test(test_duplicates_are_no_value),
          cmocka_unit_test(test_empty_and_odd), cmocka_unit_test(test_refused))
