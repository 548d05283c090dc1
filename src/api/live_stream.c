/* Who reads the events of a tenant. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/live_hub_private.h"
#include "base/clock.h"
#include "base/crypto.h"

/* ---------------------------------------------------------------- open and close */

/* With the lock held, as all below. The watch of the tenant; NULL without memory. */
static struct live_watch *find_watch(struct live_hub *hub, const char *domain)
{
    struct live_watch *watch = hub->watches;

    while (watch && strcmp(watch->domain, domain) != 0)
        watch = watch->next;
    if (watch)
        return watch;
    watch = calloc(1, sizeof(*watch));
    if (!watch || str_copy(watch->domain, sizeof(watch->domain), domain) ||
        crypto_random_hex(watch->name, 8)) {
        free(watch);
        return NULL;
    }
    watch->end = 1;
    watch->next = hub->watches;
    hub->watches = watch;
    return watch;
}

static size_t count_of(const struct live_hub *hub, const struct api_caller *caller)
{
    size_t count = 0;

    for (const struct live_stream *stream = hub->streams; stream; stream = stream->next)
        count += stream->kind == caller->kind && stream->caller == caller->id;
    return count;
}

/* "<name of the watching>-<number>"; whatever else it is has no meaning here. */
static void take_last(struct live_stream *stream, const char *last_id)
{
    size_t length = strlen(stream->watch->name);

    if (!last_id || strncmp(last_id, stream->watch->name, length) != 0 || last_id[length] != '-')
        return;
    stream->has_last = !str_to_u64(last_id + length + 1, 0, UINT64_MAX - 1, &stream->last);
}

static int add_stream(struct live_hub *hub, struct live_stream *stream, const char *domain,
                      const struct api_caller *caller, const char *last_id)
{
    if (hub->stream_count == LIVE_STREAMS_MAX)
        return -ENOSPC;
    if (count_of(hub, caller) >= LIVE_STREAMS_OF_ONE)
        return -EBUSY;
    stream->watch = find_watch(hub, domain);
    if (!stream->watch)
        return -ENOMEM;
    take_last(stream, last_id);
    stream->watch->streams++;
    stream->next = hub->streams;
    hub->streams = stream;
    hub->stream_count++;
    return 0;
}

int live_stream_open(struct live_stream **out, struct live_hub *hub, const char *domain,
                     const struct api_caller *caller, const char *last_id)
{
    struct live_stream *stream = calloc(1, sizeof(*stream));
    int res;

    if (!stream)
        return -ENOMEM;
    stream->hub = hub;
    stream->kind = caller->kind;
    stream->caller = caller->id;
    stream->opened_ms = stream->spoke_ms = clock_mono_ms();
    pthread_mutex_lock(&hub->lock);
    res = add_stream(hub, stream, domain, caller, last_id);
    pthread_mutex_unlock(&hub->lock);
    if (res)
        free(stream);
    else
        *out = stream;
    return res;
}

void live_stream_close(void *arg)
{
    struct live_stream *stream = arg, **at;
    struct live_hub *hub = stream->hub;

    pthread_mutex_lock(&hub->lock);
    for (at = &hub->streams; *at != stream;)
        at = &(*at)->next;
    *at = stream->next;
    hub->stream_count--;
    /* The thread frees what nobody watches. */
    stream->watch->streams--;
    pthread_mutex_unlock(&hub->lock);
    free(stream->text);
    free(stream);
}

/* ---------------------------------------------------------------- reading */

static bool is_there(const struct live_watch *watch, uint64_t number)
{
    return number <= watch->end && number + LIVE_RING >= watch->end && number > 0;
}

/* Where it begins: behind the last event that he had, or with everything. */
static void begin(struct live_stream *stream)
{
    const struct live_watch *watch = stream->watch;

    if (stream->has_last && is_there(watch, stream->last + 1)) {
        stream->at = stream->last + 1;
        stream->is_begun = true;
    } else if (watch->snapshot) {
        stream->text = strdup(watch->snapshot);
        stream->at = watch->snapshot_end;
        stream->is_begun = true;
    }
}

/* The next piece of text, if there is one. -EPIPE: it is too late for what comes next. */
static int next_text(struct live_stream *stream)
{
    const struct live_watch *watch = stream->watch;
    const char *event;

    if (!stream->is_begun)
        begin(stream);
    if (!stream->text && stream->is_begun && stream->at < watch->end) {
        event = is_there(watch, stream->at) ? watch->ring[stream->at % LIVE_RING] : NULL;
        if (!event)
            return -EPIPE;
        stream->text = strdup(event);
        stream->at++;
    }
    if (!stream->text && clock_mono_ms() - stream->spoke_ms >= LIVE_HEARTBEAT_MS)
        stream->text = strdup(":\n\n");
    stream->length = stream->text ? strlen(stream->text) : 0;
    stream->sent = 0;
    return 0;
}

static ssize_t send_some(struct live_stream *stream, char *out, size_t size)
{
    size_t left = stream->length - stream->sent, some = left < size ? left : size;

    memcpy(out, stream->text + stream->sent, some);
    stream->sent += some;
    stream->spoke_ms = clock_mono_ms();
    if (stream->sent == stream->length) {
        free(stream->text);
        stream->text = NULL;
    }
    return (ssize_t)some;
}

ssize_t live_stream_take(struct live_stream *stream, char *out, size_t size)
{
    int res;

    if (!stream->text && clock_mono_ms() - stream->opened_ms >= LIVE_STREAM_MS)
        return 0;
    res = stream->text ? 0 : next_text(stream);
    if (res)
        return res;
    return stream->text ? send_some(stream, out, size) : -EAGAIN;
}

ssize_t live_stream_read(void *arg, const struct http_request *request, char *out, size_t size)
{
    struct live_stream *stream = arg;
    ssize_t res;

    pthread_mutex_lock(&stream->hub->lock);
    res = live_stream_take(stream, out, size);
    if (res == -EAGAIN) {
        stream->suspended = http_suspend(request);
        /* The server is being stopped. */
        if (!stream->suspended)
            res = 0;
    }
    pthread_mutex_unlock(&stream->hub->lock);
    return res;
}
