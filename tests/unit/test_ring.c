#include "media/ring.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static const struct snapshot_group_member people[] = {
    {.username = "1001"}, {.outside = "12#3"},  {.username = "a b"},
    {.outside = "+4930"}, {.username = "1002"},
};

static void test_positions(void **state)
{
    const struct snapshot_ring_group group = {
        .strategy = "in_order", .members = people, .member_count = DP_COUNT(people)};
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];

    (void)state;
    assert_false(ring_together(&group));
    assert_int_equal(ring_order("acme.test", &group, order), 3);
    assert_string_equal(order[0]->username, "1001");
    assert_string_equal(order[1]->outside, "+4930");
    assert_string_equal(order[2]->username, "1002");
}

/* Each of three comes first a third of the time: 3,000 draws are within 6 sigma of 1,000. */
static void test_random(void **state)
{
    const struct snapshot_ring_group group = {
        .strategy = "random", .members = people, .member_count = DP_COUNT(people)};
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];
    int first[DP_COUNT(people)] = {0};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(ring_order("acme.test", &group, order), 3);
        assert_true(order[0] != order[1] && order[1] != order[2] && order[0] != order[2]);
        first[order[0] - people]++;
    }
    assert_in_range(first[0], 850, 1150);
    assert_in_range(first[3], 850, 1150);
    assert_in_range(first[4], 850, 1150);
}

static void test_no_more_than_fit(void **state)
{
    struct snapshot_group_member many[RING_MEMBERS_MAX + 1];
    const struct snapshot_ring_group group = {
        .strategy = "all", .members = many, .member_count = DP_COUNT(many)};
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];

    (void)state;
    for (size_t i = 0; i < DP_COUNT(many); i++)
        many[i] = people[0];
    assert_true(ring_together(&group));
    assert_int_equal(ring_order("acme.test", &group, order), RING_MEMBERS_MAX);
}

static void check_idle(const char *domain, int64_t id, const char *expected)
{
    const struct snapshot_ring_group group = {
        .id = id, .strategy = "longest_idle", .members = people, .member_count = DP_COUNT(people)};
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];
    char found[64] = "";

    assert_true(ring_by_idle(&group));
    assert_false(ring_together(&group));
    assert_int_equal(ring_order(domain, &group, order), 3);
    for (size_t i = 0; i < 3; i++) {
        strcat(found, i ? " " : "");
        strcat(found, order[i]->username ? order[i]->username : order[i]->outside);
    }
    assert_string_equal(found, expected);
}

static void test_longest_idle(void **state)
{
    char number[16];

    (void)state;
    check_idle("acme.test", 7, "1001 +4930 1002");
    ring_ended("acme.test", 7, "1001");
    check_idle("acme.test", 7, "+4930 1002 1001");
    ring_ended("acme.test", 7, "1002");
    ring_ended("acme.test", 7, "+4930");
    check_idle("acme.test", 7, "1001 1002 +4930");
    ring_ended("acme.test", 7, "1001");
    check_idle("acme.test", 7, "1002 +4930 1001");
    /* Another group, another tenant. */
    check_idle("acme.test", 8, "1001 +4930 1002");
    check_idle("other.test", 7, "1001 +4930 1002");
    /* All but the last one are forgotten. */
    for (int i = 1; i < RING_ENDED_MAX; i++) {
        snprintf(number, sizeof(number), "%d", i);
        ring_ended("other.test", 7, number);
    }
    check_idle("acme.test", 7, "+4930 1002 1001");
}

UNIT_MAIN("ring", cmocka_unit_test(test_positions), cmocka_unit_test(test_random),
          cmocka_unit_test(test_no_more_than_fit), cmocka_unit_test(test_longest_idle))
