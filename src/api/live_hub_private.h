/* What live_hub.c, the thread and its tenants, and live_stream.c, who reads, share. */
#pragma once

#include <pthread.h>

#include "api/live_hub.h"

enum { LIVE_ID_SIZE = 40 };

/* A tenant that somebody watches. The thread alone makes and frees them, and has `state`. */
struct live_watch {
    struct live_watch *next;
    char domain[STR_DOMAIN_MAX + 1];
    char name[17];         /* of this watching: numbers of another one mean something else */
    json_t *state;         /* NULL: not looked at yet */
    char *snapshot;        /* the state as text, for who begins */
    uint64_t snapshot_end; /* of the next event then */
    char *ring[LIVE_RING];
    uint64_t end; /* of the next event; those before are in the ring, as many as it has */
    size_t streams;
    unsigned int looks;
};

struct live_stream {
    struct live_stream *next;
    struct live_hub *hub;
    struct live_watch *watch;
    enum api_caller_kind kind;
    int64_t caller;
    bool is_begun; /* `at` is known */
    uint64_t at;   /* of the next event that it is to read */
    uint64_t last; /* from Last-Event-ID, if `has_last` */
    bool has_last;
    char *text; /* being sent */
    size_t length, sent;
    int64_t opened_ms, spoke_ms;
    struct http_request *suspended;
};

struct live_hub {
    const struct live_nodes *nodes;
    struct registry *registry;
    pthread_t thread;
    pthread_mutex_t
        lock; /* guards all that follows, and what is in watches and streams but `state` */
    pthread_cond_t wake;
    bool stopping;
    struct live_watch *watches;
    struct live_stream *streams;
    size_t stream_count;
};

/*
 * Up to `size` bytes of what there is for the stream; 0: it is over; -EAGAIN: there is nothing yet;
 * -EPIPE: what comes next is gone. With the lock held.
 */
ssize_t live_stream_take(struct live_stream *stream, char *out, size_t size) DP_CHECK;
