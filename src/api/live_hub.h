/*
 * Events of tenants that somebody watches. One thread looks at each of them every second, compares
 * with the second before, and puts what is different into the tenant's ring, out of which every
 * stream reads at its own pace. A stream that has not read for so long that the ring has come round
 * is at its end: nothing is kept for it. Who was cut off says by Last-Event-ID where he was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "api/live.h"

struct registry;
struct live_hub;
struct live_stream;

enum {
    LIVE_RING = 512,                 /* events of a tenant that are there to be read */
    LIVE_STREAMS_MAX = 256,          /* in all */
    LIVE_STREAMS_OF_ONE = 5,         /* of one key or operator */
    LIVE_HEARTBEAT_MS = 5000,        /* so long a stream counts that nobody reads any more */
    LIVE_STREAM_MS = 30 * 60 * 1000, /* after which who asks is asked again who he is */
};

/* Both stay the caller's, and longer than the hub. */
int live_hub_start(struct live_hub **out, const struct live_nodes *nodes, struct registry *registry,
                   struct err *err) DP_CHECK;

/* After the HTTP server was stopped, which waits for streams: they end within a second or two. */
void live_hub_stop(struct live_hub *hub);

/*
 * A stream of the tenant's events for `caller`: from behind the event `last_id` where that is still
 * there, otherwise from a first event "snapshot", which has everything. -EBUSY: he has as many as
 * he may; -ENOSPC: there are too many in all; -ENOMEM.
 */
int live_stream_open(struct live_stream **out, struct live_hub *hub, const char *domain,
                     const struct api_caller *caller, const char *last_id) DP_CHECK;

/* `read` and `close` of struct http_stream; `arg` is the stream. */
ssize_t live_stream_read(void *arg, const struct http_request *request, char *out, size_t size);
void live_stream_close(void *arg);
