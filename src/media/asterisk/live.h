/* What the files of media_asterisk (media/live.h) share. */
#pragma once

#include "media/asterisk/ami.h"
#include "media/live_private.h"

int asterisk_connect(struct ami **out, const struct media_place *place, struct err *err) DP_CHECK;

/* As media_queue. */
int asterisk_queue(const struct media_place *place, const char *domain, int64_t id, json_t *waiting,
                   json_t *agents, struct err *err) DP_CHECK;
