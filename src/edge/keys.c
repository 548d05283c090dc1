#include "edge/keys.h"

#include <stdlib.h>

void edge_keys_init(struct edge_keys *list)
{
    *list = (struct edge_keys){.end = &list->first};
}

void edge_keys_push(struct edge_keys *list, struct edge_key *key)
{
    key->next = NULL;
    *list->end = key;
    list->end = &key->next;
}

void edge_keys_pop(struct edge_keys *list)
{
    list->first = list->first->next;
    if (!list->first)
        list->end = &list->first;
}

void edge_keys_clear(struct edge_keys *list)
{
    struct edge_key *key, *next;

    for (key = list->first; key; key = next) {
        next = key->next;
        free(key);
    }
    edge_keys_init(list);
}
