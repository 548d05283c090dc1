/* What node.c, which is for any thread, and node_thread.c, the node's own, share. */
#pragma once

#include <pthread.h>

#include "media/freeswitch/changes.h"
#include "media/freeswitch/esl.h"
#include "media/freeswitch/node.h"

/* The pause after the first failure to connect; each further one doubles it. */
enum { FS_NODE_RETRY_MS = 100 };

struct fs_node {
    char name[64];
    char *address, *password;
    uint16_t port;
    struct registry *registry;
    pthread_t thread;
    int stop_fd; /* readable once the thread shall end */
    int wake_fd; /* readable when there is something new to do */

    /* The thread's own. */
    struct esl *esl;         /* NULL: not connected */
    uint64_t counted;        /* of its commands, in `state` */
    int64_t not_before;      /* no connecting before this */
    int64_t retry_ms;        /* the pause after the next failure */
    int64_t status_at;       /* when the next status is due */
    struct fs_changes later; /* to be tried again then */
    int64_t told_s;          /* until when callers of queues were told where they stand */

    pthread_mutex_t lock;    /* guards all that follows */
    struct fs_changes asked; /* queues that a caller is in: before all else */
    struct fs_changes changes;
    bool everything; /* everything has to be compared */
    bool settled;    /* and can be */
    bool busy;       /* with what was taken of the two */
    struct fs_node_state state;
};

/* Notes that a change is to be told; as fs_changes_add. With the lock held. */
void fs_node_add_change(struct fs_node *node, const struct change *change, bool held);

/* What the thread does until stop_fd is readable; `arg` is the node. */
void *fs_node_run(void *arg);
