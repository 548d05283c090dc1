/* The last step of building a snapshot: rows are sorted, and those of another table find it. */
#include <errno.h>
#include <stdlib.h>

#include "tenant/build.h"
#include "tenant/snapshot_private.h"

static int sort(struct table *table, enum snapshot_table kind)
{
    if (table->count < 2)
        return 0;
    qsort(table->rows, table->count, snapshot_row_size[kind], snapshot_compare[kind]);
    for (size_t i = 1; i < table->count; i++) {
        if (snapshot_compare[kind](snapshot_row_at(table, kind, i - 1),
                                   snapshot_row_at(table, kind, i)) == 0)
            return -EINVAL;
    }
    return 0;
}

/* The next row of an array that the parent has or begins; -EINVAL when another's are between. */
static int take_entry(void *parent, const void *row)
{
    struct snapshot_menu *menu = parent;

    if (!menu->entries)
        menu->entries = row;
    return row == &menu->entries[menu->entry_count++] ? 0 : -EINVAL;
}

static int take_member(void *parent, const void *row)
{
    struct snapshot_queue *queue = parent;

    if (!queue->members)
        queue->members = row;
    return row == &queue->members[queue->member_count++] ? 0 : -EINVAL;
}

static int take_group_member(void *parent, const void *row)
{
    struct snapshot_ring_group *group = parent;

    if (!group->members)
        group->members = row;
    return row == &group->members[group->member_count++] ? 0 : -EINVAL;
}

static int give(struct snapshot *snapshot, enum snapshot_table kind, enum snapshot_table parents,
                int (*take)(void *parent, const void *row))
{
    const struct table *table = &snapshot->tables[kind];
    void *parent;
    int res = 0;

    for (size_t i = 0; i < table->count && !res; i++) {
        parent = (void *)snapshot_find(snapshot, parents, &table->parents[i]);
        res = parent ? take(parent, snapshot_row_at(table, kind, i)) : -EINVAL;
    }
    return res;
}

int snapshot_publish(struct snapshot *snapshot)
{
    int res = snapshot->error;

    if (arena_error(&snapshot->arena))
        return -ENOMEM;
    for (int kind = 0; kind < SNAPSHOT_TABLES && !res; kind++) {
        if (snapshot_compare[kind])
            res = sort(&snapshot->tables[kind], kind);
    }
    if (!res)
        res = give(snapshot, SNAPSHOT_ENTRIES, SNAPSHOT_MENUS, take_entry);
    if (!res)
        res = give(snapshot, SNAPSHOT_MEMBERS, SNAPSHOT_QUEUES, take_member);
    if (!res)
        res = give(snapshot, SNAPSHOT_GROUP_MEMBERS, SNAPSHOT_RING_GROUPS, take_group_member);
    return res;
}
