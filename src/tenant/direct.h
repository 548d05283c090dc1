/*
 * Numbers that a caller may dial within a menu (voip.ivr_menus.direct_dial). Anybody may call a
 * menu from outside, so this is a list of what is allowed, and it has nothing that leads outside,
 * changes anything or is somebody's own: no outbound routes, no feature codes, no parked or ringing
 * calls, no mailbox of whoever calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tenant/snapshot.h"

/* One digit is a key of the menu. */
enum { DIRECT_DIGITS_MIN = 2, DIRECT_DIGITS_MAX = 16 };

/* Whether there is such a number for them. */
bool direct_is_allowed(const struct snapshot *snapshot, const char *number);

/* Digits of the longest such number; 0 when there is none. */
size_t direct_longest(const struct snapshot *snapshot);
