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

/* Who is on a break is there, for callers who leave when nobody is; who is logged out is not. */
static const char *status_name(enum snapshot_agent_status status)
{
    static const char *const names[] = {
        [SNAPSHOT_AVAILABLE] = "Available",
        [SNAPSHOT_PAUSED] = "On Break",
        [SNAPSHOT_LOGGED_OUT] = "Logged Out",
    };

    return names[status];
}

/* As in the document, configuration_queue.c. The status is last: nobody is rung before he is right.
 */
static int put_row(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                   const char *name, const struct cc_agent *agent, struct err *err)
{
    struct setting settings[] = {{"contact", ""},
                                 {"wrap_up_time", ""},
                                 {"no_answer_delay_time", ""},
                                 {"reject_delay_time", ""},
                                 {"busy_delay_time", ""},
                                 {"max_no_answer", "0"},
                                 {"status", ""}};
    int res = str_copy(settings[0].value, sizeof(settings[0].value), agent->contact);

    if (res)
        return err_sys(err, res, "contact of agent %s", name);
    for (size_t i = 1; i < DP_COUNT(settings) - 2; i++)
        snprintf(settings[i].value, sizeof(settings[i].value), "%d", agent->wrap_up_s);
    strcpy(settings[DP_COUNT(settings) - 1].value, status_name(agent->status));
    return put_settings(sync, agents, row, name, settings, DP_COUNT(settings), err);
}

int cc_agent_put(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                 const char *name, const struct cc_agent *agent, struct err *err)
{
    struct cc_list own = {0};
    int res;

    if (row < agents->rows)
        return put_row(sync, agents, row, name, agent, err);
    /* May be there from another queue, or from before a restart. Who is new is logged out. */
    res = cc_unless("already exist", CC_RUN(sync, err, "agent", "add", name, "callback"), err);
    if (!res)
        res = CC_LIST(&own, sync, err, "agent", "list", name);
    if (!res)
        res = put_row(sync, &own.table, 0, name, agent, err);
    cc_list_free(&own);
    return res;
}

int cc_agent_forget(const struct fs_sync *sync, const struct snapshot *snapshot, const char *name,
                    struct err *err)
{
    char username[STR_EXTENSION_MAX + 1];
    const char *domain;

    if (cc_agent_parse(name, username, &domain) || (snapshot && snapshot_agent(snapshot, username)))
        return 0;
    return CC_RUN(sync, err, "agent", "del", name);
}

/* He may be rung as soon as one of his queues is loaded, before anything is said of that one. */
static int put_status(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                      const struct snapshot_member *member, struct err *err)
{
    struct setting status = {"status", ""};

    strcpy(status.value, status_name(member->status));
    return put_settings(sync, agents, row, fs_table_get(agents, row, "name"), &status, 1, err);
}

static int sync_agent(const struct fs_sync *sync, const struct fs_table *agents, size_t row,
                      struct err *err)
{
    const char *name = fs_table_get(agents, row, "name");
    const struct snapshot_member *member;
    char username[STR_EXTENSION_MAX + 1];
    struct snapshot *snapshot = NULL;
    const char *domain;
    int res;

    if (cc_agent_parse(name, username, &domain))
        return 0;
    res = cc_tenant(sync, domain, &snapshot, err);
    member = snapshot ? snapshot_agent(snapshot, username) : NULL;
    if (!res)
        res = member ? put_status(sync, agents, row, member, err)
                     : CC_RUN(sync, err, "agent", "del", name);
    snapshot_unref(snapshot);
    return res;
}

int fs_agents_sync(const struct fs_sync *sync, struct err *err)
{
    struct cc_list agents;
    struct err reason;
    int res = CC_LIST(&agents, sync, err, "agent", "list");

    if (res)
        return cc_unless("Command not found", res, err);
    for (size_t row = 0; row < agents.table.rows; row++) {
        if (!cc_go_on(sync_agent(sync, &agents.table, row, &reason), &reason, &res, err))
            break;
    }
    cc_list_free(&agents);
    return res;
}
