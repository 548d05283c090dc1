#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "media/freeswitch/callcenter.h"
#include "media/freeswitch/documents_private.h"

/* What an agent is to be like, by the names of columns and of `agent set`. */
struct setting {
    const char *name;
    char value[DOC_DIAL_SIZE];
};

int cc_agent_parse(const char *name, char username[STR_EXTENSION_MAX + 1], const char **domain)
{
    const char *at = strchr(name, '@');

    if (!at || !str_is_domain(at + 1) ||
        str_printf(username, STR_EXTENSION_MAX + 1, "%.*s", (int)(at - name), name) ||
        !str_is_extension(username))
        return -EINVAL;
    *domain = at + 1;
    return 0;
}

/* Commands for what differs from the agent's row. */
static int put_settings(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                        const char *name, const struct setting settings[], size_t count,
                        struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < count; i++) {
        const char *has = fs_table_get(agents, row, settings[i].name);

        if (strcmp(has, settings[i].value) != 0)
            res = CC_RUN(sync, err, "agent", "set", settings[i].name, name, settings[i].value);
    }
    return res;
}

/* As in the document, configuration_queue.c. */
static int put_row(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                   const char *name, const char *contact, int wrap_up_s, struct err *err)
{
    struct setting settings[] = {
        {"contact", ""},           {"wrap_up_time", ""},    {"no_answer_delay_time", ""},
        {"reject_delay_time", ""}, {"busy_delay_time", ""}, {"max_no_answer", "0"}};
    int res = str_copy(settings[0].value, sizeof(settings[0].value), contact);

    if (res)
        return err_sys(err, res, "contact of agent %s", name);
    for (size_t i = 1; i < DP_COUNT(settings) - 1; i++)
        snprintf(settings[i].value, sizeof(settings[i].value), "%d", wrap_up_s);
    return put_settings(sync, agents, row, name, settings, DP_COUNT(settings), err);
}

/*
 * May be there from another queue, or from before a restart, with a status of his own. Who is new
 * is available: being a member is all that it takes.
 */
static int add(const struct fs_sync *sync, const char *name, struct err *err)
{
    int res = CC_RUN(sync, err, "agent", "add", name, "callback");

    return res ? cc_unless("already exist", res, err)
               : CC_RUN(sync, err, "agent", "set", "status", name, "Available");
}

int cc_agent_put(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                 const char *name, const char *contact, const struct snapshot_queue *queue,
                 struct err *err)
{
    struct cc_list own = {0};
    int res;

    if (row < agents->rows)
        return put_row(sync, agents, row, name, contact, queue->wrap_up_s, err);
    res = add(sync, name, err);
    if (!res)
        res = CC_LIST(&own, sync, err, "agent", "list", name);
    if (!res)
        res = put_row(sync, &own.table, 0, name, contact, queue->wrap_up_s, err);
    cc_list_free(&own);
    return res;
}

static bool is_member(const struct snapshot *snapshot, const char *username)
{
    size_t count;
    const struct snapshot_queue *queues = snapshot_queues(snapshot, &count);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < queues[i].member_count; j++)
            if (strcmp(queues[i].members[j].username, username) == 0)
                return true;
    return false;
}

int cc_agent_forget(const struct fs_sync *sync, const struct snapshot *snapshot, const char *name,
                    struct err *err)
{
    char username[STR_EXTENSION_MAX + 1];
    const char *domain;

    if (cc_agent_parse(name, username, &domain) || (snapshot && is_member(snapshot, username)))
        return 0;
    return CC_RUN(sync, err, "agent", "del", name);
}

static int sync_agent(const struct fs_sync *sync, const char *name, struct err *err)
{
    char username[STR_EXTENSION_MAX + 1];
    struct snapshot *snapshot = NULL;
    const char *domain;
    int res;

    if (cc_agent_parse(name, username, &domain))
        return 0;
    res = cc_tenant(sync, domain, &snapshot, err);
    if (!res)
        res = cc_agent_forget(sync, snapshot, name, err);
    snapshot_unref(snapshot);
    return res;
}

int fs_agents_sync(const struct fs_sync *sync, struct err *err)
{
    struct cc_list agents;
    struct err reason;
    const char *name;
    int res = CC_LIST(&agents, sync, err, "agent", "list");

    if (res)
        return cc_unless("Command not found", res, err);
    for (size_t row = 0; row < agents.table.rows; row++) {
        name = fs_table_get(&agents.table, row, "name");
        if (!cc_go_on(sync_agent(sync, name, &reason), &reason, &res, err))
            break;
    }
    cc_list_free(&agents);
    return res;
}
