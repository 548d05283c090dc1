#include "media/freeswitch/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fs_change {
    struct fs_change *next;
    bool held;
    struct change change;
};

static bool same(const struct change *a, const struct change *b)
{
    return a->table == b->table && strcmp(a->domain, b->domain) == 0 && strcmp(a->key, b->key) == 0;
}

int fs_changes_add(struct fs_changes *changes, const struct change *change, bool held)
{
    struct fs_change **end = &changes->first, *item;

    for (; *end; end = &(*end)->next) {
        if (same(&(*end)->change, change)) {
            (*end)->held |= held;
            return 0;
        }
    }
    if (changes->count >= FS_CHANGES_MAX)
        return -ENOBUFS;
    item = malloc(sizeof(*item));
    if (!item)
        return -ENOMEM;
    *item = (struct fs_change){.held = held, .change = *change};
    *end = item;
    changes->count++;
    return 0;
}

void fs_changes_release(struct fs_changes *changes, const char *domain)
{
    for (struct fs_change *item = changes->first; item; item = item->next)
        if (!domain || strcmp(item->change.domain, domain) == 0)
            item->held = false;
}

bool fs_changes_take(struct fs_changes *changes, struct change *out)
{
    struct fs_change **at = &changes->first, *item;

    while (*at && (*at)->held)
        at = &(*at)->next;
    item = *at;
    if (!item)
        return false;
    *at = item->next;
    *out = item->change;
    changes->count--;
    free(item);
    return true;
}

void fs_changes_clear(struct fs_changes *changes)
{
    struct fs_change *item, *next;

    for (item = changes->first; item; item = next) {
        next = item->next;
        free(item);
    }
    *changes = (struct fs_changes){0};
}
