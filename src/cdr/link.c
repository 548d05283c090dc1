#include "cdr/link.h"

#include <poll.h>

#include "base/log.h"

void link_up(struct link *link)
{
    if (link->away)
        log_info("%s is back", link->name);
    link->away = false;
    link->retry_ms = LINK_FIRST_MS;
}

void link_down(struct link *link, int stop_fd, const struct err *err)
{
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};

    if (!link->away)
        log_warning("%s: %s (call records are kept; trying again)", link->name, err->text);
    link->away = true;
    (void)poll(&stop, 1, link->retry_ms);
    link->retry_ms = link->retry_ms * 2 < LINK_LAST_MS ? link->retry_ms * 2 : LINK_LAST_MS;
}
