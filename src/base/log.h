/*
 * Program log: one line per event to standard error, where the supervisor or journald takes it.
 *
 *     2025-01-31T23:59:59.123Z dialplane-serve warning: text
 *
 * Control characters of the text are escaped, so that a value from the network cannot forge a
 * line or talk to a terminal. Each line is one write(2): lines of threads do not mix. For program
 * code only; library code fills a struct err.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Sets the program's name (a literal: only the pointer is kept). To be called before threads start;
 * without it: "dialplane".
 */
void log_init(const char *program);

void log_error(const char *format, ...) DP_PRINTF(1, 2);
void log_warning(const char *format, ...) DP_PRINTF(1, 2);
void log_info(const char *format, ...) DP_PRINTF(1, 2);

/*
 * Writes `text` to `out` with control characters (and the backslash that marks them) escaped, cut
 * to `size` - 1 bytes and never inside an escape. Returns the length. Exposed for other writers
 * of one-line output.
 */
size_t log_escape(char *out, size_t size, const char *text);
