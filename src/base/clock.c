#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_utc(int64_t wall_us, char out[CLOCK_UTC_SIZE])
{
    int64_t micros = wall_us % 1000000;
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm utc;
    size_t len;

    /* Before 1970 the remainder is negative: take it from the second before. */
    if (micros < 0) {
        micros += 1000000;
        seconds--;
    }
    if (!gmtime_r(&seconds, &utc)) {
        snprintf(out, CLOCK_UTC_SIZE, "-");
        return;
    }
    len = strftime(out, CLOCK_UTC_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + len, CLOCK_UTC_SIZE - len, ".%03dZ", (int)(micros / 1000));
}
