/* How many transfers each webhook may have at a time: what one node knows of its receivers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

enum {
    RECEIVERS_PLACES = 256,         /* transfers at a time, of all */
    RECEIVERS_FAILING_PLACES = 128, /* of them of those whose last one failed */
    RECEIVERS_EACH = 4,
};

struct receiver {
    int64_t id; /* of the webhook */
    unsigned in_flight;
    bool failing;
};

/* Only those are kept that have a transfer, or whose last one failed. */
struct receivers {
    struct receiver *list;
    size_t count, capacity;
    unsigned in_flight, failing_in_flight;
    size_t turn; /* which of those that fail are first to get a place */
};

void receivers_free(struct receivers *receivers);

/* A transfer of this webhook begins. -ENOMEM. */
int receivers_begin(struct receivers *receivers, int64_t id) DP_CHECK;

/* It has ended. */
void receivers_end(struct receivers *receivers, int64_t id, bool failed);

/*
 * The places that webhooks have, where they are not RECEIVERS_EACH, as two arrays of PostgreSQL.
 * Returns how many are free in all.
 */
unsigned receivers_room(struct receivers *receivers, struct buf *ids, struct buf *places);
