/*
 * What the edge notes of each call that is answered, whoever writes its record (voip.edge_calls): a
 * line when it is answered, one when it has ended, and one when Kamailio starts. They come among
 * the records of source `edge`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/record.h"

enum edge_note_kind { EDGE_NOTE_BOOT, EDGE_NOTE_ANSWER, EDGE_NOTE_END };

struct edge_note {
    enum edge_note_kind kind;
    int64_t booted_us; /* when that run of Kamailio began; microseconds since 1970 */
    bool media;        /* a media server answered, and writes the record */
    /* As far as the edge knew it then: ended_us is 0 but for EDGE_NOTE_END. Of EDGE_NOTE_BOOT the
     * node only. */
    struct cdr cdr;
    void *arg; /* the caller's */
};

/* Whether a line of the edge is a note; else it is a record. */
bool edge_note_is(const char *body, size_t len);

/* Reads a note; `node` is where it was taken in. -EINVAL with the reason; -ENOMEM. */
int edge_note_parse(struct edge_note *out, const char *node, const char *body, size_t len,
                    struct err *err) DP_CHECK;

/*
 * Puts one more note behind the `count` that are there. Of two of one call one is kept: that of its
 * end. Returns how many there are now.
 */
size_t edge_notes_add(struct edge_note *notes, size_t count, const struct edge_note *note);
