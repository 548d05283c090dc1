/* What the thread of copies does for one tenant in one go, without the registry's lock. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "tenant/snapshot.h"

struct registry_job {
    const char *domain;
    bool read, remove;
    struct buf rows; /* empty: nothing to be written */
    /* What came of it. */
    struct snapshot *snapshot;
    int read_res, write_res, remove_res;
    bool written;
    struct err err;
};

/* Reads, writes and removes what the job says, in the folder of this descriptor. */
void registry_job_do(int folder, struct registry_job *job);

/* Says what went wrong. `failing`: whether the last copy could not be written; told when it
 * changes. */
void registry_job_report(const struct registry_job *job, bool *failing);
