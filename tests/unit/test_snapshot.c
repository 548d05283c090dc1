#include "tenant/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "tenant/direct.h"
#include "tenants.h"

static int make(void **state)
{
    *state = tenant_make(TENANT_DOMAIN, "One");
    return 0;
}

static int drop(void **state)
{
    snapshot_unref(*state);
    return 0;
}

static void test_users(void **state)
{
    assert_string_equal(snapshot_user(*state, "1001")->display_name, "One");
    assert_string_equal(snapshot_user(*state, "alice")->ha1, "a1");
    assert_null(snapshot_user(*state, "bob"));
    assert_null(snapshot_user(*state, ""));
}

static void test_all_users(void **state)
{
    const struct snapshot_user *users;
    size_t count;

    users = snapshot_users(*state, &count);
    assert_int_equal(count, 2);
    assert_string_equal(users[0].username, "1001");
    assert_string_equal(users[1].username, "alice");
}

static void test_extensions(void **state)
{
    const struct snapshot_extension *found = snapshot_extension(*state, "5000");

    assert_string_equal(found->type, "ivr");
    assert_int_equal(found->menu, 7);
    assert_null(found->username);
    assert_string_equal(snapshot_extension(*state, "1001")->username, "1001");
    assert_null(snapshot_extension(*state, "*97")->mailbox);
    assert_null(snapshot_extension(*state, "500"));
}

static void test_menus(void **state)
{
    const struct snapshot_menu *menu = snapshot_menu(*state, 7);

    assert_string_equal(menu->greeting, "demo/welcome");
    assert_int_equal(menu->entry_count, 2);
    assert_string_equal(menu->entries[0].digit, "#");
    assert_string_equal(menu->entries[1].number, "1001");
    assert_int_equal(snapshot_menu(*state, 9)->entry_count, 1);
    assert_null(snapshot_menu(*state, 8));
}

/* Whoever is called may be dialled; nothing that leads outside or changes anything. */
static void test_direct(void **state)
{
    static const struct snapshot_extension numbers[] = {
        {.number = "10", .type = "user", .username = "a"},
        {.number = "1111", .type = "user"},
        {.number = "1234567890123456", .type = "queue"},
        {.number = "12345678901234567", .type = "queue"},
        {.number = "20", .type = "ring_group"},
        {.number = "21", .type = "voicemail", .mailbox = "a"},
        {.number = "22222", .type = "voicemail"},
        {.number = "3", .type = "user", .username = "a"},
        {.number = "3a", .type = "user", .username = "a"},
        {.number = "33333", .type = "trunk_out"},
        {.number = "44444", .type = "feature"},
        {.number = "55555", .type = "pickup"},
        {.number = "66666", .type = "park"},
        {.number = "77777", .type = "paging"},
    };
    static const char *const allowed[] = {"10", "1234567890123456", "20", "21"};
    struct snapshot *snapshot;
    size_t found = 0;

    (void)state;
    assert_int_equal(snapshot_new(&snapshot, TENANT_DOMAIN, "UTC"), 0);
    assert_int_equal(direct_longest(snapshot), 0);
    snapshot_reserve(snapshot, SNAPSHOT_EXTENSIONS, DP_COUNT(numbers));
    for (size_t i = 0; i < DP_COUNT(numbers); i++)
        snapshot_add_extension(snapshot, &numbers[i]);
    assert_int_equal(snapshot_publish(snapshot), 0);
    for (size_t i = 0; i < DP_COUNT(numbers); i++)
        found += direct_is_allowed(snapshot, numbers[i].number);
    assert_int_equal(found, DP_COUNT(allowed));
    for (size_t i = 0; i < DP_COUNT(allowed); i++)
        assert_true(direct_is_allowed(snapshot, allowed[i]));
    assert_false(direct_is_allowed(snapshot, "99"));
    assert_int_equal(direct_longest(snapshot), 16);
    snapshot_unref(snapshot);
}

static void test_mailboxes(void **state)
{
    size_t count;

    assert_null(snapshot_mailbox(*state, "2000")->owner);
    assert_string_equal(snapshot_mailboxes(*state, &count)[0].mailbox, "1001");
    assert_int_equal(count, 2);
}

/* Queues 5 (alice, 1001) and 4 (nobody), and a conference. */
static struct snapshot *make_queues(void)
{
    struct snapshot *snapshot;

