/* Short conversations with daemons, for `doctor`. Each waits at most PROBE_MS in all. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { PROBE_MS = 2000, PROBE_REPLY_MAX = 64 * 1024 };

/* One datagram to a numeric address, and the answer to it (-ETIMEDOUT, -ECONNREFUSED). */
int probe_udp(const char *host, uint16_t port, const char *data, size_t len, struct buf *reply,
              struct err *err) DP_CHECK;

/* A step of a conversation over TCP: what is said, and what the answer has to contain. */
struct probe_step {
    const char *say;    /* NULL: the other side begins */
    const char *expect; /* read on until this and its line have come */
};

/*
 * Connects and takes the steps; `reply` is what came in the last of them. -ECONNREFUSED and the
 * like, -ETIMEDOUT when an expected answer does not come, -ECONNRESET when the other side hangs up
 * instead of giving it.
 */
int probe_tcp(const char *host, uint16_t port, const struct probe_step steps[], size_t count,
              struct buf *reply, struct err *err) DP_CHECK;

/* GET. 0 means status 200, with the body in `reply`; -EPROTO another status. */
int probe_http(const char *host, uint16_t port, const char *path, struct buf *reply,
               struct err *err) DP_CHECK;
