/* What the files of edge/calls.h share. */
#pragma once

#include "edge/calls.h"

/* Where calls are looked for. */
struct calls_search {
    struct edge_pool *pool;
    const struct edge_media *media;
    size_t media_count;
    const char *domain;
};

/*
 * The dialogs of all nodes whose call's id begins with `prefix`, as an array that is the caller's.
 * -E2BIG: a node has more than it may hand out.
 */
int calls_ask(const struct calls_search *search, const char *prefix, json_t **out,
              struct err *err) DP_CHECK;

/* The caller's own dialog; of a call that he has left, the first leg. NULL when there is none. */
const json_t *calls_main(const json_t *dialogs);

/* The name of the media node that has the dialog's other side, or NULL. */
const char *calls_media(const struct calls_search *search, const json_t *dialog);

/* The view of the call whose dialogs these are. NULL without memory. */
json_t *calls_make(const struct calls_search *search, const json_t *dialogs) DP_CHECK;
