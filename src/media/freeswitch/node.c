#include "media/freeswitch/node.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/str.h"
#include "media/freeswitch/node_private.h"
#include "media/freeswitch/queues.h"

static void wake(const struct fs_node *node)
{
    /* Fails only when it is readable already. */
    eventfd_write(node->wake_fd, 1);
}

/* Comparing everything covers what waits. With the lock held. */
static void compare_instead(struct fs_node *node)
{
    fs_changes_clear(&node->changes);
    node->everything = true;
    node->settled = false;
}

/* With the lock held. */
void fs_node_add_change(struct fs_node *node, const struct change *change, bool held)
{
    if (fs_changes_add(&node->changes, change, held))
        compare_instead(node);
}

void fs_node_changed(struct fs_node *node, const struct change *change)
{
    switch (change->table) {
    case CHANGE_DOMAINS:
    case CHANGE_USERS:
    case CHANGE_VOICEMAIL_BOXES:
    case CHANGE_QUEUES:
    case CHANGE_CONFERENCES:
        break;
    default:
        /* FreeSWITCH asks for these at each call. */
        return;
    }
    pthread_mutex_lock(&node->lock);
    if (change->every_domain)
        compare_instead(node);
    else
        fs_node_add_change(node, change, true);
    pthread_mutex_unlock(&node->lock);
}

void fs_node_asked(struct fs_node *node, const char *queue)
{
    struct change change = {.table = CHANGE_QUEUES};
    const char *domain;
    int64_t id;

    if (fs_queue_parse(queue, &id, &domain) ||
        str_copy(change.domain, sizeof(change.domain), domain) ||
        str_printf(change.key, sizeof(change.key), "%lld", (long long)id))
        return;
    pthread_mutex_lock(&node->lock);
    if (fs_changes_add(&node->asked, &change, false))
        compare_instead(node);
    wake(node);
    pthread_mutex_unlock(&node->lock);
}

void fs_node_loaded(struct fs_node *node, const char *domain)
{
    pthread_mutex_lock(&node->lock);
    if (node->changes.count) {
        fs_changes_release(&node->changes, domain);
        wake(node);
    }
    pthread_mutex_unlock(&node->lock);
}

void fs_node_missed(struct fs_node *node)
{
    pthread_mutex_lock(&node->lock);
    compare_instead(node);
    pthread_mutex_unlock(&node->lock);
}

void fs_node_settled(struct fs_node *node)
{
    pthread_mutex_lock(&node->lock);
    if (!node->settled || node->changes.count) {
        node->settled = true;
        fs_changes_release(&node->changes, NULL);
        wake(node);
    }
    pthread_mutex_unlock(&node->lock);
}

void fs_node_state(struct fs_node *node, struct fs_node_state *out)
{
    pthread_mutex_lock(&node->lock);
    *out = node->state;
    out->current = out->reachable && !node->everything && !node->asked.count &&
                   !node->changes.count && !node->busy;
    pthread_mutex_unlock(&node->lock);
}

const char *fs_node_name(const struct fs_node *node)
{
    return node->name;
}

/* ---------------------------------------------------------------- start and stop */

static void free_node(struct fs_node *node)
{
    esl_close(node->esl);
    fs_changes_clear(&node->asked);
    fs_changes_clear(&node->changes);
    fs_changes_clear(&node->later);
    if (node->password)
        explicit_bzero(node->password, strlen(node->password));
    free(node->password);
    free(node->address);
    if (node->stop_fd >= 0)
        close(node->stop_fd);
    if (node->wake_fd >= 0)
        close(node->wake_fd);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

static int init(struct fs_node *node, const struct fs_node_options *options)
{
    node->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    node->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (node->stop_fd < 0 || node->wake_fd < 0)
        return -errno;
    node->address = strdup(options->address);
    node->password = strdup(options->password);
    if (!node->address || !node->password)
        return -ENOMEM;
    node->port = options->event_port;
    node->registry = options->registry;
    node->retry_ms = FS_NODE_RETRY_MS;
    node->everything = true;
    return str_copy(node->name, sizeof(node->name), options->name);
}

int fs_node_start(struct fs_node **out, const struct fs_node_options *options, struct err *err)
{
    struct fs_node *node = calloc(1, sizeof(*node));
    int res;

    if (!node)
        return err_set(err, -ENOMEM, "no memory for a media node");
    /* Does not fail. */
    pthread_mutex_init(&node->lock, NULL);
    res = init(node, options);
    if (!res)
        res = -pthread_create(&node->thread, NULL, fs_node_run, node);
    if (res) {
        free_node(node);
        return err_sys(err, res, "media node %s", options->name);
    }
    *out = node;
    return 0;
}

void fs_node_stop(struct fs_node *node)
{
    if (!node)
        return;
    eventfd_write(node->stop_fd, 1);
    pthread_join(node->thread, NULL);
    free_node(node);
}
