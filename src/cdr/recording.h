/*
 * What is known of a recording: the row of voip.recordings, the JSON in which the collector sends
 * it there (an entry of the source "recording"), and the line in the head of each stored file,
 * from which the row can be made once more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/str.h"

enum {
    RECORDING_PATH_SIZE = 80,
    RECORDING_NODE_SIZE = 64,
    RECORDING_DIGEST_SIZE = 65,
    RECORDING_LINE_MAX = 1024, /* bytes of the JSON */
    RECORDING_HEAD_MAX = 4096, /* a stored file has its line within so many bytes */
};

struct recording {
    char id[STR_UUID_LENGTH + 1];
    char call_id[STR_UUID_LENGTH + 1];
    int64_t started_us; /* of the call, microseconds since 1970 */
    char domain[STR_DOMAIN_MAX + 1];
    char node[RECORDING_NODE_SIZE];
    char path[RECORDING_PATH_SIZE]; /* in the store, "recordings/<yyyy>/<mm>/<dd>/<id>.wav" */
    char format[8];                 /* wav, opus */
    int64_t duration_ms;
    int64_t key_id; /* of voip.recording_keys; 0: not encrypted */
    /* Not in the line of the file itself. */
    uint64_t bytes;
    char sha256[RECORDING_DIGEST_SIZE];
};

/* Sets `path` from id, start (UTC), format and whether there is a key. */
void recording_set_path(struct recording *recording);

/* Whether it is a path that recording_set_path makes. */
bool recording_is_path(const char *path);

/* Appends the JSON; with `whole` also bytes and sha256. Look at buf_error. */
void recording_write(const struct recording *recording, bool whole, struct buf *out);

/* Reads it again, `whole` as it was written. -EINVAL when a value is missing or none that a
 * recording can have; -ENOMEM. */
int recording_parse(struct recording *out, const char *json, size_t len, bool whole,
                    struct err *err) DP_CHECK;

/* Appends the line as it stands in a file: the JSON behind a mark. */
void recording_write_line(const struct recording *recording, struct buf *out);

/* Looks for the line in the first bytes of a file. -ENOENT when there is none; else as
 * recording_parse. */
int recording_find_line(struct recording *out, const char *head, size_t len,
                        struct err *err) DP_CHECK;
