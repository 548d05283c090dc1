#include "api/live_hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/live_hub_private.h"
#include "api/live_state.h"
#include "base/clock.h"

enum {
    LOOK_MS = 1000,
    QUEUES_EVERY = 2,        /* looks */
    REGISTRATIONS_EVERY = 5, /* looks: a REGISTER is for minutes */
};

/* ---------------------------------------------------------------- events */

/* The text of an event, NULL without memory. */
static char *make_event(const struct live_watch *watch, uint64_t number, const char *event,
                        const json_t *value)
{
    /* Without a line end in it, as an event needs it. */
    char *data = json_dumps(value, JSON_COMPACT), *text = NULL;

    if (data && asprintf(&text, "id: %s-%llu\nevent: %s\ndata: %s\n\n", watch->name,
                         (unsigned long long)number, event, data) < 0)
        text = NULL;
    free(data);
    return text;
}

struct news {
    struct live_hub *hub;
    struct live_watch *watch;
};

static void on_news(void *arg, const char *event, const json_t *value)
{
    const struct news *news = arg;
    struct live_watch *watch = news->watch;
    char *text;

    pthread_mutex_lock(&news->hub->lock);
    text = make_event(watch, watch->end, event, value);
    free(watch->ring[watch->end % LIVE_RING]);
    /* Without memory it is an event that nobody can read: streams end there, and begin anew. */
    watch->ring[watch->end % LIVE_RING] = text;
    watch->end++;
    pthread_mutex_unlock(&news->hub->lock);
}

/* The state as an event: {"calls": […], "registrations": […], "queues": […]}. */
static json_t *whole(const json_t *state)
{
    json_t *calls = json_array(), *registrations = json_array(), *queues = json_array();
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)state, key, value)
    {
        json_array_append(str_starts_with(key, "call/")    ? calls
                          : str_starts_with(key, "queue/") ? queues
                                                           : registrations,
                          value);
    }
    return json_pack("{s:o, s:o, s:o}", "calls", calls, "registrations", registrations, "queues",
                     queues);
}

/* For who begins now; made only where somebody does. */
static void make_snapshot(struct live_hub *hub, struct live_watch *watch)
{
    const struct live_stream *stream = hub->streams;
    json_t *value;

    while (stream && (stream->watch != watch || stream->is_begun))
        stream = stream->next;
    free(watch->snapshot);
    watch->snapshot = NULL;
    if (!stream || !watch->state)
        return;
    watch->snapshot_end = watch->end;
    value = whole(watch->state);
    /* Its number is that of the last event before. */
    watch->snapshot = value ? make_event(watch, watch->end - 1, "snapshot", value) : NULL;
    json_decref(value);
}

/* ---------------------------------------------------------------- the thread */

static unsigned int parts_of(const struct live_watch *watch)
{
    unsigned int parts = LIVE_CALLS;

    if (watch->looks % QUEUES_EVERY == 0)
        parts |= LIVE_QUEUES;
    if (watch->looks % REGISTRATIONS_EVERY == 0)
        parts |= LIVE_REGISTRATIONS;
    return parts;
}

/* Without the lock: nodes may be slow. */
static void look(struct live_hub *hub, struct live_watch *watch)
{
    struct news news = {hub, watch};
    json_t *now =
        live_state(hub->nodes, hub->registry, watch->domain, parts_of(watch), watch->state);

    watch->looks++;
    if (!now)
        return;
    if (watch->state)
        live_compare(watch->state, now, on_news, &news);
    json_decref(watch->state);
    watch->state = now;
    pthread_mutex_lock(&hub->lock);
    make_snapshot(hub, watch);
    pthread_mutex_unlock(&hub->lock);
}

static void free_watch(struct live_watch *watch)
{
    json_decref(watch->state);
    free(watch->snapshot);
    for (size_t i = 0; i < LIVE_RING; i++)
        free(watch->ring[i]);
    free(watch);
}

/* Who waits looks for what there is for him; mostly nothing. With the lock held. */
static void resume_all(struct live_hub *hub)
{
    for (struct live_stream *stream = hub->streams; stream; stream = stream->next) {
        struct http_request *request = stream->suspended;

        stream->suspended = NULL;
        if (request)
            http_resume(request);
    }
}

/* With the lock held; given up while a tenant is looked at. */
static void look_at_all(struct live_hub *hub)
{
    struct live_watch **at = &hub->watches;

    while (*at) {
        struct live_watch *watch = *at;

        if (!watch->streams) {
            *at = watch->next;
            free_watch(watch);
            continue;
        }
        pthread_mutex_unlock(&hub->lock);
        look(hub, watch);
        pthread_mutex_lock(&hub->lock);
        /* New ones are put in front, so the place is where it was, or before that. */
        at = &hub->watches;
        while (*at != watch)
            at = &(*at)->next;
        at = &watch->next;
    }
    resume_all(hub);
}

static void *run(void *arg)
{
    struct live_hub *hub = arg;
    struct timespec until;
    int64_t due;

    pthread_mutex_lock(&hub->lock);
    while (!hub->stopping) {
        due = clock_mono_ms() + LOOK_MS;
        look_at_all(hub);
        until = (struct timespec){.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
        while (!hub->stopping && clock_mono_ms() < due)
            pthread_cond_timedwait(&hub->wake, &hub->lock, &until);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}

/* ---------------------------------------------------------------- start and stop */

static void init_lock(struct live_hub *hub)
{
    pthread_condattr_t attr;

    /* None of these fails with these arguments. */
    pthread_mutex_init(&hub->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->wake, &attr);
    pthread_condattr_destroy(&attr);
}

static void free_hub(struct live_hub *hub)
{
    struct live_watch *watch, *next;

    for (watch = hub->watches; watch; watch = next) {
        next = watch->next;
        free_watch(watch);
    }
    pthread_cond_destroy(&hub->wake);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

int live_hub_start(struct live_hub **out, const struct live_nodes *nodes, struct registry *registry,
                   struct err *err)
{
    struct live_hub *hub = calloc(1, sizeof(*hub));
    int res;

    if (!hub)
        return err_set(err, -ENOMEM, "no memory for live views");
    hub->nodes = nodes;
    hub->registry = registry;
    init_lock(hub);
    res = -pthread_create(&hub->thread, NULL, run, hub);
    if (res) {
        free_hub(hub);
        return err_sys(err, res, "live views");
    }
    *out = hub;
    return 0;
}

void live_hub_stop(struct live_hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->lock);
    hub->stopping = true;
    pthread_cond_signal(&hub->wake);
    pthread_mutex_unlock(&hub->lock);
    pthread_join(hub->thread, NULL);
    free_hub(hub);
}
