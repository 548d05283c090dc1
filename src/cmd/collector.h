/* What the parts of `dialplane collector` share. */
#pragma once

#include <limits.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/follow.h"
#include "cdr/intake.h"
#include "cdr/replay.h"
#include "cdr/sender.h"
#include "cmd/common.h"
#include "http/server.h"
#include "store/spool.h"

struct collector {
    struct cmd_node node;
    struct spool *spool;
    struct intake intake;
    struct sender *sender;
    struct follow *edge, *asterisk;
    struct replay *replay;
    struct http_server *http;
    atomic_bool refusing;  /* what FreeSWITCH posts; said once */
    atomic_int level;      /* enum spool_level, as it was said last */
    char errors[PATH_MAX]; /* folder of what FreeSWITCH could not post */
};

/* Listens: POST /fs/cdr, GET /healthz, GET /metrics (collector_http.c). */
int collector_listen(struct collector *collector, struct err *err) DP_CHECK;
