#include "tenant/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "tenant/snapshot_private.h"

const size_t snapshot_row_size[SNAPSHOT_TABLES] = {
    [SNAPSHOT_USERS] = sizeof(struct snapshot_user),
    [SNAPSHOT_EXTENSIONS] = sizeof(struct snapshot_extension),
    [SNAPSHOT_MENUS] = sizeof(struct snapshot_menu),
    [SNAPSHOT_ENTRIES] = sizeof(struct snapshot_entry),
    [SNAPSHOT_MAILBOXES] = sizeof(struct snapshot_mailbox),
    [SNAPSHOT_QUEUES] = sizeof(struct snapshot_queue),
    [SNAPSHOT_MEMBERS] = sizeof(struct snapshot_member),
    [SNAPSHOT_CONFERENCES] = sizeof(struct snapshot_conference),
    [SNAPSHOT_RING_GROUPS] = sizeof(struct snapshot_ring_group),
    [SNAPSHOT_GROUP_MEMBERS] = sizeof(struct snapshot_group_member),
    [SNAPSHOT_ANNOUNCEMENTS] = sizeof(struct snapshot_announcement),
    [SNAPSHOT_PROMPTS] = sizeof(struct snapshot_prompt),
};

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    /* Release and acquire: whoever frees it sees all that the others did with it. */
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_free(&snapshot->arena);
    free(snapshot);
}

/* Rows whose first member is a string, and rows whose first member is an id. */
static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_id(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

int (*const snapshot_compare[SNAPSHOT_TABLES])(const void *, const void *) = {
    [SNAPSHOT_USERS] = compare_text,     [SNAPSHOT_EXTENSIONS] = compare_text,
    [SNAPSHOT_MENUS] = compare_id,       [SNAPSHOT_MAILBOXES] = compare_text,
    [SNAPSHOT_QUEUES] = compare_id,      [SNAPSHOT_CONFERENCES] = compare_id,
    [SNAPSHOT_RING_GROUPS] = compare_id, [SNAPSHOT_ANNOUNCEMENTS] = compare_id,
    [SNAPSHOT_PROMPTS] = compare_text,
};

const void *snapshot_find(const struct snapshot *snapshot, enum snapshot_table kind,
                          const void *key)
{
    const struct table *table = &snapshot->tables[kind];

    if (!table->count)
        return NULL;
    return bsearch(key, table->rows, table->count, snapshot_row_size[kind], snapshot_compare[kind]);
}

const char *snapshot_domain(const struct snapshot *snapshot)
{
    return snapshot->domain;
}

const char *snapshot_timezone(const struct snapshot *snapshot)
{
    return snapshot->timezone;
}

const struct snapshot_user *snapshot_user(const struct snapshot *snapshot, const char *username)
{
    return snapshot_find(snapshot, SNAPSHOT_USERS, &username);
}

const struct snapshot_extension *snapshot_extension(const struct snapshot *snapshot,
                                                    const char *number)
{
    return snapshot_find(snapshot, SNAPSHOT_EXTENSIONS, &number);
}

const struct snapshot_menu *snapshot_menu(const struct snapshot *snapshot, int64_t id)
{
    return snapshot_find(snapshot, SNAPSHOT_MENUS, &id);
}

const struct snapshot_mailbox *snapshot_mailbox(const struct snapshot *snapshot,
                                                const char *mailbox)
{
    return snapshot_find(snapshot, SNAPSHOT_MAILBOXES, &mailbox);
}

const struct snapshot_queue *snapshot_queue(const struct snapshot *snapshot, int64_t id)
{
    return snapshot_find(snapshot, SNAPSHOT_QUEUES, &id);
}

const struct snapshot_conference *snapshot_conference(const struct snapshot *snapshot, int64_t id)
{
    return snapshot_find(snapshot, SNAPSHOT_CONFERENCES, &id);
}

const struct snapshot_ring_group *snapshot_ring_group(const struct snapshot *snapshot, int64_t id)
{
    return snapshot_find(snapshot, SNAPSHOT_RING_GROUPS, &id);
}

const struct snapshot_announcement *snapshot_announcement(const struct snapshot *snapshot,
                                                          int64_t id)
{
    return snapshot_find(snapshot, SNAPSHOT_ANNOUNCEMENTS, &id);
}

const struct snapshot_user *snapshot_users(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_USERS];

    *count = table->count;
    return (const struct snapshot_user *)table->rows;
}

const struct snapshot_prompt *snapshot_prompt(const struct snapshot *snapshot, const char *name)
{
    return snapshot_find(snapshot, SNAPSHOT_PROMPTS, &name);
}

const struct snapshot_prompt *snapshot_prompts(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_PROMPTS];

    *count = table->count;
    return (const struct snapshot_prompt *)table->rows;
}

const struct snapshot_extension *snapshot_extensions(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_EXTENSIONS];

    *count = table->count;
    return (const struct snapshot_extension *)table->rows;
}

const struct snapshot_mailbox *snapshot_mailboxes(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_MAILBOXES];

    *count = table->count;
    return (const struct snapshot_mailbox *)table->rows;
}

const struct snapshot_queue *snapshot_queues(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_QUEUES];

    *count = table->count;
    return (const struct snapshot_queue *)table->rows;
}

const struct snapshot_member *snapshot_agent(const struct snapshot *snapshot, const char *username)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_MEMBERS];
    const struct snapshot_member *members = (const struct snapshot_member *)table->rows;

    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(members[i].username, username) == 0)
            return &members[i];
    }
    return NULL;
}

void snapshot_size(const struct snapshot *snapshot, struct snapshot_size *out)
{
    *out = (struct snapshot_size){
        .users = snapshot->tables[SNAPSHOT_USERS].count,
        .extensions = snapshot->tables[SNAPSHOT_EXTENSIONS].count,
        .menus = snapshot->tables[SNAPSHOT_MENUS].count,
        .mailboxes = snapshot->tables[SNAPSHOT_MAILBOXES].count,
        .bytes = sizeof(*snapshot) + snapshot->arena.used,
    };
}
