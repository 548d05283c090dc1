#include "tenant/snapshot.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tenant/build.h"

/* Every row type starts with its key, so that one comparison serves all tables of a kind. */
struct table {
    char *rows;
    size_t count, reserved;
};

/* While the snapshot is built, an entry knows its menu. */
struct built_entry {
    struct snapshot_entry entry;
    int64_t menu;
};

struct snapshot {
    atomic_size_t references;
    struct arena arena; /* all that follows */
    const char *domain;
    const char *timezone;
    struct table tables[SNAPSHOT_TABLES];
    int error;
};

static const size_t row_size[SNAPSHOT_TABLES] = {
    [SNAPSHOT_USERS] = sizeof(struct snapshot_user),
    [SNAPSHOT_EXTENSIONS] = sizeof(struct snapshot_extension),
    [SNAPSHOT_MENUS] = sizeof(struct snapshot_menu),
    [SNAPSHOT_ENTRIES] = sizeof(struct built_entry),
    [SNAPSHOT_MAILBOXES] = sizeof(struct snapshot_mailbox),
};

static void *row_at(const struct table *table, enum snapshot_table kind, size_t index)
{
    return table->rows + index * row_size[kind];
}

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

void snapshot_reserve(struct snapshot *snapshot, enum snapshot_table kind, size_t count)
{
    struct table *table = &snapshot->tables[kind];

    table->rows = arena_array(&snapshot->arena, count, row_size[kind]);
    table->reserved = table->rows ? count : 0;
}

static void *add_row(struct snapshot *snapshot, enum snapshot_table kind)
{
    struct table *table = &snapshot->tables[kind];

    if (table->count == table->reserved) {
        snapshot->error = -ENOBUFS;
        return NULL;
    }
    return row_at(table, kind, table->count++);
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
    static const char *const known[] = {"user", "ivr", "voicemail"};

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
    };
}

void snapshot_add_entry(struct snapshot *snapshot, int64_t menu, const struct snapshot_entry *row)
{
    struct built_entry *entry = add_row(snapshot, SNAPSHOT_ENTRIES);

    if (!entry)
        return;
    entry->menu = menu;
    entry->entry.digit = keep(snapshot, row->digit);
    entry->entry.number = keep(snapshot, row->number);
}

void snapshot_add_mailbox(struct snapshot *snapshot, const struct snapshot_mailbox *row)
{
    struct snapshot_mailbox *mailbox = add_row(snapshot, SNAPSHOT_MAILBOXES);

    if (!mailbox)
        return;
    mailbox->mailbox = keep(snapshot, row->mailbox);
    mailbox->pin_ha1 = keep(snapshot, row->pin_ha1);
    mailbox->email = keep(snapshot, row->email);
    mailbox->owner = keep(snapshot, row->owner);
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

static int (*const compare[SNAPSHOT_TABLES])(const void *, const void *) = {
    [SNAPSHOT_USERS] = compare_text,
    [SNAPSHOT_EXTENSIONS] = compare_text,
    [SNAPSHOT_MENUS] = compare_id,
    [SNAPSHOT_MAILBOXES] = compare_text,
};

static const void *find(const struct snapshot *snapshot, enum snapshot_table kind, const void *key)
{
    const struct table *table = &snapshot->tables[kind];

    if (!table->count)
        return NULL;
    return bsearch(key, table->rows, table->count, row_size[kind], compare[kind]);
}

static int sort(struct table *table, enum snapshot_table kind)
{
    if (table->count < 2)
        return 0;
    qsort(table->rows, table->count, row_size[kind], compare[kind]);
    for (size_t i = 1; i < table->count; i++) {
        if (compare[kind](row_at(table, kind, i - 1), row_at(table, kind, i)) == 0)
            return -EINVAL;
    }
    return 0;
}

/* The built entries become one array per menu. */
static int give_entries(struct snapshot *snapshot)
{
    const struct table *built = &snapshot->tables[SNAPSHOT_ENTRIES];
    struct snapshot_entry *entries;
    struct snapshot_menu *menu;
    const struct built_entry *from;

    entries = arena_array(&snapshot->arena, built->count, sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < built->count; i++) {
        from = row_at(built, SNAPSHOT_ENTRIES, i);
        entries[i] = from->entry;
        menu = (struct snapshot_menu *)find(snapshot, SNAPSHOT_MENUS, &from->menu);
        if (!menu)
            return -EINVAL;
        if (!menu->entries)
            menu->entries = &entries[i];
        if (&menu->entries[menu->entry_count] != &entries[i])
            return -EINVAL;
        menu->entry_count++;
    }
    return 0;
}

int snapshot_publish(struct snapshot *snapshot)
{
    int res = snapshot->error;

    if (arena_error(&snapshot->arena))
        return -ENOMEM;
    for (int kind = 0; kind < SNAPSHOT_TABLES && !res; kind++) {
        if (compare[kind])
            res = sort(&snapshot->tables[kind], kind);
    }
    return res ? res : give_entries(snapshot);
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
    return find(snapshot, SNAPSHOT_USERS, &username);
}

const struct snapshot_extension *snapshot_extension(const struct snapshot *snapshot,
                                                    const char *number)
{
    return find(snapshot, SNAPSHOT_EXTENSIONS, &number);
}

const struct snapshot_menu *snapshot_menu(const struct snapshot *snapshot, int64_t id)
{
    return find(snapshot, SNAPSHOT_MENUS, &id);
}

const struct snapshot_mailbox *snapshot_mailbox(const struct snapshot *snapshot,
                                                const char *mailbox)
{
    return find(snapshot, SNAPSHOT_MAILBOXES, &mailbox);
}

const struct snapshot_mailbox *snapshot_mailboxes(const struct snapshot *snapshot, size_t *count)
{
    const struct table *table = &snapshot->tables[SNAPSHOT_MAILBOXES];

    *count = table->count;
    return (const struct snapshot_mailbox *)table->rows;
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
