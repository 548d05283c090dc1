/*
 * The thread that keeps recordings: takes what media servers have closed into the store, deletes
 * what is old enough, and compares the store with the database.
 *
 * When is a file complete? FreeSWITCH has it open until the call has ended. Asterisk closes it
 * whenever a recording is interrupted; at the end of the call its dialplan makes "<name>.end"
 * beside it. A call of a server that was killed has no such end: there the server has been started
 * since.
 *
 * A file that is complete goes into the folder "taken" beside it, where no media server looks for
 * it, and then into the store (recording/take.h).
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "recording/policies.h"
#include "recording/take.h"

struct keeper;

/* Strings belong to the caller and stay. */
struct keeper_options {
    const char *live;    /* where media servers write */
    const char *started; /* a file that the media server makes anew at each start */
    struct take_options take;
    struct policies_options policies; /* but for stop_fd */
};

/* Since the start of the program, but for `waiting`. */
struct keeper_stats {
    uint64_t taken, empty, failed; /* files; failed: tries */
    uint64_t deleted;              /* by retention */
    uint64_t adopted;              /* files of the store that had no row */
    uint64_t missing;              /* rows whose file is not there, at the last look */
    uint64_t waiting;              /* complete, and not in the store yet */
};

int keeper_start(struct keeper **out, const struct keeper_options *options,
                 struct err *err) DP_CHECK;

/* Stops after the file in hand and frees. NULL is allowed. */
void keeper_stop(struct keeper *keeper);

void keeper_stats(const struct keeper *keeper, struct keeper_stats *out);
