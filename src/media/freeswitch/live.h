/* What the files of media_freeswitch (media/live.h) share. */
#pragma once

#include "media/freeswitch/esl.h"
#include "media/live.h"

/* A connection to the node's event socket, for esl_close. */
int freeswitch_connect(struct esl **out, const struct media_place *place, struct err *err) DP_CHECK;
