#include "media/ring.h"

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
    assert_int_equal(ring_order(&group, order), 3);
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
        assert_int_equal(ring_order(&group, order), 3);
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
    assert_int_equal(ring_order(&group, order), RING_MEMBERS_MAX);
}

UNIT_MAIN("ring", cmocka_unit_test(test_positions), cmocka_unit_test(test_random),
          cmocka_unit_test(test_no_more_than_fit))
