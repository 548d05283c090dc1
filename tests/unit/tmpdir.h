/* A private folder per test: cmocka setup and teardown with its path (char *) as the state. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int tmpdir_setup(void **state)
{
    *state = strdup("/tmp/dialplane-unit-XXXXXX");
    return *state && mkdtemp(*state) ? 0 : -1;
}

static inline int tmpdir_remove_one(const char *path, const struct stat *st, int type,
                                    struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int tmpdir_teardown(void **state)
{
    int res = nftw(*state, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return res;
}

/* The path of `name` in the test's folder; valid until the next call. */
static inline const char *tmpdir_path(const char *dir, const char *name)
{
    static char path[4096];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}
