/* What the files of the scripts share. */
#pragma once

#include <stdint.h>

#include "media/asterisk/agi_scripts.h"

/* The answer proper, after everything else. */
void agi_set_result(struct buf *out, const char *result);

/* -EINVAL when the argument "id" is none. */
int agi_read_id(const struct agi_request *request, int64_t *out) DP_CHECK;

/* Each as agi_script_run, for the script of its name. */
typedef int agi_script_function(const struct agi_request *request, const struct snapshot *snapshot,
                                struct buf *out);

agi_script_function agi_run_ring_group;
agi_script_function agi_run_ring_group_ended;
agi_script_function agi_run_paging;
agi_script_function agi_run_queue;
agi_script_function agi_run_agent;
agi_script_function agi_run_conference;
agi_script_function agi_run_conference_pin;
