#include "tenant/change.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_row(void **state)
{
    struct change change;
    struct err err;

    (void)state;
    assert_int_equal(change_parse("{\"table\":\"users\",\"domain\":\"acme.test\",\"key\":\"1001\"}",
                                  &change, &err),
                     0);
    assert_int_equal(change.table, CHANGE_USERS);
    assert_string_equal(change.domain, "acme.test");
    assert_string_equal(change.key, "1001");
    assert_false(change.every_domain);
    assert_int_equal(
        change_parse("{\"table\":\"ivr_menus\",\"domain\":\"acme.test\",\"key\":\"7\"}", &change,
                     &err),
        0);
    assert_int_equal(change.table, CHANGE_IVR_MENUS);
    assert_int_equal(change_parse("{\"table\":\"queues\",\"domain\":\"acme.test\",\"key\":\"5\"}",
                                  &change, &err),
                     0);
    assert_int_equal(change.table, CHANGE_QUEUES);
    assert_int_equal(
        change_parse("{\"table\":\"conferences\",\"domain\":\"acme.test\",\"key\":\"6\"}", &change,
                     &err),
        0);
    assert_int_equal(change.table, CHANGE_CONFERENCES);
    assert_int_equal(
        change_parse("{\"table\":\"recordings\",\"domain\":\"acme.test\",\"key\":\"e.*97\"}",
                     &change, &err),
        0);
    assert_int_equal(change.table, CHANGE_RECORDINGS);
    assert_string_equal(change.key, "e.*97");
}

static void test_emptied_table(void **state)
{
    struct change change;

    (void)state;
    assert_int_equal(
        change_parse("{\"table\":\"domains\",\"domain\":\"*\",\"key\":\"*\"}", &change, NULL), 0);
    assert_true(change.every_domain);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "users",
        "[]",
        "{\"table\":\"users\",\"domain\":\"acme.test\"}",
        "{\"table\":\"other\",\"domain\":\"acme.test\",\"key\":\"1\"}",
        "{\"table\":\"users\",\"domain\":\"*\",\"key\":\"1\"}",
        "{\"table\":\"users\",\"domain\":\"Acme test\",\"key\":\"1\"}",
        "{\"table\":\"users\",\"domain\":\"acme.test\",\"key\":\"a:b\"}",
        "{\"table\":\"users\",\"domain\":\"acme.test\",\"key\":\"\"}",
        "{\"table\":\"users\",\"domain\":\"acme.test\",\"key\":5}",
        "{\"table\":\"recordings\",\"domain\":\"acme.test\",\"key\":\"1001\"}",
        "{\"table\":\"recordings\",\"domain\":\"acme.test\",\"key\":\"e.\"}",
        "{\"table\":\"recordings\",\"domain\":\"acme.test\",\"key\":\"x.1001\"}",
        "{\"table\":\"recordings\",\"domain\":\"acme.test\",\"key\":\"eu.1001\"}",
        "{\"table\":\"users\",\"table\":\"domains\",\"domain\":\"acme.test\",\"key\":\"1\"}",
    };
    struct change change = {.key = "untouched"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(change_parse(bad[i], &change, &err), -EINVAL);
    assert_string_equal(change.key, "untouched");
}

UNIT_MAIN("change", cmocka_unit_test(test_row), cmocka_unit_test(test_emptied_table),
          cmocka_unit_test(test_refused))
