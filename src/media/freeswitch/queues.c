#include "media/freeswitch/queues.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "media/freeswitch/callcenter.h"
#include "media/freeswitch/documents_private.h"

/* One queue that is looked at. */
struct queue {
    const struct fs_sync *sync;
    const struct snapshot *snapshot;     /* NULL: the tenant is gone */
    const struct snapshot_queue *wanted; /* NULL: it is gone */
    const char *name;
    struct fs_table agents, tiers; /* what the node has of it */
};

int fs_queue_parse(const char *name, int64_t *id, const char **domain)
{
    const char *at = strchr(name, '@');
    char digits[CC_NUMBER_SIZE];
    uint64_t number;

    if (!at || !str_is_domain(at + 1) ||
        str_printf(digits, sizeof(digits), "%.*s", (int)(at - name), name) ||
        str_to_u64(digits, 1, INT64_MAX, &number))
        return -EINVAL;
    *id = (int64_t)number;
    *domain = at + 1;
    return 0;
}

static int put_number(const struct queue *queue, size_t row, const char *name, const char *column,
                      int wanted, struct err *err)
{
    char value[CC_NUMBER_SIZE];

    snprintf(value, sizeof(value), "%d", wanted);
    if (strcmp(fs_table_get(&queue->tiers, row, column), value) == 0)
        return 0;
    return CC_RUN(queue->sync, err, "tier", "set", column, queue->name, name, value);
}

static int put_tier(const struct queue *queue, const char *name,
                    const struct snapshot_member *member, struct err *err)
{
    size_t row = fs_table_find(&queue->tiers, "agent", name);
    char level[CC_NUMBER_SIZE], position[CC_NUMBER_SIZE];
    int res;

    if (row < queue->tiers.rows) {
        res = put_number(queue, row, name, "level", member->level, err);
        return res ? res : put_number(queue, row, name, "position", member->position, err);
    }
    snprintf(level, sizeof(level), "%d", member->level);
    snprintf(position, sizeof(position), "%d", member->position);
    return cc_unless("already exist",
                     CC_RUN(queue->sync, err, "tier", "add", queue->name, name, level, position),
                     err);
}

/* The agent's name and contact; false when there is none that could be dialled. */
static bool find_agent(const struct queue *queue, const struct snapshot_member *member,
                       char name[CC_NAME_SIZE], char contact[DOC_DIAL_SIZE])
{
    return doc_dial_string(queue->snapshot, member->username, queue->wanted->ring_s, contact) ==
               0 &&
           str_printf(name, CC_NAME_SIZE, "%s@%s", member->username,
                      snapshot_domain(queue->snapshot)) == 0;
}

static int put_members(const struct queue *queue, struct err *err)
{
    char name[CC_NAME_SIZE], contact[DOC_DIAL_SIZE];
    int res = 0;

    for (size_t i = 0; !res && i < queue->wanted->member_count; i++) {
        const struct snapshot_member *member = &queue->wanted->members[i];

        if (!find_agent(queue, member, name, contact))
            continue;
        res = cc_agent_put(
            queue->sync, &queue->agents, fs_table_find(&queue->agents, "name", name), name,
            &(struct cc_agent){contact, queue->wanted->wrap_up_s, member->status}, err);
        if (!res)
            res = put_tier(queue, name, member, err);
    }
    return res;
}

static bool is_wanted(const struct queue *queue, const char *agent)
{
    char name[CC_NAME_SIZE], contact[DOC_DIAL_SIZE];

    for (size_t i = 0; queue->wanted && i < queue->wanted->member_count; i++)
        if (find_agent(queue, &queue->wanted->members[i], name, contact) &&
            strcmp(name, agent) == 0)
            return true;
    return false;
}

/* Whoever is not named as ours are was put there by somebody else, and stays. */
static int drop_tiers(const struct queue *queue, struct err *err)
{
    char username[STR_EXTENSION_MAX + 1];
    const char *domain;
    int res = 0;

    for (size_t i = 0; !res && i < queue->tiers.rows; i++) {
        const char *agent = fs_table_get(&queue->tiers, i, "agent");

        if (cc_agent_parse(agent, username, &domain) || is_wanted(queue, agent))
            continue;
        res = CC_RUN(queue->sync, err, "tier", "del", queue->name, agent);
        if (!res)
            res = cc_agent_forget(queue->sync, queue->snapshot, agent, err);
    }
    return res;
}

