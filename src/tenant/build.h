/*
 * Filling a snapshot, for whoever reads tenants from somewhere (load.c) and for tests.
 *
 *     snapshot_new, then per table: one snapshot_reserve_*, its rows by snapshot_add_*;
 *     snapshot_publish last.
 *
 * Strings are copied. Errors stick and come out of snapshot_publish.
 */
#pragma once

#include "base/compiler.h"
#include "tenant/snapshot.h"

enum snapshot_table {
    SNAPSHOT_USERS,
    SNAPSHOT_EXTENSIONS,
    SNAPSHOT_MENUS,
    SNAPSHOT_ENTRIES, /* of all menus */
    SNAPSHOT_MAILBOXES,
    SNAPSHOT_QUEUES,
    SNAPSHOT_MEMBERS, /* of all queues */
    SNAPSHOT_CONFERENCES,
    SNAPSHOT_RING_GROUPS,
    SNAPSHOT_GROUP_MEMBERS, /* of all ring groups */
    SNAPSHOT_ANNOUNCEMENTS,
    SNAPSHOT_PROMPTS,
    SNAPSHOT_TABLES
};

/* An empty snapshot with one reference, not published yet; -ENOMEM. */
int snapshot_new(struct snapshot **out, const char *domain, const char *timezone) DP_CHECK;

/* Room for `count` rows of this table. Once per table, before its first row. */
void snapshot_reserve(struct snapshot *snapshot, enum snapshot_table table, size_t count);

/* One row. Rows beyond what was reserved are -ENOBUFS. `row` is copied with all it points to. */
void snapshot_add_user(struct snapshot *snapshot, const struct snapshot_user *row);
void snapshot_add_extension(struct snapshot *snapshot, const struct snapshot_extension *row);
void snapshot_add_menu(struct snapshot *snapshot, const struct snapshot_menu *row);
void snapshot_add_mailbox(struct snapshot *snapshot, const struct snapshot_mailbox *row);
void snapshot_add_queue(struct snapshot *snapshot, const struct snapshot_queue *row);
void snapshot_add_conference(struct snapshot *snapshot, const struct snapshot_conference *row);
void snapshot_add_ring_group(struct snapshot *snapshot, const struct snapshot_ring_group *row);
void snapshot_add_announcement(struct snapshot *snapshot, const struct snapshot_announcement *row);
void snapshot_add_prompt(struct snapshot *snapshot, const struct snapshot_prompt *row);

/* One entry of the menu `menu`. Entries of one menu follow each other. */
void snapshot_add_entry(struct snapshot *snapshot, int64_t menu, const struct snapshot_entry *row);

/* One member of the queue `queue`. Members of one queue follow each other. */
void snapshot_add_member(struct snapshot *snapshot, int64_t queue,
                         const struct snapshot_member *row);

/* One member of the ring group `group`. Members of one group follow each other. */
void snapshot_add_group_member(struct snapshot *snapshot, int64_t group,
                               const struct snapshot_group_member *row);

/*
 * Sorts the tables and gives the menus their entries, the queues and the ring groups their members.
 * From here on the snapshot is read only. -ENOMEM, -ENOBUFS, or -EINVAL when a key is there twice
 * or an entry or a member belongs to nothing.
 */
int snapshot_publish(struct snapshot *snapshot) DP_CHECK;
