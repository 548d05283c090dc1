/* Lists of the keys that an edge node shall read again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "edge/tables.h"

struct edge_key {
    struct edge_key *next;
    const struct edge_table *table;
    int64_t due; /* clock_mono_ms */
    bool again;  /* this is the second time */
    char text[]; /* domain:username, domain:number, … */
};

/* First in, first out. Keys of one list have the same delay, so the first is due first. */
struct edge_keys {
    struct edge_key *first, **end;
};

void edge_keys_init(struct edge_keys *list);

/* Appends the key, which is the list's from then on. */
void edge_keys_push(struct edge_keys *list, struct edge_key *key);

/* Takes the first one out, which is the caller's to free. The list is not empty. */
void edge_keys_pop(struct edge_keys *list);

/* Frees all of them. */
void edge_keys_clear(struct edge_keys *list);
