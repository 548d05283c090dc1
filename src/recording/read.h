/*
 * The sound of a file of the store, from any place on: what ranges of it are served from. Of a
 * sealed file only the chunks that are asked for are decrypted, and one is in memory at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "recording/seal.h"

struct reading;

/*
 * Opens `path`. `key`: what it is sealed with, NULL for a file that is not; it is copied. `bytes`:
 * how long the file has to be. -ENOENT; -EBADMSG when the file is not whole or is none that is
 * sealed with this key, as far as its head and its length show. Ended by reading_close.
 */
int reading_open(struct reading **out, const char *path, const unsigned char key[SEAL_KEY],
                 uint64_t bytes, struct err *err) DP_CHECK;

/* The same of a file that is open and not sealed, as long as it is now: `fd` is taken over, also
 * when it fails. */
int reading_take(struct reading **out, int fd, struct err *err) DP_CHECK;

/* Bytes of the sound. */
uint64_t reading_size(const struct reading *reading);

/*
 * Up to `len` bytes from the place `at` into `out`; how many, 0 from the end on. One call crosses
 * no chunk, so fewer is not the end. -EBADMSG when what is there was changed, or errno of read(2).
 */
ssize_t reading_at(struct reading *reading, uint64_t at, void *out, size_t len) DP_CHECK;

/* NULL is allowed. */
void reading_close(struct reading *reading);
