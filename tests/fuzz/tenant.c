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
    snapshot_add_menu(snapshot, &(struct snapshot_menu){7, "a\"b", "\x01", 5000, 3, NULL, 0});
    snapshot_reserve(snapshot, SNAPSHOT_ENTRIES, 2);
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"1", "1001"});
    snapshot_add_entry(snapshot, 7, &(struct snapshot_entry){"2", "${system(id)}"});
    snapshot_reserve(snapshot, SNAPSHOT_MAILBOXES, 2);
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){"1001", HASH, "a;id@b", "1001"});
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){"2000", HASH, NULL, NULL});
    FUZZ_CHECK(snapshot_publish(snapshot) == 0);
    return snapshot;
}