    assert_int_equal(snapshot_new(&snapshot, TENANT_DOMAIN, "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_EXTENSIONS, 2);
    snapshot_add_extension(
        snapshot, &(struct snapshot_extension){.number = "8001", .type = "queue", .queue = 5});
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = "8100", .type = "conference", .conference = 6});
    snapshot_reserve(snapshot, SNAPSHOT_QUEUES, 2);
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 5,
                                                          .name = "sales",
                                                          .strategy = "top_down",
                                                          .ring_s = 15,
                                                          .max_wait_s = 60,
                                                          .timeout_to = "1001"});
    snapshot_add_queue(snapshot,
                       &(struct snapshot_queue){.id = 4, .name = "other", .strategy = "ring_all"});
    snapshot_reserve(snapshot, SNAPSHOT_MEMBERS, 3);
    snapshot_add_member(snapshot, 5, &(struct snapshot_member){"alice", 1, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 5, &(struct snapshot_member){"1001", 2, 1, SNAPSHOT_PAUSED});
    snapshot_reserve(snapshot, SNAPSHOT_CONFERENCES, 1);
    snapshot_add_conference(
        snapshot,
        &(struct snapshot_conference){
            .id = 6, .name = "weekly", .pin = "4711", .max_members = 9, .announce = true});
    return snapshot;
}

static void test_queues(void **state)
{
    struct snapshot *snapshot = make_queues();
    const struct snapshot_queue *queue;
    size_t count;

    (void)state;
    assert_int_equal(snapshot_publish(snapshot), 0);
    queue = snapshot_queue(snapshot, snapshot_extension(snapshot, "8001")->queue);
    assert_string_equal(queue->name, "sales");
    assert_string_equal(queue->strategy, "top_down");
    assert_string_equal(queue->timeout_to, "1001");
    assert_null(queue->no_agent_to);
    assert_null(queue->music);
    assert_int_equal(queue->max_wait_s, 60);
    assert_int_equal(queue->member_count, 2);
    assert_string_equal(queue->members[1].username, "1001");
    assert_int_equal(queue->members[1].level, 2);
    assert_int_equal(snapshot_agent(snapshot, "1001")->status, SNAPSHOT_PAUSED);
    assert_null(snapshot_agent(snapshot, "1002"));
    assert_int_equal(snapshot_queue(snapshot, 4)->member_count, 0);
    assert_null(snapshot_queue(snapshot, 6));
    assert_int_equal(snapshot_queues(snapshot, &count)[0].id, 4);
    assert_int_equal(count, 2);
    snapshot_unref(snapshot);
}

