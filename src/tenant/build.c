#include "tenant/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tenant/snapshot_private.h"

/* NULL stays NULL: it says that there is no value. */
static const char *keep(struct snapshot *snapshot, const char *text)
{
    return text ? arena_strdup(&snapshot->arena, text) : NULL;
}

int snapshot_new(struct snapshot **out, const char *domain, const char *timezone)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return -ENOMEM;
    atomic_init(&snapshot->references, 1);
    arena_init(&snapshot->arena);
    snapshot->domain = keep(snapshot, domain);
    snapshot->timezone = keep(snapshot, timezone);
    if (arena_error(&snapshot->arena)) {
        snapshot_unref(snapshot);
        return -ENOMEM;
    }
    *out = snapshot;
    return 0;
}

void snapshot_reserve(struct snapshot *snapshot, enum snapshot_table kind, size_t count)
{
    struct table *table = &snapshot->tables[kind];

    table->rows = arena_array(&snapshot->arena, count, snapshot_row_size[kind]);
    table->reserved = table->rows ? count : 0;
    if (!snapshot_compare[kind]) {
        table->parents = arena_array(&snapshot->arena, count, sizeof(*table->parents));
        table->reserved = table->parents ? table->reserved : 0;
    }
}

static void *add_row(struct snapshot *snapshot, enum snapshot_table kind)
{
    struct table *table = &snapshot->tables[kind];

    if (table->count == table->reserved) {
        snapshot->error = -ENOBUFS;
        return NULL;
    }
    return snapshot_row_at(table, kind, table->count++);
}

static void *add_child(struct snapshot *snapshot, enum snapshot_table kind, int64_t parent)
{
    void *row = add_row(snapshot, kind);

    if (row)
        snapshot->tables[kind].parents[snapshot->tables[kind].count - 1] = parent;
    return row;
}

void snapshot_add_user(struct snapshot *snapshot, const struct snapshot_user *row)
{
    struct snapshot_user *user = add_row(snapshot, SNAPSHOT_USERS);

    if (!user)
        return;
    user->username = keep(snapshot, row->username);
    user->display_name = keep(snapshot, row->display_name);
    user->ha1 = keep(snapshot, row->ha1);
}

/* The types are few: one string for all extensions of a type. */
static const char *shared_type(struct snapshot *snapshot, const char *type)
{
    static const char *const known[] = {
        "user",         "ivr",  "voicemail", "queue",  "conference", "ring_group", "schedule",
        "announcement", "park", "pickup",    "paging", "trunk_out",  "feature",
    };

    for (size_t i = 0; i < DP_COUNT(known); i++) {
        if (strcmp(type, known[i]) == 0)
            return known[i];
    }
    return keep(snapshot, type);
}

void snapshot_add_extension(struct snapshot *snapshot, const struct snapshot_extension *row)
{
    struct snapshot_extension *extension = add_row(snapshot, SNAPSHOT_EXTENSIONS);

    if (!extension)
        return;
    extension->number = keep(snapshot, row->number);
    extension->type = shared_type(snapshot, row->type);
    extension->username = keep(snapshot, row->username);
    extension->mailbox = keep(snapshot, row->mailbox);
    extension->menu = row->menu;
    extension->queue = row->queue;
    extension->conference = row->conference;
}

void snapshot_add_menu(struct snapshot *snapshot, const struct snapshot_menu *row)
{
    struct snapshot_menu *menu = add_row(snapshot, SNAPSHOT_MENUS);

    if (!menu)
        return;
    *menu = (struct snapshot_menu){
        .id = row->id,
        .greeting = keep(snapshot, row->greeting),
        .invalid = keep(snapshot, row->invalid),
        .timeout_ms = row->timeout_ms,
        .tries = row->tries,
        .direct_dial = row->direct_dial,
    };
}

void snapshot_add_entry(struct snapshot *snapshot, int64_t menu, const struct snapshot_entry *row)
{
    struct snapshot_entry *entry = add_child(snapshot, SNAPSHOT_ENTRIES, menu);

    if (!entry)
        return;
    entry->digit = keep(snapshot, row->digit);
    entry->number = keep(snapshot, row->number);
}

