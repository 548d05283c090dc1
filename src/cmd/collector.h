/* What the parts of `dialplane collector` share. */
#pragma once

#include <limits.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/follow.h"
#include "cdr/intake.h"
#include "cdr/intake_queue.h"
#include "cdr/replay.h"
#include "cdr/sender.h"
#include "cmd/common.h"
#include "http/server.h"
#include "mail/courier.h"
#include "recording/keeper.h"
#include "store/spool.h"

struct collector {
    struct cmd_node node;
    struct spool *spool;
    struct intake intake;
    struct intake_queue *posted; /* what FreeSWITCH posts */
    struct sender *sender;
    struct follow *edge, *asterisk;
    struct replay *replay;
    struct keeper *keeper; /* NULL on a node that records nothing */
    struct http_server *http;
    struct courier *courier;
    atomic_bool refusing;  /* what FreeSWITCH posts; said once */
    atomic_int level;      /* enum spool_level, as it was said last */
    char errors[PATH_MAX]; /* folder of what FreeSWITCH could not post */
    /* Of the keeper: folder of the media server, its sign of having been started, the store, what
     * is known of tenants. */
    char live[PATH_MAX], started[PATH_MAX], store[PATH_MAX], policies[PATH_MAX];
};

/* Begins to put into the spool what is posted. */
int collector_take_posts(struct collector *collector, struct err *err) DP_CHECK;

/* Listens: POST /fs/cdr, GET /healthz, GET /metrics (collector_http.c). */
int collector_listen(struct collector *collector, struct err *err) DP_CHECK;
