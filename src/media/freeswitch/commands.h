/* What a media node is asked, and what it is told. Errors as of fs_queues_sync. */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/queues.h"
#include "tenant/change.h"

/* How many channels the node has. -EPROTO when its answer does not say. */
int fs_sessions(struct esl *esl, uint64_t *out, struct err *err) DP_CHECK;

/*
 * Has an event come for each caller of a queue, for each call that a ring group ends, and for each
 * change of a mailbox.
 */
int fs_subscribe(struct esl *esl, struct err *err) DP_CHECK;

/* Messages have come into a mailbox, or gone: event MESSAGE_WAITING. */
void fs_event_waiting(const struct esl_frame *event);

/* Puts right whatever of the change the node holds. */
int fs_tell(const struct fs_sync *sync, const struct change *change, struct err *err) DP_CHECK;

/* As fs_tell, for changes of which nobody knows. */
int fs_compare(const struct fs_sync *sync, struct err *err) DP_CHECK;
