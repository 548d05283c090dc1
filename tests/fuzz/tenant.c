#include "tenant.h"

#include "fuzz.h"
#include "tenant/build.h"

#define HASH "0123456789abcdef0123456789abcdef"

/* Values as the database would never hold them: the answers have to be sound all the same. */
struct snapshot *fuzz_tenant(void)
{
    struct snapshot *snapshot = NULL;

    FUZZ_CHECK(snapshot_new(&snapshot, "acme.test", "${system(id)}") == 0);
    snapshot_reserve(snapshot, SNAPSHOT_USERS, 1);
    snapshot_add_user(snapshot, &(struct snapshot_user){"1001", "$${x} \xff <X-PRE-PROCESS", HASH});
    snapshot_reserve(snapshot, SNAPSHOT_MENUS, 1);
    snapshot_add_menu(snapshot, &(struct snapshot_menu){7, "a\"b", "\x01", 5000, 3, NULL, 0, true});
    snapshot_reserve(snapshot, SNAPSHOT_ENTRIES, 2);
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"1", "1001"});
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"2", "${system(id)}"});
    snapshot_reserve(snapshot, SNAPSHOT_MAILBOXES, 2);
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){"1001", HASH, "a;id@b", "1001", 5, 60,
                                                              2, true, true, false});
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){"2000", HASH, NULL, NULL, 5, 60, 2,
                                                              false, false, true});
    snapshot_reserve(snapshot, SNAPSHOT_EXTENSIONS, 1);
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = "6000", .type = "user", .username = "1001"});
    snapshot_reserve(snapshot, SNAPSHOT_QUEUES, 1);
    snapshot_add_queue(snapshot, &(struct snapshot_queue){.id = 4,
                                                          .name = "<!",
                                                          .strategy = "${x}",
                                                          .music = "../$${x}",
                                                          .ring_s = -1,
                                                          .no_agent_to = "x y"});
    snapshot_reserve(snapshot, SNAPSHOT_MEMBERS, 2);
    snapshot_add_member(snapshot, 4, &(struct snapshot_member){"1001", 1, 1, SNAPSHOT_AVAILABLE});
    snapshot_add_member(snapshot, 4, &(struct snapshot_member){"a]b,c", 1, 2, SNAPSHOT_AVAILABLE});
    snapshot_reserve(snapshot, SNAPSHOT_CONFERENCES, 1);
    snapshot_add_conference(snapshot, &(struct snapshot_conference){
                                          .id = 3, .pin = "<X-PRE-PROCESS", .max_members = -1});
    snapshot_reserve(snapshot, SNAPSHOT_RING_GROUPS, 1);
    snapshot_add_ring_group(
        snapshot, &(struct snapshot_ring_group){.id = 5, .strategy = "all", .confirm = true});
    snapshot_reserve(snapshot, SNAPSHOT_GROUP_MEMBERS, 3);
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){"1001", NULL, -1, -1});
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){"a]b,c", NULL, 0, 9});
    snapshot_add_group_member(snapshot, 5, &(struct snapshot_group_member){NULL, "${x}", 0, 9});
    snapshot_reserve(snapshot, SNAPSHOT_ANNOUNCEMENTS, 1);
    snapshot_add_announcement(snapshot, &(struct snapshot_announcement){6, "<!", "${x}"});
    FUZZ_CHECK(snapshot_publish(snapshot) == 0);
    return snapshot;
}
