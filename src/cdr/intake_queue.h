/*
 * Records that come one by one, many at a time. Who brings one does not wait for the disk: a thread
 * of the queue puts all that has gathered into the spool at once, while the next ones gather, and
 * then tells each what became of it.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/intake.h"

struct intake_queue;

/*
 * Says that the record that was added with `item` is on disk (`res` is 0), or that it is not: what
 * spool_append returns, with the reason. From the queue's thread: what it does holds up the others.
 */
typedef void (*intake_done)(void *arg, void *item, int res, const struct err *err);

/* `intake` belongs to the caller and stays. -ENOMEM; -EAGAIN: no thread. */
int intake_queue_start(struct intake_queue **out, struct intake *intake, intake_done done,
                       void *arg, struct err *err) DP_CHECK;

/* Nobody may add any more; what was added is put into the spool before. NULL is allowed. */
void intake_queue_stop(struct intake_queue *queue);

/*
 * Adds a record, which is copied, and packed in the caller's thread. `done` is called for it once,
 * maybe before this returns; not after an error, -ENOMEM. From any thread.
 */
int intake_queue_add(struct intake_queue *queue, enum intake_source source,
                     const struct intake_body *body, void *item, struct err *err) DP_CHECK;
