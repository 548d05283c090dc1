/* What the families of realtime have in common. */
#pragma once

#include "media/asterisk/realtime.h"

/* Appends name=value to the row, percent-encoded; nothing when res_config_curl would cut it. */
void realtime_pair(struct buf *out, const char *name, const char *value);
void realtime_number(struct buf *out, const char *name, int value);

/* realtime_queue.c: the queue of "<id>@<domain>", and its members, one a line. Nothing when there
 * is no such queue. */
void realtime_queue(struct buf *out, const struct snapshot *snapshot, const char *name);
void realtime_members(struct buf *out, const struct snapshot *snapshot, const char *name,
                      struct rests *rests, int64_t now_ms);

enum { REALTIME_NAME_SIZE = 80 }; /* of Asterisk's: interfaces, names of members and of classes */

/*
 * Whether the queue has music of its own, the name of whose class goes to `name`. Not when Asterisk
 * would cut that.
 */
bool realtime_has_music(const struct snapshot *snapshot, const struct snapshot_queue *queue,
                        char name[REALTIME_NAME_SIZE]);

/*
 * The music class of that queue, or of the tenant, "hold@<domain>", if it has music of its own;
 * `entries`: the file that it plays.
 */
void realtime_music(struct buf *out, const struct snapshot *snapshot, const char *name,
                    bool entries);