void snapshot_add_mailbox(struct snapshot *snapshot, const struct snapshot_mailbox *row)
{
    struct snapshot_mailbox *mailbox = add_row(snapshot, SNAPSHOT_MAILBOXES);

    if (!mailbox)
        return;
    *mailbox = *row;
    mailbox->mailbox = keep(snapshot, row->mailbox);
    mailbox->pin_ha1 = keep(snapshot, row->pin_ha1);
    mailbox->email = keep(snapshot, row->email);
    mailbox->owner = keep(snapshot, row->owner);
}

void snapshot_add_queue(struct snapshot *snapshot, const struct snapshot_queue *row)
{
    struct snapshot_queue *queue = add_row(snapshot, SNAPSHOT_QUEUES);

    if (!queue)
        return;
    *queue = (struct snapshot_queue){
        .id = row->id,
        .name = keep(snapshot, row->name),
        .strategy = keep(snapshot, row->strategy),
        .music = keep(snapshot, row->music),
        .announcement = keep(snapshot, row->announcement),
        .announce_every_s = row->announce_every_s,
        .announce_position = row->announce_position,
        .ring_s = row->ring_s,
        .wrap_up_s = row->wrap_up_s,
        .max_wait_s = row->max_wait_s,
        .timeout_to = keep(snapshot, row->timeout_to),
        .no_agent_to = keep(snapshot, row->no_agent_to),
    };
}

void snapshot_add_member(struct snapshot *snapshot, int64_t queue,
                         const struct snapshot_member *row)
{
    struct snapshot_member *member = add_child(snapshot, SNAPSHOT_MEMBERS, queue);

    if (!member)
        return;
    *member = *row;
    member->username = keep(snapshot, row->username);
}

void snapshot_add_conference(struct snapshot *snapshot, const struct snapshot_conference *row)
{
    struct snapshot_conference *conference = add_row(snapshot, SNAPSHOT_CONFERENCES);

    if (!conference)
        return;
    *conference = *row;
    conference->name = keep(snapshot, row->name);
    conference->pin = keep(snapshot, row->pin);
    conference->moderator_pin = keep(snapshot, row->moderator_pin);
}

void snapshot_add_ring_group(struct snapshot *snapshot, const struct snapshot_ring_group *row)
{
    struct snapshot_ring_group *group = add_row(snapshot, SNAPSHOT_RING_GROUPS);

    if (!group)
        return;
    *group = (struct snapshot_ring_group){
        .id = row->id,
        .strategy = keep(snapshot, row->strategy),
        .skip_busy = row->skip_busy,
        .confirm = row->confirm,
    };
}

void snapshot_add_group_member(struct snapshot *snapshot, int64_t group,
                               const struct snapshot_group_member *row)
{
    struct snapshot_group_member *member = add_child(snapshot, SNAPSHOT_GROUP_MEMBERS, group);

    if (!member)
        return;
    *member = *row;
    member->username = keep(snapshot, row->username);
    member->outside = keep(snapshot, row->outside);
}

void snapshot_add_announcement(struct snapshot *snapshot, const struct snapshot_announcement *row)
{
    struct snapshot_announcement *announcement = add_row(snapshot, SNAPSHOT_ANNOUNCEMENTS);

    if (!announcement)
        return;
    announcement->id = row->id;
    announcement->prompt = keep(snapshot, row->prompt);
    announcement->then_to = keep(snapshot, row->then_to);
}

void snapshot_add_prompt(struct snapshot *snapshot, const struct snapshot_prompt *row)
{
    struct snapshot_prompt *prompt = add_row(snapshot, SNAPSHOT_PROMPTS);

    if (!prompt)
        return;
    prompt->name = keep(snapshot, row->name);
    prompt->sha256 = keep(snapshot, row->sha256);
    prompt->rate = row->rate;
    prompt->is_music = row->is_music;
}
