/* Notes of the edge into voip.edge_calls and voip.edge_boots. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/edge_note.h"
#include "store/pg_wait.h"

/* Where to, and who is told of a note that is refused. */
struct insert_edge {
    PGconn *conn;
    const struct pg_wait *wait;
    void (*refuse)(void *arg, const struct edge_note *note, const char *reason);
    void *arg;
};

/*
 * Upserts the notes by one statement, which is its own transaction. Of a call at most one may be
 * among them (edge_notes_add). A call that is there already is changed only by the note of its end,
 * and once. When the database refuses the data of one of them, each is given by itself.
 *
 * -ENOTCONN when the connection is lost, or the server silent; -EAGAIN for any refusal that is not
 * the notes' fault. -ENOMEM. After an error all may be given again.
 */
int insert_edge_notes(const struct insert_edge *insert, const struct edge_note *notes, size_t count,
                      struct err *err) DP_CHECK;
