/*
 * The thread that follows a file of lines, one call record each: what Kamailio and Asterisk append
 * to. A line is in the spool milliseconds after it was written.
 *
 * How far the file is done with (which file, and the offset) is kept in a checkpoint file, which
 * moves only after the spool has the lines: after a crash lines may come twice, none is passed
 * over. A line is taken when its newline is there. Writers open, append and close for each line, so
 * the file may be renamed at any time:
 *
 * - Over `rotate_bytes` and read to its end, it is renamed to "<path>.1", read until nobody has it
 *   open for writing, and deleted. A file of that name at the start is what is left of a rotation
 *   that a crash has interrupted, and comes first.
 * - Somebody else's rename is noticed, and the old file likewise read until nobody writes to it
 *   (deleted it is not). What a rename hid while no collector ran is not found.
 * - A file that became shorter, or that does not have the end of a line where the checkpoint is, is
 *   read from its beginning.
 *
 * A line may be as long as a record; of a longer one each piece of that length becomes a record,
 * which nobody can read, and so a dead letter: nothing that was written is thrown away.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/intake.h"

struct follow;

/* Strings are copied; the intake belongs to the caller and stays. */
struct follow_options {
    const char *path;       /* need not be there yet */
    const char *checkpoint; /* file, beside the spool's */
    uint64_t rotate_bytes;  /* 0: never */
    enum intake_source source;
    struct intake *intake;
};

/* -EINVAL: the checkpoint is none. -ENOMEM and other errno of reading it and of the thread. */
int follow_start(struct follow **out, const struct follow_options *options,
                 struct err *err) DP_CHECK;

/* Stops after the lines in hand and frees. NULL is allowed. */
void follow_stop(struct follow *follow);
