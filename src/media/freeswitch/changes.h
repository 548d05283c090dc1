/*
 * The changes that a media node still has to be told of, oldest first.
 *
 * A change is held until the tenant's new snapshot is in place: a media server that is told before
 * would ask at once, and be given the old document. Not for two threads at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "tenant/change.h"

/* Beyond, comparing everything is cheaper than so many single changes. */
enum { FS_CHANGES_MAX = 2000 };

struct fs_changes {
    struct fs_change *first;
    size_t count;
};

/*
 * Adds a change unless the same one waits already (which is then held as well, if `held`). -ENOBUFS
 * when there are FS_CHANGES_MAX, -ENOMEM.
 */
int fs_changes_add(struct fs_changes *changes, const struct change *change, bool held) DP_CHECK;

/* Those of the domain (NULL: of all) are held no longer. */
void fs_changes_release(struct fs_changes *changes, const char *domain);

/* Takes the first one that is not held; false when there is none. */
bool fs_changes_take(struct fs_changes *changes, struct change *out);

void fs_changes_clear(struct fs_changes *changes);
