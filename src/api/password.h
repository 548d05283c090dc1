/*
 * Passwords of operators: Argon2id of libsodium, 19 MiB and two passes (the least that OWASP names
 * for it), some 20 ms. Expensive on purpose, so only a few are computed at once: who floods the
 * login takes time from other logins, and from nothing else.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

enum {
    API_PASSWORD_MIN = 12, /* bytes, of a new one */
    API_PASSWORD_MAX = 1024,
    API_PASSWORD_HASH = 128, /* with the NUL */
};

/* As voip.operators keeps it. -EINVAL: shorter or longer than allowed; -ENOMEM. */
int api_password_hash(const char *password, char out[API_PASSWORD_HASH]) DP_CHECK;

/*
 * Whether it is this one. NULL as `hash` (nobody has this name) takes the same time, and is false.
 */
bool api_password_is(const char *hash, const char *password);

/*
 * A place among those who compute; -EBUSY when there is none within two seconds. `known`: those who
 * have been here before have a place that strangers cannot take.
 */
int api_password_enter(bool known) DP_CHECK;
void api_password_leave(bool known);
