/* Which file it is that a follower reads, how far it is, and the file where that is kept. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

/*
 * A file, whatever its name. The inode alone is not enough: its number is given to the next new
 * file as soon as it is deleted. All zero: no file.
 */
struct follow_id {
    uint64_t inode;
    uint64_t born_ns; /* 0 where the file system does not know */
};

/* Everything before `offset` is in the spool. A line begins there, unless it is `inside` one that
 * is longer than a record may be. */
struct follow_mark {
    struct follow_id id;
    uint64_t offset;
    bool inside;
};

bool follow_same(const struct follow_id *a, const struct follow_id *b);

/* Identity and size (NULL: not needed) of the open file. Negative errno. */
int follow_identify(int fd, struct follow_id *id, uint64_t *size) DP_CHECK;

/* As follow_identify, of what has this name now. */
int follow_identify_path(const char *path, struct follow_id *id) DP_CHECK;

/* A checkpoint that is not there is success: all zero. -EINVAL when it is no checkpoint. */
int follow_load(const char *path, struct follow_mark *out, struct err *err) DP_CHECK;
int follow_save(const char *path, const struct follow_mark *mark, struct err *err) DP_CHECK;
