/*
 * Errors as values. A function that can fail returns 0 or a negative errno, and puts a sentence
 * for people into the caller's `struct err`. Library code never prints; the program decides.
 */
#pragma once

#include "base/compiler.h"

struct err {
    char text[1024];
};

/*
 * Writes the sentence (cut to fit) and returns `code` unchanged, so that the usual form is
 * `return err_set(err, -EINVAL, "…", …)`. `err` may be NULL when the caller wants only the code.
 */
int err_set(struct err *err, int code, const char *format, ...) DP_PRINTF(3, 4);

/*
 * As err_set, with ": " and strerror(-code) appended: for failed system calls. Callers pass
 * -errno, taken before anything else could change it.
 */
int err_sys(struct err *err, int code, const char *format, ...) DP_PRINTF(3, 4);

/* Puts "<text>: " in front of what is there already: each layer adds what it knew. */
void err_prefix(struct err *err, const char *format, ...) DP_PRINTF(2, 3);
