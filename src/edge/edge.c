#include "edge/edge.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "edge/keys.h"
#include "edge/tables.h"

enum {
    AGAIN_MS = 1000, /* longer than a worker of the edge waits for SQL (db_postgres) */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
    /* Keys that wait. Beyond, reading the tables again is cheaper than so many calls. */
    KEYS_MAX = 2000,
};

struct edge {
    char name[64];
    struct jsonrpc *rpc;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t wake;
    bool stopping;
    bool reload;            /* the tables have to be read again */
    bool busy;              /* with that, or with a key for the first time */
    int64_t reload_every;   /* ms */
    int64_t reload_at;      /* at the latest */
    struct edge_keys fresh; /* to be refreshed now */
    struct edge_keys later; /* to be refreshed again */
    size_t keys;            /* in both */
    int64_t not_before;     /* no call before this; 0 while the node answers */
    int64_t retry_ms;       /* the pause after the next failure */
    struct edge_state state;
};

/* Reading everything covers what waits. With the lock held. */
static void reload_instead(struct edge *edge)
{
    edge_keys_clear(&edge->fresh);
    edge_keys_clear(&edge->later);
    edge->keys = 0;
    edge->reload = true;
}

static void push_key(struct edge *edge, const struct edge_table *table, const struct change *change)
{
    const char *prefix = table->prefix ? table->prefix : change->domain;
    size_t size = strlen(prefix) + 1 + strlen(change->key) + 1;
    struct edge_key *key = edge->keys < KEYS_MAX ? malloc(sizeof(*key) + size) : NULL;

    /* What is not copied cannot be left out: the separator is part of what was measured. */
    if (!key || str_printf(key->text, size, "%s:%s", prefix, change->key)) {
        free(key);
        reload_instead(edge);
        return;
    }
    key->table = table;
    key->due = 0;
    key->again = false;
    edge_keys_push(&edge->fresh, key);
    edge->keys++;
}

void edge_changed(struct edge *edge, const struct change *change)
{
    const struct edge_table *table = edge_table_of(change->table);

    pthread_mutex_lock(&edge->lock);
    /* Every user and number of the tenant came or went. */
    if (change->table == CHANGE_DOMAINS)
        edge->reload = true;
    /* Of all else the edge knows names only; when those change, so do rows of the others. */
    else if (table)
        push_key(edge, table, change);
    pthread_cond_signal(&edge->wake);
    pthread_mutex_unlock(&edge->lock);
}

void edge_reload(struct edge *edge)
{
    pthread_mutex_lock(&edge->lock);
    edge->reload = true;
    pthread_cond_signal(&edge->wake);
    pthread_mutex_unlock(&edge->lock);
}

/* With the lock held: notes how a call went; says so when that is news. */
static void note(struct edge *edge, int res, const struct err *err)
{
    bool was_reachable = edge->state.reachable;

    if (edge->stopping)
        return;
    edge->state.reachable = !res;
    if (!res) {
        edge->not_before = 0;
        edge->retry_ms = RETRY_FIRST_MS;
        if (!was_reachable)
            log_info("edge %s answers", edge->name);
        return;
    }
    edge->state.failures++;
    if (was_reachable || edge->state.failures == 1)
        log_warning("edge %s: %s (trying again)", edge->name, err->text);
    /* Whoever was away may have missed more than this. */
    edge->reload = true;
    edge->not_before = clock_mono_ms() + edge->retry_ms;
    edge->retry_ms = edge->retry_ms * 2 < RETRY_LAST_MS ? edge->retry_ms * 2 : RETRY_LAST_MS;
}

/* With the lock held, as all below; given up during the call. */
static void do_reload(struct edge *edge)
{
    struct err err;
    int res;

    edge->reload = false;
    edge->reload_at = clock_mono_ms() + edge->reload_every;
    edge->busy = true;
    pthread_mutex_unlock(&edge->lock);
    res = edge_reload_tables(edge->rpc, &err);
    pthread_mutex_lock(&edge->lock);
    edge->busy = false;
    if (!res)
        edge->state.reloads++;
    note(edge, res, &err);
}

