/* The two clocks: one that only goes forward for timeouts, one that tells the time for records. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_UTC_SIZE = 32 };

/* Milliseconds of CLOCK_MONOTONIC: for timeouts and durations; never for records. */
int64_t clock_mono_ms(void);

/* The same clock in microseconds. */
int64_t clock_mono_us(void);

/* Microseconds since 1970-01-01 UTC: for records; may step when the clock is set. */
int64_t clock_wall_us(void);

/* Writes `wall_us` as RFC 3339 in UTC with milliseconds: 2025-01-31T23:59:59.123Z. */
void clock_utc(int64_t wall_us, char out[CLOCK_UTC_SIZE]);