static void test_ring_groups(void **state)
{
    struct snapshot *snapshot = NULL;
    const struct snapshot_ring_group *group;

    (void)state;
    assert_int_equal(snapshot_new(&snapshot, "a.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_RING_GROUPS, 2);
    snapshot_add_ring_group(
        snapshot, &(struct snapshot_ring_group){.id = 8, .strategy = "all", .confirm = true});
    snapshot_add_ring_group(snapshot, &(struct snapshot_ring_group){.id = 7, .strategy = "random"});
    snapshot_reserve(snapshot, SNAPSHOT_GROUP_MEMBERS, 2);
    snapshot_add_group_member(snapshot, 8, &(struct snapshot_group_member){.username = "alice"});
    snapshot_add_group_member(snapshot, 8,
                              &(struct snapshot_group_member){.outside = "+4930", .delay_s = 5});
    snapshot_reserve(snapshot, SNAPSHOT_ANNOUNCEMENTS, 1);
    snapshot_add_announcement(
        snapshot, &(struct snapshot_announcement){.id = 9, .prompt = "x", .then_to = "1001"});
    assert_int_equal(snapshot_publish(snapshot), 0);
    group = snapshot_ring_group(snapshot, 8);
    assert_true(group->confirm);
    assert_int_equal(group->member_count, 2);
    assert_string_equal(group->members[0].username, "alice");
    assert_string_equal(group->members[1].outside, "+4930");
    assert_int_equal(group->members[1].delay_s, 5);
    assert_int_equal(snapshot_ring_group(snapshot, 7)->member_count, 0);
    assert_null(snapshot_ring_group(snapshot, 9));
    assert_string_equal(snapshot_announcement(snapshot, 9)->then_to, "1001");
    snapshot_unref(snapshot);
}

static void test_conferences(void **state)
{
    struct snapshot *snapshot = make_queues();
    const struct snapshot_conference *conference;

    (void)state;
    assert_int_equal(snapshot_publish(snapshot), 0);
    conference = snapshot_conference(snapshot, snapshot_extension(snapshot, "8100")->conference);
    assert_string_equal(conference->name, "weekly");
    assert_string_equal(conference->pin, "4711");
    assert_null(conference->moderator_pin);
    assert_int_equal(conference->max_members, 9);
    assert_true(conference->announce);
    assert_null(snapshot_conference(snapshot, 5));
    snapshot_unref(snapshot);
}

static void test_members_that_do_not_fit(void **state)
{
    struct snapshot *snapshot = make_queues();

    (void)state;
    snapshot_add_member(snapshot, 6, &(struct snapshot_member){"alice", 1, 1, SNAPSHOT_AVAILABLE});
    assert_int_equal(snapshot_publish(snapshot), -EINVAL);
    snapshot_unref(snapshot);

    /* A member of another queue between those of one. */
    assert_int_equal(snapshot_new(&snapshot, "x.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_QUEUES, 2);
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 1});
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 2});
    snapshot_reserve(snapshot, SNAPSHOT_MEMBERS, 3);
    snapshot_add_member(snapshot, 1, &(struct snapshot_member){"a", 1, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 2, &(struct snapshot_member){"a", 1, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 1, &(struct snapshot_member){"b", 1, 2, SNAPSHOT_AVAILABLE});
    assert_int_equal(snapshot_publish(snapshot), -EINVAL);
    snapshot_unref(snapshot);
}

static void test_what_does_not_fit(void **state)
{
    struct snapshot *snapshot;

    (void)state;
    assert_int_equal(snapshot_new(&snapshot, "x.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_USERS, 2);
    snapshot_add_user(snapshot, &(struct snapshot_user){.username = "1"});
    snapshot_add_user(snapshot, &(struct snapshot_user){.username = "1"});
    assert_int_equal(snapshot_publish(snapshot), -EINVAL);
    snapshot_unref(snapshot);

    assert_int_equal(snapshot_new(&snapshot, "x.test", "UTC"), 0);
    snapshot_add_user(snapshot, &(struct snapshot_user){.username = "1"});
    assert_int_equal(snapshot_publish(snapshot), -ENOBUFS);
    snapshot_unref(snapshot);

    /* An entry of a menu that is not there. */
    assert_int_equal(snapshot_new(&snapshot, "x.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_ENTRIES, 1);
    snapshot_add_entry(snapshot, 1, &(struct snapshot_entry){"1", "1001"});
    assert_int_equal(snapshot_publish(snapshot), -EINVAL);
    snapshot_unref(snapshot);
}

static void test_many(void **state)
{
    enum { COUNT = 10000 };
    struct snapshot_size size;
    struct snapshot *snapshot;
    char name[16];

    (void)state;
    assert_int_equal(snapshot_new(&snapshot, "big.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_USERS, COUNT);
    for (int i = COUNT; i > 0; i--) {
        snprintf(name, sizeof(name), "%d", i);
        snapshot_add_user(snapshot, &(struct snapshot_user){name, name, name});
    }
    assert_int_equal(snapshot_publish(snapshot), 0);
    for (int i = 1; i <= COUNT; i++) {
        snprintf(name, sizeof(name), "%d", i);
        assert_string_equal(snapshot_user(snapshot, name)->display_name, name);
    }
    snapshot_size(snapshot, &size);
    assert_int_equal(size.users, COUNT);
    /* 24 bytes of pointers and 3 strings of 5 each; what the arena adds is a little. */
    assert_true(size.bytes < COUNT * 50);
    snapshot_unref(snapshot);
}

UNIT_MAIN("snapshot", cmocka_unit_test_setup_teardown(test_users, make, drop),
          cmocka_unit_test_setup_teardown(test_all_users, make, drop),
          cmocka_unit_test_setup_teardown(test_extensions, make, drop),
          cmocka_unit_test_setup_teardown(test_menus, make, drop),
          cmocka_unit_test_setup_teardown(test_mailboxes, make, drop),
          cmocka_unit_test(test_direct), cmocka_unit_test(test_queues),
          cmocka_unit_test(test_ring_groups), cmocka_unit_test(test_conferences),
          cmocka_unit_test(test_members_that_do_not_fit), cmocka_unit_test(test_what_does_not_fit),
          cmocka_unit_test(test_many))
