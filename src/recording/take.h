/*
 * One file from the media server's folder into the store.
 *
 * The order is: the copy is made under a name of its own, flushed, named; the record of it is put
 * into the spool; the media server's file is removed. Whoever is killed in between does it again,
 * and comes to the same: the id is a digest of the media server's file, and a copy that has its
 * name is whole. So no step has to be remembered, and a record that is made twice has one key.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/intake.h"
#include "cdr/recording.h"
#include "recording/name.h"
#include "recording/policies.h"

struct take_options {
    const char *store; /* folder in which "recordings/…" is */
    const char *node;
    struct intake *intake;
};

/* Folder of the store for copies that are being made: what is in it at the start is of no use. */
#define TAKE_UNFINISHED "recordings/.unfinished"

/*
 * Takes the file `path`, which nobody writes to or looks for any more; it is gone on success. One
 * without sound is only removed (*taken false). -EINVAL, with the reason, for what is no recording,
 * which stays; other errors are worth another try.
 */
int take_file(const struct take_options *options, const char *path, const struct media_name *name,
              const struct policy *policy, bool *taken, struct err *err) DP_CHECK;

/* Puts the record of a recording into the spool. */
int take_record(const struct take_options *options, const struct recording *recording,
                struct err *err) DP_CHECK;

/* Length and digest of a file of the store, read whole. */
int take_digest(const char *path, struct recording *recording, struct err *err) DP_CHECK;
