/* The chunks of a sealed file, one after the other (seal.c) or from any of them on (read.c). */
#pragma once

#include <sodium.h>
#include <stdbool.h>

#include "recording/seal.h"

enum { SEALED_CHUNK = SEAL_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES };

struct seal_stream {
    crypto_secretstream_xchacha20poly1305_state state; /* of the chunk that comes next */
    unsigned char sealed[SEALED_CHUNK], plain[SEAL_CHUNK];
    unsigned char head[SEAL_HEAD_MAX];
    size_t head_len;
};

/* Reads the head of the file `in`, from where it is; then it is at the first chunk. -EBADMSG when
 * it is none of a sealed file. */
int seal_stream_begin(struct seal_stream *stream, int in,
                      const unsigned char key[SEAL_KEY]) DP_CHECK;

/* The chunk where the file is, into `plain`: *len bytes. *last: it is the last one, behind which
 * nothing may be. -EBADMSG, or errno of read(2). */
int seal_stream_next(struct seal_stream *stream, int in, size_t *len, bool *last) DP_CHECK;
