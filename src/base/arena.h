/*
 * Memory that is filled piece by piece and freed at once: for what is built once and then only
 * read.
 *
 * Blocks double up to a limit, so that a tenant of three users and one of ten thousand both waste
 * little. The first failure sticks, as in base/buf.h: a builder of many pieces may check
 * arena_error() once, at its end.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes taken from the system, block headers included */
    int error;                  /* 0 or -ENOMEM */
};

/* An empty arena; allocates nothing. A zeroed struct is one too. */
void arena_init(struct arena *arena);

/* Frees everything that was ever taken from it. */
void arena_free(struct arena *arena);

int arena_error(const struct arena *arena) DP_CHECK;

/* `size` zeroed bytes, aligned for any type; NULL when there is no memory. */
void *arena_alloc(struct arena *arena, size_t size) DP_CHECK;

/* As arena_alloc for `count` elements; NULL as well when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size) DP_CHECK;

/* A copy of the string (no alignment, no gap: made for many short ones); NULL without memory. */
char *arena_strdup(struct arena *arena, const char *text) DP_CHECK;
