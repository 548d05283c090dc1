/* What a dialog of an edge node says of its call, in the words of the API. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"

enum { CALL_VIEW_TIME_SIZE = 32 };

/* The dialog's variable; "" when it has none of the name. */
const char *call_view_variable(const json_t *dialog, const char *name);

/* Whether it was answered, or has not ended at least. */
bool call_view_is_answered(const json_t *dialog);
bool call_view_is_alive(const json_t *dialog);

/* 0: the caller's own dialog; otherwise of a leg that a media server has set up. */
int call_view_leg(const json_t *dialog);

/*
 * What the call and its legs have in common: state, from, to, reached, service, started_at,
 * answered_at, edge, media, sip_call_id. `edge` and `media` are names of nodes, `media` may be
 * NULL. NULL without memory.
 */
json_t *call_view_make(const json_t *dialog, const char *edge, const char *media) DP_CHECK;
