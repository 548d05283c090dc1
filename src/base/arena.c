#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_FIRST = 1024,
    BLOCK_LAST = 64 * 1024, /* from here on blocks grow no more: at most this much is wasted */
};

struct arena_block {
    struct arena_block *next;
    size_t size; /* of `data` */
    size_t used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_free(struct arena *arena)
{
    struct arena_block *block, *next;

    for (block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    arena_init(arena);
}

int arena_error(const struct arena *arena)
{
    return arena->error;
}

/* A block with room for `size` bytes becomes the newest. What is left of the old one is lost. */
static struct arena_block *new_block(struct arena *arena, size_t size)
{
    size_t want = arena->blocks ? arena->blocks->size * 2 : BLOCK_FIRST;
    struct arena_block *block;

    if (want > BLOCK_LAST)
        want = BLOCK_LAST;
    if (want < size)
        want = size;
    if (want > SIZE_MAX - sizeof(*block))
        goto no_memory;
    block = malloc(sizeof(*block) + want);
    if (!block)
        goto no_memory;
    block->next = arena->blocks;
    block->size = want;
    block->used = 0;
    arena->blocks = block;
    arena->used += sizeof(*block) + want;
    return block;
no_memory:
    arena->error = -ENOMEM;
    return NULL;
}

static void *take(struct arena *arena, size_t size, size_t align)
{
    struct arena_block *block = arena->blocks;
    size_t start;

    if (arena->error)
        return NULL;
    start = block ? (block->used + align - 1) & ~(align - 1) : 0;
    if (!block || start > block->size || size > block->size - start) {
        block = new_block(arena, size);
        start = 0;
    }
    if (!block)
        return NULL;
    block->used = start + size;
    return block->data + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *data = take(arena, size, alignof(max_align_t));

    return data ? memset(data, 0, size) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        arena->error = -ENOMEM;
        return NULL;
    }
    return arena_alloc(arena, bytes);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = take(arena, size, 1);

    return copy ? memcpy(copy, text, size) : NULL;
}
