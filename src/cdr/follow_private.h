/* State of a follower, shared by its thread (follow.c) and its reading half (follow_look.c). */
#pragma once

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "cdr/follow.h"
#include "cdr/follow_mark.h"

enum { FOLLOW_CHUNK = 256 * 1024 }; /* bytes read at once; more for a line that is longer */

struct follow {
    struct follow_options options; /* its strings are these: */
    char path[PATH_MAX], checkpoint[PATH_MAX];
    char folder[PATH_MAX]; /* of the file */
    char aside[PATH_MAX];  /* where the file is renamed to */
    pthread_t thread;
    int stop_fd;
    int notify_fd, watch; /* -1: none (yet) */
    int fd;               /* of the file that is read, or -1 */
    struct follow_mark mark;
    bool told; /* what is wrong at present */
    struct buf chunk;
    size_t want; /* bytes of the next chunk */
};

/*
 * Takes everything that can be taken now, and renames or lets go of the file where it is time for
 * that. *again: there is more to do at once.
 */
int follow_look(struct follow *follow, bool *again, struct err *err) DP_CHECK;
