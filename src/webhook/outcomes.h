/* What became of transfers, until the database knows. One thread's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "webhook/ledger.h"
#include "webhook/transfer.h"

enum {
    OUTCOMES_S = 5, /* how long it may take until the database is told */
};

struct outcomes {
    struct transfer *done;
    struct transfer *held; /* the database was told, but somebody had the row */
    int64_t held_ms;       /* when it is told again */
};

/* A transfer that has ended, which is the outcomes' from now on. */
void outcomes_add(struct outcomes *outcomes, struct transfer *transfer);

/*
 * Tells the database what it can be told now; 1, or 0 when there was nothing. Adds those that are
 * dead now to `dead`. -ENOTCONN: all are kept for the next time.
 */
int outcomes_mark(struct outcomes *outcomes, struct ledger *ledger, uint64_t *dead,
                  struct err *err) DP_CHECK;

/* Whether some have never been told; and when to tell again (clock_mono_ms), at `latest` if not
 * before. */
bool outcomes_are_new(const struct outcomes *outcomes);
int64_t outcomes_due_ms(const struct outcomes *outcomes, int64_t latest);

void outcomes_free(struct outcomes *outcomes);
