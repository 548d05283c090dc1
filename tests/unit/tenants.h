/* A tenant for tests that need no database: as db/demo.sql makes them, only smaller. */
#pragma once

#include "tenant/build.h"
#include "unit.h"

#define TENANT_DOMAIN "acme.test"

/* Queue 4 with alice before 1001 and a user who cannot be dialled, queue 8, three conferences. */
static inline void tenant_add_groups(struct snapshot *snapshot)
{
    snapshot_reserve(snapshot, SNAPSHOT_QUEUES, 2);
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 8,
                                                          .name = "Night",
                                                          .strategy = "random",
                                                          .wrap_up_s = 5,
                                                          .music = "custom/bright",
                                                          .announcement = "custom/welcome",
                                                          .announce_every_s = 20,
                                                          .announce_position = true});
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 4,
                                                          .name = "Sales ${x}",
                                                          .strategy = "top_down",
                                                          .music = "demo/music",
                                                          .ring_s = 15,
                                                          .wrap_up_s = 5,
                                                          .max_wait_s = 600,
                                                          .no_agent_to = "1001"});
    snapshot_reserve(snapshot, SNAPSHOT_MEMBERS, 5);
    snapshot_add_member(snapshot, 4, &(struct snapshot_member){"alice", 1, 2, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 4, &(struct snapshot_member){"1001", 2, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 4, &(struct snapshot_member){"#1", 3, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 8, &(struct snapshot_member){"bob", 1, 1, SNAPSHOT_PAUSED});
    snapshot_add_member(snapshot, 8, &(struct snapshot_member){"carol", 1, 2, SNAPSHOT_LOGGED_OUT});
    snapshot_reserve(snapshot, SNAPSHOT_CONFERENCES, 3);
    snapshot_add_conference(
        snapshot,
        &(struct snapshot_conference){
            .id = 3, .name = "Weekly", .pin = "1234", .max_members = 9, .announce = true});
    snapshot_add_conference(snapshot, &(struct snapshot_conference){.id = 5,
                                                                    .name = "Board",
                                                                    .pin = "1234",
                                                                    .moderator_pin = "0815",
                                                                    .max_members = 2,
                                                                    .wait = true});
    snapshot_add_conference(
        snapshot, &(struct snapshot_conference){.id = 6, .name = "Open", .max_members = 2});
    snapshot_reserve(snapshot, SNAPSHOT_RING_GROUPS, 2);
    snapshot_add_ring_group(
        snapshot, &(struct snapshot_ring_group){.id = 5, .strategy = "all", .confirm = true});
    snapshot_add_ring_group(snapshot,
                            &(struct snapshot_ring_group){.id = 6, .strategy = "in_order"});
    snapshot_reserve(snapshot, SNAPSHOT_GROUP_MEMBERS, 4);
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){"1001", NULL, 0, 20});
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){NULL, "+4930", 5, 15});
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){"${x}", NULL, 0, 20});
    snapshot_add_group_member(snapshot, 6, &(struct snapshot_group_member){NULL, "0123", 3, 9});
    snapshot_reserve(snapshot, SNAPSHOT_PROMPTS, 2);
    snapshot_add_prompt(snapshot, &(struct snapshot_prompt){"welcome", "beef", 8000, false});
    snapshot_add_prompt(snapshot, &(struct snapshot_prompt){"bright", "cafe", 16000, true});
    snapshot_reserve(snapshot, SNAPSHOT_ANNOUNCEMENTS, 3);
    snapshot_add_announcement(snapshot, &(struct snapshot_announcement){10, "custom/bright", NULL});
    snapshot_add_announcement(snapshot, &(struct snapshot_announcement){11, "custom/other", NULL});
    snapshot_add_announcement(snapshot, &(struct snapshot_announcement){9, "demo/closed", "1001"});
}

/*
 * User 1001 with a mailbox (PIN 4711), user alice without; mailbox 2000 of nobody, which is full;
 * number 1001, 6000 for alice, 5000 for menu 7, *97 for one's own mailbox; queue 4, queue 8 of bob,
 * who has a pause, and carol, who is logged out, conferences 3, 5 (with a moderator) and 6 (open);
 * ring groups 5 of 1001 and somebody outside (confirming), and 6; announcement 9. `mark` is the
 * display name of user 1001; the prompt `bright` is the music on hold. Announcements 10 and 11 of
 * the prompt `bright` and of one that is not there.
 */
static inline struct snapshot *tenant_make(const char *domain, const char *mark)
{
    struct snapshot *snapshot = NULL;

    assert_int_equal(snapshot_new(&snapshot, domain, "Europe/Berlin"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_USERS, 2);
    snapshot_add_user(snapshot, &(struct snapshot_user){"alice", "Alice \"A\" $${x} <X-", "a1"});
    snapshot_add_user(snapshot, &(struct snapshot_user){"1001", mark, "h1001"});
    snapshot_reserve(snapshot, SNAPSHOT_EXTENSIONS, 4);
    snapshot_add_extension(
        snapshot, &(struct snapshot_extension){.number = "5000", .type = "ivr", .menu = 7});
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = "1001", .type = "user", .username = "1001"});
    snapshot_add_extension(snapshot,
                           &(struct snapshot_extension){.number = "*97", .type = "voicemail"});
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = "6000", .type = "user", .username = "alice"});
    snapshot_reserve(snapshot, SNAPSHOT_MENUS, 2);
    snapshot_add_menu(
        snapshot, &(struct snapshot_menu){9, "other", "option-is-invalid", 1500, 2, NULL, 0, true});
    snapshot_add_menu(snapshot, &(struct snapshot_menu){7, "demo/welcome", "option-is-invalid",
                                                        5000, 3, NULL, 0, false});
    snapshot_reserve(snapshot, SNAPSHOT_ENTRIES, 3);
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"#", "alice"});
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"1", "1001"});
    snapshot_add_entry(snapshot, 9, &(struct snapshot_entry){"0", "5000"});
    snapshot_reserve(snapshot, SNAPSHOT_MAILBOXES, 2);
    /* md5("2000:acme.test:4711"), md5("1001:acme.test:4711") */
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){
                                       "2000", "938dec02e28887a2c40c3174d8ae4ef8",
                                       "box@acme.test;rm -rf", NULL, 10, 180, 1, true, true, true});
    snapshot_add_mailbox(
        snapshot, &(struct snapshot_mailbox){"1001", "a761dc16c93d69f043029b2c945a970e",
                                             "u+1@acme.test", "1001", 5, 60, 2, true, true, false});
    tenant_add_groups(snapshot);
    assert_int_equal(snapshot_publish(snapshot), 0);
    return snapshot;
}
