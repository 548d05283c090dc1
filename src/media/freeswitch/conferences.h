/*
 * The conferences that run on a node. mod_conference fetches a conference's document when its first
 * caller comes, and asks for nothing until the last one has left: a changed PIN has to be told.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/queues.h"

/*
 * Has the running conference (`domain` NULL: every one) let in by its present PINs and up to its
 * present size whoever comes from now on. Sounds stay as they are until it is over. Errors as of
 * fs_queues_sync.
 */
int fs_conferences_sync(const struct fs_sync *sync, const char *domain, int64_t id,
                        struct err *err) DP_CHECK;