/* Whether the queue was loaded with the parameters that the document has now. */
static bool is_current(const struct fs_table *loaded, size_t row, const struct snapshot *snapshot,
                       const struct snapshot_queue *wanted)
{
    char music[DOC_FILE_SIZE], mark[DOC_MARK_SIZE];
    char wait[CC_NUMBER_SIZE], no_agent[CC_NUMBER_SIZE];

    doc_music(snapshot, wanted->music, music);
    doc_mark(snapshot, wanted, mark);
    snprintf(wait, sizeof(wait), "%d", wanted->max_wait_s);
    snprintf(no_agent, sizeof(no_agent), "%d", doc_no_agent_s(wanted));
    return strcmp(fs_table_get(loaded, row, "strategy"), doc_strategy(wanted->strategy)) == 0 &&
           strcmp(fs_table_get(loaded, row, "moh_sound"), music) == 0 &&
           strcmp(fs_table_get(loaded, row, "time_base_score"), mark) == 0 &&
           strcmp(fs_table_get(loaded, row, "max_wait_time"), wait) == 0 &&
           strcmp(fs_table_get(loaded, row, "max_wait_time_with_no_agent"), no_agent) == 0;
}

/* Whether anybody is in the queue, or was a moment ago. */
static int is_in_use(const struct queue *queue, bool *out, struct err *err)
{
    struct buf reply;
    int res;

    buf_init(&reply, CC_NUMBER_SIZE);
    res = ESL_API(queue->sync->esl, &reply, err, "callcenter_config", "queue", "count", "members",
                  queue->name);
    *out = res || strcmp(reply.data, "0\n") != 0;
    buf_free(&reply);
    return res;
}

static int postpone(const struct queue *queue, struct err *err)
{
    struct change change = {.table = CHANGE_QUEUES};
    const char *domain;
    int64_t id;

    if (fs_queue_parse(queue->name, &id, &domain) ||
        str_copy(change.domain, sizeof(change.domain), domain) ||
        str_printf(change.key, sizeof(change.key), "%lld", (long long)id))
        return 0;
    /* As many as fit: all the others are found when everything is compared. */
    return fs_changes_add(queue->sync->later, &change, false) == -ENOMEM
               ? err_set(err, -ENOMEM, "no memory for a change")
               : 0;
}

/* To add a tier, the queue is fetched if need be, before it is seen that there is no such agent. */
static int load_again(const struct queue *queue, struct err *err)
{
    bool in_use = false;
    int res = is_in_use(queue, &in_use, err);

    if (res)
        return res;
    if (in_use)
        return postpone(queue, err);
    res = CC_RUN(queue->sync, err, "queue", "unload", queue->name);
    if (res || !queue->wanted)
        return res;
    return cc_unless("Agent not found", CC_RUN(queue->sync, err, "tier", "add", queue->name, "-"),
                     err);
}

static int apply(struct queue *queue, const struct fs_table *loaded, size_t row, struct err *err)
{
    int res = 0;

    if (!queue->wanted || !is_current(loaded, row, queue->snapshot, queue->wanted))
        res = load_again(queue, err);
    if (!res && queue->wanted)
        res = put_members(queue, err);
    return res ? res : drop_tiers(queue, err);
}

static int sync_queue(struct queue *queue, const struct fs_table *loaded, size_t row,
                      struct err *err)
{
    struct cc_list agents = {0}, tiers = {0};
    int res = CC_LIST(&tiers, queue->sync, err, "queue", "list", "tiers", queue->name);

    if (!res)
        res = CC_LIST(&agents, queue->sync, err, "queue", "list", "agents", queue->name);
    if (!res) {
        queue->agents = agents.table;
        queue->tiers = tiers.table;
        res = apply(queue, loaded, row, err);
    }
    cc_list_free(&agents);
    cc_list_free(&tiers);
    if (res)
        err_prefix(err, "queue %s", queue->name);
    return res;
}

static int sync_row(const struct fs_sync *sync, const struct fs_table *loaded, size_t row,
                    int64_t id, const char *domain, struct err *err)
{
    struct snapshot *snapshot = NULL;
    struct queue queue = {.sync = sync, .name = fs_table_get(loaded, row, "name")};
    int res = cc_tenant(sync, domain, &snapshot, err);

    if (res)
        return res;
    queue.snapshot = snapshot;
    queue.wanted = snapshot ? snapshot_queue(snapshot, id) : NULL;
    res = sync_queue(&queue, loaded, row, err);
    snapshot_unref(snapshot);
    return res;
}

int fs_queues_sync(const struct fs_sync *sync, const char *domain, int64_t id, struct err *err)
{
    struct cc_list loaded;
    struct err reason;
    int64_t found;
    const char *of;
    int res = CC_LIST(&loaded, sync, err, "queue", "list");

    if (res)
        return cc_unless("Command not found", res, err);
    for (size_t row = 0; row < loaded.table.rows; row++) {
        if (fs_queue_parse(fs_table_get(&loaded.table, row, "name"), &found, &of) ||
            (domain && strcmp(of, domain) != 0) || (id && id != found))
            continue;
        if (!cc_go_on(sync_row(sync, &loaded.table, row, found, of, &reason), &reason, &res, err))
            break;
    }
    cc_list_free(&loaded);
    return res;
}
