/*
 * Where call records enter the collector, from whichever side: each one becomes a record of the
 * spool, "source NUL node NUL body", and is counted.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/redis.h"
#include "store/spool.h"

enum intake_source {
    INTAKE_EDGE,
    INTAKE_ASTERISK,
    INTAKE_FREESWITCH,
    INTAKE_RECORDING, /* what the collector itself says of a recording (cdr/recording.h) */
    INTAKE_SOURCES
};

enum {
    /* Bytes of one record as it came. By HTTP, where many come at once and are in memory: */
    INTAKE_POST_MAX = 1024 * 1024,
    /* and from files, one at a time: ten times the largest that was ever heard of. */
    INTAKE_BODY_MAX = 32 * 1024 * 1024,
    INTAKE_RECORD_MAX = INTAKE_BODY_MAX + 4 * 1024, /* and with its source and node */
};

/* Counters are since the start of the program. */
struct intake {
    struct spool *spool;
    const char *node; /* name of the node this is */
    atomic_uint_fast64_t accepted[INTAKE_SOURCES];
    atomic_uint_fast64_t rejected[INTAKE_SOURCES]; /* no record or too long: its sender keeps it */
    atomic_uint_fast64_t failed[INTAKE_SOURCES];   /* could not be put on disk; tried again */
};

struct intake_body {
    const char *data;
    size_t len;
};

/* The value of the stream's field src: "edge", "asterisk", "freeswitch", "recording". */
const char *intake_name(enum intake_source source);

/* Appends what the body is in the spool, packed where that is worth it. Errors stick to `out`. */
void intake_encode(const struct intake *intake, enum intake_source source,
                   const struct intake_body *body, struct buf *out);

/*
 * Puts the records into the spool, in order, all or none; returns when they are on disk. What
 * spool_append returns; -ENOMEM. From any thread.
 */
int intake_add(struct intake *intake, enum intake_source source, const struct intake_body *bodies,
               size_t count, struct err *err) DP_CHECK;

/* The entry that the bytes of a record of the spool hold; it points into them. -EINVAL if none. */
int intake_decode(const char *data, size_t len, struct redis_entry *out) DP_CHECK;

/*
 * Whether this may be a JSON object: braces around it, and no NUL in it. Whether it is one, the
 * writer finds out: whoever made it would send the same again, so a refusal helps nobody.
 */
bool intake_is_object(const char *data, size_t len);
