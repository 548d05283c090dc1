/* Commands of mod_callcenter, for queues.c and agents.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "media/freeswitch/queues.h"
#include "media/freeswitch/table.h"
#include "tenant/snapshot.h"

enum {
    CC_NUMBER_SIZE = 24,
    CC_NAME_SIZE = STR_EXTENSION_MAX + 1 + STR_DOMAIN_MAX + 1, /* of an agent */
};

/* callcenter_config …, of which the answer says no more than that it was done. */
#define CC_RUN(sync, err, ...) ESL_API((sync)->esl, NULL, err, "callcenter_config", __VA_ARGS__)

/* An answer as a table. */
struct cc_list {
    struct buf text;
    struct fs_table table;
};

/* Freed with cc_list_free, unless it failed; errors as of esl_api, or -ENOMEM. */
int cc_list(struct cc_list *out, const struct fs_sync *sync, const char *const words[],
            size_t count, struct err *err) DP_CHECK;

#define CC_LIST(out, sync, err, ...)                                                               \
    cc_list(out, sync, (const char *const[]){"callcenter_config", __VA_ARGS__},                    \
            DP_COUNT(((const char *[]){"callcenter_config", __VA_ARGS__})), err)

/* Copes with a zeroed one. */
void cc_list_free(struct cc_list *list);

/*
 * `res`, but 0 for a refusal that says `text`: somebody else was faster, or there is nothing to be
 * done.
 */
int cc_unless(const char *text, int res, const struct err *err) DP_CHECK;

/* The tenant's snapshot, for snapshot_unref; NULL when there is none. -EAGAIN. */
int cc_tenant(const struct fs_sync *sync, const char *domain, struct snapshot **out,
              struct err *err) DP_CHECK;

/*
 * For loops: notes the first error with its reason, or the one that makes going on useless, which
 * is when it returns false.
 */
bool cc_go_on(int res, const struct err *reason, int *first, struct err *err);

/* "<username>@<domain>", as agents are named. -EINVAL when it is not that. */
int cc_agent_parse(const char *name, char username[STR_EXTENSION_MAX + 1],
                   const char **domain) DP_CHECK;

/* What an agent is to be like, for the queue that is looked at. */
struct cc_agent {
    const char *contact;
    int wrap_up_s;
    enum snapshot_agent_status status;
};

/* Has the node know the agent, who is in `row` of `agents` or not at all, as he is to be. */
int cc_agent_put(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                 const char *name, const struct cc_agent *agent, struct err *err) DP_CHECK;

/* Deletes the agent, unless he is a member of a queue of the snapshot (NULL: the tenant is gone).
 */
int cc_agent_forget(const struct fs_sync *sync, const struct snapshot *snapshot, const char *name,
                    struct err *err) DP_CHECK;
