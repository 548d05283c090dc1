/* What the parts of the dynamic dialplan share: what the edge says of a call, and the kinds of
 * service. */
#pragma once

#include <stdbool.h>

#include "media/freeswitch/documents_private.h"

enum { DIALPLAN_DATA_SIZE = 512 };

/* X-VOIP-Service: <kind>;id=<id>;domain=<domain> */
struct dialplan_service {
    char kind[16];
    char id[65];
    char domain[FS_DOMAIN_SIZE];
};

/* -EINVAL when the header is none that a static dialplan would take. */
int dialplan_parse_service(const char *text, struct dialplan_service *out) DP_CHECK;

/* Whether X-VOIP-Call is well-formed. */
bool dialplan_is_call(const char *text);

/* From when on this server has a record of the call: it answers itself, or whom it calls does. */
enum dialplan_recorded { WHEN_WE_ANSWER, WHEN_ANSWERED };

/* What the dialplan knows of a kind of service. */
struct dialplan_kind {
    const char *name;
    bool (*is_there)(const struct snapshot *snapshot, const struct dialplan_service *service);
    void (*add)(struct xml *xml, const struct dialplan_service *service);
    bool asks_for_pin; /* which is in no log, event or record */
    enum dialplan_recorded recorded;
};

/* NULL when there is no such kind. */
const struct dialplan_kind *dialplan_find_kind(const struct dialplan_service *service);

/* <action application="…" data="…"/>; `data` may be NULL. */
void dialplan_add_action(struct xml *xml, const char *application, const char *data);