static void do_key(struct edge *edge, struct edge_keys *list)
{
    struct edge_key *key = list->first;
    struct err err;
    int res;

    /* Taken out during the call, because reload_instead() may clear the list. */
    edge_keys_pop(list);
    edge->keys--;
    edge->busy = !key->again;
    pthread_mutex_unlock(&edge->lock);
    res = edge_refresh(edge->rpc, key->table, key->text, &err);
    pthread_mutex_lock(&edge->lock);
    edge->busy = false;
    note(edge, res, &err);
    if (!res && key->again) {
        free(key);
        return;
    }
    /* After a failure the reload covers the first time; the second is still of use. */
    if (!res)
        edge->state.refreshed++;
    key->again = true;
    key->due = clock_mono_ms() + AGAIN_MS;
    edge_keys_push(&edge->later, key);
    edge->keys++;
}

/* When there is something to do next. */
static int64_t next_due(const struct edge *edge)
{
    int64_t due = edge->reload_at;

    if (edge->later.first && edge->later.first->due < due)
        due = edge->later.first->due;
    if (edge->reload || edge->fresh.first)
        due = 0;
    return due > edge->not_before ? due : edge->not_before;
}

static void do_next(struct edge *edge)
{
    if (edge->fresh.first)
        do_key(edge, &edge->fresh);
    else if (edge->reload || edge->reload_at <= clock_mono_ms())
        do_reload(edge);
    else
        do_key(edge, &edge->later);
}

static void wait_until(struct edge *edge, int64_t due)
{
    struct timespec at = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};

    pthread_cond_timedwait(&edge->wake, &edge->lock, &at);
}

static void *run(void *arg)
{
    struct edge *edge = arg;
    int64_t due;

    pthread_mutex_lock(&edge->lock);
    while (!edge->stopping) {
        due = next_due(edge);
        if (due <= clock_mono_ms())
            do_next(edge);
        else
            wait_until(edge, due);
    }
    pthread_mutex_unlock(&edge->lock);
    return NULL;
}

static void edge_free(struct edge *edge)
{
    edge_keys_clear(&edge->fresh);
    edge_keys_clear(&edge->later);
    jsonrpc_free(edge->rpc);
    pthread_cond_destroy(&edge->wake);
    pthread_mutex_destroy(&edge->lock);
    free(edge);
}

static void init_lock(struct edge *edge)
{
    pthread_condattr_t attr;

    /* None of these fails with these arguments. */
    pthread_mutex_init(&edge->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&edge->wake, &attr);
    pthread_condattr_destroy(&attr);
}

int edge_start(struct edge **out, const struct edge_options *options, struct err *err)
{
    struct edge *edge = calloc(1, sizeof(*edge));
    int res;

    if (!edge)
        return err_set(err, -ENOMEM, "no memory for an edge node");
    init_lock(edge);
    edge_keys_init(&edge->fresh);
    edge_keys_init(&edge->later);
    edge->retry_ms = RETRY_FIRST_MS;
    edge->reload_every = (int64_t)options->reload_every_s * 1000;
    edge->reload_at = clock_mono_ms() + edge->reload_every;
    res = str_copy(edge->name, sizeof(edge->name), options->name);
    if (!res)
        res = jsonrpc_new(&edge->rpc, options->address, options->rpc_port, options->rpc_token);
    if (!res)
        res = -pthread_create(&edge->thread, NULL, run, edge);
    if (res) {
        edge_free(edge);
        return err_sys(err, res, "edge node %s", options->name);
    }
    *out = edge;
    return 0;
}

void edge_stop(struct edge *edge)
{
    if (!edge)
        return;
    jsonrpc_cancel(edge->rpc);
    pthread_mutex_lock(&edge->lock);
    edge->stopping = true;
    pthread_cond_signal(&edge->wake);
    pthread_mutex_unlock(&edge->lock);
    pthread_join(edge->thread, NULL);
    edge_free(edge);
}

void edge_state(struct edge *edge, struct edge_state *out)
{
    pthread_mutex_lock(&edge->lock);
    *out = edge->state;
    out->current = edge->state.reachable && !edge->reload && !edge->fresh.first && !edge->busy;
    pthread_mutex_unlock(&edge->lock);
}

const char *edge_name(const struct edge *edge)
{
    return edge->name;
}
