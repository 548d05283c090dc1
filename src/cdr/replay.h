/*
 * The thread that looks after what FreeSWITCH could not post: mod_json_cdr writes each such record
 * to a file of its own in its err-log-dir. Every two seconds they go into the spool, and the files
 * away.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/intake.h"

struct replay;

/* `folder` (need not be there) and `intake` belong to the caller and stay. */
int replay_start(struct replay **out, const char *folder, struct intake *intake,
                 struct err *err) DP_CHECK;

/* Stops after the file in hand and frees. NULL is allowed. */
void replay_stop(struct replay *replay);
