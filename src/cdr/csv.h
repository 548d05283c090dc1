/* Lines of comma-separated values, RFC 4180. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"

/*
 * Splits the line in place into `count` fields, without their quotes; of the last `optional` ones
 * some may be missing, and are "" then. -EINVAL with the reason.
 */
int csv_split(char *line, char **fields, int count, int optional, struct err *err) DP_CHECK;
