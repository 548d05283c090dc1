/* What a notification of the database says (db/migrations/0004_notify.sql, 0006_queues.sql). */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/str.h"

enum change_table {
    CHANGE_DOMAINS,
    CHANGE_USERS,
    CHANGE_EXTENSIONS,
    CHANGE_IVR_MENUS,
    CHANGE_VOICEMAIL_BOXES,
    CHANGE_QUEUES, /* members included */
    CHANGE_CONFERENCES,
    CHANGE_RING_GROUPS,
    CHANGE_ANNOUNCEMENTS,
    CHANGE_SCHEDULES,
    CHANGE_TRUNKS,
    CHANGE_OUTBOUND_ROUTES,
    CHANGE_INBOUND_NUMBERS,
    CHANGE_PROMPTS,
    CHANGE_GATEWAYS,         /* of trunks, by host */
    CHANGE_LIMITS,           /* of what a tenant may spend */
    CHANGE_RECORDINGS,       /* what is said of recording a thing: <kind>.<its name> */
    CHANGE_VOICEMAIL_COUNTS, /* by mailbox; the edge's alone */
};

struct change {
    enum change_table table;
    bool every_domain;               /* a table was emptied: any tenant may be another now */
    char domain[STR_DOMAIN_MAX + 1]; /* "*" with every_domain */
    char key[STR_DOMAIN_MAX + 1];    /* username, number, mailbox, id or domain */
};

/* -EINVAL when it is no such JSON object, or a value is not what its column may hold. */
int change_parse(const char *payload, struct change *out, struct err *err) DP_CHECK;
