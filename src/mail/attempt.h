/* One attempt to send one mail. */
#pragma once

#include "base/compiler.h"

struct mail_attempt {
    const char *program, *config; /* msmtp and its configuration: absolute paths */
    int folder;                   /* where the mail is */
    int stop_fd;                  /* once it is readable, the attempt is given up */
    int timeout_ms;               /* and after so long */
};

/* 0: the server has it. Otherwise the program's exit status, or a negative errno; -ECANCELED. */
int mail_attempt(const struct mail_attempt *attempt, const char *name) DP_CHECK;
