/* Folders with everything in them. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"

/*
 * Copies a folder's files and folders to `to`, which is created or added to. Files get mode 0644
 * (0755 where the original can be executed) and folders 0750; names that start with a dot are
 * left out. -EINVAL for anything that is neither file nor folder (a link might lead anywhere),
 * -ENOBUFS for a file of more than 16 MiB.
 */
int tree_copy(const char *from, const char *to, struct err *err) DP_CHECK;

/* Removes a file, or a folder with everything below it; links are not followed. 0 if not there. */
int tree_remove(const char *path, struct err *err) DP_CHECK;

/*
 * Puts the folder `fresh` where `path` is, and removes what was there. A crash in between leaves
 * `path`, or "path.old" beside `fresh`; the next call cleans up.
 */
int tree_replace(const char *path, const char *fresh, struct err *err) DP_CHECK;
