/*
 * The names that media servers give to files while a call runs: "<uuid of the call>_<its start>_
 * <domain of the tenant>.wav" or ".raw". All three are what the edge says of the call
 * (X-VOIP-Call, X-VOIP-Service), and '_' is in none of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/str.h"

struct media_name {
    char call_id[STR_UUID_LENGTH + 1];
    char domain[STR_DOMAIN_MAX + 1];
    int64_t started_us;
    bool raw;
};

/* -EINVAL for any other name. */
int media_name_parse(struct media_name *out, const char *name) DP_CHECK;
