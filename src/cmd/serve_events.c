/* What the listener of notices hears of the database, and who is told. */
#include "cmd/serve.h"

#include <errno.h>

#include "base/log.h"
#include "media/waiting.h"
#include "tenant/change.h"

enum { STATEMENT_MS = 9000 };

static void on_connected(struct listen *listen, void *arg)
{
    struct serve *serve = arg;

    log_info("database: connected");
    serve->database_away = false;
    registry_connected(serve->registry, listen);
    for (size_t i = 0; i < serve->edge_count; i++)
        edge_reload(serve->edges[i]);
    for (size_t i = 0; i < serve->media_count; i++)
        fs_node_missed(serve->media[i]);
}

/* The edges first: what they have to do needs no database. */
static void on_notified(struct listen *listen, const char *payload, void *arg)
{
    struct serve *serve = arg;
    struct change change;
    struct err err;

    (void)listen;
    if (change_parse(payload, &change, &err)) {
        log_warning("%s", err.text);
        return;
    }
    for (size_t i = 0; i < serve->edge_count; i++)
        edge_changed(serve->edges[i], &change);
    if (change.table == CHANGE_VOICEMAIL_COUNTS)
        return;
    for (size_t i = 0; i < serve->media_count; i++)
        fs_node_changed(serve->media[i], &change);
    registry_changed(serve->registry, change.every_domain ? NULL : change.domain);
}

static void on_settled(struct listen *listen, void *arg)
{
    struct serve *serve = arg;
    struct registry_state state;
    struct err err;
    int res = registry_settled(serve->registry, listen, &err);

    /* A lost connection is on_lost's to tell. */
    if (!res)
        res = waiting_write(listen, &err);
    if (res && res != -ENOTCONN && res != -ECANCELED)
        log_warning("cannot read from the database: %s", err.text);
    registry_state(serve->registry, &state);
    for (size_t i = 0; i < serve->media_count && !res && !state.pending; i++)
        fs_node_settled(serve->media[i]);
}

static void on_lost(struct listen *listen, const char *reason, void *arg)
{
    struct serve *serve = arg;

    (void)listen;
    registry_lost(serve->registry);
    if (!serve->database_away)
        log_warning("database: %s (tenants are served as last known; trying again)", reason);
    serve->database_away = true;
}

static void on_waiting(void *arg)
{
    struct serve *serve = arg;

    listen_wake(serve->listen);
}

int serve_listen_start(struct serve *serve, struct err *err)
{
    const struct pg_target target =
        cmd_target(&serve->node, SECRET_DB_CONTROL, "dialplane serve", STATEMENT_MS);
    const struct listen_events events = {
        .connected = on_connected,
        .notified = on_notified,
        .settled = on_settled,
        .lost = on_lost,
        .arg = serve,
    };

    int res = listen_start(&serve->listen, &target, "dialplane", &events, err);

    if (!res)
        waiting_start(on_waiting, serve);
    return res;
}
