/* Attributes shared by every prototype of the tree. */
#pragma once

/* The caller has to look at the result: a dropped error is a bug, not a style. */
#define DP_CHECK __attribute__((warn_unused_result))

/* printf-style checking: index of the format, index of the first argument (0 for a va_list). */
#define DP_PRINTF(fmt_index, first) __attribute__((format(printf, fmt_index, first)))

#define DP_COUNT(array) (sizeof(array) / sizeof((array)[0]))
