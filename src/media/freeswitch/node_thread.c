#include "media/freeswitch/node_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "media/freeswitch/commands.h"
#include "media/freeswitch/positions.h"
#include "media/ring.h"

enum {
    COMMAND_MS = 3000, /* a busy mod_callcenter takes its time */
    STATUS_MS = 2000,
    RETRY_LAST_MS = 2000,
};

static bool stopping(const struct fs_node *node)
{
    struct pollfd item = {.fd = node->stop_fd, .events = POLLIN};

    return poll(&item, 1, 0) > 0;
}

/* A call that came through a ring group is over; in dp_reached is who had it. */
static void on_hangup(const struct esl_frame *event)
{
    char domain[STR_DOMAIN_MAX + 1], id[24], member[STR_EXTENSION_MAX + 1];
    uint64_t group;

    if (!esl_event_get(event, "variable_dp_domain", domain, sizeof(domain)) &&
        !esl_event_get(event, "variable_dp_id", id, sizeof(id)) &&
        !esl_event_get(event, "variable_dp_reached", member, sizeof(member)) &&
        !str_to_u64(id, 1, INT64_MAX, &group))
        ring_ended(domain, (int64_t)group, member);
}

/* A caller has come to a queue, one of a ring group has gone, or messages have come or gone. */
static void on_event(const struct esl_frame *event, void *arg)
{
    char queue[STR_DOMAIN_MAX + 32], name[32];

    if (esl_event_get(event, "Event-Name", name, sizeof(name)) == 0 &&
        strcmp(name, "MESSAGE_WAITING") == 0)
        fs_event_waiting(event);
    else if (esl_event_get(event, "CC-Queue", queue, sizeof(queue)) == 0)
        fs_node_asked(arg, queue);
    else
        on_hangup(event);
}

/* Whether the connection is of no use after this. */
static bool is_lost(int res)
{
    return res && res != -EREMOTEIO && res != -EAGAIN;
}

/* Notes how it went; says so when that is news. Whoever was away has missed something. */
static void note(struct fs_node *node, int res, const struct err *err)
{
    bool lost = is_lost(res);
    uint64_t commands = node->esl ? esl_commands(node->esl) : 0;
    bool was_reachable, first;

    if (stopping(node))
        return;
    pthread_mutex_lock(&node->lock);
    was_reachable = node->state.reachable;
    first = !node->state.failures;
    node->state.reachable = !lost;
    node->busy = false;
    node->state.failures += res != 0;
    node->state.commands += commands - node->counted;
    if (lost) {
        node->everything = true;
        node->state.sessions = 0;
    }
    pthread_mutex_unlock(&node->lock);
    node->counted = commands;
    if (!lost && !was_reachable)
        log_info("media node %s answers", node->name);
    if (lost && (was_reachable || first))
        log_warning("media node %s: %s (trying again)", node->name, err->text);
    else if (res && !lost)
        log_warning("media node %s: %s", node->name, err->text);
}

static void disconnect(struct fs_node *node)
{
    esl_close(node->esl);
    node->esl = NULL;
    node->counted = 0;
    node->not_before = clock_mono_ms() + node->retry_ms;
    node->retry_ms = node->retry_ms * 2 < RETRY_LAST_MS ? node->retry_ms * 2 : RETRY_LAST_MS;
}

static void do_connect(struct fs_node *node)
{
    const struct esl_options options = {
        .address = node->address,
        .port = node->port,
        .password = node->password,
        .timeout_ms = COMMAND_MS,
        .cancel_fd = node->stop_fd,
        .event = on_event,
        .arg = node,
    };
    struct err err;
    int res = esl_open(&node->esl, &options, &err);

    if (!res)
        res = fs_subscribe(node->esl, &err);
    note(node, res, &err);
    if (res) {
        disconnect(node);
        return;
    }
    node->retry_ms = FS_NODE_RETRY_MS;
    node->status_at = 0;
}

/* A connection that is lost here is lost for the next command as well, which will say so. */
static void tell_positions(struct fs_node *node)
{
    const struct fs_sync sync = {node->esl, node->registry, &node->later};
    int64_t now = clock_wall_us() / 1000000;
    struct err ignored;

    if (node->told_s && now > node->told_s && fs_positions_tell(&sync, node->told_s, now, &ignored))
        return;
    node->told_s = now;
}

static int do_status(struct fs_node *node, struct err *err)
{
    struct change change;
    uint64_t sessions = 0;
    int res = fs_sessions(node->esl, &sessions, err);

    if (!res && sessions > 0)
        tell_positions(node);
    node->status_at = clock_mono_ms() + STATUS_MS;
    pthread_mutex_lock(&node->lock);
    node->state.sessions = sessions;
    while (fs_changes_take(&node->later, &change))
        fs_node_add_change(node, &change, false);
    pthread_mutex_unlock(&node->lock);
    return res;
}

/* What could not be done for want of a tenant is done when all are there again. */
static int do_everything(struct fs_node *node, struct err *err)
{
    const struct fs_sync sync = {node->esl, node->registry, &node->later};
    int res = fs_compare(&sync, err);

    if (res == -EAGAIN)
        fs_node_missed(node);
    return res;
}

static int do_change(struct fs_node *node, const struct change *change, struct err *err)
{
    const struct fs_sync sync = {node->esl, node->registry, &node->later};
    int res = fs_tell(&sync, change, err);

    if (res == -EAGAIN)
        fs_node_changed(node, change);
    return res;
}

/* Does what is next; -ENOENT when there is nothing. */
static int do_next(struct fs_node *node, struct err *err)
{
    bool everything, found;
    struct change change;
    int res = esl_receive(node->esl, err);

    if (res)
        return res;
    if (clock_mono_ms() >= node->status_at)
        return do_status(node, err);
    pthread_mutex_lock(&node->lock);
    found = fs_changes_take(&node->asked, &change);
    everything = !found && node->everything && node->settled;
    if (everything)
        node->everything = false;
    else if (!found)
        found = fs_changes_take(&node->changes, &change);
    node->busy = everything || found;
    pthread_mutex_unlock(&node->lock);
    if (everything)
        return do_everything(node, err);
    return found ? do_change(node, &change, err) : -ENOENT;
}

/* Until something comes, from wherever; at the latest at `deadline`. */
static void wait_until(const struct fs_node *node, int64_t deadline)
{
    struct pollfd items[] = {
        {.fd = node->stop_fd, .events = POLLIN},
        {.fd = node->wake_fd, .events = POLLIN},
        {.fd = node->esl ? esl_fd(node->esl) : -1, .events = POLLIN},
    };
    int64_t left = deadline - clock_mono_ms();
    eventfd_t ignored;

    poll(items, DP_COUNT(items), left > 0 ? (int)left : 0);
    eventfd_read(node->wake_fd, &ignored);
}

static void work(struct fs_node *node)
{
    struct err err;
    int res = do_next(node, &err);

    if (res == -ENOENT) {
        wait_until(node, node->status_at);
        return;
    }
    note(node, res, &err);
    if (is_lost(res))
        disconnect(node);
}

void *fs_node_run(void *arg)
{
    struct fs_node *node = arg;

    while (!stopping(node)) {
        if (node->esl)
            work(node);
        else if (clock_mono_ms() >= node->not_before)
            do_connect(node);
        else
            wait_until(node, node->not_before);
    }
    return NULL;
}
