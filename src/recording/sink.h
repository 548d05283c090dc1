/*
 * A file of the store while it is written: sealed where there is a key, hashed on the way, and on
 * disk when it is finished.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/recording.h"
#include "recording/seal.h"

struct sink;

/* Creates `path`, which may be there from an earlier try. `line` stands in clear in front of what
 * is sealed; key->id 0: nothing is. Ended by sink_finish or sink_drop. */
int sink_open(struct sink **out, const char *path, const struct seal_key *key, const char *line,
              struct err *err) DP_CHECK;

/* The first failure sticks, and is told by sink_finish; returns it. */
int sink_write(struct sink *sink, const void *data, size_t len);

/* Returns when the file is on disk, with its length and digest as they are there. Frees. */
int sink_finish(struct sink *sink, uint64_t *bytes, char sha256[RECORDING_DIGEST_SIZE],
                struct err *err) DP_CHECK;

/* Frees; the file is left as it is. NULL is allowed. */
void sink_drop(struct sink *sink);
