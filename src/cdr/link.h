/* One of the servers that the writer needs, as far as it being away is concerned. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum { LINK_FIRST_MS = 100, LINK_LAST_MS = 2000 };

struct link {
    const char *name;
    int retry_ms; /* LINK_FIRST_MS at first */
    bool away;    /* and this was said */
};

/* It works. */
void link_up(struct link *link);

/* It does not: says so once per outage, then waits, longer from try to try, or until `stop_fd` is
 * readable. */
void link_down(struct link *link, int stop_fd, const struct err *err);
