/* What a tenant looks like at one moment, to be compared with the moment before. */
#pragma once

#include <jansson.h>

#include "api/live.h"

struct registry;

enum {
    LIVE_CALLS_MAX = 2000, /* of a tenant; what is beyond is in no stream */
    LIVE_USERS_MAX = 5000, /* of a tenant of whose registrations there are events */
    LIVE_QUEUES_MAX = 50,
};

/* Which parts are looked at. */
enum { LIVE_CALLS = 1 << 0, LIVE_REGISTRATIONS = 1 << 1, LIVE_QUEUES = 1 << 2 };

/*
 * An object of what there is: "call/<id>", "registration/<aor>/<contact>" and "queue/<id>", each
 * with what the API says of it, but for what changes by itself. The object is the caller's.
 *
 * `before` is the object of the moment before (NULL: there is none). From it is taken what is not
 * looked at, and what a node that does not answer would say: that somebody cannot be asked is no
 * news. NULL without memory.
 */
json_t *live_state(const struct live_nodes *nodes, struct registry *registry, const char *domain,
                   unsigned int parts, const json_t *before) DP_CHECK;

/*
 * Calls `each` for what is different: ("call.started", value), ("call.changed", …), ("call.ended",
 * the value before), and so with registrations ("registration.added", ".changed", ".removed") and
 * queues ("queue.changed").
 */
void live_compare(const json_t *before, const json_t *now,
                  void (*each)(void *arg, const char *event, const json_t *value), void *arg);
