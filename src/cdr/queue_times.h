/* How long a caller waited in a queue of FreeSWITCH, and how long he talked to who took him. */
#pragma once

#include "cdr/fields.h"
#include "cdr/record.h"

/*
 * Sets out->wait_ms and out->talk_ms from the record's "callflow", the places of the dialplan that
 * the call has been at, each with its times; `out` has its agent, if somebody took the call. What
 * it does not say stays unknown.
 */
void queue_times_take(struct cdr *out, const struct field *callflow);
