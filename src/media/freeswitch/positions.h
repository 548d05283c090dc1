/*
 * Callers of queues are told where they stand (voip.queues.announce_position). mod_callcenter knows
 * the order but says nothing of it, so every few seconds whoever's time has come since is played
 * what app_queue would say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/queues.h"

enum { POSITIONS_WORDS_SIZE = 160 };

/*
 * Plays their position to callers who, from `since_s` (exclusive) to `now_s`, have waited another
 * full period of their queue; seconds since 1970. Errors as of esl_api, but for what concerns one
 * caller: he may have left.
 */
int fs_positions_tell(const struct fs_sync *sync, int64_t since_s, int64_t now_s,
                      struct err *err) DP_CHECK;

/* What is played to the caller at this place, from 1. -ERANGE for who need not know. */
int fs_positions_words(size_t position, char out[POSITIONS_WORDS_SIZE]) DP_CHECK;

/* Whether a period of `every_s`, or SNAPSHOT_POSITION_MIN_S if that is more, ended within the time.
 */
bool fs_positions_due(int64_t joined_s, int every_s, int64_t since_s, int64_t now_s);
