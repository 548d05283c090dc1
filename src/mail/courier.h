/*
 * Sends what waits (queue.h), in a thread of its own: at once, and again after 2 s, 4 s, 8 s … up
 * to a quarter of an hour when the server is away or refuses, for four days. What was not taken
 * then is moved to the folder "failed", and logged.
 *
 * A mail may come twice, when this ends after the server has taken it and before it is deleted
 * here; never not at all.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct courier;

struct courier_options {
    const char *folder;  /* of the mails; there, with its folder "failed" */
    const char *program; /* msmtp; absolute paths */
    const char *config;
    int64_t first_retry_ms, give_up_ms; /* 0: as above */
};

/* What the options point to is copied. */
int courier_start(struct courier **out, const struct courier_options *options,
                  struct err *err) DP_CHECK;

/* An attempt that is under way is given up. Copes with NULL. */
void courier_stop(struct courier *courier);
