/* What the listener's files share: its life (listen.c), its connection (listen_query.c). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/listen.h"

struct listen {
    struct listen_events events;
    struct buf conninfo;
    char listen_sql[80];
    pthread_t thread;
    atomic_bool stopping;
    int wake_fd;      /* eventfd: stopping, or listen_wake */
    bool woken;       /* listen_wake since the last `settled` */
    PGconn *conn;     /* NULL between two tries */
    struct err gone;  /* why the connection is of no more use; "" while it is */
    int64_t query_ms; /* how long the next statement may take */
    int64_t retry_ms; /* pause before the next try */
};

/* Notes why the connection is of no more use; the first reason counts. Always -ENOTCONN. */
int listen_give_up(struct listen *listen, const char *reason);

/*
 * Waits until `fd` (-1 for none) has one of `events`. 1 when it has, 0 at the deadline,
 * -ECANCELED when the listener has to stop. With `until_woken`, 0 after listen_wake as well.
 */
int listen_wait(struct listen *listen, int fd, short events, int64_t deadline, bool until_woken);

int listen_connect(struct listen *listen) DP_CHECK;
