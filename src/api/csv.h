/*
 * Comma-separated values (RFC 4180). Every value is quoted, so that one that is empty and one that
 * there is not (nothing at all) are two things. Nothing is changed: a value that begins with '=',
 * '+', '-' or '@' is one, also where a spreadsheet would take it for a formula.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Appends a value, with a comma before it unless it is the first of its line. NULL: there is none.
 */
void csv_add(struct buf *out, bool is_first, const char *value);

/* Ends the line. */
void csv_end(struct buf *out);
